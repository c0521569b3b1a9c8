"""What waits in quarantine is let in after the mend, and the graph is that of a clean run."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.pipeline import Pipeline
from kg.settings import OWN_SOURCE, load_plant

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
PLANT = """
[plant]
name = "Replay"
base = "https://replay.example/"
[[source]]
name = "mes"
mapping = "mes"
path = "data"
"""
SOURCE = """
[source]
name = "mes"
system = "MES"
adapter = "files"
[[table]]
name = "job"
mapping = "job.yml"
file = "job.csv"
key = ["id"]
{required}
[[table]]
name = "part"
mapping = "part.yml"
file = "part.csv"
key = ["id"]
arrives = "changes"
{required}
[[table]]
name = "state"
mapping = "state.yml"
file = "state.jsonl"
key = ["id"]
arrives = "events"
row = "event"
event_time = "ts"
{required}
[table.fold]
kind = "latest"
subject = "tr:onMachine"
"""
PREFIXES = """
prefixes:
  tr: https://w3id.org/traveler/ontology/
  trc: https://w3id.org/traveler/code/
  rdfs: http://www.w3.org/2000/01/rdf-schema#
  xsd: http://www.w3.org/2001/XMLSchema#
mappings:
"""
ITEM = """
  item:
    sources: [[{table}~table]]
    s: {table}/$(id)
    po:
      - [a, {kind}]
      - [rdfs:label, $(name)]
      - [rdfs:comment, $(due){datatype}]
"""
STATE = """
  event:
    sources: [[state~table]]
    s: event/$(id)
    po:
      - [a, tr:MachineStateChanged]
      - [tr:eventTime, $(ts), xsd:dateTime]
      - [tr:onMachine, machine/$(machine)~iri]
      - [tr:activity, trc:activity/$(name)~iri]
      - [rdfs:comment, $(due){datatype}]
"""
HEADER = "id,name,due\n"


def write_settings(folder: Path, *, is_mended: bool) -> None:
    """Write the plant's files; before it is mended some rows cannot be read, others not lifted."""
    required = "" if is_mended else 'required = ["name"]'
    datatype = "" if is_mended else ", xsd:date"
    (folder / "mes").mkdir(exist_ok=True)
    (folder / "plant.toml").write_text(PLANT)
    (folder / "mes" / "source.toml").write_text(SOURCE.format(required=required))
    for table, kind in (("job", "tr:Job"), ("part", "tr:Part")):
        text = ITEM.format(table=table, kind=kind, datatype=datatype)
        (folder / "mes" / f"{table}.yml").write_text(PREFIXES + text)
    (folder / "mes" / "state.yml").write_text(PREFIXES + STATE.format(datatype=datatype))


def write_data(folder: Path, *tables: tuple[str, str]) -> None:
    (folder / "data").mkdir(exist_ok=True)
    for name, text in tables:
        (folder / "data" / name).write_text(text)


def state(number: int, machine: str = "M1", name: str = "idle", due: str = "2026-12-01") -> str:
    ts = (NOW + timedelta(seconds=number)).isoformat()
    row = {"id": number, "ts": ts, "machine": machine, "name": name, "due": due}
    return json.dumps(row) + "\n"


@contextmanager
def opened(folder: Path) -> Iterator[Pipeline]:
    with Pipeline.open(load_plant(folder)) as work:
        yield work


def load(work: Pipeline, now: datetime = NOW) -> None:
    work.read(now)
    work.apply(now)


def graph_of(work: Pipeline) -> list[str]:
    return [line for line in work.store.dump() if "graph/offset>" not in line]


def waiting(work: Pipeline) -> list[tuple[str, str, str]]:
    rows = [row.rejected for row in work.journal.waiting()]
    return [(row.position, row.stage, row.code) for row in rows]


