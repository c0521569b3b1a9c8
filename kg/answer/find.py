"""Find: which entity somebody means by an id or a label of any source."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from rapidfuzz import fuzz, process

from kg import vocab
from kg.answer.context import KINDS
from kg.answer.evidence import literal_text
from kg.answer.names import normalise
from kg.errors import UnknownEntity

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from kg.records import Term
    from kg.store import Store

_IRI = re.compile(r"<(?:[^%<>\s]|%[0-9A-Fa-f]{2})+>")
NEAR_ENOUGH = 75.0


@dataclass(frozen=True, slots=True)
class Entity:
    """Something that can be asked about: its IRI term, kind and short id (``machine/M7``)."""

    term: Term
    kind: str
    id: str


class Finder:
    """Finds entities by short id, IRI, any source's id, identifier or label."""

    def __init__(self, store: Store, base: str, sources: Collection[str] = ()) -> None:
        self._store = store
        self._base = base
        self._sources = sources

    def find(self, reference: str, kind: str | None = None) -> Entity:
        """Find the one entity that is meant.

        Raises:
            UnknownEntity: none is, or several are; near or equal ones stand in the hint.
        """
        exact = self.by_iri(reference, kind)
        if exact:
            return exact
        wanted = normalise(reference)
        names = [(e, n) for e, n in self._names(kind) if n == wanted]
        found = {entity.term: entity for entity, _ in names}
        if len(found) == 1:
            return next(iter(found.values()))
        if found:
            ids = ", ".join(sorted(entity.id for entity in found.values()))
            raise UnknownEntity(
                f"{reference!r} can mean several things: {ids}",
                hint="ask for one of them by its full id",
                code="ambiguous-entity",
            )
        raise UnknownEntity(
            f"nothing here is called {reference!r}", hint=self._nearest(wanted, kind)
        )

    def by_iri(self, reference: str, kind: str | None) -> Entity | None:
        """Find an entity by its short id, its IRI or an alias; None where there is none."""
        path = quote(unquote(reference), safe="/-._~")
        verbatim = quote(reference, safe="/-._~%")
        candidates = [f"<{self._base}{path}>", f"<{self._base}{verbatim}>"]
        if kind is not None:
            candidates.insert(0, f"<{self._base}{kind}/{quote(unquote(reference), safe='-._~')}>")
        if reference.startswith(self._base):
            candidates.append(f"<{quote(reference, safe=':/-._~%')}>")
        for term in filter(_IRI.fullmatch, candidates):
            for name in (term, *self.other_names(term)):
                entity = self._entity(name)
                if entity is not None and kind in {None, entity.kind}:
                    return entity
        return None

    def other_names(self, alias: Term) -> list[Term]:
        """Give the canonical IRI of an alias."""
        rows = self._store.select(
            f"SELECT ?c WHERE {{ GRAPH <{self._base}graph/aliases> "
            f"{{ {alias} {vocab.OWL_SAME_AS} ?c }} }}"
        )
        return [row["c"] for row in rows]

    def _entity(self, term: Term) -> Entity | None:
        types = set(self._store.objects(term, vocab.RDF_TYPE))
        if not types:
            return None
        own = self._short(term).split("/", 1)[0]
        kind = next((name for type_, name in KINDS.items() if type_ in types), own)
        return Entity(term, kind, self._short(term))

    def _short(self, term: Term) -> str:
        return term[1:-1].removeprefix(self._base)

    def _names(self, kind: str | None) -> Iterable[tuple[Entity, str]]:
        """Give every name of every entity: label, identifier, own id, and the ids of sources."""
        aliases = self._aliases()
        for type_, name in KINDS.items():
            if kind not in {None, name}:
                continue
            rows = self._store.select(
                f"SELECT ?e ?n WHERE {{ ?e a {type_} . OPTIONAL {{ "
                f"VALUES ?p {{ {vocab.RDFS_LABEL} {vocab.IDENTIFIER} }} ?e ?p ?n }} }}"
            )
            for row in rows:
                entity = Entity(row["e"], name, self._short(row["e"]))
                own = unquote(entity.id.split("/", 1)[-1])
                yield entity, normalise(own)
                if "n" in row:
                    yield entity, normalise(literal_text(row["n"]))
                for alias in aliases.get(row["e"], ()):
                    yield entity, normalise(alias)

    def _aliases(self) -> dict[Term, list[str]]:
        result: dict[Term, list[str]] = {}
        rows = self._store.select(
            f"SELECT ?a ?c WHERE {{ GRAPH <{self._base}graph/aliases> "
            f"{{ ?a {vocab.OWL_SAME_AS} ?c }} }}"
        )
        for row in rows:
            local = unquote(self._short(row["a"]).split("/", 1)[-1])
            names = result.setdefault(row["c"], [local])
            names.append(local)
            source, _, rest = local.partition("-")
            if source in self._sources and rest:
                names.append(rest)
        return result

    def _nearest(self, wanted: str, kind: str | None) -> str:
        names = {name: entity.id for entity, name in self._names(kind)}
        near = process.extract(wanted, names.keys(), scorer=fuzz.WRatio, limit=3)
        ids = list(dict.fromkeys(names[name] for name, score, _ in near if score >= NEAR_ENOUGH))
        return f"did you mean {', '.join(ids)}?" if ids else "try a machine's or job's number"
