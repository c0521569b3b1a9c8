"""Run one engine as a fresh process and measure it as ``time`` does."""

from __future__ import annotations

import ctypes
import os
import re
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_MAXRSS_BYTES = 1 if sys.platform == "darwin" else 1_024
_SET_CHILD_SUBREAPER = 36  # prctl(2)
_WORDS = 200
"""How many letters of an engine's last words are told."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run; the processor's seconds are of all its processes, the peak of the largest one."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int


class EngineFailedError(Exception):
    """An engine did not end well; the message says how, in its own last words."""


@dataclass(slots=True)
class _Reaped:
    status: int = 0
    cpu_seconds: float = 0.0
    largest: int = 0

    def wait(self, pid: int) -> int:
        """Wait for a process (or for any of the group ``-pid``) and add up what it took."""
        _, status, used = os.wait4(pid, 0)
        self.cpu_seconds += used.ru_utime + used.ru_stime
        self.largest = max(self.largest, used.ru_maxrss)
        return status


def run_measured(
    command: Sequence[str],
    folder: Path,
    log: Path,
    timeout_seconds: float,
    *,
    cores: int | None = None,
    environment: Mapping[str, str] | None = None,
) -> Run:
    """Run a command in ``folder`` with all that it says in ``log``; ``cores`` limits it to so many.

    Raises:
        EngineFailedError: its exit code was not 0, or it ran longer than ``timeout_seconds``.
    """
    _adopt_orphans()
    reaped = _Reaped()
    allowed = set(sorted(os.sched_getaffinity(0))[:cores]) if cores else None
    with log.open("wb") as said:
        start = perf_counter()
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(environment or {})},
            start_new_session=True,
            preexec_fn=None if allowed is None else lambda: os.sched_setaffinity(0, allowed),
        )
        alarm = threading.Timer(timeout_seconds, _kill_group, (process.pid,))
        alarm.start()
        try:
            reaped.status = reaped.wait(process.pid)
            seconds = perf_counter() - start
        finally:
            alarm.cancel()
            _end_group(process.pid, reaped)
    process.returncode = os.waitstatus_to_exitcode(reaped.status)
    if process.returncode != 0:
        raise EngineFailedError(_told(process.returncode, seconds >= timeout_seconds, log))
    return Run(seconds, reaped.cpu_seconds, reaped.largest * _MAXRSS_BYTES)


def _adopt_orphans() -> None:
    """Make this process the parent of what an engine leaves behind (a JVM), so that it counts."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _kill_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return


def _end_group(group: int, reaped: _Reaped) -> None:
    # A process that only shuts down gets a moment to do so: its own seconds are counted then.
    alarm = threading.Timer(10, _kill_group, (group,))
    alarm.start()
    try:
        while True:
            reaped.wait(-group)
    except ChildProcessError:
        return
    finally:
        alarm.cancel()


def _told(code: int, is_late: bool, log: Path) -> str:
    if is_late:
        return "it was stopped: it took longer than it was given"
    # Some draw a box around their errors.
    said = re.sub("[\u2500-\u257f]", " ", log.read_text(encoding="utf-8", errors="replace"))
    lines = [line for line in said.splitlines() if line.strip()]
    how = f"ended by signal {-code}" if code < 0 else f"exit code {code}"
    return f"{how}: {' '.join(' '.join(lines[-2:]).split())[:_WORDS]}" if lines else how
