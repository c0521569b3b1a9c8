"""CSV as people and programs damage it: no row is lost without a word, and no other suffers."""

from __future__ import annotations

import gzip
import random
import re
from collections import Counter
from pathlib import Path

import pytest

from kg.errors import MappingError, SourceError
from kg.lift import lift_file

LONG = b"x" * 5_000_000
LATER = b"".join(b"%d,n\n" % number for number in range(3, 1_000))

GOOD = {
    "an open quote does not swallow what follows": (
        b'id,name\n1,a\n2,"b\n' + LATER,
        1 + 997,
        ["f.csv:3"],
    ),
    "nor does one behind an inch mark": (b'id,name\n1,2"x"\n2,3"x,"\n3,c\n', 2, ["f.csv:3"]),
    "two open quotes are two bad rows": (
        b'id,name\n1,"a\n2,b\n3,"c\n4,d\n',
        2,
        ["f.csv:2", "f.csv:4"],
    ),
    "a quote over lines with too many cells": (
        b'id,name\n1,"a\n2,b\n3,c",d\n4,d\n',
        2,
        ["f.csv:2", "f.csv:4"],
    ),
    "a cell over lines is one row": (b'id,name\n1,"a\nb"\n2\n3,c\n', 2, ["f.csv:4"]),
    "a cell over lines keeps its line ends": (b'id,name\r\n1,"a\r\nb"\r\n2,c\r\n', 2, []),
    "a cell of 5 MB": (b"id,name\n1,a\n2," + LONG + b"\n3,c\n", 2, ["f.csv:3"]),
    "a quoted cell of 5 MB": (b'id,name\n1,a\n2,"' + LONG + b'"\n3,c\n', 2, ["f.csv:3"]),
    "a line longer than any buffer": (b"id,name\n1,a\n2," + LONG * 6 + b"\n3,c\n", 2, ["f.csv:3"]),
    "one at the end": (b"id,name\n1,a\n2," + LONG * 6, 1, ["f.csv:3"]),
    "5,000 columns": (
        b",".join([b"id,name", *(b"c%d" % n for n in range(4_998))])
        + b"\n"
        + b"1,a"
        + b"," * 4_998,
        1,
        [],
    ),
    "NUL bytes": (b"id,name\n1,\0\n2,b\n", 2, []),
    "UTF-16 with its mark": ("id,name\n1,å\n".encode("utf-16"), 1, []),
    "UTF-16 without": ("id,name\n1,å\n".encode("utf-16-le"), 1, []),
    "UTF-16 that is cut": ("id,name\n1,å\n2,b\n".encode("utf-16")[:-1], 1, ["f.csv:3"]),
    "UTF-16 with half a pair": (
        "id,name\n1,".encode("utf-16") + b"\0\xd8" + "\n2,b\n".encode("utf-16-le"),
        1,
        ["f.csv:2"],
    ),
    "UTF-32 with its mark": ("id,name\n1,å\n".encode("utf-32"), 1, []),
    "Latin-1 that says nothing": ("id,name\n1,å\n2,b\n".encode("latin-1"), 1, ["f.csv:2"]),
    "a byte order mark": (b"\xef\xbb\xbfid,name\n1,a\n", 1, []),
    "a header alone": (b"id,name", 0, []),
    "no end of the last line": (b"id,name\n1,a", 1, []),
    "a gzip by another name": (gzip.compress(b"id,name\n1,a\n"), 1, []),
    "a gzip in two parts": (gzip.compress(b"id,name\n1,a\n") + gzip.compress(b"2,b\n"), 2, []),
    "a small gzip of a long line": (gzip.compress(b"id,name\n1,a\n" + LONG * 20), 1, ["f.csv:3"]),
    "two columns of one name that nobody maps": (b"id,name,x,x\n1,a,b,c\n", 1, []),
}


