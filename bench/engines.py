"""Engines side by side that are given a plant as N-Triples: how each is got ready, and one run."""

from __future__ import annotations

import compileall
import json
import sys
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from bench.command import say
from bench.lift.environments import MissingPeerError, locked_version, make_environment
from bench.lift.processes import EngineFailedError, run_measured
from bench.lift.reference import write_reference
from bench.machine import ROOT
from bench.tables import write_tables

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

_Found = TypeVar("_Found")
PEERS = ROOT / "build" / "peers"
"""Where the peers' environments are."""


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine that can run here; its command is given two files, and then what is ``more``."""

    name: str
    title: str
    command: tuple[str, ...]
    more: tuple[str, ...] = ()
    versions: str = ""


class Plant(Protocol):
    """A plant that is measured: its size, and by engine's name why one failed."""

    jobs: int
    failed: dict[str, str]


def compile_traveler() -> None:
    """Compile the code as in an installed wheel: no engine does while it is measured."""
    compileall.compile_dir(ROOT / "kg", quiet=1)


def find_traveler(script: Path, *more: str) -> Engine:
    """Give Traveler, as a script runs it."""
    compile_traveler()
    return Engine("traveler", "Traveler", _start(script), more)


def find_installed(title: str, package: str, script: Path) -> Engine:
    """Give an engine that is installed beside Traveler and works on rdflib's graphs."""
    versions = f"{package} {version(package)} (with rdflib {version('rdflib')})"
    return Engine(package, title, _start(script), versions=versions)


def find_peer(name: str, package: str, script: Path) -> Engine:
    """Give an engine that has an environment of its own.

    Raises:
        MissingPeerError: it cannot run on this machine.
    """
    python = make_environment(PEERS / package, package, package)
    versions = f"{package} {locked_version(package)}"
    return Engine(name, package, (str(python), str(script)), versions=versions)


def _start(script: Path) -> tuple[str, ...]:
    # Traveler is imported from where this is run, as it need not be installed.
    start = f"import sys; sys.path[0] = {str(ROOT)!r}; import runpy; runpy.run_path("
    return (sys.executable, "-c", f"{start}{str(script)!r}, run_name='__main__')")


def find_engines(
    names: Iterable[str], find: Callable[[str], _Found]
) -> tuple[list[_Found], dict[str, str]]:
    """Find the engines that can run here, and why the others cannot."""
    engines: list[_Found] = []
    absent: dict[str, str] = {}
    for name in dict.fromkeys(names):
        try:
            engines.append(find(name))
        except MissingPeerError as missing:
            absent[name] = str(missing)
            say(f"{name} is not measured: {missing}")
    return engines, absent


def write_triples(folder: Path, jobs: int, seed: int) -> tuple[Path, Path, int]:
    """Write a plant below ``folder``; gives its tables, its N-Triples, and how many these are."""
    tables, data = folder / "tables", folder / "plant.nt"
    tables.mkdir(parents=True)
    write_tables(tables, jobs, seed)
    write_reference(tables, data)
    with data.open("rb") as lines:
        return tables, data, sum(1 for _ in lines)


def run_engine(
    engine: Engine, plant: Plant, data: Path, rules: Path, timeout_seconds: float
) -> Mapping[str, Any] | None:
    """Run an engine beside the data; gives what it told and its peak memory, None if it failed."""
    log = data.with_name(f"{engine.name}.txt")
    command = (*engine.command, str(data), str(rules), *engine.more)
    try:
        run = run_measured(command, data.parent, log, timeout_seconds)
        told = json.loads(log.read_text(encoding="utf-8").splitlines()[-1])
    except EngineFailedError as error:
        plant.failed[engine.name] = str(error)
        say(f"{plant.jobs:,} jobs: {engine.title} failed: {error}")
        return None
    return {**told, "peak_bytes": run.peak_bytes}
