"""The templates of questions: which things they are asked about, and what an answer must hold."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kg.answer.bundle import Focus

FOLDER = Path(__file__).resolve().parent / "templates"
FAMILIES = (
    "running", "spec", "customer", "material", "next", "why late", "missing", "freshness",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Template:
    """One question, to be asked about whatever ``choose`` finds; see the head of seen.toml."""

    name: str
    family: str
    kind: str
    focus: Focus
    words: list[str]
    choose: str
    where: str
    facts: list[str] = field(default_factory=list)
    states: list[str] = field(default_factory=list)
    computed: list[str] = field(default_factory=list)
    ages: bool = False
    group: str = ""


def load_templates(group: str) -> list[Template]:
    """Load the templates of a file: ``seen``, ``held_out`` or ``lacking``."""
    text = (FOLDER / f"{group}.toml").read_text(encoding="utf-8")
    return [Template(**one, group=group) for one in tomllib.loads(text)["template"]]
