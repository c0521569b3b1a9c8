"""What is drafted loads as it is: from files with odd habits, and from an ERP's tables."""

from __future__ import annotations

import re
import sqlite3
import tomllib
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from pathlib import Path
from typing import Any

import pytest

from kg.draft import profile as profiling
from kg.errors import ConfigError, SourceError

Write = Callable[[str, str], Path]
Draft = Callable[..., str]
Load = Callable[[], None]
Loaded = Callable[[], AbstractContextManager[Any]]

GERMAN = """\
Auftrags-Nr.;Artikel Nr;Bezeichnung;Menge (Stk);Gutmenge;Status;Liefertermin;Bemerkung, intern
000101;P-1;"Welle ""lang""; gehärtet";5,5;5;freigegeben;24.12.2025;-
000102;P-2;Büchse;10;0;in Arbeit;05.01.2026;eilig
000103;P-1;Welle;0,250;1;geplant;06.01.2026;k.A.
"""


def test_a_german_export_with_odd_headers_loads_as_drafted(
    file: Write, draft: Draft, loaded: Loaded
) -> None:
    draft(file("Fertigungsaufträge.csv", GERMAN))
    with loaded() as work:
        assert (work.rejected, work.count("Job")) == (0, 3)
        assert work.values("job/101", "tr:identifier") == ['"000101"']
        assert work.values("job/101", "rdfs:label") == [r'"Welle \"lang\"; gehärtet"']
        assert work.values("job/101", "tr:plannedQuantity")[0].startswith('"5.5"')
        assert work.values("job/103", "tr:plannedQuantity")[0].startswith('"0.25"')
        assert work.values("job/102", "tr:status")[0].endswith("job-status/in-progress>")
        assert work.values("job/101", "tr:dueDate")[0].startswith('"2025-12-24"^^')


def test_the_report_fits_a_terminal_and_names_every_column(file: Write, draft: Draft) -> None:
    said = draft(file("Fertigungsaufträge.csv", GERMAN))
    assert max(map(len, said.splitlines()[:-4])) <= 80
    for shown in ("Auftrags-Nr.", "tr:plannedQuantity", "tr:Job (95%)", "'-', 'k.A.'", "a comma"):
        assert shown in said


def test_names_of_people_are_drafted_to_be_kept_apart(
    file: Write, draft: Draft, loaded: Loaded, plant: Path
) -> None:
    draft(file("employees.csv", "employee_no,name\n12,Anna Berg\n13,Bo Ek\n14,Eva Ask\n"))
    (source,) = plant.rglob("source.toml")
    (table,) = tomllib.loads(source.read_text("utf-8"))["table"]
    assert table["personal"] == ["name"]
    with loaded() as work:
        assert (work.rejected, work.count("Person")) == (0, 3)
    store = b"".join(path.read_bytes() for path in plant.rglob("store/**/*") if path.is_file())
    assert b"12" in store
    assert b"Anna" not in store


def test_the_same_table_gives_the_same_draft(
    file: Write, draft: Draft, plant: Path, tmp_path: Path
) -> None:
    def files() -> dict[str, str]:
        return {p.name: p.read_text("utf-8") for p in sorted(plant.rglob("*")) if p.is_file()}

    path = file("jobs.csv", "job_no,part,qty\n1,P-1,5\n2,P-2,6\n")
    said, first = draft(path), files()
    plant.rename(tmp_path / "before")
    assert (draft(path), files()) == (said, first)