def label_of(work: Pipeline, path: str) -> list[str]:
    label = "<http://www.w3.org/2000/01/rdf-schema#label>"
    return work.store.objects(f"<https://replay.example/{path}>", label)


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A plant with a row of each kind that cannot be read or lifted yet."""
    write_settings(tmp_path, is_mended=False)
    write_data(
        tmp_path,
        ("job.csv", f"{HEADER}1,a,2026-12-01\n2,,2026-12-01\n3,c,later\n"),
        ("part.csv", f"{HEADER}1,a,2026-12-01\n2,,2026-12-01\n3,c,later\n1,,2026-12-02\n"),
        ("state.jsonl", state(1) + state(2, name="") + state(3, "M2", due="later")),
    )
    return tmp_path


def test_after_the_mend_all_is_let_in_and_the_graph_is_that_of_a_clean_run(
    broken: Path, tmp_path: Path
) -> None:
    with opened(broken) as work:
        load(work)
        assert sorted(waiting(work)) == [
            ("job.csv:3", "read", "missing-required"),
            ("job.csv:4", "lift", "bad-literal"),
            ("part.csv:3", "read", "missing-required"),
            ("part.csv:4", "lift", "bad-literal"),
            ("part.csv:5", "read", "missing-required"),
            ("state.jsonl:2", "read", "missing-required"),
            ("state.jsonl:3", "lift", "bad-literal"),
        ]
        before = [version for (source, _), version in work.mappings.items() if source != OWN_SOURCE]
    write_settings(broken, is_mended=True)
    with opened(broken) as work:
        rows = work.journal.waiting()
        assert {row.mapping for row in rows} == set(before)
        assert set(work.mappings.values()).isdisjoint(before)
        replayed = work.replay(rows, NOW)
        assert (replayed.tried, len(replayed.left), replayed.waiting) == (7, 7, 0)
        assert replayed.errors == []
        assert work.journal.doubts() == {}
        dirty = graph_of(work)
    clean = tmp_path / "clean"
    clean.mkdir()
    write_settings(clean, is_mended=True)
    shutil.copytree(broken / "data", clean / "data")
    with opened(clean) as work:
        load(work)
        assert waiting(work) == []
        assert graph_of(work) == dirty


def test_what_is_still_bad_waits_on_with_its_number_and_first_time(broken: Path) -> None:
    later = NOW + timedelta(hours=1)
    with opened(broken) as work:
        load(work)
        rows = work.journal.waiting()
        replayed = work.replay(rows, later)
        assert (replayed.tried, replayed.left, replayed.waiting) == (7, [], 7)
        again = work.journal.waiting()
        assert [row.id for row in again] == [row.id for row in rows]
        assert {row.attempts for row in again} == {2}
        assert {row.first_seen for row in again} == {"2026-11-23T08:00:00Z"}
        assert {row.last_seen for row in again} == {"2026-11-23T09:00:00Z"}


def test_an_old_row_does_not_overtake_a_newer_one_of_its_key(tmp_path: Path) -> None:
    # A, then B which cannot be read, then A again: A is what is true, whatever becomes of B.
    write_settings(tmp_path, is_mended=False)
    write_data(
        tmp_path,
        ("job.csv", HEADER),
        ("part.csv", f"{HEADER}1,a,2026-12-01\n1,,2026-12-01\n1,a,2026-12-01\n"),
        ("state.jsonl", ""),
    )
    with opened(tmp_path) as work:
        load(work)
        (row,) = work.journal.waiting()
        assert row.is_superseded
        assert work.journal.doubts() == {}
    write_settings(tmp_path, is_mended=True)
    with opened(tmp_path) as work:
        replayed = work.replay(work.journal.waiting(), NOW)
        assert (len(replayed.left), replayed.waiting) == (1, 0)
        assert label_of(work, "part/1") == ['"a"']


def test_rows_may_be_let_in_one_by_one_in_any_order(tmp_path: Path) -> None:
    write_settings(tmp_path, is_mended=False)
    rows = f"{HEADER}1,a,2026-12-01\n1,,2026-12-02\n1,,2026-12-03\n"
    write_data(tmp_path, ("job.csv", HEADER), ("part.csv", rows), ("state.jsonl", ""))
    with opened(tmp_path) as work:
        load(work)
    write_settings(tmp_path, is_mended=True)
    with opened(tmp_path) as work:
        _, second = work.journal.waiting()
        assert work.replay([second], NOW).waiting == 1
        (first,) = work.journal.waiting()
        assert first.is_superseded
        assert len(work.replay([first], NOW).left) == 1
        newest = work.journal.newest("mes", "part", "1")
        assert newest is not None
        assert newest.row["due"] == "2026-12-03"


def test_a_row_whose_file_was_replaced_is_not_read_by_another_header(broken: Path) -> None:
    with opened(broken) as work:
        load(work)
    write_settings(broken, is_mended=True)
    write_data(broken, ("part.csv", "id,due,name\n1,2026-12-01,a\n2,x,y\n"))
    with opened(broken) as work:
        work.replay(work.journal.waiting(), NOW)
        assert waiting(work) == [
            ("part.csv:3", "read", "gone-row"),
            ("part.csv:5", "read", "gone-row"),
        ]


def test_a_source_that_cannot_be_reached_keeps_its_rows_waiting(broken: Path) -> None:
    with opened(broken) as work:
        load(work)
    write_settings(broken, is_mended=True)
    (broken / "data" / "part.csv").unlink()
    with opened(broken) as work:
        replayed = work.replay(work.journal.waiting(), NOW)
        assert [error.code for error in replayed.errors] == ["source"]
        assert waiting(work) == [
            ("part.csv:3", "read", "missing-required"),
            ("part.csv:5", "read", "missing-required"),
        ]


def test_a_row_of_a_table_that_is_connected_no_more_waits_on(broken: Path) -> None:
    with opened(broken) as work:
        load(work)
    (broken / "plant.toml").write_text(PLANT.replace('name = "mes"', 'name = "other"'))
    with opened(broken) as work:
        rows = [row for row in work.journal.waiting() if row.rejected.stage == "read"]
        assert work.replay(rows, NOW).left == []


keys = st.sampled_from("12")
names = st.sampled_from(["", "a", "b"])
dues = st.sampled_from(["2026-12-01", "2026-12-02", "later"])
lines = st.lists(st.tuples(keys, names, dues), min_size=1, max_size=4)
batches = st.lists(st.tuples(lines, lines, lines), min_size=1, max_size=3)


def grow(folder: Path, batch: tuple[list, list, list], number: int) -> None:
    """Write one batch: the jobs anew, the others go on."""
    jobs, parts, states = batch
    once = {key: f"{key},{name},{due}\n" for key, name, due in jobs}
    write_data(folder, ("job.csv", HEADER + "".join(once.values())))
    for name in ("part.csv", "state.jsonl"):
        (folder / "data" / name).touch()
    with (folder / "data" / "part.csv").open("a") as file:
        file.write("".join(f"{key},{name},{due}\n" for key, name, due in parts))
    with (folder / "data" / "state.jsonl").open("a") as file:
        for line, (key, name, due) in enumerate(states):
            file.write(state(number * 10 + line, f"M{key}", name, due))


@pytest.mark.slow
@settings(max_examples=10, deadline=None)
@given(batches=batches, is_mended_before_last=st.booleans())
def test_whatever_failed_and_whenever_it_is_mended_the_graph_is_that_of_a_clean_run(
    batches: list[tuple[list, list, list]], is_mended_before_last: bool
) -> None:
    with ExitStack() as stack:
        dirty, clean = (Path(stack.enter_context(tempfile.TemporaryDirectory())) for _ in "ab")
        for folder, is_mended in ((dirty, False), (clean, True)):
            write_settings(folder, is_mended=is_mended)
            write_data(folder, ("part.csv", HEADER))
        with opened(clean) as work:
            for number, batch in enumerate(batches):
                grow(clean, batch, number)
                load(work)
            assert waiting(work) == []
            expected = graph_of(work)
        last = len(batches) - is_mended_before_last
        with opened(dirty) as work:
            for number, batch in enumerate(batches[:last]):
                grow(dirty, batch, number)
                load(work)
        write_settings(dirty, is_mended=True)
        with opened(dirty) as work:
            for number, batch in enumerate(batches[last:], last):
                grow(dirty, batch, number)
                load(work)
            # Those before the mend are let in afterwards, and do not overtake what came since.
            work.replay(work.journal.waiting(), NOW + timedelta(hours=1))
            assert waiting(work) == []
            assert graph_of(work) == expected
            work.rebuild(NOW)
            assert graph_of(work) == expected
