"""What a mapping asks for, in units: the models that one SELECT each can run."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from kg.lift.compile import compile_source
from kg.lift.joins import compile_join
from kg.lift.mapping import LogicalSource
from kg.lift.preparation import Preparation
from kg.lift.tables import FORMS, TYPED, has_several

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from kg.lift.mapping import MappingDocument, PredicateObjectMap, TriplesMap
    from kg.lift.model import RelationalModel


@dataclass(frozen=True, slots=True)
class Unit:
    """A model with its source; rows of a ``is_multiplied`` one stand once for each value."""

    source: LogicalSource
    model: RelationalModel
    is_multiplied: bool = False


def plan_units(document: MappingDocument, base: str) -> list[Unit]:
    """Compile a mapping: one unit for each source, and for each join.

    Where references have several values, every predicate-object map is a unit of its own, so
    that only the values of one fact are multiplied with one another.

    Raises:
        MappingError: the mapping cannot be used.
    """
    units: list[Unit] = []
    for source in dict.fromkeys(triples_map.source for triples_map in document.triples_maps):
        _check_form(document, source)
        chosen = [made for made in document.triples_maps if made.source == source]
        model = compile_source(document, chosen, preparation_of(source), base)
        if not any(has_several(source, name) for name in model.columns):
            units.append(Unit(source, model))
            continue
        units += [
            Unit(source, made, any(has_several(source, name) for name in made.columns))
            for triples_map in chosen
            for part in _parts(triples_map)
            for made in [compile_source(document, [part], preparation_of(source), base)]
        ]
    return units + list(_joins(document, base))


def give_tables(document: MappingDocument, names: Collection[str]) -> MappingDocument:
    """Read from tables in memory what the mapping reads from sources of these names."""

    def given(source: LogicalSource) -> LogicalSource:
        if source.name not in names:
            return source
        return LogicalSource(source.name, "arrow", line=source.line)

    def given_rule(rule: PredicateObjectMap) -> PredicateObjectMap:
        return replace(
            rule, joins=tuple(replace(join, source=given(join.source)) for join in rule.joins)
        )

    return replace(
        document,
        triples_maps=tuple(
            replace(
                made,
                source=given(made.source),
                predicate_objects=tuple(map(given_rule, made.predicate_objects)),
            )
            for made in document.triples_maps
        ),
    )


def preparation_of(source: LogicalSource) -> Preparation:
    """Take values as RML takes them."""
    return Preparation(
        is_standard=True,
        is_typed=source.formulation in TYPED,
        has_several=partial(has_several, source),
    )


def uses_of(units: list[Unit]) -> dict[LogicalSource, dict[str, int]]:
    """Gather the references to each source, and the line where each is first made."""
    uses: dict[LogicalSource, dict[str, int]] = {}
    for unit in units:
        sides = [(unit.source, unit.model.columns)]
        if unit.model.parent is not None:
            sides.append((unit.model.parent.source, unit.model.parent.columns))
        for source, columns in sides:
            known = uses.setdefault(source, {})
            for name in columns:
                known.setdefault(name, unit.model.first_use.get(name) or source.line)
    return uses


def _joins(document: MappingDocument, base: str) -> Iterator[Unit]:
    for triples_map in document.triples_maps:
        for rule in triples_map.predicate_objects:
            for join in rule.joins:
                preparations = preparation_of(triples_map.source), preparation_of(join.source)
                place = (triples_map, rule, join)
                model = compile_join(document, place, preparations, base)
                yield Unit(triples_map.source, model, is_multiplied=True)


def _parts(triples_map: TriplesMap) -> list[TriplesMap]:
    parts = [replace(triples_map, predicate_objects=())] if triples_map.classes else []
    rules = triples_map.predicate_objects
    parts += [replace(triples_map, classes=(), predicate_objects=(rule,)) for rule in rules]
    return parts


def _check_form(document: MappingDocument, source: LogicalSource) -> None:
    if source.formulation in FORMS:
        return
    raise document.error(
        source.line,
        f"a source ~{source.formulation} cannot be read alone",
        f"here are {', '.join(sorted(FORMS))}; ~table is run by a plant: traveler load",
    )