def test_an_erp_is_drafted_table_by_table_and_its_links_come_out(
    erp: str, draft: Draft, load: Load, loaded: Loaded
) -> None:
    for table in ("customer", "item", "resource", "item_spec"):
        draft(f"{erp}#{table}")
    load()
    for table in ("production_order", "sales_order", "spec_char", "batch"):
        draft(f"{erp}#{table}")
    load()
    said = draft(f"{erp}#routing_op")
    assert "120 of 120" not in said
    assert "0 of 120 job ids match; 120 after putting 'erp-' before" in " ".join(said.split())
    draft(f"{erp}#batch_move")
    with loaded() as work:
        assert work.rejected == 0
        assert not any(balance.quarantined for balance in work.balances.values())
        assert work.balances["routing_op"].new == work.count("Operation")
        assert work.values("job/1043", "tr:makes") == ["<part/P-100>"]
        assert work.values("job/1043", "tr:hasOperation")
        assert len(work.values("job/1043", "tr:identifier")) == 1
        assert work.values("part/P-100", "tr:isLotTracked")


def test_a_link_needs_matching_values_and_not_only_a_name(
    file: Write, draft: Draft, load: Load, plant: Path
) -> None:
    draft(file("parts.csv", "part_no,name\nP-1,Shaft\nP-2,Bush\n"))
    before = draft(file("jobs.csv", "job_no,part_no,colour\n1,P-1,P-1\n2,P-2,P-2\n"))
    assert "no part is loaded yet" in before
    load()
    draft(file("orders.csv", "job_no,part_no,colour\n1,P-1,P-1\n2,X-2,P-2\n3,P-2,P-2\n"), name="a")
    text = (plant / "mappings/a/orders.yml").read_text("utf-8")
    assert "\n      - [tr:makes, part/$(part_no)~iri]\n" in text
    assert "\n      # - [tr:PROPERTY, $(colour)]\n" in text
    said = draft(file("shifts.csv", "job_no,part_no\n1,Q-1\n2,Q-2\n"), class_name="Job")
    assert "0 of 2 part ids match" in " ".join(said.split())
    assert "\n      # - [tr:makes" in (plant / "mappings/shifts/shifts.yml").read_text("utf-8")


def test_a_link_is_cleaned_by_functions_where_that_brings_it_home(
    file: Write, draft: Draft, load: Load, loaded: Loaded
) -> None:
    draft(file("jobs.csv", "job_no,name\n0001043,Shaft\n0001044,Bush\n"))
    load()
    said = draft(file("runs.csv", "id,order,good\n1,WO-1043.10,4\n2,0001044,5\n3,1044,1\n"))
    assert "stripping 'WO-'" in " ".join(said.split())
    with loaded() as work:
        assert work.values("run/runs-1", "tr:ofJob") == ["<job/1043>"]
        assert work.values("run/runs-2", "tr:ofJob") == ["<job/1044>"]


def test_an_order_line_of_a_job_becomes_an_allocation(
    file: Write, draft: Draft, load: Load, loaded: Loaded
) -> None:
    draft(file("order_lines.csv", "line_key,qty\nSO7-1,5\nSO7-2,6\n"), class_name="SalesOrderLine")
    load()
    draft(file("jobs.csv", "job_no,sales_order_line\n1,SO7-1\n2,SO7-2\n3,\n"))
    with loaded() as work:
        assert (work.rejected, work.count("Allocation")) == (0, 2)
        assert work.values("allocation/jobs-1", "tr:toOrderLine") == ["<order-line/SO7-1>"]
        assert work.values("allocation/jobs-1", "tr:allocationOf") == ["<job/1>"]


def test_codes_that_are_no_known_words_wait_for_a_person(
    file: Write, draft: Draft, plant: Path, load: Load
) -> None:
    said = draft(file("jobs.csv", "job_no,status\n1,10\n2,20\n"))
    assert "source.toml must say what its codes stand for: '10', '20'" in " ".join(said.split())
    text = (plant / "mappings/jobs/source.toml").read_text("utf-8")
    assert '# "10" = "trc:job-status/"' in text
    load()


def test_events_become_events_by_their_time(file: Write, draft: Draft, loaded: Loaded) -> None:
    lines = '{"id": 1, "ts": 1767225600, "state": "RUN", "machine": {"id": "M7"}}\n'
    draft(file("events.jsonl", lines + lines.replace("1,", "2,", 1)))
    with loaded() as work:
        assert (work.rejected, work.balances["events"].new) == (0, 2)


