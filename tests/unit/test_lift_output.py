"""What `traveler lift` writes: N-Quads, Parquet, or a store of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pyarrow.parquet as pq
import pyoxigraph as ox
import pytest

MAPPING = """\
prefixes: {ex: "http://x.org/"}
mappings:
  job:
    sources: [[job.csv~csv]]
    s: ex:job/$(id)
    graphs: ex:graph/$(area)
    po:
      - [ex:name, $(name)]
      - [ex:quantity, $(quantity), xsd:integer]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "m.yml").write_text(MAPPING)
    (tmp_path / "job.csv").write_text("id,name,quantity,area\n1,a,7,n\n2,b,08,s\n3,c,many,n\n")
    return tmp_path


def lift(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "kg.cli", "lift", "m.yml", *options]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_a_parquet_file_holds_the_quads_as_columns_of_terms(folder: Path) -> None:
    done = lift(folder, "-o", "quads.parquet")
    assert done.returncode == 1, done.stderr
    assert "job.csv:4" in done.stderr
    rows = pq.read_table(folder / "quads.parquet").to_pylist()
    lines = sorted(" ".join(row.values()) + " ." for row in rows)
    assert lines == sorted(lift(folder).stdout.splitlines())
    assert len(lines) == 4


def test_a_store_of_its_own_holds_the_quads(folder: Path) -> None:
    done = lift(folder, "--store", "store")
    assert done.returncode == 1, done.stderr
    store = ox.Store.read_only(str(folder / "store"))
    assert {str(quad.graph_name) for quad in store} == {
        "<http://x.org/graph/n>",
        "<http://x.org/graph/s>",
    }
    assert len(store) == 4
    assert sorted(path.name for path in folder.iterdir()) == ["job.csv", "m.yml", "store"]


def test_a_store_that_cannot_be_whole_leaves_nothing(folder: Path) -> None:
    (folder / "job.csv").unlink()
    done = lift(folder, "--store", "store")
    assert done.returncode == 2, done.stderr
    assert [path.name for path in folder.iterdir()] == ["m.yml"]


def test_a_folder_that_is_there_is_not_written_into(folder: Path) -> None:
    (folder / "store").mkdir()
    done = lift(folder, "--store", "store")
    assert done.returncode == 2
    assert "is there already" in done.stderr
    assert list((folder / "store").iterdir()) == []
