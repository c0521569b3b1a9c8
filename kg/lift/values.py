"""The values that terms are made of: columns, functions and conditions, as expressions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlglot import exp

from kg.lift.functioncalls import FunctionCalls
from kg.lift.mapping import (
    Constant,
    FunctionCall,
    Reference,
    RowIdentity,
    Template,
    TermType,
    columns_of,
)
from kg.lift.signatures import call, join, text

if TYPE_CHECKING:
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
    """Compiles expressions of one logical source; remembers columns and what they must pass."""

    def __init__(self, document: MappingDocument, preparation: Preparation, levels: Levels) -> None:
        self._document = document
        self._preparation = preparation
        self._levels = levels
        self.columns: dict[str, str] = {}
        self.first_use: dict[str, int] = {}
        self.needs_row = False
        self.time_checks: list[tuple[str, int, exp.Expr]] = []
        self.calls = FunctionCalls(document, preparation, levels, self)

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
                made, kind = self.calls.compile(expression, line, guard, is_iri=is_iri)
                if kind == "list":
                    raise self._document.error(
                        expression.line or line,
                        "a list is no single value (RML-FNML, Return Map)",
                        "take one by grel:array_get, or put all together by grel:array_join",
                    )
                return exp.cast(made, exp.DataType.Type.TEXT) if kind == "boolean" else made

    def condition(self, expression: Expression | None, line: int) -> exp.Expr | None:
        """Compile a condition to a column that is true, false or NULL (which counts as false)."""
        if expression is None:
            return None
        if isinstance(expression, FunctionCall):
            made, kind = self.calls.compile(expression, line, None, is_iri=False)
            if kind == "boolean":
                return self._levels.add("value", made)
        is_true = exp.EQ(this=self.text_of(expression, line, None), expression=text("true"))
        return self._levels.add("value", is_true)

    def encoded(self, template: Template, line: int) -> exp.Expr:
        """Write a template's text with its values percent-encoded."""
        return join(
            [
                call("tr_iri_safe", self.column(part.column, line))
                if isinstance(part, Reference)
                else text(part)
                for part in template.parts
            ]
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