def test_persons_are_codes_and_never_names(file: Write, draft: Draft, plant: Path) -> None:
    draft(file("employees.csv", "badge,name\n17,Anna Ek\n18,Jo Ruiz\n"))
    assert "# - [rdfs:label, $(name)]" in (plant / "mappings/employees/employees.yml").read_text()


def test_unreadable_rows_are_named_and_left_out(file: Write, draft: Draft) -> None:
    said = draft(file("jobs.csv", "job_no,qty\n1,5\n2,5,9\n3,4\n"))
    assert "jobs: 2 rows" in said
    assert "jobs.csv:3: bad-row" in said


def test_a_long_file_is_judged_by_its_first_rows(
    file: Write, draft: Draft, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = file("jobs.csv", "job_no\n" + "\n".join(map(str, range(50))) + "\n")
    monkeypatch.setattr(profiling.profile_rows, "__defaults__", (20,))
    assert "20 rows, the first ones only" in draft(path)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("empty.csv", "", "no header row"),
        ("jobs.csv", "job_no,qty\n", "no rows to judge by"),
        ("jobs.csv", "a,b\n1,2\n1,2\n", "tells its rows apart"),
        ("jobs.json", "{}", "holds no JSON array"),
        ("jobs.xyz", "a\n1\n", "cannot tell what"),
        ("colours.csv", "a,b\n1,2\n", "say what its rows are"),
        ("part_list.csv", "part_no,place\nP-1,A\nP-1,B\nP-2,A\n", "part_no repeats"),
        ("part_price.csv", "id,price\n1,5\n2,6\n", "its rows are no Part"),
    ],
)
def test_what_cannot_be_drafted_is_refused_with_a_hint(
    file: Write, draft: Draft, plant: Path, name: str, text: str, message: str
) -> None:
    with pytest.raises((ConfigError, SourceError), match=message) as caught:
        draft(file(name, text))
    assert caught.value.hint
    assert not plant.exists()


def test_a_file_that_is_not_there_is_told_with_its_near_ones(file: Write, draft: Draft) -> None:
    there = file("jobs.csv", "id\n1\n")
    with pytest.raises(ConfigError, match="there is no file") as caught:
        draft(there.with_name("job.csv"))
    assert "jobs.csv" in caught.value.hint


STRANGE = [
    'na"me', '"; DROP TABLE job; --', "$(id)", "a(b)c)d(", "a: b", "- c", "# x", "{a}", "a~iri",
    "a\\", "*a", "&b", "!tag", "|", "%", "null", "yes", "größe 😀", " a ", "a\tb", "\x07bell",
    "\x85", "\u2028", "x" * 3_000,
]  # fmt: skip


def test_columns_of_any_name_make_a_mapping_that_can_be_read(
    file: Write, draft: Draft, loaded: Loaded, plant: Path
) -> None:
    header = ",".join('"{}"'.format(name.replace('"', '""')) for name in ["part_no", *STRANGE])
    cells = ",".join(["v"] * len(STRANGE))
    draft(file("part.csv", f"{header}\nP-1,{cells}\nP-2,{cells}\n"))
    with loaded() as work:
        assert (work.rejected, work.count("Part")) == (0, 2)
    # Whoever takes a proposal in finds its column.
    (mapping,) = plant.rglob("*.yml")
    taken = re.sub(r"# (- \[tr:PROPERTY)", r"\1", mapping.read_text("utf-8"))
    mapping.write_text(taken.replace("tr:PROPERTY", "tr:identifier"), encoding="utf-8")
    with loaded() as work:
        assert (work.rejected, work.count("Part")) == (0, 2)
        assert len(work.values("part/P-1", "tr:identifier")) == 2


