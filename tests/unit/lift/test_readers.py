"""Readers give what slow and plain ones give: the same values, and the same rows put aside."""

from __future__ import annotations

import gzip
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from decimal import Decimal
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.errors import SourceError
from kg.lift import databases, jsontext, jsonwindow, xmltext
from kg.lift.jsontext import read_json, read_json_lines
from kg.lift.natural import to_natural, to_naturals
from kg.lift.spool import Item, Rows, refuse_half_characters, to_batches, to_items
from kg.lift.xmltext import read_xml
from kg.records import Rejected

from . import item_readers

REFERENCES = ["id", "a b", "$.id", "in.id", "in", "l[0]", "l[-1].id", "l[*]", "$..id", "no", "$"]
ITERATORS = ["", "$[*]", "$.l[*]", "$.in.l[*]", "$..l[*]", "$.in", "$.*", "$[0]"]
Read = tuple[list[Item], list[tuple[str, str, str, str]]]


def told(rejected: Rejected) -> tuple[str, str, str, str]:
    message = rejected.message.partition(": line ")[0]
    return rejected.position, rejected.code, message, rejected.raw


def read(items: Iterator[Item | Rejected]) -> Read | str:
    """Read to the end: items, and what was put aside; or the error that there was instead."""
    good, bad = [], []
    try:
        for item in items:
            checked = refuse_half_characters("f", item) if isinstance(item, Item) else item
            if isinstance(checked, Item):
                good.append(checked)
            else:
                bad.append(told(checked))
    except SourceError as error:
        return error.message.partition(": line ")[0]
    return good, sorted(bad)


def read_batches(blocks: Iterator[Rows | Rejected], plural: list[bool]) -> Read | str:
    """Read by way of Arrow."""
    good: list[Item] = []
    rejected: list[Rejected] = []
    try:
        for batch in to_batches("f", blocks, plural, rejected)[1]:
            for row in batch.to_pylist():
                assert row["row_number"] == len(good) + 1
                cells: list[Any] = []
                for number, is_list in enumerate(plural):
                    value = row[f"c{number}"]
                    if is_list:
                        cells.append([(one["value"], one["kind"]) for one in value])
                    else:
                        cells.append(None if value is None else (value, row[f"k{number}"]))
                good.append(Item(row["position"], cells))
    except SourceError as error:
        return error.message.partition(": line ")[0]
    return good, sorted(map(told, rejected))


def check_json(data: bytes, iterator: str, references: list[str], *, is_lines: bool) -> None:
    new, old = (
        (read_json_lines, item_readers.read_json_lines)
        if is_lines
        else (read_json, item_readers.read_json)
    )
    plural = [name in {"l[*]", "$..id"} for name in references]
    with TemporaryDirectory() as folder:
        path = Path(folder) / "f"
        path.write_bytes(data)
        wanted = read(old(path, iterator, references))
        assert read_batches(new(path, iterator, references), plural) == wanted
        assert read(to_items(new(path, iterator, references))) == wanted


