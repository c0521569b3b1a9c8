from __future__ import annotations

import pytest

from kg.lift.columns import find_unencodable, to_columns, to_text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (12.0, "12"),
        (-0.5, "-0.5"),
        (1e-7, "0.0000001"),
        (1.5e300, "15" + "0" * 299),
        (False, "false"),
        (10**30, "1" + "0" * 30),
        (float("nan"), "nan"),
    ],
)
def test_a_scalar_is_written_as_text_without_exponents(value: object, text: str) -> None:
    assert to_text(value) == text


def test_rows_become_columns_under_their_new_names() -> None:
    rows = [{"a": 1.0, "b": "x"}, {"a": None}]
    assert to_columns(rows, {"a": "raw0", "b": "raw1"}) == {
        "raw0": ["1", None],
        "raw1": ["x", None],
    }


def test_a_mapping_without_columns_still_has_as_many_rows() -> None:
    assert to_columns([{}, {}], {}) == {"raw": [None, None]}


def test_half_a_surrogate_pair_is_found() -> None:
    assert find_unencodable({"a": "😀", "b": 1, "c": "x\udc00"}) == "c"
    assert find_unencodable({"a": "😀"}) == ""
