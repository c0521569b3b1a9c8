"""Compare what an engine wrote with the reference: the same triples, and each once.

Both sides are sorted by ``sort`` outside of Python, so that three million lines are no burden; only
the lines that differ are read, and their literals compared by value.
"""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

_XSD = "http://www.w3.org/2001/XMLSchema#"
_LITERAL = re.compile(r'"((?:[^"\\]|\\.)*)"\^\^<([^>]*)>')
_SAMPLE = 2
# White space before the full stop is free in N-Triples.
_END = r"s/[ \t]*\.[ \t]*$/ ./"


def _instant(text: str) -> datetime:
    """Read a time; one without an offset is taken as UTC, as an engine may have said."""
    read = datetime.fromisoformat(text)
    return read if read.tzinfo else read.replace(tzinfo=UTC)


_VALUE_OF: dict[str, Callable[[str], object]] = {
    f"{_XSD}decimal": Decimal,
    f"{_XSD}integer": Decimal,
    f"{_XSD}dateTime": _instant,
    f"{_XSD}date": date.fromisoformat,
}


@dataclass(frozen=True, slots=True)
class Comparison:
    """How an engine's lines stand to the reference.

    ``rewritten`` lines hold the same value as one of the reference, written otherwise, as
    ``example`` (theirs, the reference's) does. ``missing`` and ``unexpected`` are wrong.
    """

    lines: int
    distinct: int
    rewritten: int = 0
    example: tuple[str, str] | None = None
    missing: tuple[str, ...] = ()
    unexpected: tuple[str, ...] = ()

    @property
    def is_same(self) -> bool:
        """Say whether it is the same set of triples, by value."""
        return not self.missing and not self.unexpected

    @property
    def duplicates(self) -> int:
        """How many lines say what another line has said."""
        return self.lines - self.distinct


def sort_lines(files: Sequence[Path], output: Path) -> int:
    """Write the distinct lines of ``files`` in order, and give how many lines there were."""
    alike = ["sed", "-E", _END, *(str(file) for file in files)]
    order = ["sort", "-u", "-o", str(output)]
    with subprocess.Popen(alike, stdout=subprocess.PIPE, env=_byte_order()) as lines:
        subprocess.run(order, stdin=lines.stdout, check=True, env=_byte_order())
    if lines.returncode:
        raise subprocess.CalledProcessError(lines.returncode, alike)
    return sum(_count_lines(file) for file in files)


def compare(files: Sequence[Path], reference: Path, work: Path) -> Comparison:
    """Compare an engine's ``files`` with the sorted ``reference``; ``work`` is an empty folder."""
    found = work / "found.nt"
    lines = sort_lines(files, found)
    distinct = _count_lines(found)
    missing = {_by_value(line): line for line in _only_in(reference, found)}
    unexpected = {_by_value(line): line for line in _only_in(found, reference)}
    found.unlink()
    same = missing.keys() & unexpected.keys()
    pair = next(((unexpected[key], missing[key]) for key in sorted(same, key=str)), None)
    return Comparison(
        lines,
        distinct,
        len(same),
        None if pair is None else (_object(pair[0]), _object(pair[1])),
        _sample(missing, same),
        _sample(unexpected, same),
    )


def _sample(lines: dict[object, str], same: Iterable[object]) -> tuple[str, ...]:
    wrong = lines.keys() - set(same)
    return tuple(sorted(lines[key] for key in wrong)[:_SAMPLE])


def _by_value(line: str) -> object:
    """Give what a line says, whatever way its literal is written."""
    found = _LITERAL.search(line)
    if found is None:
        return line
    value_of = _VALUE_OF.get(found[2], str)
    try:
        value = value_of(found[1])
    except (ValueError, InvalidOperation):
        return line
    return line[: found.start()], found[2], value, line[found.end() :].strip()


def _object(line: str) -> str:
    found = _LITERAL.search(line)
    return line if found is None else f'"{found[1]}"'


def _only_in(one: Path, other: Path) -> Iterator[str]:
    """Give the lines that the first of two sorted files has and the second has not."""
    command = ["comm", "-23", str(one), str(other)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=_byte_order()) as running:
        assert running.stdout is not None
        for line in running.stdout:
            yield line.decode("utf-8").rstrip("\n")


def _count_lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(chunk.count(b"\n") for chunk in iter(lambda: file.read(1 << 20), b""))


def _byte_order() -> dict[str, str]:
    return {**os.environ, "LC_ALL": "C"}
