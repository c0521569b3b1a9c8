"""Files as bytes and as text: plain, whole, unpacked, decoded, or one error that says why not."""

from __future__ import annotations

import codecs
import gzip
import io
import re
import stat
import tempfile
import zlib
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, NamedTuple

from kg.csvrows import LONGEST_LINE
from kg.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

UNREADABLE = (OSError, EOFError, zlib.error)
"""What reading a file can raise, also a packed one."""

_PACKED = b"\x1f\x8b"
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_WIDE = {"utf-16-le": re.compile(rb"[^\0]\0[^\0]\0"), "utf-16-be": re.compile(rb"\0[^\0]\0[^\0]")}
_UTF8 = {"utf-8", "utf-8-sig", "utf8"}
_BROKEN = "traveler-broken-bytes"
_SHOWN = 10_000


def check_file(path: Path, name: str) -> None:
    """Refuse what is no plain file, which could have no end or be gone after one reading.

    ``name`` is how the mapping writes it.

    Raises:
        SourceError: it is not there, or is a folder, a pipe, a device or an address of the web.
    """
    if re.match(r"[a-z][a-z0-9+.-]+://", name, re.IGNORECASE):
        hint = "download it first: the lift reads files beside the mapping, and databases"
        raise SourceError(f"{name} is an address, not a file", hint=hint)
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        raise _unreadable(path, error) from error
    if not stat.S_ISREG(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else "a pipe or a device, not a plain file"
        raise SourceError(f"{path} is {kind}", hint="name a file that can be read more than once")


@contextmanager
def unchanged(files: Iterable[Path]) -> Iterator[None]:
    """Refuse what a block makes of files that are written meanwhile: they are read several times.

    Raises:
        SourceError: a file has grown, was replaced, or is gone.
    """
    before = {file: _stamp(file) for file in files}
    yield
    for file, stamp in before.items():
        if _stamp(file) != stamp:
            hint = "lift it again when it is whole: what was made of it is no state it ever had"
            raise SourceError(f"{file} was written while it was read", hint=hint)


@contextmanager
def spill_folder() -> Iterator[Path]:
    """Make a folder for what does not fit into memory; it is gone at the end.

    Raises:
        SourceError: it cannot be made or written, as on a disk that is full.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="traveler-lift-") as name:
            yield Path(name)
    except OSError as error:
        hint = "make room there, or name another folder by TMPDIR"
        reason = error.strerror or str(error)
        raise SourceError(
            f"no room for what does not fit into memory: {reason}", hint=hint
        ) from error


def _stamp(file: Path) -> tuple[int, int, int] | None:
    try:
        stat = file.stat()
    except (OSError, ValueError):
        return None
    return stat.st_ino, stat.st_size, stat.st_mtime_ns


@contextmanager
def open_bytes(path: Path) -> Iterator[IO[bytes]]:
    """Open a file, unpacked if it is a gzip, whatever its name.

    Raises:
        SourceError: it cannot be read, or breaks off; also while it is being read.
    """
    try:
        with path.open("rb") as file:
            if not is_packed(path):
                yield file
                return
            with gzip.open(file) as unpacked:
                yield unpacked  # type: ignore[misc]  # a file of bytes in all but name
    except UNREADABLE as error:
        raise _unreadable(path, error) from error


@contextmanager
def open_text(path: Path, encoding: str = "", newline: str | None = "") -> Iterator[IO[str]]:
    """Open a file as text; bytes that are none become lone surrogates, so that the rest is read.

    Without an encoding it is told by its first bytes, and UTF-8 otherwise.

    Raises:
        SourceError: as `open_bytes`, or there is no such encoding.
    """
    with open_bytes(path) as file:
        name = encoding_of(path, encoding)
        is_utf8 = name in _UTF8
        try:
            text = io.TextIOWrapper(
                file,
                "utf-8-sig" if is_utf8 else name,
                "surrogateescape" if is_utf8 else _BROKEN,
                newline,
            )
        except LookupError as error:
            hint = "utf-8, utf-16, latin-1, cp1252, …"
            raise SourceError(f"{path}: there is no encoding {name!r}", hint=hint) from error
        try:
            yield text
        except UnicodeError as error:  # of the few encodings that take no other way with errors
            raise _unreadable(path, error) from error


def is_packed(path: Path) -> bool:
    """Tell whether a file is a gzip, by its first bytes."""
    return _start(path).startswith(_PACKED)


def is_utf8(path: Path, encoding: str) -> bool:
    """Tell whether a file is UTF-8, as far as is said and its first bytes show."""
    return encoding_of(path, encoding) in _UTF8


def encoding_of(path: Path, encoding: str) -> str:
    """Give the encoding: the one that was said, or else what the first bytes show."""
    if encoding:
        return encoding
    start = _start(path)
    if start.startswith(_PACKED):
        with open_bytes(path) as file:
            start = file.read(4)
    for mark, name in _MARKS.items():
        if start.startswith(mark):
            return name
    return next((name for name, wide in _WIDE.items() if wide.match(start)), "utf-8")


def _start(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(4)
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> SourceError:
    reason = getattr(error, "strerror", None) or str(error)
    hint = "its path is taken from the mapping's folder"
    if not isinstance(error, OSError) or isinstance(error, gzip.BadGzipFile):
        hint = "it is not whole: copy or export it again"
    elif isinstance(error, PermissionError):
        hint = "let the user who runs this read it"
    return SourceError(f"{path}: cannot be read: {reason}", hint=hint)


class TextLine(NamedTuple):
    """A line with its end of line; of one that is too long only the beginning."""

    content: str
    number: int
    is_cut: bool = False

    def text(self) -> str:
        """Give its text."""
        return self.content


def lines_of(file: IO[str], longest: int = LONGEST_LINE) -> Iterator[TextLine]:
    """Give the lines of a text, holding no more of one than ``longest`` characters."""
    number = 0
    while content := file.readline(longest):
        number += 1
        last = content
        while len(last) == longest and last[-1] not in "\r\n":
            last = file.readline(longest)
        is_cut = last is not content
        yield TextLine(content[:_SHOWN] if is_cut else content, number, is_cut)


def _to_surrogates(error: UnicodeError) -> tuple[str, int]:
    """Decode broken bytes to lone surrogates, as ``surrogateescape`` does for UTF-8 alone."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    broken = error.object[error.start : error.end]
    return "".join(chr(0xDC00 + byte) for byte in broken), error.end


codecs.register_error(_BROKEN, _to_surrogates)
