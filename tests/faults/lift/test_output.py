"""The command lift: its output is whole or not there, however it ends, and bad rows are told."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from kg.cli import lifting, make_app
from kg.cli.output import open_output
from kg.errors import ConfigError, SourceError

COMMAND = [sys.executable, "-m", "kg.cli", "lift", "m.yml"]
MAPPING = """\
prefixes: {ex: "http://x.org/", xsd: "http://www.w3.org/2001/XMLSchema#"}
mappings:
  job:
    sources: [[f.csv~csv]]
    s: ex:$(id)
    po:
      - [ex:name, $(name)]
      - [ex:link, $(link)~iri]
      - [ex:due, $(due), xsd:date]
"""
LONG = """\
prefixes: {ex: "http://x.org/"}
mappings:
  job:
    sources: [[f.csv~csv]]
    s: ex:$(id)
    po:
      - p: ex:same
        o:
          mapping: other
          condition:
            function: equal
            parameters: [[str1, $(same)], [str2, $(same)]]
  other: {sources: [[g.csv~csv]], s: "ex:$(id)"}
"""


def write_rows(folder: Path, count: int, *damaged: str) -> None:
    (folder / "m.yml").write_text(MAPPING)
    rows = [
        (damaged[number // 10 % len(damaged)] if damaged and number % 10 == 0 else GOOD).format(
            number
        )
        for number in range(count)
    ]
    text = "id,name,link,due\n" + "".join(f"{row}\n" for row in rows)
    (folder / "f.csv").write_bytes(text.encode(errors="surrogateescape"))


GOOD = "{0},name {0},x{0},2026-11-23"


def lift(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *options], cwd=folder, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGTERM])
def test_a_lift_that_is_stopped_leaves_what_was_there_and_nothing_else(
    kind: signal.Signals, tmp_path: Path
) -> None:
    folder, spill = tmp_path / "plant", tmp_path / "spill"
    folder.mkdir()
    spill.mkdir()
    (folder / "m.yml").write_text(LONG)
    for name in ("f", "g"):
        rows = "".join(f"{number},x\n" for number in range(5_000))  # 25 million facts
        (folder / f"{name}.csv").write_text(f"id,same\n{rows}")
    (folder / "out.nq").write_text("before")
    before = sorted(folder.iterdir())
    with subprocess.Popen(
        [*COMMAND, "-o", "out.nq"],
        cwd=folder,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"TMPDIR": str(spill)},
    ) as running:
        deadline = time.monotonic() + 60
        while not list(folder.glob(".out.nq.*.part")):
            assert running.poll() is None, running.communicate()[1]
            assert time.monotonic() < deadline
            time.sleep(0.05)
        time.sleep(0.5)
        running.send_signal(kind)
        told = running.communicate(timeout=60)[1]
    assert running.returncode == 128 + kind
    assert "Traceback" not in told
    assert sorted(folder.iterdir()) == before
    assert (folder / "out.nq").read_text() == "before"
    assert list(spill.iterdir()) == []


def test_a_full_disk_leaves_no_part_of_a_file(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with (
            pytest.raises(ConfigError, match=r"out\.nq: cannot be written: File too large"),
            open_output(str(tmp_path / "out.nq")) as out,
        ):
            out.write_all([b"x" * 1_000] * 1_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["no/out.nq", "", "/dev/full"])
def test_what_cannot_be_written_is_told(name: str, tmp_path: Path) -> None:
    place = str(tmp_path / name)
    with (
        pytest.raises(ConfigError, match=f"{place}: cannot be written") as caught,
        open_output(place) as out,
    ):
        out.write(b"x")
    assert caught.value.hint


def test_what_is_no_plain_file_is_written_as_it_comes(tmp_path: Path) -> None:
    (tmp_path / "link.nq").symlink_to("real.nq")
    for name in ("/dev/null", str(tmp_path / "link.nq")):
        with open_output(name) as out:
            out.write(b"x")
    assert (tmp_path / "link.nq").is_symlink()
    assert (tmp_path / "real.nq").read_bytes() == b"x"


def test_a_source_that_breaks_at_its_end_leaves_no_part_of_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_rows(tmp_path, 10)
    other = '  other: {sources: [[h.json~json]], s: "ex:$(id)", po: [[ex:name, $(name)]]}\n'
    (tmp_path / "m.yml").write_text(MAPPING + other)
    (tmp_path / "h.json").write_text("{")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SourceError, match=r"h\.json"):
        make_app(["lift"])(["lift", "m.yml", "-o", "out.nq"], standalone_mode=False)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["f.csv", "h.json", "m.yml"]


def test_a_reader_that_leaves_ends_the_lift_quietly(tmp_path: Path) -> None:
    write_rows(tmp_path, 50_000)
    with subprocess.Popen(
        COMMAND, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        assert running.stdout.readline().startswith(b"<http://x.org/")
        running.stdout.close()
        told = running.stderr.read()
    assert running.returncode == 141
    assert told == b""


DAMAGED = (
    "{0},a",
    "{0},a,b,2026-11-23,c",
    "{0},\udcff,x,2026-11-23",
    "{0},n,a b,2026-11-23",
    "{0},n,x,2026-02-30",
    '{0},"n,x,2026-11-23',
)


def test_ten_thousand_bad_rows_of_six_kinds_are_a_screen_of_text_and_a_file(
    tmp_path: Path,
) -> None:
    write_rows(tmp_path, 100_000, *DAMAGED)
    made = lift(tmp_path, "-o", "out.nq", "--rejected", "bad.jsonl")
    assert made.returncode == 1
    assert (tmp_path / "out.nq").read_bytes().count(b"\n") == 270_000
    rows = [json.loads(line) for line in (tmp_path / "bad.jsonl").read_text().splitlines()]
    assert Counter(row["code"] for row in rows) == {
        "bad-row": 5_000,
        "bad-encoding": 1_667,
        "bad-iri": 1_667,
        "bad-literal": 1_666,
    }
    assert len({row["position"] for row in rows}) == 10_000
    assert {int(row["position"].rpartition(":")[2]) % 10 for row in rows} == {2}
    told = made.stderr.splitlines()
    assert told[0] == "10,000 rows were not lifted:"
    assert len(told) < 30
    assert max(map(len, told)) <= 80


def test_the_exit_codes_stand_in_the_help() -> None:
    told = " ".join((lifting.lift.__doc__ or "").split())
    for code in ("0: every row", "1: some", "2: it could not", "130 or 143", "141"):
        assert code in told
