"""Mapping -> relational model: one SELECT for all triples maps of one logical source.

The SELECT has one column per distinct term expression, holding whole N-Triples terms, and two
columns that number the first failed check of the row. Facts are patterns over these columns.
It is built in levels, each a subquery over the one before: cleaned values,
times, values made of them, canonical text, terms. Nothing here knows an engine's dialect.
A join of two logical sources is a SELECT of its own, over two relations: `kg.lift.joins`.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

from sqlglot import exp

from kg.lift.mapping import RDF_TYPE, Constant, TermType, columns_of
from kg.lift.model import Check, Claim, ParentRelation, Pattern, Place, RelationalModel
from kg.lift.termcolumns import TermColumns, first_failed
from kg.lift.values import write_iri

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kg.lift.mapping import MappingDocument, PredicateObjectMap, TermMap, TriplesMap
    from kg.lift.preparation import Preparation

__all__ = [
    "Check",
    "Claim",
    "ParentRelation",
    "Pattern",
    "Place",
    "RelationalModel",
    "combine",
    "compile_source",
]


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


def combine(
    subject: Place, predicates: list[Place], objects: list[Place], graphs: list[Place]
) -> list[Pattern]:
    """Give the facts of every predicate with every object in every graph."""
    return [
        Pattern(subject, predicate, value, graph)
        for graph, predicate, value in product(graphs or [""], predicates, objects)
    ]


def _columns(rule: PredicateObjectMap, triples_map: TriplesMap) -> tuple[str, ...]:
    """Name the columns that a rule's objects are made of, and that its conditions look at."""
    expressions = [value.expression for value in rule.objects]
    expressions += [value.condition for value in rule.objects if value.condition is not None]
    conditions = (rule.condition, triples_map.condition)
    expressions += [condition for condition in conditions if condition is not None]
    found = [column for expression in expressions for column in columns_of(expression)]
    return tuple(dict.fromkeys(found))


class _Compiler:
    def __init__(self, document: MappingDocument, preparation: Preparation, base: str) -> None:
        self._document = document
        self._terms = TermColumns(document, preparation)
        self._base = base
        self._patterns: dict[Pattern, None] = {}
        self._claims: dict[Claim, None] = {}

    def add(self, triples_map: TriplesMap) -> None:
        base = triples_map.base or self._base
        condition = self._terms.values.condition(triples_map.condition, triples_map.line)
        subject = self._terms.term(triples_map.subject, base, condition)
        graphs = [self._terms.term(graph, base, None) for graph in triples_map.graphs]
        for term_map in triples_map.classes:
            kind = self._terms.term(term_map, base, None)
            self._add(subject, [f"<{RDF_TYPE}>"], [kind], graphs)
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
        inner = self._terms.values.condition(rule.condition, rule.line)
        both = exp.and_(outer, inner) if outer is not None and inner is not None else None
        guard = both or inner or outer
        predicates = [self._terms.term(predicate, base, None) for predicate in rule.predicates]
        objects = [
            self._terms.term(value, self._base_of(value, base), inner, guard)
            for value in rule.objects
        ]
        graphs = [*graphs, *(self._terms.term(graph, base, None) for graph in rule.graphs)]
        self._add(subject, predicates, objects, graphs)

    def _base_of(self, value: TermMap, base: str) -> str:
        return base if value.base is None else value.base or self._base

    def _add(
        self, subject: Place, predicates: list[Place], objects: list[Place], graphs: list[Place]
    ) -> None:
        self._patterns |= dict.fromkeys(combine(subject, predicates, objects, graphs))

    def _claim(self, triples_map: TriplesMap, base: str) -> None:
        typed = [(term_map, term_map.line or triples_map.line) for term_map in triples_map.classes]
        rules: list[tuple[str, int, tuple[str, ...]]] = []
        for rule in triples_map.predicate_objects:
            for predicate in rule.predicates:
                if not isinstance(predicate.expression, Constant) or not rule.objects:
                    continue
                name = predicate.expression.value
                rules.append((f"<{name}>", rule.line, _columns(rule, triples_map)))
                if name == RDF_TYPE:
                    kinds = [
                        each for each in rule.objects if each.term_type is not TermType.LITERAL
                    ]
                    typed += [(value, rule.line) for value in kinds]
        rules += [(f"<{RDF_TYPE}>", line, ()) for _, line in typed]
        classes = [
            write_iri(self._document, term_map.expression.value, base, line)
            if isinstance(term_map.expression, Constant)
            else ""
            for term_map, line in typed
        ]
        for class_term in classes or [""]:
            for predicate_term, line, columns in rules:
                self._claims[Claim(class_term, predicate_term, line, columns)] = None

    def finish(self) -> RelationalModel:
        checks = self._terms.checks()
        misses = self._terms.values.calls.lookup_checks
        return RelationalModel(
            self._terms.levels.select([first_failed(checks), first_failed(misses)]),
            dict(self._terms.values.columns),
            tuple(self._patterns),
            tuple(check for check, _ in checks),
            tuple(check for check, _ in misses),
            tuple(self._claims),
            dict(self._terms.values.first_use),
            tuple(self._terms.levels.outputs),
            self._terms.values.needs_row,
            copies=dict(self._terms.values.copies),
        )
