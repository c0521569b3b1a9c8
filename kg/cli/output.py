"""Output that is whole or not there: files that appear at the end, and pipes that may close."""

from __future__ import annotations

import os
import signal
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

from kg.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import FrameType

PIPE_CLOSED = 128 + signal.SIGPIPE
"""The exit code that shells give a command whose reader has left."""


@contextmanager
def open_output(name: str) -> Iterator[Output]:
    """Open a file that appears under its name when the block ends well; "" is standard output.

    Until then it stands beside it as ``.NAME.PID.part``. What is no plain file, such as
    ``/dev/null`` or a pipe, is written as it comes.

    Raises:
        ConfigError: it cannot be written.
    """
    if not name:
        yield Output("standard output", sys.stdout.buffer)
        return
    path = Path(name).resolve()
    is_plain = not path.exists() or path.is_file()
    place = path.with_name(f".{path.name}.{os.getpid()}.part") if is_plain else path
    with _translated(name):
        file = place.open("wb")
    try:
        yield Output(name, file)
        with _translated(name):
            file.close()
            if is_plain:
                place.replace(path)
    finally:
        with suppress(OSError):  # a full disk has been told of already
            file.close()
        if is_plain:
            place.unlink(missing_ok=True)


class Output:
    """An open file whose errors are its own, and not those of what is written into it."""

    closed = False

    def __init__(self, name: str, file: IO[bytes]) -> None:
        self._name = name
        self._file = file
        self.is_empty = True

    def write(self, block: bytes | memoryview) -> None:
        """Write a block.

        Raises:
            ConfigError: the disk is full, or the file cannot be written for another reason.
        """
        if block:
            self.is_empty = False
        with _translated(self._name):
            self._file.write(block)

    def write_all(self, blocks: Iterable[bytes]) -> None:
        """Write one block after another; raises as `write`."""
        for block in blocks:
            self.write(block)

    def close(self) -> None:
        """Leave it open: who opened it closes it."""

    def flush(self) -> None:
        """Write what waits in memory; raises as `write`."""
        with _translated(self._name):
            self._file.flush()


@contextmanager
def _translated(name: str) -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        # Python would find the pipe closed once more when it flushes standard output at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(PIPE_CLOSED)
    except OSError as error:
        raise ConfigError(
            f"{name}: cannot be written: {error.strerror or error}",
            hint="make room, or name another place by -o",
        ) from error


@contextmanager
def stopped_in_order() -> Iterator[None]:
    """Let a request to end unwind the block, so that it cleans up behind it."""
    arrived: list[int] = []

    def stop(kind: int, _frame: FrameType | None) -> None:
        arrived.append(kind)
        sys.exit(128 + kind)

    kinds = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {kind: signal.signal(kind, stop) for kind in kinds}
    try:
        yield
    except Exception:
        if arrived:  # DuckDB turns what a signal raises into an error of its own
            sys.exit(128 + arrived[0])
        raise
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)
