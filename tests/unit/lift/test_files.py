from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from kg.errors import MappingError, SourceError
from kg.lift import lift_file
from kg.lift.files import LiftedFile

BASE = "http://x.org/"
MAPPING = """
    prefixes: {ex: "http://x.org/"}
    mappings:
      job:
        sources: [[SOURCE]]
        s: job/$(id)
        po:
          - [ex:name, $(name)]
          - [ex:makes, ex:part/$(part)~iri]
"""


def lift(folder: Path, source: str, text: str, *, is_sorted: bool = False) -> LiftedFile:
    mapping = folder / "job.yml"
    mapping.write_text(textwrap.dedent(MAPPING).replace("SOURCE", source), encoding="utf-8")
    name = source.partition("~")[0]
    (folder / name).write_bytes(text.encode())
    return lift_file(mapping, BASE, is_sorted=is_sorted)


def test_a_csv_becomes_lines_each_once(tmp_path: Path) -> None:
    lifted = lift(tmp_path, "j.csv~csv", "\ufeffid,name,part\r\n1, a ,p\r\n1, a ,p\r\n2,,q r\r\n")
    assert list(lifted.lines) == [
        '<http://x.org/job/1> <http://x.org/name> " a " .',
        "<http://x.org/job/1> <http://x.org/makes> <http://x.org/part/p> .",
        "<http://x.org/job/2> <http://x.org/makes> <http://x.org/part/q%20r> .",
    ]
    assert not lifted.rejected


def test_sorted_lines_are_the_same_set_in_order(tmp_path: Path) -> None:
    text = "id\tname\tpart\n2\tb\tq\n1\ta\tp\n"
    plain = list(lift(tmp_path, "j.tsv~tsv", text).lines)
    in_order = list(lift(tmp_path, "j.tsv~tsv", text, is_sorted=True).lines)
    assert in_order == sorted(plain)
    assert len(in_order) == 4


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("j.json~json", '[{"id": 1, "name": "a", "part": null, "more": {}}, {"id": 2.0}]'),
        ('"j.json~json", "$.jobs[*]"', '{"jobs": [{"id": 1, "name": "a"}, {"id": 2}]}'),
        ("j.jsonl~jsonl", '{"id": 1, "name": "a"}\n\n{"id": 2}\n'),
    ],
)
def test_json_may_leave_out_what_it_has_not(tmp_path: Path, source: str, text: str) -> None:
    mapping = tmp_path / "job.yml"
    mapping.write_text(textwrap.dedent(MAPPING).replace("SOURCE", source), encoding="utf-8")
    name = source.partition("~")[0].strip('"')
    (tmp_path / name).write_text(text, encoding="utf-8")
    assert list(lift_file(mapping, BASE).lines) == [
        '<http://x.org/job/1> <http://x.org/name> "a" .'
    ]


def test_ragged_and_broken_lines_are_rejected_with_their_place(tmp_path: Path) -> None:
    lifted = lift(tmp_path, "j.csv~csv", "id,name,part\n1,a\n2,b,p\n3,c,p,x\n")
    assert len(list(lifted.lines)) == 2
    assert [(bad.position, bad.code) for bad in lifted.rejected] == [
        ("j.csv:2", "bad-row"),
        ("j.csv:4", "bad-row"),
    ]
    lifted = lift(tmp_path, "j.jsonl~jsonl", '{"id": 1\n[1]\n{"id": 2, "name": "b"}\n')
    assert len(list(lifted.lines)) == 1
    assert [bad.position for bad in lifted.rejected] == ["j.jsonl:1", "j.jsonl:2"]


def test_a_file_that_is_missing_or_no_text_is_one_error(tmp_path: Path) -> None:
    lifted = lift(tmp_path, "j.csv~csv", "id,name,part\n")
    (tmp_path / "j.csv").unlink()
    with pytest.raises(SourceError, match=r"j\.csv"):
        list(lifted.lines)
    lifted = lift(tmp_path, "j.json~json", "{")
    with pytest.raises(SourceError, match=r"j\.json"):
        list(lifted.lines)


def test_a_table_of_a_plant_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match=r"job\.yml:5.*~table") as caught:
        lift(tmp_path, "job~table", "")
    assert "traveler load" in caught.value.hint


def test_a_header_without_a_mapped_column_is_an_error(tmp_path: Path) -> None:
    lifted = lift(tmp_path, "j.csv~csv", "id,nome,part\n1,a,p\n")
    with pytest.raises(MappingError, match=r"job\.yml:8: j\.csv has no column 'name'"):
        list(lifted.lines)
