"""Term maps -> columns of whole N-Triples terms, with the checks that a row's values must pass."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

from sqlglot import exp

from kg.lift.iris import is_iri
from kg.lift.levels import Levels
from kg.lift.literals import (
    CHECKED,
    LANGUAGE_TAG,
    NUMERIC,
    ROW_DATATYPE,
    canonical,
    is_lexical,
)
from kg.lift.mapping import (
    RDF_LANG_STRING,
    XSD,
    Constant,
    Expression,
    Reference,
    Template,
    TermMap,
    TermType,
    columns_of,
)
from kg.lift.model import Check
from kg.lift.signatures import call, join, text
from kg.lift.values import SAFE, Values, template_iri, write_iri, write_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kg.lift.mapping import MappingDocument
    from kg.lift.model import Place
    from kg.lift.preparation import Preparation

_WHOLE_IRI = {
    TermType.IRI: "tr_iri",
    TermType.URI: "tr_uri",
    TermType.UNSAFE_IRI: "tr_unsafe_iri",
    TermType.UNSAFE_URI: "tr_unsafe_iri",
}


class TermColumns:
    """Compiles the term maps of one relation; the same term is one column."""

    def __init__(self, document: MappingDocument, preparation: Preparation) -> None:
        self.document = document
        self.preparation = preparation
        self.levels = Levels()
        self.values = Values(document, preparation, self.levels)
        self._checks: list[tuple[Check, exp.Expr]] = []

    def term(
        self,
        term_map: TermMap,
        base: str,
        condition: exp.Expr | None,
        guard: exp.Expr | None = None,
    ) -> Place:
        """Make a term map a column, or a constant; rows where the condition fails have none.

        Raises:
            MappingError: a function, parameter, datatype or IRI cannot be used.
        """
        self.values.begin_term()
        guard = guard if guard is not None else condition
        own = self.values.condition(term_map.condition, term_map.line)
        if own is not None:
            condition = exp.and_(condition.copy(), own.copy()) if condition is not None else own
            guard = exp.and_(guard.copy(), own.copy()) if guard is not None else own
        term = self._make(term_map, base, guard)
        if condition is None:
            if isinstance(term, str):
                return term
            return self.levels.output(term)
        made = text(term) if isinstance(term, str) else term
        return self.levels.output(exp.Case().when(condition.copy(), made))

    def _make(self, term_map: TermMap, base: str, guard: exp.Expr | None) -> exp.Expr | str:
        if term_map.term_type.is_iri:
            return self._iri(term_map, base, guard)
        if term_map.term_type is TermType.BLANK_NODE:
            value = self.values.text_of(term_map.expression, term_map.line, guard)
            return join([text("_:"), call("tr_blank", value)])
        return self._literal(term_map, base, guard)

    def _iri(self, term_map: TermMap, base: str, guard: exp.Expr | None) -> exp.Expr | str:
        expression = term_map.expression
        if isinstance(expression, Constant):
            return write_iri(self.document, expression.value, base, term_map.line)
        self.values.use(expression, term_map.line)
        kind = term_map.term_type
        if isinstance(expression, Template) and kind in SAFE:
            parts = template_iri(self.document, term_map, base)
            if parts is not None:
                return join([text("<"), *self._encoded(parts, kind), text(">")])
            value = join(self._encoded(expression.parts, kind))
        else:
            value = self.values.text_of(expression, term_map.line, guard, is_iri=kind in SAFE)
            if _says_only_iris(value, kind):
                return join([text("<"), self.levels.add("value", value), text(">")])
        value = self.levels.add("value", value)
        iri = self.levels.add("canonical", call(_WHOLE_IRI[kind], value, base))
        self._check("bad-iri", expression, "IRI", term_map.line, (value, iri, guard))
        return join([text("<"), iri, text(">")])

    def _encoded(self, parts: Iterable[str | Reference], kind: TermType) -> list[exp.Expr]:
        return [
            call(SAFE[kind], self.values.column(part.column))
            if isinstance(part, Reference)
            else text(part)
            for part in parts
        ]

    def _literal(self, term_map: TermMap, base: str, guard: exp.Expr | None) -> exp.Expr | str:
        expression, line = term_map.expression, term_map.line
        datatype = self._constant_of(term_map.datatype, base)
        form = CHECKED.get(datatype, "")
        if (
            isinstance(expression, Constant)
            and term_map.language is None
            and (datatype or term_map.datatype is None)
        ):
            return self._constant_literal(expression.value, datatype, form, line)
        value = self.levels.add("value", self.values.text_of(expression, line, guard))
        if form:
            value = self._checked(value, expression, datatype, (line, guard))
            return join([text('"'), value, text(f'"^^<{datatype}>')])
        is_natural = term_map.datatype is None and term_map.language is None
        if self.preparation.is_typed and is_natural and isinstance(expression, Reference):
            kind = self.values.kind(expression.column)
            typed = join([text('"^^<'), kind, text(">")])
            suffix = exp.Coalesce(this=typed, expressions=[text('"')])
            return join([text('"'), call("tr_escape", value), suffix])
        there = exp.Not(this=exp.Is(this=value.copy(), expression=exp.null()))
        guard = there if guard is None else exp.and_(guard.copy(), there)
        quoted = [text('"'), call("tr_escape", value)]
        return join([*quoted, *self._suffix(term_map, base, (value, datatype), guard)])

    def _constant_literal(self, value: str, datatype: str, form: str, line: int) -> str:
        written: str | None = value
        if form and self.preparation.is_standard:
            written = value if is_lexical(value, form) else None
        elif form:
            written = canonical(value, form)
        if written is None:
            raise self.document.error(
                line, f"{value!r} is no {_short(datatype)}", "correct the value or its datatype"
            )
        return write_text(written) + (
            f"^^<{datatype}>" if datatype not in {"", XSD + "string"} else ""
        )

    def _checked(
        self,
        value: exp.Expr,
        expression: Expression,
        datatype: str,
        where: tuple[int, exp.Expr | None],
    ) -> exp.Expr:
        form, (line, guard) = CHECKED[datatype], where
        if isinstance(expression, Reference):
            written = self.preparation.time_datatype(expression.column)
            if written == datatype:
                return value
            if written:
                raise self.document.error(
                    line,
                    f"column {expression.column!r} is a time that source.toml writes as "
                    f"{_short(written)}, not {_short(datatype)}",
                    f"use {_short(written)} here, or change its form in times = {{ … }}",
                )
        if form in NUMERIC and self.preparation.decimal == ",":
            value = exp.Anonymous(this="replace", expressions=[value, text(","), text(".")])
        value = self.levels.add("value", value)
        if self.preparation.is_standard:
            made: exp.Expr = exp.Case().when(call(f"tr_is_{form}", value), value)
        else:
            made = call(f"tr_{form}", value)
        checked = self.levels.add("canonical", made)
        self._check("bad-literal", expression, datatype, line, (value, checked, guard))
        return checked

    def _suffix(
        self, term_map: TermMap, base: str, literal: tuple[exp.Expr, str], guard: exp.Expr | None
    ) -> list[exp.Expr]:
        value, datatype = literal
        self.values.begin_term()
        if term_map.language is not None:
            spoken = self.values.text_of(term_map.language.expression, term_map.line, guard)
            return [text('"@'), self._language(term_map, spoken, guard)]
        if term_map.datatype is None or datatype == XSD + "string":
            return [text('"')]
        if datatype:
            return [text(f'"^^<{datatype}>')]
        kind = self._iri(term_map.datatype, base, guard)
        assert isinstance(kind, exp.Expr), "a constant datatype was written before"
        self._check_by_row(term_map, value, kind, guard)
        is_plain = exp.EQ(this=kind.copy(), expression=text(f"<{XSD}string>"))
        return [exp.Case().when(is_plain, text('"')).else_(join([text('"^^'), kind]))]

    def _check_by_row(
        self, term_map: TermMap, value: exp.Expr, kind: exp.Expr, guard: exp.Expr | None
    ) -> None:
        """Check a value against the datatype that its row names."""
        made = exp.Case(this=kind.copy()).when(text(f"<{RDF_LANG_STRING}>"), exp.null())
        for datatype, form in CHECKED.items():
            passed = exp.Case().when(call(f"tr_is_{form}", value), value.copy())
            made = made.when(text(f"<{datatype}>"), passed)
        test = (value, made.else_(value.copy()), guard)
        self._check("bad-literal", term_map.expression, ROW_DATATYPE, term_map.line, test)

    def _language(self, term_map: TermMap, spoken: exp.Expr, guard: exp.Expr | None) -> exp.Expr:
        language = term_map.language
        if language is None or isinstance(language.expression, Constant):
            return exp.Lower(this=spoken)
        spoken = self.levels.add("value", spoken)
        checked = self.levels.add("canonical", call("tr_language", spoken))
        test = (spoken, checked, guard)
        self._check("bad-literal", language.expression, LANGUAGE_TAG, term_map.line, test)
        return checked

    def _constant_of(self, term_map: TermMap | None, base: str) -> str:
        if term_map is None or not isinstance(term_map.expression, Constant):
            return ""
        return write_iri(self.document, term_map.expression.value, base, term_map.line)[1:-1]

    def _check(
        self,
        code: Literal["bad-literal", "bad-iri"],
        expression: Expression,
        wanted: str,
        line: int,
        test: tuple[exp.Expr, exp.Expr, exp.Expr | None],
    ) -> None:
        given, made, guard = test
        failed = exp.and_(
            exp.Not(this=exp.Is(this=given.copy(), expression=exp.null())),
            exp.Is(this=made.copy(), expression=exp.null()),
        )
        if guard is not None:
            failed = exp.and_(guard.copy(), failed)
        self._checks.append((Check(code, columns_of(expression), wanted, line), failed))

    def checks(self) -> list[tuple[Check, exp.Expr]]:
        """Give every check with the condition under which a row fails it."""
        times = [
            (Check("bad-time", (column,), self.preparation.times[column], line), failed)
            for column, line, failed in self.values.time_checks
        ]
        return times + self.values.calls.checks + self._checks


def first_failed(checks: list[tuple[Check, exp.Expr]]) -> exp.Expr:
    """Number the first check that a row fails, or NULL."""
    if not checks:
        return exp.null()
    case = exp.Case()
    for number, (_, failed) in enumerate(checks):
        case = case.when(failed, exp.Literal.number(number))
    return case


def _short(datatype: str) -> str:
    return re.sub(rf"^{re.escape(XSD)}", "xsd:", datatype)


def _says_only_iris(value: exp.Expr, kind: TermType) -> bool:
    """Tell whether a value is one of some constants, all of them IRIs: no row has to be checked."""
    is_one_of = isinstance(value, exp.Case) and not value.args.get("default")
    if not is_one_of or kind not in {TermType.IRI, TermType.URI}:
        return False
    said = [branch.args["true"] for branch in value.args["ifs"]]
    return all(
        isinstance(one, exp.Literal)
        and is_iri(one.name)
        and (kind is TermType.IRI or one.name.isascii())
        for one in said
    )
