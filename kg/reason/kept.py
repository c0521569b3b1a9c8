"""Kept rules: what an ontology was compiled to, so that the next program need not do it again."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from kg.keys import Key
from kg.reason.rules import ConstructRule, Rule, RuleSet, compile_rules

if TYPE_CHECKING:
    from pathlib import Path

    from kg.records import Term

    Ends = frozenset[tuple[Term, bool]]


_compiled: dict[str, RuleSet] = {}
"""Those of this process, by the digest."""


def rules_of(ontology: Path, digest: str, kept: Path) -> RuleSet:
    """Give an ontology's rules: from this process, else from the file that keeps them.

    ``digest`` is that of the ontology's files. Where nothing is kept of it they are compiled,
    which is most of opening a plant, and kept. A file that cannot be read or written costs time
    and nothing else.

    Raises:
        OntologyError: as from ``compile_rules``.
    """
    name = f"{version('traveler-kg')} {digest}"
    if name not in _compiled:
        rules = _read(kept, name)
        if rules is None:
            rules = compile_rules(ontology)
            _keep(kept, name, rules)
        _compiled.clear()
        _compiled[name] = rules
    return _compiled[name]


def _read(path: Path, digest: str) -> RuleSet | None:
    try:
        kept = json.loads(path.read_bytes())
        return _from_json(kept) if kept["digest"] == digest else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _keep(path: Path, digest: str, rules: RuleSet) -> None:
    written = path.with_name(f"{path.name}.{os.getpid()}")
    with suppress(OSError):
        try:
            written.write_text(json.dumps({"digest": digest, **_to_json(rules)}), encoding="utf-8")
            written.replace(path)
        finally:
            written.unlink(missing_ok=True)


def _to_json(rules: RuleSet) -> dict[str, Any]:
    return {
        "rules": [(rule.name, rule.head, rule.body) for rule in rules.rules],
        "constructs": [(rule.name, rule.head, rule.body) for rule in rules.constructs],
        "keys": [
            (sorted(key.classes), sorted(key.ends), [sorted(part) for part in key.values])
            for key in rules.keys
        ],
    }


def _from_json(kept: dict[str, Any]) -> RuleSet:
    return RuleSet(
        tuple(
            Rule(name, tuple(head), tuple(map(tuple, body))) for name, head, body in kept["rules"]
        ),
        tuple(ConstructRule(*rule) for rule in kept["constructs"]),
        tuple(
            Key(frozenset(classes), _ends(ends), tuple(map(_ends, values)))
            for classes, ends, values in kept["keys"]
        ),
    )


def _ends(said: list[tuple[Term, bool]]) -> Ends:
    return frozenset((term, is_turned) for term, is_turned in said)
