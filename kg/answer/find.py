"""Find: which entity somebody means by an id, a name of any source, or a question in words."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from kg import vocab
from kg.answer.context import KINDS
from kg.answer.finding.asking import asked_of, found_of
from kg.answer.finding.found import ALL_SEEN, Asked, Entity, Found, Match
from kg.answer.finding.gazetteer import LONGEST_NAME, Names
from kg.answer.finding.lookup import Lookup
from kg.answer.finding.reading import MOST_LISTED, Reader
from kg.answer.names import id_key
from kg.errors import ConfigError, UnknownEntity

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from kg.answer.bundle import Focus
    from kg.answer.finding.found import Eyes
    from kg.records import Term
    from kg.store import Store

__all__ = ["Asked", "Entity", "Finder", "Found", "Match"]

_WRITTEN_OUT = re.compile(
    r"(?:[A-Za-z0-9/._~:@!$&'()*+,;=-]|%[0-9A-Fa-f]{2}"
    "|[\u00a0-\ud7ff\uf900-\ufdcf\ufdf0-\uffef\U00010000-\U0001fffd])+"
)
"""What the path of an IRI may hold as it is (RFC 3987, section 2.2), as far as ids need it."""
_IRI = re.compile(r"<(?:[^%<>\x00-\x20]|%[0-9A-Fa-f]{2})+>")
_SURROGATE = re.compile("[\ud800-\udfff]")
LONGEST_REFERENCE = 1_000


def _note_nothing(_key: int) -> None:
    """Note nothing."""


class Finder:
    """Finds entities by short id, IRI, any source's id, identifier or label, or by a question.

    ``names`` keeps the gazetteer of the store current; without it one is made that follows the
    store by its offset. ``note`` is told the key (`kg.touched`) of each name that is looked up.
    """

    def __init__(
        self,
        store: Store,
        base: str,
        sources: Collection[str] = (),
        names: Names | None = None,
        note: Callable[[int], None] = _note_nothing,
    ) -> None:
        self._store = store
        self._base = base
        self._names = names or Names(base, sources)
        self._note = note
        self._named_store = store

    def watched(self, store: Store, note: Callable[[int], None]) -> Finder:
        """Give a finder of the same names that reads a store that watches what is read of it."""
        twin = Finder(store, self._base, (), self._names, note)
        twin._named_store = self._named_store
        return twin

    # ---- by a name

    def find(self, reference: str, kind: str | None = None, eyes: Eyes = ALL_SEEN) -> Entity:
        """Find the one entity that is meant.

        Raises:
            UnknownEntity: none is, or several are; near or equal ones stand in the hint.
        """
        found = self.called(reference, kind, eyes)
        if len(found) == 1:
            return found[0]
        if found:
            ids = [entity.id for entity in found]
            more = f" and {len(ids) - MOST_LISTED:,} more" if len(ids) > MOST_LISTED else ""
            raise UnknownEntity(
                f"{reference!r} can mean several things: {', '.join(ids[:MOST_LISTED])}{more}",
                hint="ask for one of them by its full id",
                code="ambiguous-entity",
            )
        named = reference[:LONGEST_NAME]
        if count := self._lookup(eyes).common(id_key(named)):
            raise UnknownEntity(
                f"{count:,} things are called {named!r}",
                hint="ask for one of them by its full id",
                code="ambiguous-entity",
            )
        raise UnknownEntity(
            f"nothing here is called {named!r}",
            hint=self._nearest(reference, kind, eyes),
        )

    def called(self, reference: str, kind: str | None, eyes: Eyes = ALL_SEEN) -> list[Entity]:
        """Give every entity that a reference as a whole is an id or a name of."""
        if len(reference) > LONGEST_REFERENCE or _SURROGATE.search(reference):
            return []
        exact = self.by_iri(reference, kind)
        if exact is not None and self.is_seen(eyes, exact, reference):
            return [exact]
        key = id_key(reference) if len(reference) <= LONGEST_NAME else ""
        lookup = self._lookup(eyes)
        shorts = lookup.called(key, {kind} if kind else ()) if key else []
        return [self._known(lookup, short) for short in shorts]

    @staticmethod
    def is_seen(eyes: Eyes, entity: Entity, reference: str) -> bool:
        """Tell whether an entity is shown, by an id that is not a hidden source's alone."""
        if eyes is ALL_SEEN:
            return True
        names = eyes.names(entity.id)
        given = {reference, unquote(reference), f"{entity.kind}/{reference}"}
        keys = {id_key(name) for name in given}
        return not eyes.hides(entity.id) and (
            names is None or any(id_key(name) in keys for name in names)
        )

    def by_iri(self, reference: str, kind: str | None) -> Entity | None:
        """Find an entity by its short id, its IRI or an alias; None where there is none."""
        path = quote(unquote(reference), safe="/-._~")
        verbatim = quote(reference, safe="/-._~%")
        candidates = [f"<{self._base}{path}>", f"<{self._base}{verbatim}>"]
        if kind is not None:
            candidates.insert(0, f"<{self._base}{kind}/{quote(unquote(reference), safe='-._~')}>")
        if _WRITTEN_OUT.fullmatch(reference):  # an IRI may hold letters beyond ASCII as they are
            candidates.append(f"<{self._base}{reference.removeprefix(self._base)}>")
        if reference.startswith(self._base):
            candidates.append(f"<{quote(reference, safe=':/-._~%')}>")
        for term in filter(_IRI.fullmatch, candidates):
            for name in self._names_of(term):
                entity = self._entity(name)
                if entity is not None and kind in {None, entity.kind}:
                    return entity
        return None

    def _names_of(self, term: Term) -> Iterator[Term]:
        yield term
        yield from self.other_names(term)

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
        short = term[1:-1].removeprefix(self._base)
        kind = next((name for type_, name in KINDS.items() if type_ in types), None)
        return Entity(term, kind or short.split("/", 1)[0], short)

    def _known(self, lookup: Lookup, short: str) -> Entity:
        return Entity(lookup.term(short), lookup.gazetteer.kind(short), short)

    def _lookup(self, eyes: Eyes) -> Lookup:
        return Lookup(self._store, self._names.of(self._named_store), eyes, self._note)

    def _nearest(self, reference: str, kind: str | None, eyes: Eyes) -> str:
        try:
            found = self.find_entities(reference, {kind} if kind else (), 3, eyes)
        except ConfigError:
            found = None
        ids = [match.id for match in found.matches] if found else []
        near = found.absent[:1] if found else ()
        if not ids and near:
            return near[0]
        return f"did you mean {', '.join(ids)}?" if ids else "try a machine's or job's number"

    # ---- by words

    def find_entities(
        self,
        query: str,
        kinds: Collection[str] = (),
        limit: int = 5,
        eyes: Eyes = ALL_SEEN,
    ) -> Found:
        """Give what the words of a query can mean, the best first; ``kinds`` are all if empty.

        Raises:
            ConfigError: the query is empty, or too long.
        """
        whole = self.called(query, None, eyes) if len(query) <= LONGEST_NAME else []
        whole = [entity for entity in whole if not kinds or entity.kind in kinds]
        if len(whole) == 1:
            match = self._whole(whole[0], query, eyes)
            return Found((match,), 1)
        return found_of(Reader(self._lookup(eyes), kinds).read(query), limit)

    def read_question(
        self,
        question: str,
        kind: str | None = None,
        focus: Focus | None = None,
        eyes: Eyes = ALL_SEEN,
    ) -> Asked:
        """Say what a question is about and what it asks; a name alone asks what is going on now.

        ``kind`` is what the subject must be, ``focus`` what is asked where that is known already.

        Raises:
            UnknownEntity: nothing known is named, or something of which several can be meant.
            ConfigError: the question is empty, or too long.
        """
        whole = self.called(question, kind, eyes) if len(question) <= LONGEST_NAME else []
        if len(whole) == 1:
            why = "as was asked for" if focus else "it is a name and asks for no more"
            return Asked(self._whole(whole[0], question, eyes), focus or "now", why)
        if whole:
            self.find(question, kind, eyes)  # says which
        reading = Reader(self._lookup(eyes), {kind} if kind else ()).read(question)
        return asked_of(reading, focus)

    def _whole(self, entity: Entity, query: str, eyes: Eyes) -> Match:
        lookup = self._lookup(eyes)
        found = lookup.match(entity.id, id_key(query), query.strip(), 1.0, 0)
        by_id = found.why.endswith('"') is False
        why = "it is its full id" if by_id else found.why
        return Match(entity.id, entity.kind, found.label, 1.0, found.by, found.words, why)
