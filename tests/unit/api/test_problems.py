from __future__ import annotations

import ast
import inspect
import logging
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from api.problems import STATUSES, problem
from kg import errors
from kg.owner import Owner

ROOT = Path(__file__).resolve().parents[3]
ERRORS = {
    name: kind
    for name, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, errors.TravelerError)
}


def _codes_raised() -> set[str]:
    """Give every code that stands in a call of an error class, or of ``problem``, in the code."""
    codes = {kind.code for kind in ERRORS.values()}
    for _, call, name in _calls("kg", "api"):
        codes |= _codes_of(call, name)
    return codes


def _codes_of(call: ast.Call, name: str) -> set[str]:
    given = [keyword.value for keyword in call.keywords if keyword.arg == "code"]
    if name == "problem":
        given = call.args[:1]
    elif name not in ERRORS:
        return set()
    return {str(value.value) for value in given if isinstance(value, ast.Constant)}


def _calls(*places: str) -> Iterator[tuple[Path, ast.Call, str]]:
    """Give the calls of plain names in some files and folders, each with its file and name."""
    for place in places:
        found = ROOT / place
        for path in [found] if found.is_file() else sorted(found.rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                    yield path, node, node.func.id


def test_every_error_that_people_meet_says_what_to_do() -> None:
    silent = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path, call, name in _calls(
            *("api", "kg/access", "kg/answer", "kg/asof", "kg/cli", "kg/mcp"),
            *("kg/settings.py", "kg/environment.py", "kg/roles.py", "kg/owner.py", "kg/draft"),
        )
        if (name in ERRORS and all(word.arg != "hint" for word in call.keywords))
        or (name == "problem" and len(call.args) < 3)
    ]
    assert silent == []


def test_every_code_has_its_status() -> None:
    raised = _codes_raised()
    assert {"query-timeout", "ambiguous-entity", "update-refused", "not-ready"} <= raised
    assert raised - STATUSES.keys() == set()


def test_no_code_is_left_over() -> None:
    assert STATUSES.keys() <= _codes_raised()


def test_the_statuses_that_programs_rely_on_stand() -> None:
    stand = {
        "unknown-entity": 404,
        "ambiguous-entity": 409,
        "parameter": 400,
        "query-syntax": 400,
        "query-timeout": 504,
        "busy": 429,
        "query-too-long": 413,
        "result-too-large": 413,
        "store-locked": 503,
        "store-closed": 503,
    }
    assert {code: STATUSES[code][0] for code in stand} == stand


def test_a_problem_has_all_its_members() -> None:
    made = problem("busy", "two queries run", "ask again")
    assert made.status_code == 429
    assert made.headers["retry-after"] == "1"
    assert made.media_type == "application/problem+json"


def test_what_was_asked_for_is_not_sent_back_at_length(client: httpx.Client) -> None:
    for path in (f"/v1/questions/{'x' * 9_000}", f"/v1/context/{'x' * 9_000}/1"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert len(answer.json()["detail"]) < 1_100


def test_a_code_that_nobody_knows_is_a_failure_of_ours() -> None:
    assert problem("never-heard-of", "?").status_code == 500


def test_a_page_that_is_none_is_a_problem(client: httpx.Client) -> None:
    answer = client.get("/v2/context")
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json() == {
        "type": "https://w3id.org/traveler/problem/not-found",
        "title": "There is no such page",
        "status": 404,
        "detail": "Not Found",
        "code": "not-found",
        "hint": "see /docs for what there is",
    }


def test_what_nobody_foresaw_tells_nothing_of_the_inside(
    client: httpx.Client,
    owner: Owner,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail() -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr(owner, "answers", fail)
    with caplog.at_level(logging.ERROR, "traveler.api"):
        answer = client.get("/v1/gaps")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "secret" not in answer.text
    assert "secret" in caplog.text
    assert answer.headers["x-content-type-options"] == "nosniff"
