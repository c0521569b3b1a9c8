"""The history of checks keeps each difference once, and since when a gap is known."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from kg.journal import Day, Journal, Lacking, Linked
from kg.records import Gap

links = st.fixed_dictionaries({name: st.integers(0, 2) for name in ("job-spec", "job-batch")})
counts = st.dictionaries(
    st.sampled_from([("link", "missing"), ("conflict", "conflicting")]), st.integers(1, 3)
)
findings = st.sets(st.sampled_from(["job/1~due~0a", "job/2~due~0b", "customer/1~identity~0c"]))
checks = st.lists(st.tuples(links, counts, findings), max_size=6)


def moment(number: int) -> str:
    return f"2026-11-{1 + number // 2:02}T0{number % 2}:00:00Z"


def note(journal: Journal, check, at: str) -> None:
    linked, lacking, found = check
    journal.checks.note(
        [Linked(name, have, 4, 0, 1, 0) for name, have in linked.items()],
        [Lacking(*key, number) for key, number in lacking.items()],
        {name: (name.split("~")[0], "due", "conflict") for name in found},
        at,
    )


@settings(max_examples=40, deadline=None)
@given(checks)
def test_only_differences_are_kept_and_all_of_them(tmp_path_factory, made) -> None:
    path = tmp_path_factory.mktemp("journal") / "journal.sqlite"
    expected_links, expected_counts, since = [], [], {}
    last_links: dict[str, int] = {}
    last_counts: dict[tuple[str, str], int] = {}
    opened = closed = 0
    for number, check in enumerate(made):
        linked, lacking, found = check
        at = moment(number)
        # Each check opens the file anew: nothing depends on what a process remembers.
        with closing(Journal.open(path)) as journal:
            note(journal, check, at)
        for name, have in linked.items():
            if last_links.get(name) != have:
                expected_links.append((name, have, at))
        changed = sorted(
            key
            for key in lacking.keys() | last_counts.keys()
            if lacking.get(key, 0) != last_counts.get(key, 0)
        )
        expected_counts += [(*key, lacking.get(key, 0), at) for key in changed]
        opened += len(found - since.keys())
        closed += len(since.keys() - found)
        since = {name: since.get(name, at) for name in found}
        last_links, last_counts = linked, lacking
    with closing(Journal.open(path)) as journal:
        assert [(r.link, r.have, r.at) for r in journal.checks.linked()] == expected_links
        assert [tuple(row) for row in journal.checks.lacking()] == expected_counts
        assert journal.checks.open_since() == since
        days = journal.checks.days()
        assert (sum(day.opened for day in days), sum(day.closed for day in days)) == (
            opened,
            closed,
        )
        assert journal.checks.linked(moment(4)) == [
            row for row in journal.checks.linked() if row.at >= moment(4)
        ]


def test_what_is_missing_is_what_is_left() -> None:
    assert Linked("job-spec", 3, 9, 1, 2, 1).missing == 2


def test_days_count_what_shapes_found_and_what_else_was_found(tmp_path: Path) -> None:
    gap = Gap("<urn:job>", "customer", "<urn:shape>", "violation", "none")
    with closing(Journal.open(tmp_path / "journal.sqlite")) as journal:
        journal.replace_gaps([gap], 1, datetime(2026, 11, 1, 8, tzinfo=UTC))
        note(journal, ({}, {}, {"job/1~due~0a"}), "2026-11-01T09:00:00Z")
        journal.replace_gaps([], 2, datetime(2026, 11, 3, 8, tzinfo=UTC))
        note(journal, ({}, {}, set()), "2026-11-02T09:00:00Z")
        assert journal.checks.days() == [
            Day("2026-11-01", 2, 0),
            Day("2026-11-02", 0, 1),
            Day("2026-11-03", 0, 1),
        ]
        assert journal.checks.days("2026-11-02T00:00:00Z")[0].day == "2026-11-02"
