"""The same cases, and the same plant, by Spark: the set of quads that DuckDB makes."""

from __future__ import annotations

import csv
import random
import textwrap
from pathlib import Path

import pyoxigraph as ox
import pytest

pytest.importorskip("pyspark", reason="Spark is not installed: the extra `spark` brings it")

from kg.errors import TravelerError
from kg.lift import lift_file
from kg.lift.spark import lift_with_spark

pytestmark = pytest.mark.slow
BASES = {"CSV": "http://example.com/base/", "JSON": "http://example.com/"}
JOBS = 200
PLANT = """
    prefixes: {ex: "http://ex.org/"}
    mappings:
      job:
        sources: [[job.csv~csv]]
        s: ex:job/$(id)
        po:
          - [a, ex:Job]
          - [ex:order, ex:order/$(order)~iri]
          - [ex:title, $(title), en~lang]
          - [ex:quantity, $(quantity), xsd:decimal]
          - [ex:due, $(due), xsd:date]
          - p: ex:code
            o: {function: grel:toUpperCase, parameters: [[grel:valueParameter, $(title)]]}
          - p: ex:length
            o: {function: "trf:convertUnit(value = $(quantity), from = $(unit), to = '[in_i]')"}
      operation:
        sources: [[operation.jsonl~jsonl]]
        s: ex:job/$(job)/operation/$(number)
        po:
          - [a, ex:Operation]
          - [ex:number, $(number)]
          - [ex:machine, ex:machine/$(machine)~iri]
          - [ex:started, $(started), xsd:dateTime]
          - [ex:tool, '$(tools[*].name)']
      machine:
        sources: [[operation.jsonl~jsonl]]
        s: ex:machine/$(machine)
        po:
          - [a, ex:Machine]
"""


def quads(lines: list[str]) -> ox.Dataset:
    text = "\n".join(lines)
    dataset = ox.Dataset(ox.parse(text, format=ox.RdfFormat.N_QUADS, lenient=True))
    dataset.canonicalize(ox.CanonicalizationAlgorithm.UNSTABLE)
    return dataset


def parts(folder: Path) -> list[str]:
    """Give the lines of all parts, in the order of the parts."""
    return [
        line
        for part in sorted(folder.glob("part-*.nq"))
        for line in part.read_text(encoding="utf-8").splitlines()
    ]


def by_duckdb(mapping: Path, base: str) -> tuple[list[str], list[str]] | None:
    try:
        lifted = lift_file(mapping, base)
        return [line for line in lifted.lines if line], [bad.code for bad in lifted.rejected]
    except TravelerError:
        return None


def by_spark(mapping: Path, base: str, folder: Path) -> tuple[list[str], list[str]] | None:
    try:
        lifted = lift_with_spark(mapping, base, str(folder), master="local[2]")
        return parts(folder), [bad.code for bad in lifted.rejected]
    except TravelerError:
        return None


@pytest.mark.parametrize("form", BASES)
def test_every_fourth_case_gives_what_duckdb_gives(
    shared_data: Path, tmp_path: Path, form: str
) -> None:
    suite = shared_data.parent / "suites" / "rml-core"
    cases = sorted(suite.glob(f"RMLTC*-{form}"))[::4]
    assert len(cases) >= 12
    differing = []
    for case in cases:
        first = by_duckdb(case / "mapping.ttl", BASES[form])
        second = by_spark(case / "mapping.ttl", BASES[form], tmp_path / case.name)
        if first is None or second is None:
            same = first is second
        else:
            same = quads(first[0]) == quads(second[0]) and sorted(first[1]) == sorted(second[1])
        differing += [] if same else [case.name]
    assert differing == []


@pytest.fixture
def plant(tmp_path: Path) -> Path:
    """The mapping of a plant of 200 jobs, some of its rows bad."""
    chance = random.Random(7)
    with (tmp_path / "job.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "order", "title", "quantity", "due", "unit"])
        for number in range(JOBS):
            order = f"O {number // 2}/ä" if chance.random() > 0.03 else ""
            title = chance.choice(['5" pipe', "a, b", "Gehäuse\tß", 'say "x"', "plain"])
            quantity = "many" if number % 50 == 7 else f"{chance.randrange(99)}.50"
            unit = chance.choice(["mm", "[in_i]", "unit:FT"]) if number % 40 else "furlong"
            writer.writerow([f"J{number}", order, title, quantity, "2026-11-23", unit])
        file.write("J999,too,short\r\n")
    with (tmp_path / "operation.jsonl").open("w", encoding="utf-8") as file:
        for number in range(JOBS * 3):
            machine = "null" if number % 25 == 3 else f'"M{number % 9}"'
            started = "soon" if number % 100 == 5 else "2026-11-23T08:00:00Z"
            tools = ", ".join(f'{{"name": "T{tool}"}}' for tool in range(number % 4))
            file.write(
                f'{{"job": "J{number // 3}", "number": {number % 3 + 1}, "machine": {machine}, '
                f'"started": "{started}", "tools": [{tools}]}}\n'
            )
        file.write('{"job": \n"\\ud800"\n')
    mapping = tmp_path / "plant.yml"
    mapping.write_text(textwrap.dedent(PLANT), encoding="utf-8")
    return mapping


def test_a_plant_gives_the_same_lines_and_the_same_bad_rows(plant: Path, tmp_path: Path) -> None:
    expected = lift_file(plant, "http://ex.org/", is_sorted=True)
    lines = list(expected.lines)
    lifted = lift_with_spark(
        plant, "http://ex.org/", str(tmp_path / "out"), master="local[2]", is_sorted=True
    )
    assert parts(tmp_path / "out") == lines
    told = {(bad.position, bad.code, bad.message) for bad in lifted.rejected}
    assert told == {(bad.position, bad.code, bad.message) for bad in expected.rejected}
    assert lifted.rejected_count >= len(lifted.rejected) == len(expected.rejected)
