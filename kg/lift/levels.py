"""The levels of the SELECT: each a subquery over the one before, so that nothing is done twice."""

from __future__ import annotations

from sqlglot import exp

_LEVELS = ("trim", "clean", "extended", "iso", "instant", "time", "value", "canonical")


class Levels:
    """The subqueries of a SELECT: every distinct expression of a level is one column."""

    def __init__(self) -> None:
        self._levels: dict[str, dict[str, exp.Expr]] = {level: {} for level in _LEVELS}
        self._names: dict[tuple[str, str], str] = {}
        self._outputs: dict[str, tuple[int, exp.Expr]] = {}

    def add(self, level: str, expression: exp.Expr) -> exp.Expr:
        """Place an expression at a level and give its column; the same one only once.

        What is a column already stays one: columns pass through every later level.
        """
        if isinstance(expression, exp.Column):
            return expression
        key = (level, expression.sql())
        if key not in self._names:
            self._names[key] = f"{level}{len(self._levels[level])}"
            self._levels[level][self._names[key]] = expression
        return exp.column(self._names[key])

    def output(self, expression: exp.Expr) -> int:
        """Make an expression a column of the result and give its number."""
        return self._outputs.setdefault(expression.sql(), (len(self._outputs), expression))[0]

    @property
    def outputs(self) -> list[exp.Expr]:
        """The columns of the result so far."""
        return [expression for _, expression in self._outputs.values()]

    def select(self, last: list[exp.Expr], relation: str = "batch") -> exp.Select:
        """Write the SELECT over a relation; ``last`` are its last columns."""
        query = exp.select("*").from_(relation)
        for level in _LEVELS:
            columns = self._levels[level]
            if columns:
                made = [exp.alias_(value, name) for name, value in columns.items()]
                query = exp.select("*", *made).from_(query.subquery(f"before_{level}"))
        named = [exp.alias_(value, f"o{n}") for n, value in enumerate(self.outputs + last)]
        return exp.select(*named).from_(query.subquery("ready"))
