"""The folder of N-Quads that a lift by Spark writes: whole, with its marker, or nothing.

Tasks write below a hidden folder in it. Its parts come out only when all are there, and last of
all the marker ``_SUCCESS``, which Spark leaves by itself where the folder is a URL.
"""

from __future__ import annotations

import os
import re
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from kg.errors import ConfigError, SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MARKER = "_SUCCESS"
_SCHEME = re.compile(r"(?!file:)[A-Za-z][A-Za-z0-9+.-]+:")


def check_output(output: str) -> None:
    """Refuse a folder of this machine that holds something; Spark refuses URLs that exist.

    Raises:
        ConfigError: it is there, and not an empty folder.
    """
    folder = _folder(output)
    if folder is None or not folder.exists():
        return
    if not folder.is_dir() or any(folder.iterdir()):
        raise ConfigError(f"{output} is there already", hint="name a new folder, or an empty one")


@contextmanager
def written_whole(output: str, bytes_of: Callable[[], int], *, is_here: bool) -> Iterator[str]:
    """Give the URL to write parts to; they count when the block ends without an error.

    ``bytes_of`` tells how much was written. Where the driver is not on this machine
    (``is_here``), the parts are in place as Spark writes them.

    Raises:
        SourceError: what was written is not in the folder.
    """
    folder = _folder(output)
    if folder is None:
        yield output
        return
    is_new = not folder.exists()
    hidden = folder / f".writing-{os.getpid()}" if is_here else folder
    try:
        yield f"file://{hidden}"  # Spark reads no percent-encoding in it
        if is_here or folder.is_dir():
            _publish(hidden, folder, bytes_of())
    finally:
        if is_here:
            shutil.rmtree(hidden, ignore_errors=True)
            if is_new and folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()


def _publish(hidden: Path, folder: Path, bytes_written: int) -> None:
    parts = sorted(hidden.glob("part-*.txt"))
    found = sum(part.stat().st_size for part in parts)
    if found != bytes_written:
        raise SourceError(
            f"{folder}: {found:,} of {bytes_written:,} bytes arrived",
            hint="workers on other machines must share this folder: name one, or a URL (s3a://…)",
        )
    for part in parts:
        part.rename(folder / f"{part.stem}.nq")
        part.with_name(f".{part.name}.crc").unlink(missing_ok=True)
    (hidden / f".{MARKER}.crc").unlink(missing_ok=True)
    (hidden / MARKER).rename(folder / MARKER)


def _folder(output: str) -> Path | None:
    """Give the folder where it is one of a file system of this machine."""
    if _SCHEME.match(output):
        return None
    return Path(re.sub("^file:(?://)?", "", output)).absolute()
