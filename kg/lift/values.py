"""The values that terms are made of: columns, functions and conditions, as expressions."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlglot import exp

from kg.lift.functioncalls import FunctionCalls
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
from kg.lift.signatures import call, join, text

if TYPE_CHECKING:
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
    """Compiles expressions of one logical source; remembers columns and what they must pass."""

    def __init__(self, document: MappingDocument, preparation: Preparation, levels: Levels) -> None:
        self._document = document
        self._preparation = preparation
        self._levels = levels
        self.columns: dict[str, str] = {}
        self.copies: dict[str, str] = {}
        self._term = 0
        self._taken: dict[tuple[str, int], str] = {}
        self._shared: set[str] = set()
        self.first_use: dict[str, int] = {}
        self.needs_row = False
        self.time_checks: list[tuple[str, int, exp.Expr]] = []
        self.calls = FunctionCalls(document, preparation, levels, self)

    def column(self, name: str, line: int = 0) -> exp.Expr:
        """Give the column's prepared value."""
        is_new = name not in self.columns
        raw = self._raw(name)
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
        return exp.column(kind_of(self._raw(name)))

    def begin_term(self) -> None:
        """Begin a term map: what follows takes every value of a reference that has several.

        Terms combine in every way ("The Generated RDF Triples of a Triples Map"), also those that
        are made of the same reference: so each but the first has a copy of its column. What a
        condition looks at is the same for all.
        """
        self._term += 1

    def _raw(self, name: str) -> str:
        raw = self.columns.setdefault(name, f"raw{len(self.columns)}")
        if name in self._shared or not self._preparation.has_several(name):
            return raw
        key = (name, self._term)
        if key not in self._taken:
            count = sum(known == name for known, _ in self._taken)
            self._taken[key] = f"{raw}_{count}" if count else raw
            if count:
                self.copies[self._taken[key]] = name
        return self._taken[key]

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
        self._shared |= set(columns_of(expression))
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
