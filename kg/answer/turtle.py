"""Turtle by hand (Turtle 1.1): blocks of one subject, IRIs, texts and times, escaped."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Iterable

_NOT_IN_IRI = re.compile(r"[\x00-\x20<>\"{}|^`\\]")
_ESCAPED = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def write_block(subject: str, pairs: Iterable[tuple[str, str]]) -> str:
    """Write what is said of one subject, in the order given."""
    return subject + "\n    " + " ;\n    ".join(f"{p} {o}" for p, o in pairs) + " .\n"


def write_iri(name: str, base: str) -> str:
    """Write an IRI, or a short id below a base; what may not stand in one is percent-encoded."""
    whole = name if "://" in name else base + name
    return "<" + _NOT_IN_IRI.sub(lambda found: quote(found.group()), whole) + ">"


def write_text(text: str) -> str:
    """Write a text in quotes."""
    return '"' + "".join(_ESCAPED.get(c, c) for c in text) + '"'


def write_time(moment: str) -> str:
    """Write a time (ISO 8601), where ``xsd`` is a prefix."""
    return f'"{moment}"^^xsd:dateTime'
