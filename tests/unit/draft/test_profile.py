from __future__ import annotations

from kg.draft.profile import profile_rows
from kg.sources.reading import Row


def rows(**columns: list[str | None]) -> list[Row]:
    names = list(columns)
    return [
        Row(dict(zip(names, cells, strict=True)), f"x:{number}")
        for number, cells in enumerate(zip(*columns.values(), strict=True))
    ]


def test_empty_cells_and_placeholders_are_no_values() -> None:
    profile = profile_rows(rows(lot=["L1", " ", "-", None, "L1 ", "1900-01-01 00:00:00"]))
    (lot,) = profile.columns
    assert (lot.rows, lot.empty, lot.filled, lot.values) == (6, 2, 2, ("L1",))
    assert lot.placeholders == {"-": 1, "1900-01-01 00:00:00": 1}


def test_a_column_is_a_key_where_all_rows_have_a_value_of_their_own() -> None:
    profile = profile_rows(rows(a=["1", "2"], b=["1", None], c=["1", "1"]))
    assert [column.is_key for column in profile.columns] == [True, False, False]


def test_a_value_that_alone_repeats_is_suspected_to_be_a_dummy() -> None:
    ids = [f"L{number}" for number in range(12)] + ["DUMMY"] * 5
    assert profile_rows(rows(lot=list(ids))).columns[0].suspect == "DUMMY"
    assert profile_rows(rows(lot=["A", "B", "C", "D"] * 4)).columns[0].suspect == ""


def test_a_long_table_is_judged_by_its_first_rows_and_says_so() -> None:
    table = rows(a=[str(number) for number in range(10)])
    assert profile_rows(table, most=4).rows == 4
    assert not profile_rows(table, most=4).is_whole
    assert profile_rows(table, most=10).is_whole


def test_objects_may_leave_columns_out() -> None:
    profile = profile_rows([Row({"a": 1}, "x:1"), Row({"b": True}, "x:2")])
    assert [(c.name, c.empty, c.values) for c in profile.columns] == [
        ("a", 1, ("1",)),
        ("b", 1, ("true",)),
    ]
