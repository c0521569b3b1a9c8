"""Preview: which of a column's values are ids of what the plant has loaded already."""

from __future__ import annotations

import re
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from itertools import product
from typing import TYPE_CHECKING
from urllib.parse import unquote

from kg import vocab
from kg.draft.meanings import KINDS
from kg.errors import StoreLocked
from kg.store.engines import open_generations

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kg.settings import Plant
    from kg.store import Store

_SAFE = re.compile(r"[A-Za-z0-9._~-]+")
_PREFIX = re.compile(r"([A-Za-z]+[-_ ]?)\d")
_SHOWN = 3
_FEW = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


@dataclass(frozen=True, slots=True)
class Cleaning:
    """What is done to a value before it stands in an IRI, in this order.

    ``split`` keeps what stands before a separator, ``strip`` takes a prefix off, ``zeros`` takes
    leading zeros off, ``put`` sets a source's name before it.
    """

    split: str = ""
    strip: str = ""
    zeros: bool = False
    put: str = ""

    def apply(self, value: str) -> str:
        """Clean one value."""
        if self.split:
            value = value.split(self.split)[0]
        value = value.removeprefix(self.strip)
        if self.zeros:
            value = value.lstrip("0") or "0"
        return self.put + value

    @property
    def is_plain(self) -> bool:
        """Whether a template can say it, without a function."""
        return not (self.split or self.strip or self.zeros)

    @property
    def steps(self) -> int:
        """How much is done."""
        return sum(map(bool, (self.split, self.strip, self.zeros, self.put)))

    def __str__(self) -> str:
        done = []
        if self.split:
            done.append(f"keeping what is before {self.split!r}")
        if self.strip:
            done.append(f"stripping {self.strip!r}")
        if self.zeros:
            done.append("stripping zeros")
        if self.put:
            done.append(f"putting {self.put!r} before")
        return " and ".join(done)


@dataclass(frozen=True, slots=True)
class Preview:
    """How many distinct values of a column are ids of a class, as they are and when cleaned."""

    of: int
    matched: int
    cleaning: Cleaning = field(default_factory=Cleaning)
    cleaned: int = 0
    rest: tuple[str, ...] = ()
    loaded: int = 0
    identifiers: int = 0

    @property
    def share(self) -> float:
        """The part of the values that the best cleaning brings home."""
        return self.cleaned / self.of if self.of else 0.0

    def text(self, name: str) -> str:
        """Say it: ``312 of 340 job ids match; 338 after stripping zeros; two do not: …``."""
        what = plain_name(name)
        if not self.loaded:
            values = "value" if self.of == 1 else f"{self.of} values"
            return f"no {what} is loaded yet to compare its {values} with"
        said = [f"{self.matched} of {self.of} {what} ids match"]
        if self.cleaned > self.matched:
            said.append(f"{self.cleaned} after {self.cleaning}")
        left = self.of - self.cleaned
        if left and self.cleaned:
            count = _FEW[left] if left < len(_FEW) else str(left)
            shown = ", ".join(map(repr, self.rest[:_SHOWN])) + (", …" if left > _SHOWN else "")
            said.append(f"{count} {'does' if left == 1 else 'do'} not: {shown}")
        elif left and self.identifiers:
            said.append(f"{self.identifiers} are numbers that people say (tr:identifier)")
        return "; ".join(said)


def plain_name(name: str) -> str:
    """Say a class in words: ``SalesOrderLine`` is a sales order line."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()


class Loaded:
    """The ids of what a plant's store holds, by class and by the path of their IRIs."""

    def __init__(self, sources: Sequence[str] = (), problem: str = "") -> None:
        self.sources = tuple(sources)
        self.problem = problem
        self._ids: dict[str, dict[str, set[str]]] = {}
        self._identifiers: dict[str, set[str]] = {}

    @classmethod
    def read(cls, plant: Plant) -> Loaded:
        """Read them; a plant that was never loaded has none, nor has one that is being served."""
        names = [source.name for source in plant.sources]
        loaded = cls(names)
        try:
            with closing(open_generations(plant)) as generations:
                store = generations.current()
                if store is not None:
                    with store:
                        loaded._fill(store, plant.base)
        except StoreLocked:
            problem = "the plant is being served: stop it to compare links with what is loaded"
            return cls(names, problem)
        return loaded

    def path(self, name: str) -> str:
        """Give the path under which most IRIs of a class stand; the usual one if none do."""
        paths = self._ids.get(name, {})
        return max(sorted(paths), key=lambda path: len(paths[path])) if paths else KINDS[name]

    def compare(self, name: str, values: Sequence[str], *, is_row_id: bool = False) -> Preview:
        """Compare values with the ids of a class, cleaned in every way that could help.

        ``is_row_id``: where two ways do equally well, the one with a source's name goes first.
        """
        ids = self._ids.get(name, {}).get(self.path(name), set())
        matched = len(ids.intersection(values))
        if not ids or not values:
            return Preview(len(values), matched, loaded=len(ids))
        best, count = Cleaning(), matched
        for cleaning in self._cleanings(values):
            found = sum(cleaning.apply(value) in ids for value in values)
            is_named = is_row_id and cleaning.put and not best.put
            is_better = found > count or (found and found == count and is_named)
            if is_better and self._is_sound(cleaning, values):
                best, count = cleaning, found
        rest = tuple(value for value in values if best.apply(value) not in ids)
        known = len(self._identifiers.get(name, set()).intersection(values))
        return Preview(len(values), matched, best, count, rest, len(ids), known)

    def _cleanings(self, values: Sequence[str]) -> Iterator[Cleaning]:
        """Give every way of cleaning, the simplest first."""
        found = Counter(match[1] for value in values if (match := _PREFIX.match(value)))
        prefixes = ["", *sorted(found, key=lambda prefix: (-found[prefix], prefix))[:2]]
        separators = ["", *(mark for mark in "./" if any(mark in value for value in values))]
        names = ["", *(f"{source}-" for source in self.sources)]
        ways = [
            Cleaning(split, strip, zeros, put)
            for split, strip, zeros, put in product(separators, prefixes, (False, True), names)
        ]
        yield from sorted(ways, key=lambda way: way.steps)[1:]

    @staticmethod
    def _is_sound(cleaning: Cleaning, values: Sequence[str]) -> bool:
        """A function's result is not percent-encoded, so it must need none."""
        return cleaning.is_plain or all(_SAFE.fullmatch(cleaning.apply(value)) for value in values)

    def _fill(self, store: Store, base: str) -> None:
        aliases: dict[str, list[str]] = {}
        graph = f"<{base}graph/aliases>"
        for row in store.select(
            f"SELECT ?a ?c WHERE {{ GRAPH {graph} {{ ?a {vocab.OWL_SAME_AS} ?c }} }}"
        ):
            aliases.setdefault(row["c"], []).append(row["a"])
        for name in KINDS:
            term = f"<{vocab.TR}{name}>"
            for row in store.select(f"SELECT DISTINCT ?e WHERE {{ ?e a {term} }}"):
                for iri in (row["e"], *aliases.get(row["e"], ())):
                    path, _, local = iri[1:-1].removeprefix(base).partition("/")
                    self._ids.setdefault(name, {}).setdefault(path, set()).add(unquote(local))
            rows = store.select(
                f"SELECT DISTINCT ?n WHERE {{ ?e a {term} ; {vocab.IDENTIFIER} ?n }}"
            )
            self._identifiers[name] = {row["n"][1:-1] for row in rows}
