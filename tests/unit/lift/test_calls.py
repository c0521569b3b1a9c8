from __future__ import annotations

import pytest

from kg.lift.calls import WrittenCall, parse_call


def test_a_short_call_has_names_texts_and_further_calls() -> None:
    written = 'trf:firstOf(trf:value = $(a), value2 = grel:toUpperCase(valueParameter = "b, c"))'
    assert parse_call(written) == WrittenCall(
        "trf:firstOf",
        (
            ("trf:value", "$(a)"),
            ("value2", WrittenCall("grel:toUpperCase", (("valueParameter", "b, c"),))),
        ),
    )


def test_text_around_a_reference_belongs_to_it() -> None:
    assert parse_call("f:x(v = job/$(id (n)))").parameters == (("v", "job/$(id (n))"),)


@pytest.mark.parametrize("written", ["f:x(a)", "f:x(a=)", "f:x(a=1", "f:x(a=1 b=2)", "f:x(a=1))"])
def test_a_short_call_with_a_mark_missing_or_too_many_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=r"missing|no value|follows"):
        parse_call(written)
