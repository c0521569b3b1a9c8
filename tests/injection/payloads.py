"""The payloads: hostile texts as data, each with what it tries."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Payload:
    name: str
    payload: str
    tries: str


PAYLOADS = [
    Payload(**one)
    for one in json.loads(Path(__file__).with_name("payloads.json").read_text(encoding="utf-8"))
]