def test_a_table_without_a_key_is_drafted_by_two_columns(
    file: Write, draft: Draft, loaded: Loaded, plant: Path
) -> None:
    draft(file("operations.csv", "job_no,op_no,name\n1,10,Saw\n1,20,Turn\n2,10,Saw\n"))
    document = tomllib.loads((plant / "mappings/operations/source.toml").read_text("utf-8"))
    assert document["table"][0]["key"] == ["job_no", "op_no"]
    with loaded() as work:
        assert work.values("operation/operations-1-20", "rdfs:label") == ['"Turn"']


def test_a_person_s_word_wins(file: Write, draft: Draft, plant: Path) -> None:
    path = file("list.csv", "a,b\n1,x\n2,y\n")
    said = draft(path, class_name="Machine", key="b")
    assert "tr:Machine (100%): you said so" in said
    document = tomllib.loads((plant / "mappings/list/source.toml").read_text("utf-8"))
    assert document["table"][0]["key"] == ["b"]
    with pytest.raises(ConfigError, match="no column 'c'"):
        draft(path, class_name="Machine", key="c", name="other")
    with pytest.raises(ConfigError, match="no class 'Robot'"):
        draft(path, class_name="Robot")


def test_a_second_table_of_a_source_joins_its_source_toml(
    file: Write, draft: Draft, plant: Path, load: Load
) -> None:
    draft(file("jobs.csv", "job_no\n1\n2\n"), name="erp")
    draft(file("parts.csv", "part_no\nP1\nP2\n"), name="erp")
    document = tomllib.loads((plant / "mappings/erp/source.toml").read_text("utf-8"))
    assert [table["name"] for table in document["table"]] == ["jobs", "parts"]
    assert (plant / "plant.toml").read_text("utf-8").count("[[source]]") == 1
    load()
    with pytest.raises(ConfigError, match="has a table 'jobs' already"):
        draft(plant.parent / "jobs.csv", name="erp")
    assert "tr:Job" in draft(plant.parent / "jobs.csv", name="erp", dry=True)


def test_another_source_of_the_same_name_is_refused(
    file: Write, draft: Draft, tmp_path: Path
) -> None:
    draft(file("jobs.csv", "job_no\n1\n2\n"))
    (tmp_path / "else").mkdir()
    other = tmp_path / "else" / "jobs.csv"
    other.write_text("job_no\n1\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="another source 'jobs'"):
        draft(other)


def test_a_database_of_several_tables_asks_which(
    tmp_path: Path, draft: Draft, plant: Path, load: Load
) -> None:
    path = tmp_path / "e.sqlite"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute('CREATE TABLE "job list" ("job no" TEXT PRIMARY KEY, "due (day)" TEXT)')
        connection.execute("INSERT INTO \"job list\" VALUES ('J1', '2026-01-02'), ('J2', NULL)")
        connection.execute("CREATE TABLE other (a)")
    with pytest.raises(ConfigError, match="has 2 tables") as caught:
        draft(f"sqlite:///{path}")
    assert "job list, other" in caught.value.hint
    with pytest.raises(SourceError, match="no such table"):
        draft(f"sqlite:///{path}#jobs", class_name="Job")
    draft(f"sqlite:///{path}#job list")
    assert 'url = "sqlite:///../e.sqlite"' in (plant / "plant.toml").read_text("utf-8")
    load()


def test_real_work_orders_link_to_real_products(
    shared_data: Path, draft: Draft, load: Load, plant: Path
) -> None:
    folder = shared_data / "adventureworks"
    draft(folder / "Production.Product.csv", name="aw")
    load()
    said = draft(folder / "Production.WorkOrder.dates-lost.csv", name="aw")
    assert "0 of 238 part ids match; 238 after putting 'aw-' before" in " ".join(said.split())
    assert "'00:00.0', 'NULL': they mean nothing" in said
    text = (plant / "mappings/aw/Production-WorkOrder-dates-lost.yml").read_text("utf-8")
    assert "- [tr:makes, part/aw-$(ProductID)~iri]" in text
    assert "# - [tr:dueDate, $(DueDate), xsd:date]" in text
