"""The values that terms are made of: columns, functions and conditions, as expressions."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

from sqlglot import exp

from kg.lift.functions import (
    FUNCTIONS,
    LOOKUP,
    MULTIPLY,
    TEMPLATE,
    call,
    check_fixed,
    find_function,
    join,
    text,
)
from kg.lift.iris import has_scheme, is_iri
from kg.lift.mapping import (
    Constant,
    FunctionCall,
    Reference,
    RowIdentity,
    Template,
    TermType,
    columns_of,
)

if TYPE_CHECKING:
    from kg.lift.functions import Function
    from kg.lift.levels import Levels
    from kg.lift.mapping import Expression, MappingDocument, TermMap
    from kg.lift.preparation import Preparation

ROW_NUMBER = "row_number"
"""The column that numbers the rows of the relation, where a blank node needs one."""

SAFE = {TermType.IRI: "tr_iri_safe", TermType.URI: "tr_uri_safe"}
"""How values in a template become part of an IRI; the unsafe ones stay as they are."""

_ENCODED = ("a", "1", "%20")
"""Values as they stand in an IRI, of the kinds that its grammar tells apart."""

_BAD_IRI_TEXT = re.compile(r"[\x00-\x20<>\"{}|\\^`]|%(?![0-9A-Fa-f]{2})")
_ESCAPES = {
    "\\": "\\\\",
    '"': '\\"',
    "\n": "\\n",
    "\r": "\\r",
    "\t": "\\t",
    "\b": "\\b",
    "\f": "\\f",
}


class Values:
    """Compiles expressions of one logical source; remembers columns, time and lookup checks."""

    def __init__(self, document: MappingDocument, preparation: Preparation, levels: Levels) -> None:
        self._document = document
        self._preparation = preparation
        self._levels = levels
        self.columns: dict[str, str] = {}
        self.first_use: dict[str, int] = {}
        self.needs_row = False
        self.time_checks: list[tuple[str, int, exp.Expr]] = []
        self.lookup_checks: list[tuple[tuple[str, ...], str, int, exp.Expr]] = []

    def column(self, name: str, line: int = 0) -> exp.Expr:
        """Give the column's prepared value."""
        is_new = name not in self.columns
        raw = self.columns.setdefault(name, f"raw{len(self.columns)}")
        if is_new:
            self.first_use[name] = line
        clean = self._preparation.clean(exp.column(raw), self._levels)
        if name not in self._preparation.times:
            return clean
        time = self._preparation.time(name, clean, self._levels)
        if is_new:
            failed = exp.and_(
                exp.Not(this=exp.Is(this=clean.copy(), expression=exp.null())),
                exp.Is(this=time.copy(), expression=exp.null()),
            )
            self.time_checks.append((name, line, failed))
        return time

    def kind(self, name: str) -> exp.Expr:
        """Give the column of the datatype that a column's value has by nature."""
        self.column(name)
        return exp.column(kind_of(self.columns[name]))

    def use(self, expression: Expression, line: int) -> None:
        """Register the columns an expression reads, with the line that reads them."""
        for name in columns_of(expression):
            self.column(name, line)

    def text_of(
        self,
        expression: Expression,
        line: int,
        guard: exp.Expr | None,
        *,
        is_iri: bool = False,
    ) -> exp.Expr:
        """Compile an expression to text; ``is_iri`` percent-encodes inside trf:template."""
        match expression:
            case Constant(value):
                return text(value)
            case Reference(name):
                return self.column(name, line)
            case Template(parts):
                return join(
                    [
                        self.column(part.column, line)
                        if isinstance(part, Reference)
                        else text(part)
                        for part in parts
                    ]
                )
            case RowIdentity(scope):
                self.needs_row = True
                number = exp.cast(exp.column(ROW_NUMBER), exp.DataType.Type.TEXT)
                return join([text(f"{scope}-"), number])
            case FunctionCall():
                made, is_boolean = self._call(expression, line, guard, is_iri=is_iri)
                return exp.cast(made, exp.DataType.Type.TEXT) if is_boolean else made

    def condition(self, expression: Expression | None, line: int) -> exp.Expr | None:
        """Compile a condition to a column that is true, false or NULL (which counts as false)."""
        if expression is None:
            return None
        if isinstance(expression, FunctionCall):
            made, is_boolean = self._call(expression, line, None, is_iri=False)
        else:
            made, is_boolean = self.text_of(expression, line, None), False
        if not is_boolean:
            made = exp.EQ(this=made, expression=text("true"))
        return self._levels.add("value", made)

    def _call(
        self, expression: FunctionCall, line: int, guard: exp.Expr | None, *, is_iri: bool
    ) -> tuple[exp.Expr, bool]:
        line = expression.line or line
        function = find_function(expression.function)
        if function is None:
            raise self._unknown_function(expression.function, line)
        given = self._parameters(function, expression, line)
        if expression.function == LOOKUP:
            return self._lookup(given, line, guard), False
        if expression.function == TEMPLATE and is_iri and isinstance(given["value"], Template):
            return self._encoded(given["value"], line), False
        passes = is_iri and function.name in {"trf:firstOf", "idlab-fn:trueCondition"}
        built = {
            name: self.text_of(value, line, guard, is_iri=passes) for name, value in given.items()
        }
        if expression.function == MULTIPLY and self._preparation.decimal == ",":
            built["value"] = exp.Anonymous(
                this="replace", expressions=[built["value"], text(","), text(".")]
            )
        return function.build(built), function.is_boolean

    def _encoded(self, template: Template, line: int) -> exp.Expr:
        return join(
            [
                call("tr_iri_safe", self.column(part.column, line))
                if isinstance(part, Reference)
                else text(part)
                for part in template.parts
            ]
        )

    def _parameters(
        self, function: Function, expression: FunctionCall, line: int
    ) -> dict[str, Expression]:
        given: dict[str, Expression] = {}
        for written, value in expression.parameters:
            name = function.parameter(written)
            if not name or name in given:
                what = "twice has the parameter" if name else "has no parameter"
                raise self._document.error(
                    line,
                    f"{function.name} {what} {written!r}",
                    f"its parameters are {', '.join(function.parameters)}",
                )
            if name in function.fixed:
                self._check_fixed(function, name, value, line)
            given[name] = value
        missing = [name for name in function.parameters if name not in given]
        if missing:
            raise self._document.error(
                line,
                f"{function.name} is given no {missing[0]!r}",
                f"its parameters are {', '.join(function.parameters)}",
            )
        return given

    def _check_fixed(self, function: Function, name: str, value: Expression, line: int) -> None:
        if not isinstance(value, Constant):
            raise self._document.error(
                line, f"{name!r} of {function.name} must be plain text, the same for every row"
            )
        wrong = check_fixed(function, name, value.value)
        if wrong:
            raise self._document.error(line, f"{function.name}: {wrong}")

    def _lookup(self, given: dict[str, Expression], line: int, guard: exp.Expr | None) -> exp.Expr:
        table = given["table"]
        name = table.value if isinstance(table, Constant) else ""
        entries = self._preparation.lookups.get(name)
        if entries is None:
            known = ", ".join(sorted(self._preparation.lookups)) or "none"
            raise self._document.error(
                line,
                f"trf:lookup: there is no lookup table {name!r}",
                f"add [lookup.{name}] to source.toml; it has {known}",
            )
        value = self._levels.add("value", self.text_of(given["value"], line, guard))
        case = exp.Case(this=value)
        for key, meaning in entries.items():
            case = case.when(text(key), text(self._expand(meaning)))
        found = case if entries else exp.cast(exp.null(), exp.DataType.Type.TEXT)
        failed = exp.and_(
            exp.Not(this=exp.Is(this=value.copy(), expression=exp.null())),
            exp.Is(this=found.copy(), expression=exp.null()),
        )
        if guard is not None:
            failed = exp.and_(guard.copy(), failed)
        self.lookup_checks.append((columns_of(given["value"]), name, line, failed))
        return found

    def _expand(self, meaning: str) -> str:
        prefix, colon, local = meaning.partition(":")
        namespace = dict(self._document.prefixes).get(prefix)
        if not colon or namespace is None or local.startswith("//"):
            return meaning
        return namespace + local

    def _unknown_function(self, iri: str, line: int) -> Exception:
        local = re.split(r"[/#]", iri)[-1]
        names = {function.name.split(":")[1]: function.name for function in FUNCTIONS.values()}
        near = [names[name] for name in difflib.get_close_matches(local, names, 3, 0.5)]
        known = sorted(names.values())
        return self._document.error(
            line,
            f"there is no function {iri}",
            f"did you mean {', '.join(near)}?" if near else f"there are {', '.join(known)}",
        )


