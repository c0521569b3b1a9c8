"""Strangers: ids that a system uses and that nobody knows who holds such things."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kg.answer.bundle import SlotGap
from kg.answer.lookup import look_up
from kg.mentions import mentioning

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kg.answer.evidence import Evidence
    from kg.answer.gaps.candidates import Candidates, Strangers
    from kg.records import Term
    from kg.store import Store

FILLED_BY_A_PARTNER = ("machine", "batch", "job", "identity")
"""What the holder's own thing can lack because the other system knows it by another id."""
LINKING = ("link", "identity", "placeholder")


def find_strangers(candidates: Candidates, store: Store, evidence: Evidence) -> Iterator[SlotGap]:
    """Say of every id that is spoken of and that nobody describes, who speaks of it."""
    nobodys = set().union(*(strangers.nobodys for strangers in candidates.strangers))
    for strangers in candidates.strangers:
        following = _parts_of(strangers, nobodys, store)
        for entity in sorted(strangers.nobodys - following):
            yield _gap(strangers, entity, sorted(mentioning(store, [entity])), evidence)


def _parts_of(strangers: Strangers, nobodys: set[Term], store: Store) -> set[Term]:
    """Give those that are parts of things that are not known either: they are no gap by themselves.

    Who finds out what the whole is knows what its parts are.
    """
    if not strangers.kind.part_of or not strangers.nobodys:
        return set()
    rows = look_up(store, strangers.nobodys, strangers.kind.part_of)
    return {row["entity"] for row in rows if row["whole"] in nobodys}


def _gap(strangers: Strangers, entity: Term, graphs: list[Term], evidence: Evidence) -> SlotGap:
    places = [evidence.place(graph) for graph in graphs]
    speakers = sorted({source for source, _, _ in places})
    word, holder = strangers.kind.word, strangers.holder
    told = f"{' and '.join(speakers)} names this {word}, and {holder}"
    told += " has no row of it." if speakers == [holder] else ", which holds the others, has none."
    return SlotGap(
        entity=evidence.short(entity),
        slot="identity",
        state="missing",
        shape=None,
        severity="warning",
        message=told,
        source=holder,
        record=places[0][2] if places else None,
        kind="identity",
    )


def offer(gaps: Iterable[SlotGap], candidates: Candidates, base: str) -> list[SlotGap]:
    """Give each gap that a partner of its entity may fill the likely ones."""
    strangers = {entity for some in candidates.strangers for entity in some.all}
    return [_offering(gap, candidates, f"<{base}{gap.entity}>", strangers) for gap in gaps]


def _offering(gap: SlotGap, candidates: Candidates, entity: Term, strangers: set[Term]) -> SlotGap:
    if gap.candidates or gap.state != "missing" or gap.kind not in LINKING:
        return gap
    if entity not in strangers and gap.slot not in FILLED_BY_A_PARTNER:
        return gap
    found = candidates.of(entity)
    return replace(gap, candidates=found) if found else gap
