"""Calls of functions -> expressions, with the checks that their values must pass.

Sections are named by their titles in RML-FNML.
"""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from sqlglot import exp

from kg.lift import conversion
from kg.lift.arithmetic import converted, number_text
from kg.lift.functions import FILE_LOOKUPS, check_fixed, find_function, near_functions
from kg.lift.lookupfiles import read_lookup
from kg.lift.mapping import Constant, FunctionCall, Template, columns_of
from kg.lift.model import Check
from kg.lift.signatures import call, is_true, text

if TYPE_CHECKING:
    from kg.lift.levels import Levels
    from kg.lift.mapping import Expression, MappingDocument
    from kg.lift.preparation import Preparation
    from kg.lift.signatures import Function, Kind
    from kg.lift.values import Values

_FIRST_OF = frozenset({"trf:firstOf", "grel:other_coalesce"})
_PASS_ON = _FIRST_OF | {"idlab-fn:trueCondition", "idlab-fn:decide", "grel:controls_if"}
_DIGITS = f"number of at most {conversion.VALUE_DIGITS} digits"


class FunctionCalls:
    """Compiles the calls of one logical source; remembers what a row fails on."""

    def __init__(
        self, document: MappingDocument, preparation: Preparation, levels: Levels, values: Values
    ) -> None:
        self._document = document
        self._preparation = preparation
        self._levels = levels
        self._values = values
        self.checks: list[tuple[Check, exp.Expr]] = []
        self.lookup_checks: list[tuple[Check, exp.Expr]] = []

    def compile(
        self, expression: FunctionCall, line: int, guard: exp.Expr | None, *, is_iri: bool
    ) -> tuple[exp.Expr, Kind]:
        """Compile a call, and say what kind of value it gives.

        Raises:
            MappingError: there is no such function, or its parameters are not as they must be.
        """
        line = expression.line or line
        function = self._find(expression, line)
        given = self._parameters(function, expression, line)
        if function.name == "trf:template" and is_iri and isinstance(given["value"], Template):
            return self._values.encoded(given["value"], line), "text"
        if function.name == "trf:lookup" or function.name in FILE_LOOKUPS:
            return self._lookup(function, given, line, guard), "text"
        first_check = len(self.checks)
        built = self._arguments(function, given, (line, guard), is_iri=is_iri)
        if function.name == "trf:convertUnit":
            return self._convert(given, built, line, guard), "text"
        made = function.build(built, self._place)
        if function.refuses:
            made = self._place(made)
            inputs = [value for name, value in built.items() if name not in function.fixed]
            self._refuse(self._check_of(function, given, line), (*inputs, made), guard)
        if function.name in _FIRST_OF:
            made = self._place(made)
            self._excuse(first_check, made)
        return made, function.kind

    def _place(self, expression: exp.Expr) -> exp.Expr:
        return self._levels.add("value", expression)

    def _find(self, expression: FunctionCall, line: int) -> Function:
        function = find_function(expression.function)
        if function is None:
            raise self._document.error(
                line,
                f"there is no function {expression.function} (RML-FNML, Function Map)",
                near_functions(expression.function),
            )
        if expression.output and not function.gives(expression.output):
            raise self._document.error(
                line, f"{function.name} returns no {expression.output!r} (RML-FNML, Return Map)"
            )
        return function

    def _parameters(
        self, function: Function, expression: FunctionCall, line: int
    ) -> dict[str, Expression]:
        """Give the values by the parameters' own names, in the order of the signature."""
        given = self._named(function, expression, line)
        settings = {"zone": self._preparation.zone, "mark": self._preparation.decimal}
        for name in function.parameters:
            if name not in given and name not in function.optional:
                raise self._misused(function, line, f"is given no {name!r}", "")
            if name not in given and name in settings:
                given[name] = Constant(settings[name])
            if name in given and name in function.fixed:
                self._check_fixed(function, name, given[name], line)
        return dict(sorted(given.items(), key=lambda item: function.place_of(item[0])))

    def _named(
        self, function: Function, expression: FunctionCall, line: int
    ) -> dict[str, Expression]:
        given: dict[str, Expression] = {}
        for written, value in expression.parameters:
            name = function.parameter(written)
            if name in given and name == function.repeats:
                name = next(f"{name}{n}" for n in range(2, 999) if f"{name}{n}" not in given)
            if not name or name in given:
                what = "twice has the parameter" if name else "has no parameter"
                raise self._misused(function, line, f"{what} {written!r}", written)
            given[name] = value
        return given

    def _misused(self, function: Function, line: int, what: str, written: str) -> Exception:
        near = difflib.get_close_matches(written, function.parameters, 1, 0.6)
        known = ", ".join(function.parameters)
        return self._document.error(
            line,
            f"{function.name} {what} (RML-FNML, Parameter Map)",
            (f"did you mean {near[0]!r}? " if near else "") + f"its parameters are {known}",
        )

    def _check_fixed(self, function: Function, name: str, value: Expression, line: int) -> None:
        if not isinstance(value, Constant):
            message = f"{name!r} of {function.name} must be plain text, the same for every row"
            raise self._document.error(line, f"{message} (RML-FNML, Input)")
        wrong = check_fixed(function, name, value.value)
        if wrong:
            raise self._document.error(line, f"{function.name}, {name}: {wrong} (RML-FNML, Input)")

    def _arguments(
        self,
        function: Function,
        given: dict[str, Expression],
        where: tuple[int, exp.Expr | None],
        *,
        is_iri: bool,
    ) -> dict[str, exp.Expr]:
        line, guard = where
        passes = is_iri and function.name in _PASS_ON
        built: dict[str, exp.Expr] = {}
        for name, value in given.items():
            if name in function.lists:
                built[name] = self._list(function, name, value, (line, guard))
                continue
            counts = self._guarded(function, name, built, guard)
            built[name] = self._values.text_of(value, line, counts, is_iri=passes)
            if name in function.numbers and self._preparation.decimal == ",":
                comma = [built[name], text(","), text(".")]
                built[name] = exp.Anonymous(this="replace", expressions=comma)
        return built

    def _list(
        self,
        function: Function,
        name: str,
        value: Expression,
        where: tuple[int, exp.Expr | None],
    ) -> exp.Expr:
        line, guard = where
        if isinstance(value, FunctionCall):
            made, kind = self.compile(value, line, guard, is_iri=False)
            if kind == "list":
                return made
        raise self._document.error(
            line,
            f"{name!r} of {function.name} must be a list (RML-FNML, Input)",
            "give it what grel:string_split makes",
        )

    def _guarded(
        self,
        function: Function,
        name: str,
        built: dict[str, exp.Expr],
        guard: exp.Expr | None,
    ) -> exp.Expr | None:
        """Add to the guard that a value counts only where another parameter is true, or is not."""
        for guarded, condition, is_wanted in function.guards:
            if guarded == name:
                built[condition] = self._place(built[condition])
                test = is_true(built[condition].copy())
                test = test if is_wanted else exp.Not(this=test)
                return exp.and_(guard.copy(), test) if guard is not None else test
        return guard

    def _check_of(self, function: Function, given: dict[str, Expression], line: int) -> Check:
        columns = tuple(
            dict.fromkeys(name for value in given.values() for name in columns_of(value))
        )
        if function.refuses == "bad-time":
            names = ("pattern", "p_string_pattern")
            pattern = next(given[name] for name in names if name in given)
            wanted = pattern.value if isinstance(pattern, Constant) else ""
            return Check("bad-time", columns, wanted, line)
        mark = given.get("mark")
        wanted = (
            f"number with the decimal mark {mark.value!r}" if isinstance(mark, Constant) else ""
        )
        return Check("bad-number", columns, wanted or _DIGITS, line)

    def _refuse(self, check: Check, values: tuple[exp.Expr, ...], guard: exp.Expr | None) -> None:
        """Put rows aside where the last of the values is missing, though no other is."""
        *inputs, made = values
        failed = exp.and_(*map(_is_there, inputs), exp.Not(this=_is_there(made)))
        if guard is not None:
            failed = exp.and_(guard.copy(), failed)
        self.checks.append((check, failed))

    def _excuse(self, first: int, made: exp.Expr) -> None:
        """Let the checks of some values count only where none of them made anything."""
        self.checks[first:] = [
            (check, exp.and_(failed, exp.Not(this=_is_there(made))))
            for check, failed in self.checks[first:]
        ]

    def _convert(
        self,
        given: dict[str, Expression],
        built: dict[str, exp.Expr],
        line: int,
        guard: exp.Expr | None,
    ) -> exp.Expr:
        value = self._place(built["value"])
        packed = self._conversion(given, built, line)
        if not isinstance(packed, exp.Literal):
            end = given["to"].value if isinstance(given["to"], Constant) else ""
            unit = Check("bad-unit", columns_of(given["from"]), end, line)
            self._refuse(unit, (value, packed), guard)
        made = converted(number_text(value, self._place), packed, self._place)
        check = Check("bad-number", columns_of(given["value"]), _DIGITS, line)
        self._refuse(check, (value, packed, made), guard)
        return made

    def _conversion(
        self, given: dict[str, Expression], built: dict[str, exp.Expr], line: int
    ) -> exp.Expr:
        """Write what the conversion multiplies by and adds, or the choice by the row's unit."""
        start, end = given["from"], given["to"]
        goal = end.value if isinstance(end, Constant) else ""
        if isinstance(start, Constant):
            return text(self._constant_conversion(start.value, goal, line).packed())
        case = exp.Case(this=self._place(call("tr_unit_code", built["from"])))
        for code, found in conversion.conversions_to(goal).items():
            case = case.when(text(code), text(found.packed()))
        return self._place(case)

    def _constant_conversion(self, start: str, end: str, line: int) -> conversion.Conversion:
        found = conversion.find_conversion(start, end)
        if found is not None:
            return found
        if not conversion.is_unit(start):
            message = f"trf:convertUnit, from: there is no unit {start!r} (RML-FNML, Input)"
            raise self._document.error(line, message, conversion.unknown_unit(start))
        sides = [f"{code} is {conversion.dimension_of(code)}" for code in (start, end)]
        raise self._document.error(
            line,
            f"trf:convertUnit: {start} cannot become {end} (RML-FNML, Input)",
            f"{' and '.join(sides)}; differences of temperatures are in K or [degR]",
        )

    def _lookup(
        self,
        function: Function,
        given: dict[str, Expression],
        line: int,
        guard: exp.Expr | None,
    ) -> exp.Expr:
        subject = given["value" if function.name == "trf:lookup" else "str"]
        name, entries = self._entries(function, given, line)
        value = self._place(self._values.text_of(subject, line, guard))
        case = exp.Case(this=value)
        for key, meaning in entries.items():
            case = case.when(text(key), text(meaning))
        found = case if entries else exp.cast(exp.null(), exp.DataType.Type.TEXT)
        failed = exp.and_(_is_there(value), exp.Not(this=_is_there(found)))
        if guard is not None:
            failed = exp.and_(guard.copy(), failed)
        check = Check("lookup-miss", columns_of(subject), name, line)
        self.lookup_checks.append((check, failed))
        return found

    def _entries(
        self, function: Function, given: dict[str, Expression], line: int
    ) -> tuple[str, dict[str, str]]:
        written = {
            name: value.value for name, value in given.items() if isinstance(value, Constant)
        }
        if function.name in FILE_LOOKUPS:
            return written["inputFile"], self._file_entries(function, written, line)
        name = written["table"]
        entries = self._preparation.lookups.get(name)
        if entries is None:
            known = ", ".join(sorted(self._preparation.lookups)) or "none"
            raise self._document.error(
                line,
                f"trf:lookup: there is no lookup table {name!r}",
                f"add [lookup.{name}] to source.toml; it has {known}",
            )
        return name, {key: self._expand(meaning) for key, meaning in entries.items()}

    def _file_entries(
        self, function: Function, written: dict[str, str], line: int
    ) -> dict[str, str]:
        if not self._preparation.is_standard:
            raise self._document.error(
                line,
                f"{function.name}: a plant's lookup tables stand in source.toml",
                "write [lookup.NAME] there, and trf:lookup here: then a change refolds the plant",
            )
        file = self._document.file.parent / written["inputFile"]
        columns = int(written["fromColumn"]), int(written["toColumn"])
        try:
            return read_lookup(file, *columns, written.get("delimiter", ","))
        except ValueError as error:
            raise self._document.error(line, f"{function.name}: {error}") from error

    def _expand(self, meaning: str) -> str:
        prefix, colon, local = meaning.partition(":")
        namespace = dict(self._document.prefixes).get(prefix)
        if not colon or namespace is None or local.startswith("//"):
            return meaning
        return namespace + local


def _is_there(value: exp.Expr) -> exp.Expr:
    return exp.Not(this=exp.Is(this=exp.paren(value.copy()), expression=exp.null()))