@pytest.fixture(scope="module", autouse=True)
def small_pieces() -> Iterator[None]:
    """Let documents of a few letters end in the middle of pieces, as long ones do."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jsonwindow, "_CHUNK", 24)
        patch.setattr(jsonwindow, "_ELEMENTS", 2)
        patch.setattr(jsontext, "_LINES", 2)
        patch.setattr(xmltext, "_ROWS", 2)
        yield


numbers = st.one_of(
    st.integers(),
    st.floats(),
    st.sampled_from([2**63, -(2**63) - 1, 10**30, 1e22, 1e-7, 1.0, -0.0, 5e-324]),
)
letters = st.characters(max_codepoint=0x2FFF) | st.sampled_from(
    '"\\/\b\n\x7f\x85\u2028😀\ud800\udfff'
)
scalars = st.one_of(st.none(), st.booleans(), numbers, st.text(letters, max_size=4))
keys = st.sampled_from(["id", "a b", "in", "l", "$.id", "in.id", "", "l[*]", "é"])
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)
objects = st.dictionaries(keys, values, max_size=5)


@st.composite
def documents(draw: st.DrawFn) -> bytes:
    """JSON in one of its many forms: spaces, escapes, members that come twice."""
    value = draw(st.lists(objects | values, max_size=5) | objects | values)
    text = json.dumps(
        value,
        ensure_ascii=draw(st.booleans()),
        indent=draw(st.sampled_from([None, 0, 2])),
        separators=draw(st.sampled_from([None, (",", ":"), (" , ", "\t:\r\n")])),
    )
    if draw(st.booleans()):
        text = text.replace('"a b"', '"id"')
    return draw(st.sampled_from(["", " ", "\ufeff"])).encode() + text.encode(errors="surrogatepass")


chosen = st.lists(st.sampled_from(REFERENCES), min_size=1, max_size=4, unique=True)
broken = st.sampled_from(
    [b",", b"]", b"}", b'"', b"\\", b"\xff", b"0", b"tru", b"\n", b"\r", b"\x00"]
)


@settings(max_examples=80, deadline=None)
@given(documents(), st.sampled_from(ITERATORS), chosen)
def test_a_document_gives_the_values_of_its_elements(
    data: bytes, iterator: str, references: list[str]
) -> None:
    check_json(data, iterator, references, is_lines=False)


@settings(max_examples=60, deadline=None)
@given(documents(), st.sampled_from(ITERATORS[:3]), st.data())
def test_a_document_that_is_broken_anywhere_gives_what_came_before(
    data: bytes, iterator: str, draws: st.DataObject
) -> None:
    place = draws.draw(st.integers(0, len(data)))
    piece = draws.draw(broken)
    check_json(data[:place] + piece + data[place:], iterator, ["id", "l[*]"], is_lines=False)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(documents() | broken | st.binary(max_size=6), max_size=6),
    st.sampled_from(ITERATORS),
    chosen,
    st.sampled_from([b"\n", b"\r\n", b"\r", b"\n\n", b" \n"]),
)
def test_lines_give_values_or_are_put_aside(
    lines: list[bytes], iterator: str, references: list[str], end: bytes
) -> None:
    check_json(end.join(lines), iterator, references, is_lines=True)


ELEMENTS = (
    '[{"id": 1, "l": [1.0, -2e3, 12345678901234567890]}, {"id": "\\u00e5\\ud83d\\ude00é"},\n'
    '{"id": true, "id": false, "l": [{"id": null}]}, {"id": {"a": []}}, 7, [], {"id": -0}]'
).encode()


@pytest.mark.parametrize("iterator", ["", "$.l[*]", "$[1]"])
@pytest.mark.parametrize("is_lines", [True, False])
def test_a_document_that_is_cut_at_any_byte_gives_what_came_before(
    iterator: str, is_lines: bool
) -> None:
    for end in range(len(ELEMENTS) + 1):
        check_json(ELEMENTS[:end], iterator, ["id", "l[*]"], is_lines=is_lines)
        check_json(b'{"l":' + ELEMENTS[:end], iterator, ["id"], is_lines=is_lines)


@pytest.mark.parametrize(
    "text", ['[{"id": 1},\n {"id": 2},\n {"id" 3}]', '[1,\n\n  2,\n  {"a": tru}]']
)
def test_an_error_says_where_in_the_whole_document_it_is(tmp_path: Path, text: str) -> None:
    text = text.replace("\n", " " * 50 + "\n")
    with pytest.raises(json.JSONDecodeError) as caught:
        json.loads(text)
    (tmp_path / "f").write_text(text)
    found = read_json(tmp_path / "f", "", ["id"])
    (rejected,) = [block for block in found if isinstance(block, Rejected)]
    assert rejected.message == f"f#3 is no JSON: {caught.value}"


def test_a_broken_element_is_found_without_reading_on(tmp_path: Path) -> None:
    (tmp_path / "f").write_text('[{"id" 1},' + '{"id": 2},' * 10_000)
    with (tmp_path / "f").open() as file:
        document = jsonwindow.Window(file)
        with pytest.raises(json.JSONDecodeError):
            list(document.pieces(()))
        assert len(document._text) < 1_000


def test_numbers_of_too_many_digits_and_deep_nesting_are_put_aside(tmp_path: Path) -> None:
    deep = "[" * 900 + '{"id": 1}' + "]" * 900
    lines = ['{"id": ' + "7" * 5_000 + "}", '{"l": ' + "[" * 100_000, '{"l": ' + deep + "}"]
    (tmp_path / "f").write_text("\n".join(lines))
    good, bad = read(to_items(read_json_lines(tmp_path / "f", "", ["$..id"])))
    assert [item.cells for item in good] == [[[("1", to_natural(1)[1])]]]
    assert [position for position, *_ in bad] == ["f:1", "f:2"]


@pytest.mark.parametrize("read_form", [read_json, read_json_lines])
def test_a_broken_gzip_is_an_error_of_the_source(tmp_path: Path, read_form: Callable) -> None:
    packed = bytearray(gzip.compress(json.dumps([{"id": str(n)} for n in range(99)]).encode()))
    packed[20] ^= 0xFF
    (tmp_path / "f.gz").write_bytes(packed)
    with pytest.raises(SourceError, match="cannot be read"):
        list(read_form(tmp_path / "f.gz", "", ["id"]))


SPACES = {"x": "http://x.org/"}
PATHS = ["id", "@id", "x:id", "@x:at", "in/id", ".//id", "id[1]", "count(id)", "id = '1'", "text()"]
PATHS += ["string(in)", "*", "in", "../@id", "id | in", "2 + 1"]
texts = st.text("a1 <&>\"'é😀\n]", max_size=4)
XML_ELEMENTS = ["id", "in", "row", "x:id", "r"]


def escaped(text: str) -> str:
    return (
        text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    )


@st.composite
def elements(draw: st.DrawFn, depth: int = 3) -> str:
    name = draw(st.sampled_from(XML_ELEMENTS))
    held = [escaped(draw(texts))]
    for _ in range(draw(st.integers(0, 4)) if depth else 0):
        content = st.one_of(
            elements(depth - 1),
            texts.map(escaped),
            st.sampled_from(["<!-- id -->", "<?id in?>", "<![CDATA[<id>&]]>", "&e;"]),
        )
        held.append(draw(content))
    given_names = draw(st.sets(st.sampled_from(["id", "x:at"])))
    attributes = "".join(f' {one}="{escaped(draw(texts))}"' for one in sorted(given_names))
    return f"<{name}{attributes}>{''.join(held)}</{name}>"


def check_xml(data: bytes, iterator: str, references: list[str]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "f"
        path.write_bytes(data)
        wanted = read(item_readers.read_xml(path, iterator, references, SPACES))
        found = list_blocks(path, iterator, references)
        assert read(to_items(found())) == wanted
        assert read_batches(found(), [True] * len(references)) == wanted


def list_blocks(path: Path, iterator: str, references: list[str]) -> Callable[[], Iterator[Any]]:
    return lambda: read_xml(path, iterator, references, SPACES)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(elements(), max_size=4),
    st.sampled_from(["/r/row", "//row", "//in/row", "/r", "/r/*", "//x:id", "/r/row[id]"]),
    st.lists(st.sampled_from(PATHS), min_size=1, max_size=4, unique=True),
    st.booleans(),
)
def test_xml_gives_the_values_of_its_elements(
    held: list[str], iterator: str, references: list[str], has_document_type: bool
) -> None:
    kind = "<!DOCTYPE r [<!ENTITY e 'x'><!ATTLIST row id CDATA 'd'>]>" if has_document_type else ""
    text = f"{kind}<r xmlns:x='http://x.org/' id='0'>{''.join(held)}</r>"
    if not has_document_type:
        text = text.replace("&e;", "")
    check_xml(text.encode(), iterator, references)


@pytest.mark.parametrize("iterator", ["/r/row", "//row", "/r/row[id]"])
def test_xml_that_is_cut_at_any_byte_gives_what_came_before(iterator: str) -> None:
    row = (
        "<row id='é'><id>a<!-- --></id>\n<id><![CDATA[b]]>&lt;</id><in><row><id/></row></in></row>"
    )
    data = f"<?xml version='1.0'?>\n<r><row/>{row}{row}</r>".encode()
    for end in range(len(data) + 1):
        check_xml(data[:end], iterator, ["id", "@id", "in/row/id"])


@pytest.mark.parametrize("reference", ["../name", "preceding-sibling::op/id", "/r/job/op[1]/id"])
def test_a_reference_out_of_an_element_finds_the_same_for_each(
    tmp_path: Path, reference: str
) -> None:
    row = "<op><id>1</id></op>"
    (tmp_path / "f").write_text(f"<r><job><name>1</name>{row}{row}{row}</job></r>")
    rows = list(to_items(read_xml(tmp_path / "f", "/r/job/op", [reference], {})))
    assert all(item.cells[0] for item in rows[1:])
    assert len(rows) == 3


def test_a_number_that_xpath_makes_is_written_in_full(tmp_path: Path) -> None:
    (tmp_path / "f").write_text("<r/>")
    (item,) = to_items(read_xml(tmp_path / "f", "/r", ["2000000 + 1", "1 div 4"], {}))
    assert isinstance(item, Item)
    assert item.cells == [[("2000001", None)], [("0.25", None)]]


def test_what_was_read_of_xml_is_not_kept(tmp_path: Path) -> None:
    group = "<group><name>g</name>" + "<row><id>1</id></row>" * 3 + "</group>"
    (tmp_path / "f").write_text(f"<r>{group * 500}</r>")
    most = 0
    with (tmp_path / "f").open("rb") as file:
        for element in xmltext._streamed(file, ["r", "group"], "row", is_anywhere=False):
            groups = element.getparent().getparent()
            most = max(most, sum(1 for _ in groups.iter()))
    assert most < 4_000


cells = st.one_of(
    st.none(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=4),
    st.binary(max_size=4),
)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(cells, cells), max_size=12))
def test_a_database_gives_the_natural_form_of_each_value(rows: list[tuple[Any, Any]]) -> None:
    with TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr(databases, "_FETCHED", 3)
        with closing(sqlite3.connect(Path(name) / "d")) as database, database:
            database.execute("CREATE TABLE t (a, b)")
            database.executemany("INSERT INTO t VALUES (?, ?)", rows)
        blocks = databases.read_rows("sqlite:///d", Path(name), "t", ["b", "a"])
        found = read_batches(blocks, [False, False])
    wanted = [[to_natural(b), to_natural(a)] for a, b in rows]
    assert found == ([Item(f"t#{n}", row) for n, row in enumerate(wanted, 1)], [])


decimals = st.decimals().filter(lambda one: not one.is_snan()) | st.just(Decimal("1E+3"))


@given(
    st.one_of(
        *(st.lists(st.none() | kind) for kind in (st.booleans(), st.dates(), st.times(), decimals)),
        st.lists(st.none() | st.datetimes()),
        st.lists(st.one_of(scalars, decimals, st.just([1]), st.just({}))),
    )
)
def test_a_column_is_written_as_its_values_are(column: list[Any]) -> None:
    texts, kinds = to_naturals(column)
    each = kinds if isinstance(kinds, list) else [kinds] * len(column)
    found = [None if text is None else (text, kind) for text, kind in zip(texts, each, strict=True)]
    assert found == [to_natural(value) for value in column]


def test_a_block_may_be_of_bad_rows_only() -> None:
    rows = Rows(["1", "2"], [["\ud800", "\ud800"]])
    assert read_batches(chain([rows], [rows]), [False])[0] == []
