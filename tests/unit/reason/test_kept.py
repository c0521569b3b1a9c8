"""Kept rules are those that would be compiled, and a bad file costs time alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from kg import assets
from kg.keys import Key
from kg.reason import kept
from kg.reason.rules import ConstructRule, Rule, RuleSet, compile_rules

ONTOLOGY = assets.ontology_folder()
OTHER = RuleSet(
    (Rule("prp-symp", ("?y", "<urn:p>", "?x"), (("?x", "<urn:p>", "?y"),)),),
    (ConstructRule("a rule", "?s <urn:p> ?o", 'FILTER(?o = "é\\n")'),),
    (
        Key(
            frozenset({"<urn:C>"}),
            frozenset({("<urn:p>", False), ("<urn:q>", True)}),
            (frozenset({("<urn:p>", False)}), frozenset({("<urn:q>", True)})),
        ),
    ),
)


@pytest.fixture(autouse=True)
def as_a_new_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "_compiled", {})


def test_what_is_kept_is_what_is_compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = kept.rules_of(ONTOLOGY, "one", tmp_path / "RULES")
    assert compiled == compile_rules(ONTOLOGY)
    monkeypatch.setattr(kept, "_compiled", {})
    # An ontology that is not there cannot be compiled: they are from the file.
    assert kept.rules_of(tmp_path / "nowhere", "one", tmp_path / "RULES") == compiled
    assert [path.name for path in tmp_path.iterdir()] == ["RULES"]


def test_keys_and_texts_come_back_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "compile_rules", lambda _: OTHER)
    kept.rules_of(ONTOLOGY, "one", tmp_path / "RULES")
    monkeypatch.setattr(kept, "_compiled", {})
    monkeypatch.setattr(kept, "compile_rules", compile_rules)
    assert kept.rules_of(ONTOLOGY, "one", tmp_path / "RULES") == OTHER


def test_another_ontology_is_compiled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "compile_rules", lambda _: OTHER)
    kept.rules_of(ONTOLOGY, "one", tmp_path / "RULES")
    monkeypatch.setattr(kept, "compile_rules", compile_rules)
    assert kept.rules_of(ONTOLOGY, "two", tmp_path / "RULES") != OTHER


@pytest.mark.parametrize(
    "text", [b"", b"{", b"[]", b"null", b"\xff", b'{"digest": "one"}', b'{"rules": []}']
)
def test_a_bad_file_is_written_anew(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "RULES"
    path.write_bytes(text)
    rules = kept.rules_of(ONTOLOGY, "one", path)
    assert rules.rules
    assert path.read_bytes() != text


def test_rules_that_cannot_be_kept_are_there_all_the_same(tmp_path: Path) -> None:
    assert kept.rules_of(ONTOLOGY, "one", tmp_path / "nowhere" / "RULES").rules
