from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kg import assets
from kg.cli.lifting import lift
from kg.errors import ConfigError, MappingError

Write = Callable[[str, str], Path]
ALONE = """\
prefixes: {{ex: 'http://example.com/'}}
mappings:
  job:
    sources: [[jobs.{form}~{form}{iterator}]]
    s: ex:job/$(id)
    po: [[ex:name, $(name)], [ex:price, $(price), xsd:decimal]]
"""


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., list[str]]:
    """Run ``traveler lift`` with options, which ends by itself, and give its lines."""

    def lines(mapping: Path, code: int = 0, **options: object) -> list[str]:
        with pytest.raises(SystemExit) as ended:
            lift(mapping, **options)  # type: ignore[arg-type]
        assert ended.value.code == code
        return capsys.readouterr().out.splitlines()

    return lines


@pytest.mark.parametrize(
    ("form", "iterator", "text"),
    [
        ("csv", "", "id,name,price\n1,a,5\n2,b,6\n3,c,7\n"),
        ("tsv", "", "id\tname\tprice\n1\ta\t5\n2\tb\t6\n3\tc\t7\n"),
        ("jsonl", "", '{"id":1,"name":"a","price":5}\n{"id":2,"name":"b","price":6}\n'),
        ("json", ", '$[*]'", '[{"id":1,"name":"a","price":5},{"id":2,"name":"b","price":6}]'),
    ],
)
def test_the_first_rows_of_a_file_are_lifted(
    file: Write, run: Callable[..., list[str]], form: str, iterator: str, text: str
) -> None:
    file(f"jobs.{form}", text)
    mapping = file("job.yml", ALONE.format(form=form, iterator=iterator))
    job, five = "<http://example.com/job/1>", '"5"^^<http://www.w3.org/2001/XMLSchema#decimal>'
    assert sorted(run(mapping, sample=1)) == [
        f'{job} <http://example.com/name> "a" .',
        f"{job} <http://example.com/price> {five} .",
    ]


def test_bad_rows_are_told_of_only_where_they_are_among_the_first(
    file: Write, run: Callable[..., list[str]]
) -> None:
    file("jobs.csv", "id,name,price\n1,a,5\n2,b,dear\n")
    mapping = file("job.yml", ALONE.format(form="csv", iterator=""))
    assert len(run(mapping, sample=1)) == 2
    assert len(run(mapping, sample=2, code=1)) == 2


def test_a_join_finds_its_rows_beyond_the_first(
    shared_data: Path, run: Callable[..., list[str]]
) -> None:
    case = shared_data.parent / "suites" / "rml-core" / "RMLTC0009a-CSV" / "mapping.ttl"
    found = run(case, sample=1)
    assert sum("practises" in line for line in found) == 1


def test_a_plant_s_table_is_lifted_by_the_plant_above_its_mapping(
    file: Write, draft: Callable[..., str], plant: Path, run: Callable[..., list[str]]
) -> None:
    draft(file("jobs.csv", "job_no,qty\n1,5\n2,6\n"))
    found = run(plant / "mappings/jobs/jobs.yml", sample=1)
    assert found[0].endswith("<https://plant.example/record/jobs/jobs/1> .")
    assert len(found) == 3


def test_a_plant_that_does_not_connect_the_mapping_is_refused(
    file: Write, draft: Callable[..., str], plant: Path, tmp_path: Path
) -> None:
    draft(file("jobs.csv", "job_no,qty\n1,5\n2,6\n"))
    mapping = assets.mappings_folder() / "demo-erp" / "item.yml"
    with pytest.raises(ConfigError, match="has no source whose mapping"):
        lift(mapping, plant=plant, sample=1)


def test_the_sql_of_each_map_is_explained(run: Callable[..., list[str]], file: Write) -> None:
    shipped = run(assets.mappings_folder() / "demo-erp" / "production_order.yml", explain=True)
    assert [line for line in shipped if line.startswith("-- ")][1:] == [
        "-- job (production_order.yml:9), of production_order",
        "-- allocation (production_order.yml:42), of production_order",
    ]
    assert any("FROM batch" in line for line in shipped)
    assert any("'#1'" in line for line in shipped)
    alone = run(file("job.yml", ALONE.format(form="csv", iterator="")), explain=True)
    assert any("tr_escape" in line for line in alone)


def test_every_showing_of_a_mapping_ends_with_the_next_command(
    file: Write, capsys: pytest.CaptureFixture[str]
) -> None:
    file("jobs.csv", "id,name,price\n1,a,5\n")
    mapping = file("job.yml", ALONE.format(form="csv", iterator=""))
    for options, following in (
        ({"explain": True}, f"traveler lift {mapping} --sample 5"),
        ({"sample": 5}, f"traveler lift {mapping} -o job.nq"),
    ):
        with pytest.raises(SystemExit):
            lift(mapping, **options)  # type: ignore[arg-type]
        assert capsys.readouterr().err.splitlines()[-1] == f"Next: {following}"


def test_a_mapping_that_is_not_there_is_told_with_its_near_ones(
    file: Write, run: Callable[..., list[str]]
) -> None:
    there = file("job.yml", "mappings: {}")
    with pytest.raises(MappingError, match="no such mapping") as caught:
        lift(there.with_name("jobs.yml"))
    assert caught.value.hint == f"did you mean {there}?"
