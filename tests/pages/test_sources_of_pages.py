"""What the pages are made of: texts in three languages, no markup from data, no address."""

from __future__ import annotations

import json
import re

import pytest

from tests.pages.conftest import WEB

TEXTS = {
    path.stem: json.loads(path.read_text("utf-8")) for path in sorted((WEB / "texts").glob("*"))
}
SOURCES = {path.name: path.read_text("utf-8") for path in sorted((WEB / "src").rglob("*.ts"))}
PLACE = re.compile(r"\{(\w+)\}")
LISTS = ("activity", "state", "slot", "kind", "gap", "focus", "run", "next", "coverage", "sparql")
LISTS_BY = (*LISTS, "missing.by")


def test_three_languages_say_the_same_things() -> None:
    assert sorted(TEXTS) == ["de", "en", "sv"]
    for name, texts in TEXTS.items():
        assert texts.keys() == TEXTS["en"].keys(), name
        assert [key for key, text in texts.items() if not text.strip()] == []
        places = {key: sorted(PLACE.findall(text)) for key, text in texts.items()}
        assert places == {key: sorted(PLACE.findall(text)) for key, text in TEXTS["en"].items()}


def test_every_text_that_is_said_is_there_and_every_text_is_said() -> None:
    source = "\n".join(SOURCES.values())
    quoted = set(re.findall(r'"([a-z]+\.[A-Za-z0-9_.-]+)"', source))
    known = TEXTS["en"].keys()
    unsaid = [key for key in known if key not in quoted and not key.startswith(LISTS_BY)]
    assert unsaid == []
    called = set(re.findall(r'\bt\(\s*"([^"]+)"', source))
    assert called
    assert called <= known


def test_texts_of_data_are_never_read_as_markup() -> None:
    assert SOURCES
    forbidden = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|\beval\(|new Function"
    )
    assert {
        name: found for name, text in SOURCES.items() if (found := forbidden.findall(text))
    } == {}


def test_what_is_locked_names_no_address() -> None:
    lock = (WEB / "package-lock.json").read_text("utf-8")
    assert '"integrity"' in lock
    assert "://" not in lock


@pytest.mark.parametrize("name", ["index.html", "src/style.css"])
def test_nothing_is_asked_of_another_host(name: str) -> None:
    assert "//" not in re.sub(r"/\*.*?\*/", "", (WEB / name).read_text("utf-8"), flags=re.DOTALL)
