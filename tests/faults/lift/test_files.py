"""What a mapping may name instead of a sound file, and what a file may do while it is read."""

from __future__ import annotations

import os
import resource
from collections.abc import Callable
from pathlib import Path

import pytest

from kg.errors import SourceError
from kg.lift import lift_file

FORMS = {
    "csv": "[f~csv]",
    "json": "[f~json]",
    "jsonl": "[f~jsonl]",
    "xml": '["f~xml", "/r/row"]',
    "xlsx": "[f~xlsx]",
    "parquet": "[f~parquet]",
}
STRANGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "nothing": (lambda file: None, "No such file"),
    "a folder": (Path.mkdir, "is a folder"),
    "a pipe": (os.mkfifo, "is a pipe or a device"),
    "a device": (lambda file: file.symlink_to("/dev/zero"), "is a pipe or a device"),
    "a link to itself": (lambda file: file.symlink_to(file), "symbolic links"),
    "a link to nothing": (lambda file: file.symlink_to("g"), "No such file"),
}


@pytest.mark.parametrize(
    ("kind", "form"), [*((kind, "csv") for kind in STRANGE), *(("a pipe", form) for form in FORMS)]
)
def test_what_is_no_plain_file_is_one_error(kind: str, form: str, tmp_path: Path, lift) -> None:
    make, said = STRANGE[kind]
    make(tmp_path / "f")
    with pytest.raises(SourceError, match=said) as caught:
        lift(FORMS[form])
    assert caught.value.hint


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("http://127.0.0.1:1/f.csv", "is an address"),
        ("s3://bucket/f.csv", "is an address"),
        ("file:///etc/hosts", "is an address"),
        ("*.csv", "No such file"),
        ("f[1].csv", "No such file"),
        ("~/f.csv", "No such file"),
        ("f\\0.csv", "cannot be read"),
        ("x" * 5_000, "name too long"),
        ("", "is a folder"),
    ],
)
def test_a_name_is_a_path_and_nothing_else(name: str, said: str, tmp_path: Path, lift) -> None:
    (tmp_path / "f1.csv").write_text("id,name\n1,a\n")
    with pytest.raises(SourceError, match=said):
        lift(f'["{name}~csv"]')


@pytest.mark.parametrize(
    "name", ["f[1].csv", "f*.csv", "f?.csv", "f{a}.csv", "f'x.csv", "f%20.csv", "f\nx.csv"]
)
def test_a_file_may_have_any_name(name: str, tmp_path: Path, lift) -> None:
    (tmp_path / "f1.csv").write_text("id,name\n9,z\n")
    (tmp_path / name).write_text("id,name\n1,a\n")
    written = name.replace("\n", "\\n")
    assert lift(f'["{written}~csv"]') == (['1 "a"'], [])


def test_links_and_other_folders_are_followed(tmp_path: Path, lift) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "g.csv").write_text("id,name\n1,a\n")
    (tmp_path / "f.csv").symlink_to("deep/g.csv")
    assert lift("[f.csv~csv]") == (['1 "a"'], [])
    assert lift("[deep/../deep/g.csv~csv]") == (['1 "a"'], [])


def test_a_file_that_cannot_be_read_at_all_is_one_error(lift) -> None:
    # A plain file for everybody, also for root: reading its first byte fails.
    with pytest.raises(SourceError, match="cannot be read"):
        lift("[/proc/self/mem~csv]")


def start(folder: Path) -> Path:
    (folder / "m.yml").write_text(
        'prefixes: {ex: "http://x.org/"}\nmappings:\n  job:\n    sources: [[f.csv~csv]]\n'
        "    s: ex:$(id)\n    po: [[ex:name, $(name)]]\n"
    )
    rows = "".join(f"{number},{'n' * 60}\n" for number in range(300_000))
    (folder / "f.csv").write_text(f"id,name\n{rows}")
    return folder / "f.csv"


@pytest.mark.parametrize(
    "disturb",
    [
        lambda file: file.write_text(file.read_text() + "x,y\n"),
        lambda file: file.write_text("id,name\n1,a\n"),
        lambda file: file.unlink(),
        lambda file: (
            file.with_name("g").write_bytes(file.read_bytes()),
            file.with_name("g").rename(file),
        ),
    ],
    ids=["grows", "is-cut", "is-gone", "is-replaced"],
)
def test_a_file_that_changes_while_it_is_read_is_an_error(
    disturb: Callable[[Path], object], tmp_path: Path
) -> None:
    file = start(tmp_path)
    blocks = lift_file(tmp_path / "m.yml", "http://x.org/").blocks
    next(blocks)
    disturb(file)
    with pytest.raises(SourceError, match=r"f\.csv was written while it was read|cannot be lifted"):
        list(blocks)


def test_a_disk_without_room_to_spill_is_an_error(tmp_path: Path) -> None:
    start(tmp_path)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, before[1]))
    try:
        with pytest.raises(SourceError, match=r"no room|cannot be lifted"):
            list(lift_file(tmp_path / "m.yml", "http://x.org/", is_sorted=True).blocks)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
