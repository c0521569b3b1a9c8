"""The plant that is asked: loaded once, with what is asked of it and what the bare query gives."""

from __future__ import annotations

import csv
import json
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

from bench.answer.check import plain
from bench.command import say
from bench.live.served import write_plant, write_settings
from bench.measure import BASE, NOW
from kg import vocab
from kg.access.keys import Keys
from kg.pipeline import Pipeline
from kg.settings import load_plant

if TYPE_CHECKING:
    from pathlib import Path

    from kg.store import Store

RUNS_AT_ONCE = 2
"""On a machine, by its export."""
CHECKED = 200
"""Of how many things every server's rows are compared."""
BARE = (
    "SELECT * WHERE {{ {{ ?run tr:runningOn {it} ; tr:ofJob ?job . OPTIONAL {{ ?run tr:startedAt"
    " ?since }} OPTIONAL {{ ?job tr:appliesSpec ?spec }} OPTIONAL {{ ?job tr:forCustomer"
    " ?customer }} OPTIONAL {{ ?job tr:consumes ?batch }} }} UNION {{ {it} tr:forCustomer ?customer"
    " OPTIONAL {{ {it} tr:madeOn ?machine }} OPTIONAL {{ {it} tr:appliesSpec ?spec }} OPTIONAL {{"
    " {it} tr:consumes ?batch }} }} }}"
)
"""What runs on a machine, or what a job is linked to: no sources, no ages, nothing missing."""
_PREFIX = f"PREFIX tr: <{vocab.TR}> "
_OPEN = " ".join(vocab.code("job-status", name) for name in ("planned", "released", "in-progress"))
_ACCESS = """
[access]
requests_per_minute = 1e9
burst = 1000000000
"""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A plant that is loaded: its folder, its present as N-Triples, and what is asked of it.

    ``things`` are all machines and open jobs; ``rows`` what the bare query gives for some of them,
    each a list of variables with their values.
    """

    folder: Path
    graph: Path
    facts: int
    things: list[str]
    rows: dict[str, list[list[str]]]

    def bare(self, thing: str) -> str:
        """Give the bare query for a thing."""
        return _PREFIX + BARE.format(it=f"<{BASE}{thing}>")

    def copy(self, folder: Path, broker: int) -> tuple[Path, str]:
        """Copy it so that its machines publish at a broker; gives the copy, and a key to ask by."""
        shutil.copytree(self.folder, folder)
        write_settings(folder, broker, _ACCESS)
        described = load_plant(folder)
        assert described.access is not None
        keys = Keys(described.folder / described.access.keys)
        secret, _ = keys.add("bench", "reader", datetime.now(UTC).replace(microsecond=0))
        keys.close()
        return folder, secret


def load(folder: Path, jobs: int, seed: int) -> Loaded:
    """Load a plant into a folder, or take the one that is there."""
    plant, graph, told = folder / "plant", folder / "graph" / "present.nt", folder / "asked.json"
    if not told.exists():
        shutil.rmtree(folder, ignore_errors=True)
        write_plant(plant, jobs, seed, port=1)  # nobody connects to it
        end_what_ended(plant / "tables" / "operation.csv")
        graph.parent.mkdir()
        say(f"{jobs:,} jobs: loading")
        told.write_text(json.dumps(_load(plant, graph, seed)), "utf-8")
    return Loaded(plant, graph, **json.loads(told.read_text("utf-8")))


def end_what_ended(path: Path) -> None:
    """Give each operation an end, but the last two of each machine.

    The tables leave every tenth one without, as exports do: thousands of steps would be under way
    on a few machines, and the context of a machine would be that of all its history.
    """
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    last: dict[str, int] = {}
    for row in reversed(rows):
        last[row["machine"]] = last.get(row["machine"], 0) + 1
        if last[row["machine"]] > RUNS_AT_ONCE and row["start"] and not row["end"]:
            start = datetime.fromisoformat(row["start"])
            row["end"] = (start + timedelta(minutes=45)).isoformat(row["start"][10])
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


def _load(plant: Path, graph: Path, seed: int) -> dict[str, object]:
    """Load the plant and write its present; gives what is told of it."""
    with Pipeline.open(load_plant(plant)) as pipeline:
        pipeline.read(NOW)
        pipeline.apply(NOW)
        pipeline.validate(NOW)
        facts = pipeline.store.graph("")
        with graph.open("w", encoding="utf-8") as lines:
            lines.writelines(f"{s} {p} {o} .\n" for s, p, o in sorted(facts))
        things = [term[1:-1].removeprefix(BASE) for term in _things(pipeline.store)]
        found = Loaded(plant, graph, len(facts), things, {})
        machines = [thing for thing in things if thing.startswith("machine/")]
        drawn = Random(seed).sample(things, min(CHECKED, len(things)))
        rows = {
            thing: [
                [f"{name} {plain(row[name])}" for name in sorted(row)]
                for row in pipeline.store.select(found.bare(thing))
            ]
            for thing in sorted({*machines[:CHECKED], *drawn})
        }
        return {"facts": len(facts), "things": things, "rows": rows}


def _things(store: Store) -> list[str]:
    """Name all machines and all jobs that are open."""
    machines = store.select("SELECT ?it { ?it a tr:Machine } ORDER BY ?it")
    jobs = store.select(
        f"SELECT DISTINCT ?it {{ VALUES ?status {{ {_OPEN} }} ?it a tr:Job ; tr:status ?status }}"
    )
    return [row["it"] for row in machines] + sorted(row["it"] for row in jobs)
