from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from kg.errors import ConfigError, SourceError
from kg.lift.spark_output import check_output, written_whole

LINES = {"part-00000-x.txt": "<a> <b> <c> .\n", "part-00001-x.txt": ""}
SIZE = sum(map(len, LINES.values()))


def write_parts(url: str) -> None:
    """Write what Spark writes into a folder that is not there yet."""
    assert url.startswith("file://")
    folder = Path(url.removeprefix("file://"))
    folder.mkdir(parents=True)
    for name, text in LINES.items():
        (folder / name).write_text(text)
        (folder / f".{name}.crc").write_text("crc")
    (folder / "_SUCCESS").touch()
    (folder / "._SUCCESS.crc").write_text("crc")


@pytest.mark.parametrize("written", ["{}/out", "file://{}/out", "file:{}/out", "{}/ö x/out"])
def test_parts_come_out_with_a_marker_when_all_are_there(tmp_path: Path, written: str) -> None:
    output = written.format(tmp_path)
    check_output(output)
    with written_whole(output, lambda: SIZE, is_here=True) as url:
        write_parts(url)
    folder = next(tmp_path.rglob("out"))
    names = {path.name for path in folder.iterdir()}
    assert names == {"part-00000-x.nq", "part-00001-x.nq", "_SUCCESS"}
    assert (folder / "part-00000-x.nq").read_text() == LINES["part-00000-x.txt"]


def test_an_empty_folder_is_filled_and_another_is_refused(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    folder = tmp_path / "out"
    folder.symlink_to(tmp_path / "real")
    check_output(str(folder))
    with written_whole(str(folder), lambda: SIZE, is_here=True) as url:
        write_parts(url)
    assert (folder / "_SUCCESS").exists()
    for refused in (folder, folder / "part-00000-x.nq"):
        with pytest.raises(ConfigError, match="is there already") as caught:
            check_output(str(refused))
        assert "empty" in caught.value.hint


@pytest.mark.parametrize("is_new", [True, False])
def test_a_run_that_fails_leaves_the_folder_as_it_was(tmp_path: Path, is_new: bool) -> None:
    folder = tmp_path / "out"
    if not is_new:
        folder.mkdir()

    def stop() -> None:
        with written_whole(str(folder), lambda: SIZE, is_here=True) as url:
            write_parts(url)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop()
    assert list(tmp_path.rglob("*")) == ([] if is_new else [folder])


def test_parts_on_other_machines_are_missed(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    with (
        pytest.raises(SourceError, match=f"{SIZE} of 99 bytes arrived"),
        written_whole(str(folder), lambda: 99, is_here=True) as url,
    ):
        write_parts(url)
    assert not folder.exists()


KILLED = """
import os, pathlib, sys
from kg.lift.spark_output import written_whole
with written_whole(sys.argv[1], lambda: 0, is_here=True) as url:
    hidden = pathlib.Path(url.removeprefix("file://"))
    hidden.mkdir(parents=True)
    (hidden / "part-00000-x.txt").touch()
    (hidden / "_SUCCESS").touch()
    os.kill(os.getpid(), 9)
"""


def test_a_killed_run_leaves_no_part_in_sight(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    killed = subprocess.run([sys.executable, "-c", KILLED, str(folder)], check=False)
    assert killed.returncode == -9
    assert [path.name.startswith(".") for path in folder.iterdir()] == [True]
    with pytest.raises(ConfigError, match="is there already"):
        check_output(str(folder))


def test_a_folder_elsewhere_is_left_to_spark() -> None:
    for output in ("s3a://bucket/quads", "hdfs://host:9000/quads"):
        check_output(output)
        with written_whole(output, lambda: 0, is_here=True) as url:
            assert url == output


def test_a_server_on_this_machine_writes_in_place(tmp_path: Path) -> None:
    folder = tmp_path / "out"
    with written_whole(str(folder), lambda: SIZE, is_here=False) as url:
        assert url == f"file://{folder}"
        write_parts(url)
    assert sorted(path.name for path in folder.iterdir())[1:] == [
        "part-00000-x.nq",
        "part-00001-x.nq",
    ]
    with written_whole(str(tmp_path / "far"), lambda: SIZE, is_here=False):
        pass
    assert not (tmp_path / "far").exists()
