from __future__ import annotations

from kg.cli.putaside import rejected_lines, rejected_text
from kg.lift.putaside import RejectedRows
from kg.records import Rejected


def row(number: int, code: str = "bad-row", message: str = "is no row") -> Rejected:
    place = f"f.csv:{number}"
    return Rejected("f.csv", "f.csv", place, "read", code, f"{place} {message}", "mend it", "a\n,å")


def test_many_rows_are_kept_in_order_and_can_be_read_again_and_again() -> None:
    kept = RejectedRows(kept=3)
    rows = [row(number) for number in range(10)]
    for one in rows[:7]:
        kept.append(one)
    assert (len(kept), list(kept), kept[6]) == (7, rows[:7], rows[6])
    for one in rows[7:]:
        kept.append(one)
    assert list(kept) == list(kept) == rows
    assert not RejectedRows()


def test_a_few_rows_are_all_told_with_what_to_do() -> None:
    told = rejected_text([row(2), row(3, "bad-iri"), row(9)], 3)
    assert told.splitlines() == [
        "3 rows were not lifted:",
        "f.csv:2: bad-row: is no row",
        "f.csv:9: bad-row: is no row",
        "  → mend it",
        "f.csv:3: bad-iri: is no row",
        "  → mend it",
    ]


def test_of_many_rows_the_first_of_each_kind_are_told() -> None:
    told = rejected_text(map(row, range(1_000)), 1_000).splitlines()
    assert told[0] == "1,000 rows were not lifted:"
    assert told[4:] == ["  … and 997 more bad-row", "  → mend it"]


def test_text_of_data_is_harmless_and_short_on_a_terminal() -> None:
    told = rejected_text([row(2, message="\x1b[31m" + "x" * 5_000 + "\r\n\udcff")], 1)
    assert told.isprintable() or set(told) - {"\n"} <= set(filter(str.isprintable, told))
    assert len(told) < 600


def test_lines_of_json_hold_everything_that_is_needed_to_mend_a_row() -> None:
    (line,) = rejected_lines([row(2)])
    assert (
        line
        == (
            '{"source": "f.csv", "kind": "f.csv", "position": "f.csv:2", "stage": "read", '
            '"code": "bad-row", "message": "f.csv:2 is no row", "hint": "mend it", '
            '"raw": "a\\n,å"}\n'
        ).encode()
    )