@pytest.mark.parametrize("case", GOOD, ids=lambda case: case.replace(" ", "-"))
def test_a_bad_row_is_told_at_its_line_and_the_others_are_lifted(
    case: str, tmp_path: Path, lift
) -> None:
    data, count, places = GOOD[case]
    (tmp_path / "f.csv").write_bytes(data)
    lines, rejected = lift("[f.csv~csv]")
    assert len(lines) == count
    assert [place for place, _ in rejected] == places
    assert {code for _, code in rejected} <= {"bad-row", "bad-encoding"}


BROKEN = {
    "an empty file": (b"", "has no header: it is empty"),
    "a byte order mark alone": (b"\xef\xbb\xbf", "has no header: it is empty"),
    "an empty first line": (b"\n\nid,name\n", "its first line is empty"),
    "nothing but NULs": (bytes(10_000), "its first line is no text"),
    "a header of 5 MB": (b"id,name," + LONG + b"\n", "longer than 2,000,000"),
    "a header with an open quote": (b'id,"name\n1,a\n', "a quote is opened"),
    "a gzip that breaks off": (gzip.compress(b"id,name\n1,a\n")[:-9], "cannot be read"),
    "a gzip with a wrong sum": (gzip.compress(b"id,name\n")[:-8] + bytes(8), "CRC check failed"),
    "a gzip with something behind it": (gzip.compress(b"id,name\n") + b"more", "gzip"),
    "a mapped column that is there twice": (b"id,name,name\n1,a,b\n", "'name' twice"),
}


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.replace(" ", "-"))
def test_a_file_that_cannot_be_read_as_a_whole_is_one_error(
    case: str, tmp_path: Path, lift
) -> None:
    data, said = BROKEN[case]
    (tmp_path / "f.csv").write_bytes(data)
    with pytest.raises(SourceError, match=re.escape(said)) as caught:
        lift("[f.csv~csv]")
    assert caught.value.hint


@pytest.mark.parametrize(
    ("header", "hint"),
    [
        ("id;name", "delimiter"),
        ("id,nome", "'nome'"),
        ("id,na\udce5me", "encoding"),
        ("id," + ",".join(f"c{n}" for n in range(5_000)), "and 4981 more"),
    ],
)
def test_a_column_that_is_not_there_is_told_with_what_is(
    header: str, hint: str, tmp_path: Path, lift
) -> None:
    (tmp_path / "f.csv").write_bytes(header.encode(errors="surrogateescape") + b"\n")
    with pytest.raises(MappingError, match="has no column") as caught:
        lift("[f.csv~csv]")
    assert hint in caught.value.hint


DAMAGE = [
    "{0},a,b,c,d",
    "{0}",
    "{0},\udcff,x",
    '{0},"a,b',
    '"{0},a,b',
    '{0},a,"b',
    '{0},"a"x,b',
    '{0},2"x,"a',
    '{0},"a",""b"',
    '{0},"a"",b',
]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("seed", range(3))
def test_every_line_of_a_damaged_file_is_lifted_or_told(
    seed: int, end: str, tmp_path: Path
) -> None:
    chance = random.Random(seed)
    rows = [
        (chance.choice(DAMAGE) if chance.random() < 0.1 else "{0},n,c").format(number)
        for number in range(2, 3_000)
    ]
    text = end.join(["id,name,c", *rows, ""])
    (tmp_path / "f.csv").write_bytes(text.encode(errors="surrogateescape"))
    (tmp_path / "m.yml").write_text(
        'prefixes: {ex: "http://x.org/"}\nmappings:\n  job:\n    sources: [[f.csv~csv]]\n'
        "    s: ex:$(id)\n    po: [[ex:c, $(c)]]\n"
    )
    lifted = lift_file(tmp_path / "m.yml", "http://x.org/")
    made = {int(line.split(">")[0].rpartition("/")[2]) for line in lifted.lines}
    told = Counter(int(bad.position.rpartition(":")[2]) for bad in lifted.rejected)
    # The number of a row is its line's; only the damaged ones may be told, and once.
    assert set(told.values()) == {1}
    assert made | set(told) == set(range(2, 3_000))
    assert not made & set(told)
    assert all(rows[line - 2] != f"{line},n,c" for line in told)
