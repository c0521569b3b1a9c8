"""Start one command, wait for it and all that it leaves behind, and write what it took as JSON.

A script of its own, because Linux counts the memory of whoever starts a process as the first memory
of that process: started from a benchmark that has compared millions of lines, every engine would
seem to hold as much.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import threading
from time import perf_counter

_SET_CHILD_SUBREAPER = 36  # prctl(2)
_MAXRSS_BYTES = 1 if sys.platform == "darwin" else 1_024
_ENDING_SECONDS = 10.0


class Took:
    """What the processes that were waited for have taken together."""

    def __init__(self) -> None:
        self.cpu_seconds = 0.0
        self.largest = 0

    def wait(self, pid: int) -> int:
        """Wait for a process, or for any of the group ``-pid``, and give its status."""
        _, status, used = os.wait4(pid, 0)
        self.cpu_seconds += used.ru_utime + used.ru_stime
        self.largest = max(self.largest, used.ru_maxrss)
        return status


def launch(log: str, timeout_seconds: float, command: list[str]) -> dict[str, float]:
    """Run a command with all that it says in ``log``, and kill it after ``timeout_seconds``."""
    _adopt_orphans()
    took = Took()
    with open(log, "wb") as said:  # noqa: PTH123
        start = perf_counter()
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        alarm = threading.Timer(timeout_seconds, _kill_group, (process.pid,))
        alarm.start()
        status = took.wait(process.pid)
        seconds = perf_counter() - start
        alarm.cancel()
        _end_group(process.pid, took)
    process.returncode = os.waitstatus_to_exitcode(status)
    return {
        "exit_code": process.returncode,
        "seconds": seconds,
        "cpu_seconds": took.cpu_seconds,
        "peak_bytes": took.largest * _MAXRSS_BYTES,
    }


def _adopt_orphans() -> None:
    """Become the parent of what the command leaves behind (a JVM), so that it counts."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _kill_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return


def _end_group(group: int, took: Took) -> None:
    # A process that only shuts down gets a moment to do so: its seconds are counted as well.
    alarm = threading.Timer(_ENDING_SECONDS, _kill_group, (group,))
    alarm.start()
    try:
        while True:
            took.wait(-group)
    except ChildProcessError:
        return
    finally:
        alarm.cancel()


if __name__ == "__main__":
    json.dump(launch(sys.argv[1], float(sys.argv[2]), sys.argv[3:]), sys.stdout)
