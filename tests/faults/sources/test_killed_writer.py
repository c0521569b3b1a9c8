from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from kg.journal import Journal

ROOT = Path(__file__).resolve().parents[3]
WRITER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from kg.journal import Journal
from kg.records import Record
journal = Journal.open(Path(sys.argv[1]))
now = datetime(2026, 11, 23, tzinfo=UTC)
first = journal.last_seq()
for batch in range(100_000):
    keys = range(first + batch * 3, first + batch * 3 + 3)
    journal.append([Record("s", "k", str(key), {"n": key}, "p") for key in keys], now)
    print(keys[-1], flush=True)
"""


@pytest.mark.parametrize("acknowledged_lines", [1, 40, 150])
def test_what_was_acknowledged_before_kill_9_is_in_the_journal_and_no_batch_is_half(
    tmp_path: Path, acknowledged_lines: int
) -> None:
    path = tmp_path / "journal.sqlite"
    last = -1
    for _ in range(2):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        ) as writer:
            assert writer.stdout is not None
            for _ in range(acknowledged_lines):
                last = int(writer.stdout.readline())
            writer.send_signal(signal.SIGKILL)
            rest = [line for line in writer.stdout.read().splitlines(keepends=True) if "\n" in line]
            last = int(rest[-1]) if rest else last
        with closing(Journal.open(path)) as journal:
            keys = [int(record.key) for record in journal.live_records()]
        assert keys == list(range(len(keys)))
        assert len(keys) > last
        assert len(keys) % 3 == 0
