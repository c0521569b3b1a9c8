"""Doubles: master data that may be there twice, under two ids. A suspicion, and never more.

Names are compared with those they share a beginning, an end or a rare word with, so that a hundred
thousand of them take seconds.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING

from kg import vocab
from kg.answer.bundle import SlotGap, gap_id
from kg.answer.evidence import literal_text
from kg.answer.gaps.alike import SAME_ID, Clue, Name, compare
from kg.answer.gaps.candidates import Candidate
from kg.answer.lookup import all_rows
from kg.answer.names import LEGAL_FORMS, id_key, numbers_of, words_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kg.answer.evidence import Evidence
    from kg.records import Term
    from kg.store import Store

FIRMS = ((vocab.CUSTOMER, "customer"), (vocab.SUPPLIER, "supplier"))
"""What has names: two that are written much alike may be one."""
GOODS = ((vocab.MATERIAL, "material"), (vocab.PART, "part"))
"""What has numbers, and descriptions that many can share."""
EDGE = 5
FEW = 4
"""More things of one name than these are named after what they are."""
WINDOW = 8
"""In a block of many names, those are compared that stand so near in order."""
BLOCK = 40
SAME_DESCRIPTION = 0.6


@dataclass(slots=True)
class _Called:
    ids: set[str] = field(default_factory=set)
    names: set[str] = field(default_factory=set)


def find_doubles(store: Store, evidence: Evidence) -> Iterator[SlotGap]:
    """Suspect customers, suppliers, materials and parts of being others under a second id.

    The gap is of the one that less is said about, and offers the one most is said about.
    """
    done: set[Term] = set()
    for kind, word in (*FIRMS, *GOODS):
        called = _called(store, kind)
        is_firm = (kind, word) in FIRMS
        pairs = compare_all({entity: (c.ids, c.names) for entity, c in called.items()}, is_firm)
        beside: dict[Term, set[Term]] = defaultdict(set)
        for one, other in pairs:
            beside[one].add(other)
            beside[other].add(one)
        said = {entity: (-len(list(store.match(o=entity))), entity) for entity in beside}
        for entity, near in sorted(beside.items()):
            best = min(near, key=lambda one: said[one])
            if said[best] < said[entity] and entity not in done:
                done.add(entity)  # a material is a part as well
                clue = pairs[min(entity, best), max(entity, best)]
                yield _gap(entity, best, clue, word, evidence)


def compare_all(
    called: dict[Term, tuple[set[str], set[str]]], is_firm: bool
) -> dict[tuple[Term, Term], Clue]:
    """Give the pairs that may be one thing, each in order, with the best clue.

    ``called`` are the ids and the names of each thing.
    """
    pairs: dict[tuple[Term, Term], Clue] = {}
    for one, other, clue in (
        *_same_ids({entity: ids for entity, (ids, _) in called.items()}),
        *(_alike if is_firm else _same_descriptions)(
            {entity: names for entity, (_, names) in called.items()}
        ),
    ):
        pair = (min(one, other), max(one, other))
        pairs[pair] = max(pairs.get(pair, clue), clue)
    return pairs


def _called(store: Store, kind: Term) -> dict[Term, _Called]:
    called: dict[Term, _Called] = defaultdict(_Called)
    for predicate in (vocab.IDENTIFIER, vocab.RDFS_LABEL):
        for entity, value in all_rows(store, "e v", f"?e a {kind} ; {predicate} ?v"):
            one = called[entity]
            (one.ids if predicate == vocab.IDENTIFIER else one.names).add(literal_text(value))
    return called


def _same_ids(ids: dict[Term, set[str]]) -> Iterator[tuple[Term, Term, Clue]]:
    having: dict[str, dict[Term, str]] = defaultdict(dict)
    for entity, texts in ids.items():
        for text in texts:
            if key := id_key(text):
                having[key][entity] = text
    for entities in having.values():
        if 1 < len(entities) <= FEW:
            for (one, text), (other, second) in combinations(sorted(entities.items()), 2):
                told = f"{text!r} and {second!r} are one id written in two ways"
                yield one, other, Clue(SAME_ID, told if text != second else f"both are {text!r}")


def _same_descriptions(names: dict[Term, set[str]]) -> Iterator[tuple[Term, Term, Clue]]:
    """Find descriptions that say a size or grade: others are shared by things that differ."""
    having: dict[str, dict[Term, str]] = defaultdict(dict)
    for entity, texts in names.items():
        for text in texts:
            if numbers_of(text) and len(words_of(text)) > 2:
                having[id_key(text)][entity] = text
    for entities in having.values():
        if 1 < len(entities) <= FEW:
            for (one, text), (other, _) in combinations(sorted(entities.items()), 2):
                yield one, other, Clue(SAME_DESCRIPTION, f"both are described as {text!r}")


def _alike(names: dict[Term, set[str]]) -> Iterator[tuple[Term, Term, Clue]]:
    members = sorted(
        ((Name.of(text), entity) for entity, texts in names.items() for text in texts),
        key=lambda member: (member[0].key, member[0].text, member[1]),
    )
    blocks: dict[str, list[int]] = defaultdict(list)
    for place, (name, _) in enumerate(members):
        for block in _blocks(name):
            blocks[block].append(place)
    for first, second in {pair for places in blocks.values() for pair in _near(places)}:
        (name, one), (rival, other) = members[first], members[second]
        if one != other and (clue := compare(name, rival)) is not None:
            yield one, other, clue


def _blocks(name: Name) -> set[str]:
    """Tell the blocks that a name is in: by its beginning, its end, and each of its words."""
    if not name.key:
        return set()
    own = name.words - LEGAL_FORMS
    return {f"^{name.key[:EDGE]}", f"{name.key[-EDGE:]}$", *(f" {word}" for word in own)}


def _near(places: list[int]) -> Iterable[tuple[int, int]]:
    """Give the pairs in a block that are compared; its places are in the order of names."""
    if len(places) <= BLOCK:
        return combinations(places, 2)
    return (
        (place, other)
        for at, place in enumerate(places)
        for other in places[at + 1 : at + 1 + WINDOW]
    )


def _gap(entity: Term, best: Term, clue: Clue, word: str, evidence: Evidence) -> SlotGap:
    short, other = evidence.short(entity), evidence.short(best)
    offered = Candidate(other, round(clue.weight, 2), (clue.reason,), evidence.label(best))
    record = evidence.record_of(entity, [])
    return SlotGap(
        entity=short,
        slot="identity",
        state="unknown",
        shape=None,
        severity="info",
        message=f"This {word} may be {other} under a second id: {clue.reason}.",
        source=record.split("/")[1] if record else None,
        record=record,
        kind="duplicate",
        id=gap_id(short, "identity", "duplicate", other),
        candidates=(offered,),
    )
