"""What a user can set or call stands in the README; what he can ask is answered in a test."""

from __future__ import annotations

import inspect
import re
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel

from api.app import create_app
from kg import adapters, roles, settings
from kg.lift.functions import FUNCTIONS
from kg.lift.signatures import Function
from kg.lift.unitcodes import plain_codes
from kg.owner import Owner
from kg.pipeline import Pipeline

# Set by the reader of the files, never by a person: the folder that a file was found in.
NOT_WRITTEN = {"folder"}
WRITTEN_AS = {"tables": "table", "sources": "source"}


def _written_settings() -> list[str]:
    names = {
        WRITTEN_AS.get(field, field)
        for module in (adapters, roles, settings)
        for _, model in inspect.getmembers(module, inspect.isclass)
        if issubclass(model, BaseModel) and model.__module__ == module.__name__
        for field in model.model_fields
        if field not in NOT_WRITTEN
    }
    assert names, "no setting was found"
    return sorted(names)


def test_every_setting_stands_in_the_readme(readme: str) -> None:
    assert [name for name in _written_settings() if not _is_shown(name, readme)] == []


def _is_shown(name: str, readme: str) -> bool:
    """Say whether a name stands as code: `name`, name = value, or [name]."""
    as_code = rf"`{name}`|(?:^|[;,{{(]) *{name} *=|[\[.]{name}\]"
    return re.search(as_code, readme, re.MULTILINE) is not None


def _parameters_of(function: Function) -> str:
    marks = {
        name: "*" * (name in function.fixed)
        + "?" * (name in function.optional)
        + "…" * (name == function.repeats)
        for name in function.parameters
    }
    return ", ".join(f"`{name}{mark}`" for name, mark in marks.items())


def test_every_function_of_mappings_stands_in_their_table(root: Path) -> None:
    text = (root / "mappings" / "FUNCTIONS.md").read_text(encoding="utf-8")
    written = dict(re.findall(r"^\| `([\w-]+:\w+)` \| (.*?) \|", text, re.MULTILINE))
    assert written == {function.name: _parameters_of(function) for function in FUNCTIONS.values()}


def test_every_unit_of_mappings_stands_in_their_list(root: Path) -> None:
    text = (root / "mappings" / "FUNCTIONS.md").read_text(encoding="utf-8")
    listed = re.findall(r"`(\S+)`", text.partition("With prefixes, in UCUM:")[2])
    assert sorted(listed) == sorted(plain_codes())


def test_every_route_stands_in_the_readme(readme: str, tmp_path: Path) -> None:
    plant = settings.Plant(
        name="House", base="https://house.example/", path=tmp_path / "plant.toml"
    )
    with Pipeline.open(plant) as work:
        app = create_app(Owner(work, lambda: datetime(2026, 1, 1, tzinfo=UTC)))
    paths = set(app.openapi()["paths"]) | {"/docs"}
    assert len(paths) > 1, "no route was found"
    assert sorted(path for path in paths if path not in readme) == []


def test_every_question_has_expected_rows(root: Path) -> None:
    questions = sorted((root / "ontology" / "questions").glob("*.rq"))
    assert questions, "no question was found"
    cases = {path.stem: root / "tests" / "questions" / path.stem for path in questions}
    assert [name for name, case in cases.items() if not list(case.rglob("expected*"))] == []
