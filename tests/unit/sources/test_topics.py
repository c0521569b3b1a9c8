"""Topics of tables: what they subscribe to, whose messages they take, which columns they name."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from paho.mqtt.client import topic_matches_sub

from kg.settings import TableSettings
from kg.sources.topics import match_topic, subscription


@pytest.mark.parametrize(
    ("pattern", "topic", "columns"),
    [
        ("line/{machine}/state", "line/M1/state", {"machine": "M1"}),
        ("{site}/{cell}/#", "hall/A 1/x/y", {"site": "hall", "cell": "A 1"}),
        ("line/{machine}", "line/", {"machine": ""}),
        ("line/+/state", "line/M1/state", {}),
        ("line/#", "line", {}),
        ("a.b/{m}", "aXb/1", None),
        ("line/{machine}/state", "line/M1/M2/state", None),
        ("line/{machine}/state", "line/M1/state/", None),
        ("{all}/#", "$SYS/broker", None),
        ("line/{m}", "line/a\nb", {"m": "a\nb"}),
    ],
)
def test_a_topic_gives_the_columns_of_its_pattern(
    pattern: str, topic: str, columns: dict[str, str] | None
) -> None:
    assert match_topic(pattern, topic) == columns


level = st.sampled_from(["", "a", "b", "ab", "$SYS"])
topics = st.lists(level, min_size=1, max_size=4).map("/".join).filter(bool)
pattern_levels = st.lists(level | st.sampled_from(["+", "{x}"]), min_size=1, max_size=4)


@given(topic=topics, levels=pattern_levels, has_rest=st.booleans())
@example(topic="a", levels=["a"], has_rest=True)
def test_a_pattern_takes_what_its_subscription_brings(
    topic: str, levels: list[str], has_rest: bool
) -> None:
    named = [f"{{x{n}}}" if part == "{x}" else part for n, part in enumerate(levels)]
    pattern = "/".join([*named, "#"] if has_rest else named)
    expected = topic_matches_sub(subscription(pattern), topic) if pattern else False
    assert (match_topic(pattern, topic) is not None) == expected


@pytest.mark.parametrize(
    "topic", ["line/{machine", "line/#/state", "line/a+", "{a}/{a}", "line/{a b}", "a\0b", "x{y}"]
)
def test_a_topic_that_cannot_be_is_refused(topic: str) -> None:
    with pytest.raises(ValueError, match=r"must be levels such as factory/\{machine\}/state"):
        TableSettings(name="state", mapping="state.yml", key=("machine",), topic=topic)
