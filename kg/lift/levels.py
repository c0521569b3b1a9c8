"""The levels of the SELECT: each a subquery over the one before, so that nothing is done twice."""

from __future__ import annotations

from sqlglot import exp

_LEVELS = ("trim", "clean", "extended", "iso", "instant", "time", "value", "canonical")


class Levels:
    """The subqueries of a SELECT: every distinct expression of a level is one column.

    What uses a column of its own level stands in a subquery of its own, after that column's.
    """

    def __init__(self) -> None:
        self._levels: dict[str, dict[str, exp.Expr]] = {level: {} for level in _LEVELS}
        self._names: dict[tuple[str, str], str] = {}
        self._steps: dict[str, int] = {}
        self._outputs: dict[str, tuple[int, exp.Expr]] = {}

    def add(self, level: str, expression: exp.Expr) -> exp.Expr:
        """Place an expression at a level and give its column; the same one only once.

        What is a column already stays one: columns pass through every later level.
        """
        if isinstance(expression, exp.Column):
            return expression
        key = (level, expression.sql(copy=False))
        if key not in self._names:
            name = self._names[key] = f"{level}{len(self._levels[level])}"
            used = {column.name for column in expression.find_all(exp.Column)}
            before = [self._steps[other] for other in used & self._levels[level].keys()]
            self._steps[name] = max(before, default=-1) + 1
            self._levels[level][name] = expression
        return exp.column(self._names[key])

    def output(self, expression: exp.Expr) -> int:
        """Make an expression a column of the result and give its number."""
        return self._outputs.setdefault(
            expression.sql(copy=False), (len(self._outputs), expression)
        )[0]

    @property
    def outputs(self) -> list[exp.Expr]:
        """The columns of the result so far."""
        return [expression for _, expression in self._outputs.values()]

    def select(self, last: list[exp.Expr], relation: str = "batch") -> exp.Select:
        """Write the SELECT over a relation, once; ``last`` are its last columns."""
        query = exp.select("*").from_(relation)
        for level in _LEVELS:
            steps: dict[int, list[exp.Expr]] = {}
            for name, value in self._levels[level].items():
                steps.setdefault(self._steps[name], []).append(exp.alias_(value, name, copy=False))
            for step in sorted(steps):
                before = query.subquery(f"before_{level}", copy=False)
                query = exp.select("*", *steps[step]).from_(before, copy=False)
        given = enumerate(self.outputs + last)
        named = [exp.alias_(value, f"o{n}", copy=False) for n, value in given]
        return exp.select(*named).from_(query.subquery("ready", copy=False), copy=False)
