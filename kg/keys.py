"""Keys: things of a class that agree in what identifies them are one thing (``owl:hasKey``).

It is told from what records say, fact by fact, as identity is resolved before anything is merged
(prp-key of OWL 2 RL/RDF, W3C, section 4.3). Unlike a crosswalk a key has no dispute: what agrees
is the same.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

from kg.store import stored_form
from kg.vocab import RDF_TYPE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from kg.records import Fact, Term

    Keyed = tuple[int, int, Term, Term]
    """Which key, which part of it, which thing, which value; part -1: the thing is of the class."""

_IS_OF_CLASS = -1


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a class: by what facts a thing of it is known, and each part of the key.

    Each property stands with whether what it says is turned round: ``ends`` are those whose
    subject (or object) is of the class, ``values`` those that say the parts.
    """

    classes: frozenset[Term]
    ends: frozenset[tuple[Term, bool]]
    values: tuple[frozenset[tuple[Term, bool]], ...]


def keyed_facts(facts: Iterable[Fact], keys: Sequence[Key]) -> frozenset[Keyed]:
    """Give what facts say of keys."""
    if not keys:
        return frozenset()
    return frozenset(
        found for fact in facts for n, key in enumerate(keys) for found in _said(fact, n, key)
    )


def _said(fact: Fact, number: int, key: Key) -> Iterator[Keyed]:
    s, p, o = fact
    if p == RDF_TYPE and o in key.classes:
        yield number, _IS_OF_CLASS, s, ""
    for thing, value, is_turned in ((s, o, False), (o, s, True)):
        if thing[0] == '"':
            continue
        if (p, is_turned) in key.ends:
            yield number, _IS_OF_CLASS, thing, ""
        for part, told_by in enumerate(key.values):
            if (p, is_turned) in told_by:
                yield number, part, thing, stored_form(value) if value[0] == '"' else value


def merge_by_keys(
    names: Mapping[Term, Term], keyed: Iterable[Keyed], keys: Sequence[Key]
) -> dict[Term, Term]:
    """Give every alias with its canonical IRI where keys tell of more that is the same.

    ``names`` are those that are known already; of what agrees, one that others are called by goes
    before, and then the smallest. What is merged may agree in more, so it is looked at again.
    """
    named = set(names.values())
    listed = list(keyed)
    merged = dict(names)
    while True:
        roots: dict[Term, Term] = {}
        for group in _agreeing(merged, listed, keys):
            found = sorted(
                {_root(roots, thing) for thing in group}, key=lambda t: (t not in named, t)
            )
            roots.update(dict.fromkeys(found[1:], found[0]))
        if not roots:
            return merged
        merged = {alias: _root(roots, name) for alias, name in merged.items()}
        merged |= {thing: _root(roots, thing) for thing in roots}


def _root(roots: Mapping[Term, Term], thing: Term) -> Term:
    while thing in roots:
        thing = roots[thing]
    return thing


def _agreeing(
    names: Mapping[Term, Term], keyed: Iterable[Keyed], keys: Sequence[Key]
) -> Iterator[Collection[Term]]:
    """Give the things that share a value in every part of a key, where they are several."""
    said: dict[tuple[int, Term], dict[int, set[Term]]] = defaultdict(lambda: defaultdict(set))
    for number, part, thing, value in keyed:
        said[number, names.get(thing, thing)][part].add(names.get(value, value))
    agreeing: dict[tuple[int, tuple[Term, ...]], set[Term]] = defaultdict(set)
    for (number, thing), values in said.items():
        if _IS_OF_CLASS in values:
            parts = [values.get(part, set()) for part in range(len(keys[number].values))]
            for combination in product(*parts):
                agreeing[number, combination].add(thing)
    return (things for things in agreeing.values() if len(things) > 1)
