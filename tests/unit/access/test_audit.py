"""The audit log: whole lines, put aside when a file is full, and counted where they are lost."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kg.access import audit as module
from kg.access.audit import NAME, Audit
from kg.errors import ConfigError

Open = Callable[..., Audit]


@pytest.fixture
def open_audit(tmp_path: Path) -> Iterator[Open]:
    opened: list[Audit] = []
    moments = [datetime(2026, 11, 23, 8, 0, tzinfo=UTC)]

    def clock() -> datetime:
        moments.append(moments[-1] + timedelta(seconds=1))
        return moments[-1]

    def make(megabytes: float = 1.0, files: int = 5) -> Audit:
        opened.append(Audit(tmp_path / "audit", megabytes, files, clock))
        return opened[-1]

    yield make
    for audit in opened:
        audit.close()


def _lines(folder: Path, name: str = NAME) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "audit" / name).read_text("utf-8").splitlines()]


def test_lines_follow_each_other_also_over_restarts(tmp_path: Path, open_audit: Open) -> None:
    open_audit().write({"who": "anna", "path": "/v1/context/job/Ä\n\ud800"})
    open_audit().write({"who": "bert"})
    assert [line["who"] for line in _lines(tmp_path)] == ["anna", "bert"]


def test_half_a_line_of_a_power_failure_stands_alone(tmp_path: Path, open_audit: Open) -> None:
    (tmp_path / "audit").mkdir()
    (tmp_path / "audit" / NAME).write_bytes(b'{"who":"an')
    open_audit().write({"who": "bert"})
    lines = (tmp_path / "audit" / NAME).read_bytes().splitlines()
    assert lines == [b'{"who":"an', b'{"who":"bert"}']


def test_a_full_file_is_put_aside_and_the_oldest_go(tmp_path: Path, open_audit: Open) -> None:
    audit = open_audit(megabytes=0.0001, files=2)
    for number in range(20):
        audit.write({"number": number, "filler": "x" * 20})
    names = sorted(path.name for path in (tmp_path / "audit").iterdir())
    assert len(names) == 3
    assert names[-1] == NAME
    told = [line["number"] for name in names for line in _lines(tmp_path, name)]
    assert told == list(range(20 - len(told), 20))
    assert all((tmp_path / "audit" / name).stat().st_size <= 100 for name in names)


def test_lines_that_are_lost_are_counted_by_the_next(
    tmp_path: Path, open_audit: Open, monkeypatch: pytest.MonkeyPatch, caplog
) -> None:
    audit = open_audit()
    audit.write({"number": 1})
    write = os.write

    def fail(file: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    def write_half(file: int, data: bytes) -> int:
        return write(file, data[:5])

    monkeypatch.setattr(module.os, "write", fail)
    audit.write({"number": 2})
    monkeypatch.setattr(module.os, "write", write_half)
    audit.write({"number": 3})
    monkeypatch.setattr(module.os, "write", write)
    audit.write({"number": 4})
    audit.write({"number": 5})
    assert _lines(tmp_path) == [{"number": 1}, {"number": 4, "lost_before": 2}, {"number": 5}]
    assert caplog.text.count("cannot be written") == 1


def test_lines_that_leave_together_are_one_write_and_parted_where_a_file_is_full(
    tmp_path: Path, open_audit: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    write = os.write

    def count(file: int, data: bytes) -> int:
        sizes.append(len(data))
        return write(file, data)

    monkeypatch.setattr(module.os, "write", count)
    audit = open_audit(megabytes=0.00005)
    audit.write(*({"number": number} for number in range(7)))
    assert sizes == [39, 39, 13]
    names = sorted(path.name for path in (tmp_path / "audit").iterdir())
    told = [[line["number"] for line in _lines(tmp_path, name)] for name in names]
    assert told == [[0, 1, 2], [3, 4, 5], [6]]


def test_of_lines_that_leave_together_all_that_are_lost_are_counted(
    tmp_path: Path, open_audit: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    audit, write = open_audit(), os.write
    monkeypatch.setattr(module.os, "write", lambda file, data: write(file, data[:20]))
    audit.write({"number": 1}, {"number": 2})
    audit.write({"number": 3})
    monkeypatch.setattr(module.os, "write", write)
    audit.write({"number": 4}, {"number": 5})
    assert _lines(tmp_path) == [{"number": 4, "lost_before": 3}, {"number": 5}]


def test_a_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="audit log cannot be written"):
        Audit(tmp_path / "file" / "audit", 1.0, 1, lambda: datetime.now(UTC))


def test_what_was_written_is_on_the_disk_when_it_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(module.os, "fsync", synced.append)
    audit = Audit(tmp_path / "audit", 1.0, 1, lambda: datetime.now(UTC))
    audit.write({"number": 1})
    audit.close()
    assert synced
