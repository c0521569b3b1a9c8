"""Rows that were put aside, as people and programs are told of them."""

from __future__ import annotations

import json
import textwrap
from collections import Counter, defaultdict
from dataclasses import asdict
from typing import TYPE_CHECKING

from kg.errors import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kg.records import Rejected

WIDTH = 80
ALL_SHOWN = 20
"""How many rows are told one by one; of more than these, the first of each kind."""
FIRST_SHOWN = 3
_LONGEST = 400


def rejected_text(rows: Iterable[Rejected], count: int) -> str:
    """Tell what was put aside, by what is wrong: where, why, and what to do.

    ``count`` is how many there are in all; ``rows`` may be only the first of them.
    """
    shown = ALL_SHOWN if count <= ALL_SHOWN else FIRST_SHOWN
    told = "1 row was" if count == 1 else f"{count:,} rows were"
    first: dict[tuple[str, str], list[Rejected]] = defaultdict(list)
    counts: Counter[tuple[str, str]] = Counter()
    for row in rows:
        kind = row.code, row.hint
        counts[kind] += 1
        if counts[kind] <= shown:
            first[kind].append(row)
    lines = [f"{told} not lifted:"]
    for (code, hint), group in first.items():
        lines += [line for row in group for line in _wrap(_line(row), "", "  ")]
        if counts[code, hint] > shown:
            lines.append(f"  … and {counts[code, hint] - shown:,} more {code}")
        lines += _wrap(hint, "  → ", "    ")
    return "\n".join(lines)


def rejected_lines(rows: Iterable[Rejected]) -> Iterator[bytes]:
    """Write each row as a line of JSON, with its text as it was read (``raw``)."""
    for row in rows:
        told = {name: value for name, value in asdict(row).items() if value is not None}
        yield json.dumps(told, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"


def _line(row: Rejected) -> str:
    """Tell the place once: messages begin with it too."""
    message = row.message.removeprefix(row.position).lstrip(": ")
    text = printable(f"{row.position}: {row.code}: {message}")
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _wrap(text: str, first: str, rest: str) -> list[str]:
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=first,
        subsequent_indent=rest,
        break_on_hyphens=False,
        break_long_words=False,
    )
