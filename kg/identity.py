"""Identity: every source's id leads to one canonical IRI before anything is merged.

A crosswalk or machine list is an ordinary source that asserts ``canonical owl:sameAs alias``.
Those facts stay as they were said in their record's graph; everywhere else the alias is rewritten,
so that the present holds canonical IRIs only.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from kg.vocab import OWL_SAME_AS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kg.records import Fact, Term


class Aliases:
    """Which IRIs are other names of which, as far as the records say."""

    def __init__(self) -> None:
        self._said: set[tuple[Term, Term]] = set()
        self._pairs: dict[Term, Term] | None = {}

    def learn(self, facts: Iterable[Fact]) -> None:
        """Take in every ``owl:sameAs`` among the facts; its subject is the canonical side."""
        said = {(s, o) for s, p, o in facts if p == OWL_SAME_AS and s != o}
        if not said <= self._said:
            self._said |= said
            self._pairs = None

    def pairs(self) -> dict[Term, Term]:
        """Give every alias with its canonical IRI, the same whatever the order of learning."""
        if self._pairs is None:
            self._pairs = self._resolve()
        return self._pairs

    def _resolve(self) -> dict[Term, Term]:
        near: dict[Term, set[Term]] = defaultdict(set)
        for canonical, alias in self._said:
            near[canonical].add(alias)
            near[alias].add(canonical)
        aliases = {alias for _, alias in self._said}
        result: dict[Term, Term] = {}
        for start in sorted(near, key=lambda term: (term in aliases, term)):
            waiting = [] if start in result else [start]
            while waiting:
                term = waiting.pop()
                if term not in result:
                    result[term] = start
                    waiting.extend(near[term])
        return {alias: canonical for alias, canonical in result.items() if alias != canonical}

    def rewrite(self, facts: list[Fact]) -> list[Fact]:
        """Put canonical IRIs in the place of aliases; ``owl:sameAs`` itself stays as said."""
        names = self.pairs()
        if not names:
            return facts
        return [
            (s, p, o) if p == OWL_SAME_AS else (names.get(s, s), p, names.get(o, o))
            for s, p, o in facts
        ]
