"""Versions against a model: a list that is walked from its start for every record."""

from __future__ import annotations

import tempfile
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from kg.journal import Journal
from kg.records import Record

# Hundreds of small files: in memory where there is such a folder, as nothing here needs a disk.
MEMORY = next((folder for folder in ("/dev/shm",) if Path(folder).is_dir()), None)
NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
Step = tuple[str, str, str | None]  # key, content, version
History = list[tuple[str, str | None, str | None]]  # key, content (None: gone), version or event


def expect(history: History, key: str, content: str, named: str | None, *, is_event: bool) -> bool:
    mine = [(old, name) for owner, old, name in history if owner == key]
    if not mine:
        return True
    if mine[-1][0] is None:
        # Back from the dead; a name that never came is new anyway.
        return True
    if named is None and not is_event:
        return mine[-1][0] != content
    return (content, named) not in mine


def retire(history: History, seen: set[str]) -> int:
    last = {key: place for place, (key, _, _) in enumerate(history)}
    live = sorted((place, key) for key, place in last.items() if history[place][1] is not None)
    gone = [key for _, key in live if key not in seen]
    history += [(key, None, None) for key in gone]
    return len(gone)


steps = st.lists(
    st.tuples(st.sampled_from("12"), st.sampled_from("AB"), st.sampled_from([None, "r1", "r2"])),
    max_size=6,
)
batches = st.lists(st.tuples(steps, st.none() | st.sets(st.sampled_from("12"))), max_size=8)


@settings(max_examples=80, deadline=None)
@given(batches=batches, style=st.sampled_from(["polled", "named", "event"]))
def test_new_versions_are_those_of_the_slow_model(
    batches: list[tuple[list[Step], set[str] | None]], style: str
) -> None:
    history: History = []
    with (
        tempfile.TemporaryDirectory(dir=MEMORY) as folder,
        closing(Journal.open(Path(folder) / "j.sqlite")) as journal,
    ):
        for batch, seen in batches:
            records, new = [], 0
            for key, content, name in batch:
                named = (name or "r0") if style == "named" else None
                by = "event" if style == "event" else "seen"
                records.append(Record("s", "k", key, {"c": content}, "p", named, None, by))
                if expect(history, key, content, named, is_event=style == "event"):
                    history.append((key, content, named))
                    new += 1
            assert journal.append(records, NOW) == (new, len(batch) - new)
            if seen is not None:
                assert journal.retire_missing("s", "k", seen, NOW) == retire(history, seen)
        found = journal.records_after(0, 10_000)
        assert [(r.key, r.row.get("c")) for r in found] == [(k, c) for k, c, _ in history]
        assert len({(r.key, r.version) for r in found}) == len(found)
        newest = {r.key: r for r in found}
        live = sorted((r for r in newest.values() if not r.deleted), key=lambda r: r.seq)
        assert list(journal.live_records()) == live