def kind_of(raw: str) -> str:
    """Name the column of the natural datatype that stands beside a raw column."""
    return f"{raw}_kind"


def template_iri(
    document: MappingDocument, term_map: TermMap, base: str
) -> list[str | Reference] | None:
    """Give the parts of an IRI template in full: relative ones begin with the base.

    None where values decide about that, or whether there is an IRI at all: ``{scheme}:{id}``,
    ``http://{host}:{port}/``.

    Raises:
        MappingError: no value can make it an IRI.
    """
    template = term_map.expression
    parts = list(template.parts) if isinstance(template, Template) else []
    wholes = ["".join(part if isinstance(part, str) else v for part in parts) for v in _ENCODED]
    starts = {_start_of(whole, base, term_map.term_type) for whole in wholes}
    if starts == {None}:
        shown = "".join(part if isinstance(part, str) else f"{{{part.column}}}" for part in parts)
        raise _no_iri(
            document, shown, "".join(p for p in parts if isinstance(p, str)), term_map.line
        )
    if len(starts) > 1:
        return None
    (start,) = starts
    return [start, *parts] if start else parts


def write_iri(document: MappingDocument, value: str, base: str, line: int) -> str:
    """Write a constant IRI as a term, resolved against the base.

    Raises:
        MappingError: it is no IRI.
    """
    start = _start_of(value, base, TermType.IRI)
    if start is None:
        raise _no_iri(document, value, value, line)
    return f"<{start}{value}>"


def _start_of(value: str, base: str, kind: TermType) -> str | None:
    """Give what must stand before a value to make it an IRI in full; None if nothing can."""
    if kind is TermType.URI and not value.isascii():
        return None
    if is_iri(value):
        return ""
    return base if not has_scheme(value) and is_iri(base + value) else None


def _no_iri(document: MappingDocument, shown: str, plain: str, line: int) -> Exception:
    found = _BAD_IRI_TEXT.search(plain)
    reason = f": {found.group()!r} cannot stand in one" if found else ""
    return document.error(line, f"{shown!r} is no IRI{reason}", "percent-encode what is not")


def write_text(value: str) -> str:
    """Write text as a quoted N-Triples string, with the escapes the store itself writes."""
    escaped = "".join(_escape(character) for character in value)
    return f'"{escaped}"'


def _escape(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    is_control = ord(character) < 0x20 or character in "\x7f\ufffe\uffff"
    return f"\\u{ord(character):04X}" if is_control else character
