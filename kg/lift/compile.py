"""Mapping -> relational model: one SELECT for all triples maps of one logical source.

The SELECT has one column per distinct term expression, holding whole N-Triples terms, and two
columns that number the first failed check of the row. Facts are patterns over these columns.
It is built in levels, each a subquery over the one before: cleaned values,
times, values made of them, canonical text, terms. Nothing here knows an engine's dialect.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from sqlglot import exp

from kg.lift.functions import call, join, text
from kg.lift.levels import Levels
from kg.lift.literals import CHECKED, NUMERIC, canonical
from kg.lift.mapping import (
    RDF_TYPE,
    XSD,
    Constant,
    Expression,
    FunctionCall,
    Reference,
    TermMap,
    TermType,
    columns_of,
)
from kg.lift.values import Values, template_iri, write_iri, write_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kg.lift.mapping import MappingDocument, PredicateObjectMap, TriplesMap
    from kg.lift.preparation import Preparation

Place: TypeAlias = int | str
"""Where a pattern takes a term from: a column of the SELECT by number, or a constant term."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """One fact per row: subject, predicate, object and graph ("" is the default graph)."""

    subject: Place
    predicate: Place
    object: Place
    graph: Place = ""


@dataclass(frozen=True, slots=True)
class Check:
    """What a row fails on: its code, the columns to look at, what was wanted, and where."""

    code: Literal["bad-time", "bad-literal", "bad-iri", "lookup-miss"]
    columns: tuple[str, ...]
    wanted: str
    line: int


@dataclass(frozen=True, slots=True)
class Claim:
    """What a mapping can produce: a class term ("" if it depends on the row), a predicate term."""

    class_term: str
    predicate: str
    line: int


@dataclass(frozen=True)
class RelationalModel:
    """A compiled logical source.

    ``columns`` maps raw column names to their names in the relation ``batch``. The last two
    columns of ``select`` number a failed check of ``checks`` (reject) and of ``misses`` (report).
    """

    select: exp.Select
    columns: dict[str, str]
    patterns: tuple[Pattern, ...]
    checks: tuple[Check, ...]
    misses: tuple[Check, ...]
    claims: tuple[Claim, ...]
    first_use: dict[str, int] = field(default_factory=dict)


def compile_source(
    document: MappingDocument,
    triples_maps: Iterable[TriplesMap],
    preparation: Preparation,
    base: str,
) -> RelationalModel:
    """Compile the triples maps of one logical source.

    Raises:
        MappingError: a function, parameter, lookup table, datatype or IRI cannot be used.
    """
    compiler = _Compiler(document, preparation, base)
    for triples_map in triples_maps:
        compiler.add(triples_map)
    return compiler.finish()


class _Compiler:
    def __init__(self, document: MappingDocument, preparation: Preparation, base: str) -> None:
        self._document = document
        self._preparation = preparation
        self._base = base
        self._levels = Levels()
        self._values = Values(document, preparation, self._levels)
        self._patterns: dict[Pattern, None] = {}
        self._claims: dict[Claim, None] = {}
        self._checks: list[tuple[Check, exp.Expr]] = []

    def add(self, triples_map: TriplesMap) -> None:
        base = triples_map.base or self._base
        condition = self._values.condition(triples_map.condition, triples_map.line)
        subject = self._term(triples_map.subject, base, condition)
        graphs = [self._term(graph, base, None) for graph in triples_map.graphs]
        for term_map in triples_map.classes:
            kind = self._term(term_map, base, None)
            self._combine([subject], [f"<{RDF_TYPE}>"], [kind], graphs)
        for rule in triples_map.predicate_objects:
            self._add_rule(rule, subject, base, condition, graphs)
        self._claim(triples_map, base)

    def _add_rule(
        self,
        rule: PredicateObjectMap,
        subject: Place,
        base: str,
        outer: exp.Expr | None,
        graphs: list[Place],
    ) -> None:
        inner = self._values.condition(rule.condition, rule.line)
        both = exp.and_(outer, inner) if outer is not None and inner is not None else None
        guard = both or inner or outer
        predicates = [self._term(predicate, base, None) for predicate in rule.predicates]
        objects = [self._term(value, base, inner, guard) for value in rule.objects]
        graphs = [*graphs, *(self._term(graph, base, None) for graph in rule.graphs)]
        self._combine([subject], predicates, objects, graphs)

    def _combine(
        self,
        subjects: list[Place],
        predicates: list[Place],
        objects: list[Place],
        graphs: list[Place],
    ) -> None:
        for graph in graphs or [""]:
            for subject in subjects:
                for predicate in predicates:
                    for value in objects:
                        self._patterns[Pattern(subject, predicate, value, graph)] = None

    def _claim(self, triples_map: TriplesMap, base: str) -> None:
        typed = [(term_map, term_map.line or triples_map.line) for term_map in triples_map.classes]
        rules = []
        for rule in triples_map.predicate_objects:
            for predicate in rule.predicates:
                if not isinstance(predicate.expression, Constant):
                    continue
                name = predicate.expression.value
                rules.append((f"<{name}>", rule.line))
                if name == RDF_TYPE:
                    typed += [(value, rule.line) for value in rule.objects]
        rules += [(f"<{RDF_TYPE}>", line) for _, line in typed]
        classes = [
            write_iri(self._document, term_map.expression.value, base, line)
            if isinstance(term_map.expression, Constant)
            else ""
            for term_map, line in typed
        ]
        for class_term in classes or [""]:
            for predicate_term, line in rules:
                self._claims[Claim(class_term, predicate_term, line)] = None

    def _term(
        self,
        term_map: TermMap,
        base: str,
        condition: exp.Expr | None,
        guard: exp.Expr | None = None,
    ) -> Place:
        term = self._make(term_map, base, guard if guard is not None else condition)
        if condition is None:
            if isinstance(term, str):
                return term
            return self._levels.output(term)
        made = text(term) if isinstance(term, str) else term
        return self._levels.output(exp.Case().when(condition.copy(), made))

    def _make(self, term_map: TermMap, base: str, guard: exp.Expr | None) -> exp.Expr | str:
        if term_map.term_type is TermType.IRI:
            return self._iri(term_map, base, guard)
        if term_map.term_type is TermType.BLANK_NODE:
            value = self._values.text_of(term_map.expression, term_map.line, guard)
            return join([text("_:"), call("tr_blank", value)])
        return self._literal(term_map, base, guard)

    def _iri(self, term_map: TermMap, base: str, guard: exp.Expr | None) -> exp.Expr | str:
        expression = term_map.expression
        if isinstance(expression, Constant):
            return write_iri(self._document, expression.value, base, term_map.line)
        self._values.use(expression, term_map.line)
        if not isinstance(expression, Reference | FunctionCall):
            parts = template_iri(self._document, expression, base, term_map.line)
            encoded = [
                call("tr_iri_safe", self._values.column(part.column))
                if isinstance(part, Reference)
                else text(part)
                for part in parts
            ]
            return join([text("<"), *encoded, text(">")])
        value = self._values.text_of(expression, term_map.line, guard, is_iri=True)
        value = self._levels.add("value", value)
        iri = self._levels.add("canonical", call("tr_iri", value, base))
        self._check("bad-iri", expression, "IRI", term_map.line, (value, iri, guard))
        return join([text("<"), iri, text(">")])

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
        value = self._levels.add("value", self._values.text_of(expression, line, guard))
        if form:
            value = self._checked(value, expression, datatype, (line, guard))
            return join([text('"'), value, text(f'"^^<{datatype}>')])
        quoted = [text('"'), call("tr_escape", value)]
        return join([*quoted, *self._suffix(term_map, base, datatype, guard)])

    def _constant_literal(self, value: str, datatype: str, form: str, line: int) -> str:
        written = canonical(value, form) if form else value
        if written is None:
            raise self._document.error(
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
            written = self._preparation.time_datatype(expression.column)
            if written == datatype:
                return value
            if written:
                raise self._document.error(
                    line,
                    f"column {expression.column!r} is a time that source.toml writes as "
                    f"{_short(written)}, not {_short(datatype)}",
                    f"use {_short(written)} here, or change its form in times = {{ … }}",
                )
        if form in NUMERIC and self._preparation.decimal == ",":
            value = exp.Anonymous(this="replace", expressions=[value, text(","), text(".")])
        value = self._levels.add("value", value)
        checked = self._levels.add("canonical", call(f"tr_{form}", value))
        self._check("bad-literal", expression, datatype, line, (value, checked, guard))
        return checked

    def _suffix(
        self, term_map: TermMap, base: str, datatype: str, guard: exp.Expr | None
    ) -> list[exp.Expr]:
        if term_map.language is not None:
            spoken = self._values.text_of(term_map.language.expression, term_map.line, guard)
            return [text('"@'), exp.Lower(this=spoken)]
        if term_map.datatype is None or datatype == XSD + "string":
            return [text('"')]
        if datatype:
            return [text(f'"^^<{datatype}>')]
        made = self._iri(term_map.datatype, base, guard)
        return [text('"^^'), text(made) if isinstance(made, str) else made]

    def _constant_of(self, term_map: TermMap | None, base: str) -> str:
        if term_map is None or not isinstance(term_map.expression, Constant):
            return ""
        return write_iri(self._document, term_map.expression.value, base, term_map.line)[1:-1]

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

    def finish(self) -> RelationalModel:
        checks = [
            *(
                (Check("bad-time", (column,), self._preparation.times[column], line), failed)
                for column, line, failed in self._values.time_checks
            ),
            *self._checks,
        ]
        misses = [
            (Check("lookup-miss", columns, table, line), failed)
            for columns, table, line, failed in self._values.lookup_checks
        ]
        return RelationalModel(
            self._levels.select([_first(checks), _first(misses)]),
            dict(self._values.columns),
            tuple(self._patterns),
            tuple(check for check, _ in checks),
            tuple(check for check, _ in misses),
            tuple(self._claims),
            dict(self._values.first_use),
        )


def _first(checks: list[tuple[Check, exp.Expr]]) -> exp.Expr:
    if not checks:
        return exp.null()
    case = exp.Case()
    for number, (_, failed) in enumerate(checks):
        case = case.when(failed, exp.Literal.number(number))
    return case


def _short(datatype: str) -> str:
    return re.sub(rf"^{re.escape(XSD)}", "xsd:", datatype)
