"""Run one engine as a fresh process and measure it as ``time`` does."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_LAUNCHER = Path(__file__).with_name("launch.py")
_LETTERS = 200
"""How much of an engine's last words is told."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run; the processor's seconds are of all its processes, the peak of the largest one."""

    seconds: float
    cpu_seconds: float
    peak_bytes: int


class EngineFailedError(Exception):
    """An engine did not end well; the message says how, in its own last words."""


def run_measured(
    command: Sequence[str],
    folder: Path,
    log: Path,
    timeout_seconds: float,
    *,
    cores: int | None = None,
) -> Run:
    """Run a command in ``folder`` with all that it says in ``log``; ``cores`` limits it to so many.

    Raises:
        EngineFailedError: its exit code was not 0, or it ran longer than ``timeout_seconds``.
    """
    allowed = set(sorted(os.sched_getaffinity(0))[:cores])
    launcher = [sys.executable, "-I", "-S", str(_LAUNCHER), str(log), str(timeout_seconds)]
    done = subprocess.run(
        [*launcher, *command],
        cwd=folder,
        stdout=subprocess.PIPE,
        check=True,
        preexec_fn=lambda: os.sched_setaffinity(0, allowed),
    )
    took = json.loads(done.stdout)
    code = took.pop("exit_code")
    if code != 0:
        raise EngineFailedError(_told(code, took["seconds"] >= timeout_seconds, log))
    return Run(**took)


def _told(code: int, is_late: bool, log: Path) -> str:
    if is_late:
        return "it was stopped: it took longer than it was given"
    # Some draw a box around their errors.
    said = re.sub("[─-╿]", " ", log.read_text(encoding="utf-8", errors="replace"))
    lines = [line for line in said.splitlines() if line.strip()]
    how = f"ended by signal {-code}" if code < 0 else f"exit code {code}"
    return f"{how}: {' '.join(' '.join(lines[-2:]).split())[:_LETTERS]}" if lines else how
