"""What arrives by itself obeys the rules that rows of files obey, and is durable once taken."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.arrivals import Balance
from kg.errors import ConfigError
from kg.journal import Journal
from kg.pipeline import Pipeline
from kg.report import quarantine_text
from kg.settings import load_plant
from kg.sources import Message
from tests.live_plant import NOW, state_row, write_live_plant

TOPIC = "line/M1/state"


@contextmanager
def opened(folder: Path):
    with Pipeline.open(load_plant(folder)) as work:
        yield work


def take(work: Pipeline, *contents: bytes, table: str = "state", place: str = TOPIC) -> Balance:
    return work.take("line", table, [Message(place, content) for content in contents], NOW)


def counts(balance: Balance) -> tuple[int, int, int]:
    return balance.new, balance.unchanged, balance.quarantined


def activity_of(work: Pipeline, machine: str = "M1") -> list[str]:
    predicate = "<https://w3id.org/traveler/ontology/activity>"
    return work.store.objects(f"<https://live.example/machine/{machine}>", predicate)


def test_what_was_taken_stands_in_the_journal_before_the_graph_knows_it(tmp_path: Path) -> None:
    write_live_plant(tmp_path)
    with opened(tmp_path) as work:
        assert counts(take(work, state_row(1), state_row(2, activity="STOP"))) == (2, 0, 0)
        with closing(Journal.open(work.plant.journal_path)) as other:
            records = other.records_after(0, 10)
        assert [record.key for record in records] == [
            "M1|2026-11-23T06:01:00Z",
            "M1|2026-11-23T06:02:00Z",
        ]
        assert {record.position for record in records} == {TOPIC}
        assert work.store.applied_seq() == 0
        work.apply(NOW)
        assert activity_of(work) == ["<https://w3id.org/traveler/code/activity/idle>"]


def test_an_array_is_many_records_and_each_has_its_place(tmp_path: Path) -> None:
    write_live_plant(tmp_path)
    rows = [json.loads(state_row(number)) for number in (1, 2)]
    with opened(tmp_path) as work:
        assert counts(take(work, json.dumps([*rows, {"machine": "M1"}, 7]).encode())) == (2, 0, 2)
        assert [record.position for record in work.journal.records_after(0, 9)] == [
            f"{TOPIC}#1",
            f"{TOPIC}#2",
        ]
        said = [row.rejected for row in work.journal.waiting()]
        assert [(row.position, row.code, row.raw) for row in said] == [
            (f"{TOPIC}#3", "missing-column", '{"machine": "M1"}'),
            (f"{TOPIC}#4", "bad-row", "7"),
        ]


def test_what_is_delivered_again_in_whatever_order_changes_nothing(tmp_path: Path) -> None:
    write_live_plant(tmp_path, machine='changed = ["at"]')
    states = [state_row(number) for number in range(5)]
    machines = [
        json.dumps({"machine": "M1", "label": label, "at": f"2026-11-23T07:0{at}:00Z"}).encode()
        for at, label in enumerate("aba")
    ]
    with opened(tmp_path) as work:
        take(work, *states)
        take(work, *machines, table="machine")
        seq = work.journal.last_seq()
        assert seq == 8
        assert counts(take(work, *reversed(states))) == (0, 5, 0)
        assert counts(take(work, *reversed(machines), table="machine")) == (0, 3, 0)
        assert work.journal.last_seq() == seq


def test_a_state_without_a_time_that_is_true_again_is_a_change(tmp_path: Path) -> None:
    write_live_plant(tmp_path)
    first, second = (json.dumps({"machine": "M1", "label": label}).encode() for label in "ab")
    with opened(tmp_path) as work:
        assert counts(take(work, first, first, second, first, table="machine")) == (3, 1, 0)


def test_a_version_that_the_sender_names_is_the_version(tmp_path: Path) -> None:
    write_live_plant(tmp_path, machine='version = "rev"')
    row = {"machine": "M1", "label": "a", "rev": 4}
    with opened(tmp_path) as work:
        take(work, json.dumps(row).encode(), table="machine")
        take(work, json.dumps(row).encode(), table="machine")
        (record,) = work.journal.records_after(0, 9)
        assert record.version == "4"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b'{"machine": "M1"', "bad-row"),
        (b'{"machine": "M\xff"}', "bad-encoding"),
        (b'{"machine": "\\ud800"}', "bad-encoding"),
        (b"[" * 100_000, "bad-row"),
        (b'{"machine": "M1", "ts": "soon", "activity": "RUN"}', "bad-time"),
        (b'{"machine": "-", "ts": "2026-11-23T06:00:00Z", "activity": "RUN"}', "empty-key"),
        (b'{"machine": "M1", "ts": "2026-11-23T06:00:00Z"}', "missing-required"),
        (b'{"machine": "M1", "time": "2026-11-23T06:00:00Z"}', "missing-column"),
        (b"5", "missing-column"),
    ],
)
def test_what_cannot_be_read_waits_with_its_bytes_and_its_topic(
    tmp_path: Path, content: bytes, code: str
) -> None:
    write_live_plant(tmp_path)
    with opened(tmp_path) as work:
        assert counts(take(work, content)) == (0, 0, 1)
        (row,) = work.journal.waiting()
        assert (row.rejected.position, row.rejected.code) == (TOPIC, code)
        assert row.rejected.raw.encode(errors="surrogateescape") == content
        assert row.rejected.hint
        assert counts(take(work, content)) == (0, 0, 1)
        (row,) = work.journal.waiting()
        assert row.attempts == 2


def test_after_the_mend_a_message_is_let_in_with_the_columns_of_its_topic(tmp_path: Path) -> None:
    write_live_plant(tmp_path, "mqtt", state='topic = "line/{machine}/#"', machine='topic = "m"')
    content = b'{"ts": "23.11.2026 06:00", "activity": "RUN"}'
    with opened(tmp_path) as work:
        message = Message(TOPIC, content, {"machine": "M1"})
        assert counts(work.take("line", "state", [message], NOW)) == (0, 0, 1)
    mended = 'topic = "line/{machine}/state"\ntimes = { ts = "%d.%m.%Y %H:%M" }'
    write_live_plant(tmp_path, "mqtt", state=mended, machine='topic = "m"')
    with opened(tmp_path) as work:
        replayed = work.replay(work.journal.waiting(), NOW)
        assert (len(replayed.left), replayed.waiting) == (1, 0)
        assert work.journal.newest("line", "state", "M1|23.11.2026 06:00") is not None


def test_a_topic_that_no_table_is_for_waits_until_one_is(tmp_path: Path) -> None:
    write_live_plant(tmp_path, "mqtt", state='topic = "old/{machine}"', machine='topic = "m"')
    content = b'{"ts": "2026-11-23T06:00:00Z", "activity": "RUN"}'
    with opened(tmp_path) as work:
        assert counts(take(work, content, table="")) == (0, 0, 1)
        (row,) = work.journal.waiting()
        assert row.rejected.code == "unknown-topic"
        assert work.described(row)["is_mapping_current"]
        assert work.replay([row], NOW).waiting == 1
    write_live_plant(
        tmp_path, "mqtt", state='topic = "line/{machine}/state"', machine='topic = "m"'
    )
    with opened(tmp_path) as work:
        (row,) = work.journal.waiting()
        assert not work.described(row)["is_mapping_current"]
        assert work.replay([row], NOW).waiting == 0
        assert activity_of(work) == ["<https://w3id.org/traveler/code/activity/production>"]


def test_a_topic_without_a_table_is_not_kept_where_it_may_hold_a_name(tmp_path: Path) -> None:
    write_live_plant(
        tmp_path, "mqtt", state='topic = "m"\npersonal = ["who"]', machine='topic = "n"'
    )
    with opened(tmp_path) as work:
        take(work, state_row(1, who="Ada"), table="")
        (row,) = work.journal.waiting()
        assert row.rejected.raw == ""
        assert quarantine_text([row], work.mappings).startswith("line, 1: unknown-topic at read.")


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from(
        ["a\0b", "\ud800", "|", "-", "2026-11-23T06:00:00Z", "9999-12-31T23:00-09:00"]
    ),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)
objects = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(["machine", "ts", "activity", "label"], values)
)


@pytest.mark.parametrize(
    "row", [{"machine": "a\0b", "label": "1"}, {"machine": "M1", "label": "a\0b"}]
)
def test_a_key_or_version_with_a_nul_waits_each_time_that_it_comes(
    tmp_path: Path, row: dict[str, str]
) -> None:
    write_live_plant(tmp_path, machine='version = "label"')
    with opened(tmp_path) as work:
        for _ in range(2):
            assert counts(take(work, json.dumps(row).encode(), table="machine")) == (0, 0, 1)
        (waiting,) = work.journal.waiting()
        assert waiting.rejected.code == "bad-row"
        assert "NUL" in waiting.rejected.message


def test_whatever_is_sent_is_taken_or_waits_and_holds_up_nothing(tmp_path: Path) -> None:
    write_live_plant(tmp_path, machine='version = "label"')
    with opened(tmp_path) as work:

        @settings(max_examples=200, deadline=None)
        @given(st.lists(objects | values, max_size=3), st.binary(max_size=9), st.booleans())
        def send(rows: list[Any], noise: bytes, is_state: bool) -> None:
            sent = [*(json.dumps(row).encode() for row in rows), noise]
            balance = take(work, *sent, table="state" if is_state else "machine")
            taken = balance.new + balance.unchanged + balance.filtered.total()
            assert balance.read == taken + balance.quarantined

        send()


def test_a_column_that_went_away_is_an_alarm_and_names_what_came_instead(tmp_path: Path) -> None:
    write_live_plant(tmp_path)
    renamed = b'{"machine_id": "M1", "ts": "2026-11-23T06:00:00Z", "activity": "RUN"}'
    with opened(tmp_path) as work:
        assert take(work, state_row(1)).alarm is None
        alarm = take(work, renamed).alarm
        assert alarm is not None
        assert alarm.message == f"{TOPIC}: it has no 'machine', which source.toml names"
        assert "it has machine_id" in alarm.hint


def test_a_filter_whose_column_went_away_lets_nothing_vanish(tmp_path: Path) -> None:
    write_live_plant(tmp_path, state='where = { type = "state" }')
    with opened(tmp_path) as work:
        balance = take(work, state_row(1, type="state"), state_row(2, type="other"), state_row(3))
        assert counts(balance) == (1, 0, 1)
        assert balance.filtered.total() == 1
        assert balance.refused[0].code == "missing-column"


def test_a_new_column_is_said_once_also_after_a_restart(tmp_path: Path) -> None:
    write_live_plant(tmp_path)
    with opened(tmp_path) as work:
        assert take(work, state_row(1)).warnings == []
        said = take(work, state_row(2, temperature=61)).warnings
        assert said == ["line.state: column 'temperature' is new"]
        assert take(work, state_row(3, temperature=62)).warnings == []
    with opened(tmp_path) as work:
        said = take(work, state_row(4, temperature=61, tool="T1")).warnings
        assert said == ["line.state: column 'tool' is new"]


def test_a_column_that_holds_another_type_is_said_once(tmp_path: Path) -> None:
    write_live_plant(tmp_path)
    with opened(tmp_path) as work:
        first = [state_row(1, speed=None), state_row(2, speed=4), state_row(3, speed=4.5)]
        assert take(work, *first).warnings == []
        for number in (4, 5):
            said = take(work, state_row(number, speed="fast", activity=True)).warnings
            assert (
                said
                == [
                    "line.state: column 'activity' holds true or false, not text",
                    "line.state: column 'speed' holds text, not a number",
                ][: 2 * (5 - number)]
            )
    with opened(tmp_path) as work:
        assert take(work, state_row(6, speed="slow")).warnings == []
        stamp = b'{"machine": "M1", "activity": "RUN", "ts": 1795420800}'
        balance = take(work, stamp)
        assert counts(balance) == (0, 0, 1)
        assert balance.alarm is not None
        assert "column ts is '1795420800', no iso time" in balance.alarm.message


def test_a_name_of_a_person_under_another_column_is_not_kept(tmp_path: Path) -> None:
    write_live_plant(tmp_path, state='personal = ["operator_name"]')
    with opened(tmp_path) as work:
        take(work, state_row(1, operator_name="Ada"), state_row(2))
        balance = take(work, state_row(3, operatorName="Ada"))
        assert counts(balance) == (0, 0, 1)
        (row,) = work.journal.waiting()
        assert row.rejected.raw == ""
        assert all("Ada" not in str(record.row) for record in work.journal.live_records())
        assert list(work.journal.names().values()) == [{"operator_name": "Ada"}, {}]


def test_an_empty_payload_clears_a_retained_message_and_says_nothing(tmp_path: Path) -> None:
    write_live_plant(tmp_path)
    with opened(tmp_path) as work:
        balance = take(work, b"")
        assert (balance.read, balance.filtered.total()) == (1, 1)
        assert work.journal.waiting() == []


def test_a_bad_message_doubts_what_its_record_said_until_it_comes_again(tmp_path: Path) -> None:
    write_live_plant(tmp_path, machine='required = ["label"]')
    good, bad = b'{"machine": "M1", "label": "a"}', b'{"machine": "M1", "label": "-"}'
    with opened(tmp_path) as work:
        take(work, good, table="machine")
        take(work, good, bad, table="machine")
        assert list(work.journal.doubts()) == ["record/line/machine/M1"]
        take(work, good, table="machine")
        assert work.journal.doubts() == {}
        (row,) = work.journal.waiting()
        assert row.is_superseded


def test_many_threads_take_at_once_and_nothing_is_lost_or_twice(tmp_path: Path) -> None:
    write_live_plant(tmp_path)
    with opened(tmp_path) as work:

        def send(part: int) -> Balance:
            own = [state_row(part * 10 + number, f"M{part}") for number in range(10)]
            return take(work, *own, state_row(0, "SHARED"))

        with ThreadPoolExecutor(12) as pool:
            balances = list(pool.map(send, range(30)))
        assert sum(balance.new for balance in balances) == 301
        assert sum(balance.unchanged for balance in balances) == 29
        assert work.journal.last_seq() == 301


def test_a_table_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    write_live_plant(tmp_path)
    with opened(tmp_path) as work, pytest.raises(ConfigError) as caught:
        take(work, state_row(1), table="states")
    assert "state, machine" in caught.value.hint


def test_reading_the_sources_leaves_those_alone_that_speak_by_themselves(tmp_path: Path) -> None:
    write_live_plant(tmp_path)
    with opened(tmp_path) as work:
        take(work, state_row(1))
        assert work.read(NOW) == []
