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
HEAD = """
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from kg.journal import Journal
from kg.records import Record
journal = Journal.open(Path(sys.argv[1]))
now = datetime(2026, 11, 23, tzinfo=UTC)
first = journal.last_seq()
"""
# One batch of three at a time; each is acknowledged by a line with its last key.
WRITER = """
for batch in range(100_000):
    keys = range(first + batch * 3, first + batch * 3 + 3)
    journal.append([Record("s", "k", str(key), {"n": key}, "p") for key in keys], now)
    print(keys[-1], flush=True)
"""
# Sixteen threads that share their commits, one write system call for each acknowledgement.
WRITERS = """
import os
def write(name):
    for batch in range(100_000):
        keys = [f"{first}-{name}-{batch}-{part}" for part in "abc"]
        journal.append([Record("s", "k", key, {"n": key}, "p") for key in keys], now)
        os.write(1, f"{keys[0][:-2]}\\n".encode())
with ThreadPoolExecutor(16) as pool:
    list(pool.map(write, range(16)))
"""


def killed_after(script: str, path: Path, lines: int) -> list[str]:
    """Run a writer, kill it after some acknowledgements; gives all that it gave."""
    with subprocess.Popen(
        [sys.executable, "-c", HEAD + script, str(path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as writer:
        assert writer.stdout is not None
        given = [writer.stdout.readline() for _ in range(lines)]
        writer.send_signal(signal.SIGKILL)
        given += writer.stdout.read().splitlines(keepends=True)
    return [line.strip() for line in given if line.endswith("\n")]


@pytest.mark.parametrize("acknowledged_lines", [1, 40, 150])
def test_what_was_acknowledged_before_kill_9_is_in_the_journal_and_no_batch_is_half(
    tmp_path: Path, acknowledged_lines: int
) -> None:
    path = tmp_path / "journal.sqlite"
    for _ in range(2):
        last = int(killed_after(WRITER, path, acknowledged_lines)[-1])
        with closing(Journal.open(path)) as journal:
            keys = [int(record.key) for record in journal.live_records()]
        assert keys == list(range(len(keys)))
        assert len(keys) > last
        assert len(keys) % 3 == 0


@pytest.mark.parametrize("acknowledged_lines", [1, 500])
def test_what_many_threads_were_acknowledged_at_once_survives_kill_9_whole(
    tmp_path: Path, acknowledged_lines: int
) -> None:
    path = tmp_path / "journal.sqlite"
    for _ in range(3):
        acknowledged = killed_after(WRITERS, path, acknowledged_lines)
        with closing(Journal.open(path)) as journal:
            held = {record.key for record in journal.live_records()}
        batches = {key[:-2] for key in held}
        assert set(acknowledged) <= batches
        assert held == {f"{batch}-{part}" for batch in batches for part in "abc"}
