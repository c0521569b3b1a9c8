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
    from kg.lift.mapping import Expression, MappingDocument
    from kg.lift.preparation import Preparation

ROW_NUMBER = "row_number"
"""The column that numbers the rows of the relation, where a blank node needs one."""

SAFE = {TermType.IRI: "tr_iri_safe", TermType.URI: "tr_uri_safe"}
"""How values in a template become part of an IRI; the unsafe ones stay as they are."""

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
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
    document: MappingDocument, template: Template, base: str, line: int
) -> list[str | Reference]:
    """Give the parts of an IRI template in full: relative ones begin with the base.

    Raises:
        MappingError: the text between the columns cannot stand in an IRI.
    """
    parts = list(template.parts)
    for part in parts:
        found = _BAD_IRI_TEXT.search(part) if isinstance(part, str) else None
        if found:
            raise document.error(
                line, f"{found.group()!r} cannot stand in an IRI: {part!r}", "percent-encode it"
            )
    first = parts[0]
    if isinstance(first, Reference) or not _SCHEME.match(first):
        parts.insert(0, base)
    return parts


def write_iri(document: MappingDocument, value: str, base: str, line: int) -> str:
    """Write a constant IRI as a term, resolved against the base.

    Raises:
        MappingError: it is no IRI.
    """
    found = _BAD_IRI_TEXT.search(value)
    if found:
        raise document.error(
            line, f"{value!r} is no IRI: {found.group()!r} cannot stand in one", "percent-encode it"
        )
    return f"<{value}>" if _SCHEME.match(value) else f"<{base}{value}>"


def write_text(value: str) -> str:
    """Write text as a quoted N-Triples string, with the escapes the store itself writes."""
    escaped = "".join(_escape(character) for character in value)
    return f'"{escaped}"'


def _escape(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    is_control = ord(character) < 0x20 or character in "\x7f\ufffe\uffff"
    return f"\\u{ord(character):04X}" if is_control else character
