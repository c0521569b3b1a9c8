"""The plants that are asked: loaded once, by their real mappings, and asked at several clocks."""

from __future__ import annotations

import os
import re
import tomllib
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bench.context.shop import Shop
from bench.machine import ROOT
from kg import assets
from kg.demo import DEFAULT_HOURS, build_plant
from kg.pipeline import Pipeline
from kg.settings import load_plant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

    from kg.answer import Answers
    from kg.answer.bundle import Context, Focus
    from kg.records import Term
    from kg.store import Store

LOADED_AT = datetime(2026, 11, 23, 8, tzinfo=UTC)
"""When every source of every plant was read, once and to its end."""
CLOCKS = (timedelta(seconds=30), timedelta(minutes=20), timedelta(hours=3))
"""How long after that questions are asked: what is stale by then depends on the source."""
LATER_CLOCKS = (timedelta(seconds=30), timedelta(hours=2), timedelta(days=2))
"""For a plant whose one source has a day."""
TRYTON = """\
[plant]
name = "Tryton"
base = "https://tryton.example/"
zone = "UTC"

[[source]]
name = "tryton"
mapping = "tryton"
url = "sqlite:///{database}"
"""
_LABEL = "<http://www.w3.org/2000/01/rdf-schema#label>"
_SOURCE = re.compile(r'\[\[source\]\]\nname = "(\w+)"\n(?:(?!\[\[).*\n?)*')


@dataclass(slots=True)
class AskedPlant:
    """A loaded plant with its clocks; ``lacks`` are the slots that none of its sources can say."""

    name: str
    work: Pipeline
    clocks: tuple[datetime, ...]
    lacks: frozenset[str] = frozenset()
    limits: dict[str, float] = field(default_factory=dict)
    """After how many seconds each source is stale, as its own description says."""
    chosen: dict[str, list[Term]] = field(default_factory=dict)
    """What patterns of templates found here."""
    answers: Answers = field(init=False)

    def __post_init__(self) -> None:
        self.answers = self.work.answers()

    @property
    def store(self) -> Store:
        """The graph."""
        return self.work.store

    @property
    def base(self) -> str:
        """What the plant's ids are below."""
        return self.work.plant.base

    @property
    def zone(self) -> ZoneInfo:
        """The plant's own time."""
        return ZoneInfo(self.work.plant.zone)

    def is_stale(self, record: str, now: datetime) -> bool:
        """Tell whether a record's source has not vouched for it in time, by its description."""
        return (now - LOADED_AT).total_seconds() > self.limits[record.split("/", 1)[0]]

    def ask(self, entity: str, focus: Focus, now: datetime) -> Context:
        """Give the answer that a card is made of."""
        return self.answers.context(entity, now, entity.split("/", 1)[0], focus=focus)

    def say(self, entity: Term, draw: Random) -> str:
        """Give a name by which people would ask for it: its number, or its label."""
        kind, number = entity[1:-1].removeprefix(self.base).split("/", 1)
        names = self.store.objects(entity, _LABEL) if kind != "operation" else []
        plain = [name[1 : name.rindex('"')] for name in names if "\\" not in name]
        return draw.choice([number, *plain[:1]])


@contextmanager
def demo_plant(
    folder: Path,
    seed: int = 1,
    without: str = "",
    spoil: Callable[[Path], None] | None = None,
) -> Iterator[AskedPlant]:
    """Simulate the demo plant, leave a source away or change its files, and load it."""
    build_plant(folder, seed, LOADED_AT - timedelta(hours=DEFAULT_HOURS)).close()
    if spoil is not None:
        spoil(folder)
    name, lacks = "demo", frozenset[str]()
    if without:
        leave_away(folder / "plant.toml", without)
        name = f"demo without {without}"
        lacks = {"erp": frozenset({"customer", "spec"}), "mes": frozenset({"job"})}[without]
    with loaded(name, folder, CLOCKS, lacks) as plant:
        yield plant


@contextmanager
def shop_plant(folder: Path, jobs: int, seed: int = 1) -> Iterator[AskedPlant]:
    """Write a made-up shop and load it."""
    folder.mkdir(parents=True, exist_ok=True)
    Shop(jobs, seed, LOADED_AT).write(folder)
    with loaded("shop", folder, CLOCKS) as plant:
        yield plant


@contextmanager
def tryton_plant(folder: Path) -> Iterator[AskedPlant | None]:
    """Load the real ERP's database; gives None where it is not on this machine."""
    shared = Path(os.environ.get("TRAVELER_SHARED", ROOT.parent / "shared"))
    database = shared / "data" / "tryton" / "factory.sqlite"
    if not database.is_file():
        yield None
        return
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "plant.toml").write_text(TRYTON.format(database=database), encoding="utf-8")
    with loaded("tryton", folder, LATER_CLOCKS) as plant:
        yield plant


@contextmanager
def loaded(
    name: str,
    folder: Path,
    clocks: tuple[timedelta, ...],
    lacks: frozenset[str] = frozenset(),
    report: Callable[[str, str], None] = lambda _stage, _what: None,
) -> Iterator[AskedPlant]:
    """Load a plant's folder as the command does, and leave it open."""
    settings = load_plant(folder)
    with Pipeline.open(settings, report) as work:
        work.read(LOADED_AT)
        work.apply(LOADED_AT)
        work.validate(LOADED_AT)
        limits = {
            source.name: stale_limit(_mapping_of(folder, source.name))
            for source in settings.sources
        }
        yield AskedPlant(name, work, tuple(LOADED_AT + c for c in clocks), lacks, limits)


def leave_away(plant: Path, source: str) -> None:
    """Take a source out of a plant's description."""
    text = plant.read_text(encoding="utf-8")
    kept = _SOURCE.sub(lambda found: "" if found[1] == source else found[0], text)
    plant.write_text(kept, encoding="utf-8")


def stale_limit(mapping: Path) -> float:
    """Read from a source's own description after how many seconds it is stale."""
    said = tomllib.loads((mapping / "source.toml").read_text(encoding="utf-8"))
    return float(said["source"]["stale_after_seconds"])


def _mapping_of(folder: Path, source: str) -> Path:
    listed = tomllib.loads((folder / "plant.toml").read_text(encoding="utf-8"))["source"]
    name = next(one["mapping"] for one in listed if one["name"] == source)
    return assets.mappings_folder() / Path(name).name
