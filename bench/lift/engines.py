"""The engines side by side: how each is got ready, and the command that lifts the plant with it.

Every command runs in a folder that holds the plant's tables and ``map.ttl``, and writes N-Triples
below ``out/``.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from bench.engines import PEERS, compile_traveler
from bench.lift.environments import MissingPeerError, locked_version, make_environment
from bench.machine import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

HERE = Path(__file__).resolve().parent
MAPPING = HERE / "plant" / "map.ttl"
_TRAVELER = str(Path(sys.executable).with_name("traveler"))
_MORPH = "[CONFIGURATION]\noutput_file = out/plant.nt\n\n[DS]\nmappings = map.ttl\n"
_RDFIZER = """\
[default]
main_directory = .

[datasets]
number_of_datasets = 1
name = plant
output_folder = out
all_in_one_file = no
remove_duplicate = yes
enrichment = yes
ordered = yes

[dataset1]
name = plant
mapping = map.ttl
"""


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine that can run here: its command, and the files that it wants beside the tables."""

    name: str
    title: str
    command: tuple[str, ...]
    files: Mapping[str, str] = field(default_factory=dict)
    cores: int | None = None
    versions: str = ""


def find_engine(name: str) -> Engine:
    """Get the engine of that name ready.

    Raises:
        MissingPeerError: it cannot run on this machine.
    """
    return _FINDERS[name]()


def fill_folder(engine: Engine, tables: Path, folder: Path) -> None:
    """Make ``folder`` what an engine finds before a run: tables, mapping, settings, no output."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "out").mkdir(parents=True)
    for table in tables.iterdir():
        (folder / table.name).symlink_to(table)
    shutil.copy(MAPPING, folder / MAPPING.name)
    for name, text in engine.files.items():
        (folder / name).write_text(text, encoding="utf-8")


def written_files(folder: Path) -> list[Path]:
    """Give the files that an engine wrote, without marks of success and checksums."""
    found = (path for path in (folder / "out").rglob("*") if path.is_file())
    return sorted(path for path in found if not path.name.startswith((".", "_")))


def _traveler() -> Engine:
    compile_traveler()
    return Engine("traveler", "Traveler", _lift())


def _lift(*options: str) -> tuple[str, ...]:
    return (_TRAVELER, "lift", MAPPING.name, "-o", "out/plant.nq", *options)


def _by_hand() -> Engine:
    return Engine("sql", "SQL by hand", (sys.executable, str(HERE / "run_by_hand.py")))


def _morph_kgc() -> Engine:
    python = make_environment(PEERS / "morph-kgc", "morph-kgc", "morph_kgc")
    return Engine(
        "morph-kgc",
        "morph-kgc",
        (str(python), "-m", "morph_kgc", "morph.ini"),
        {"morph.ini": _MORPH},
        versions=_versions("morph-kgc", "pandas"),
    )


def _rdfizer() -> Engine:
    python = make_environment(PEERS / "rdfizer", "rdfizer", "rdfizer")
    return Engine(
        "rdfizer",
        "SDM-RDFizer",
        (str(python), "-m", "rdfizer", "-c", "rdfizer.ini"),
        {"rdfizer.ini": _RDFIZER},
        versions=_versions("rdfizer", "pandas"),
    )


def _maplib() -> Engine:
    python = make_environment(PEERS / "maplib", "maplib", "maplib")
    command = (str(python), str(HERE / "run_maplib.py"))
    return Engine("maplib", "maplib", command, versions=_versions("maplib", "polars"))


def _spark(cores: int) -> Engine:
    if not (ROOT / "kg" / "lift" / "spark.py").is_file():
        raise MissingPeerError("this version has no --engine spark")
    if importlib.util.find_spec("pyspark") is None:
        raise MissingPeerError("pyspark is not installed: it comes with the extra spark")
    told = subprocess.run([_TRAVELER, "lift", "--help"], capture_output=True, text=True, check=True)
    if "--engine" not in told.stdout:
        raise MissingPeerError("this version's traveler lift has no --engine")
    title = f"Spark, {cores} core{'s' if cores > 1 else ''}"
    # local[*] takes the cores that the process may use.
    version = f"pyspark {importlib.metadata.version('pyspark')}"
    return Engine(
        f"spark-{cores}", title, _lift("--engine", "spark"), cores=cores, versions=version
    )


def _versions(package: str, *parts: str) -> str:
    named = [f"{part} {locked_version(package, part)}" for part in (package, *parts)]
    return f"{named[0]} (with {', '.join(named[1:])})"


_FINDERS: dict[str, Callable[[], Engine]] = {
    "traveler": _traveler,
    "sql": _by_hand,
    "morph-kgc": _morph_kgc,
    "maplib": _maplib,
    "rdfizer": _rdfizer,
    "spark-1": lambda: _spark(1),
    "spark-2": lambda: _spark(2),
}
NAMES = tuple(_FINDERS)
