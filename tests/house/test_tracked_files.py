"""What is committed works on every machine and names none."""

from __future__ import annotations

import re

import pytest

# A folder of somebody's own, unless it is part of a longer path or of an IRI.
MACHINE_PATH = re.compile(r"(?<![\w.$}/-])/(?:home|root|work|tmp|Users)/\w")
REGISTRY = re.compile(
    r"(?:registry|index-url|find-links|resolved)\W{1,6}(?:https?|file):", re.IGNORECASE
)


@pytest.mark.parametrize("pattern", [MACHINE_PATH, REGISTRY], ids=["paths", "registries"])
def test_no_tracked_file_names_one_machine(
    tracked_texts: dict[str, str], pattern: re.Pattern[str]
) -> None:
    found = [
        f"{name}:{number}: {line.strip()[:100]}"
        for name, text in tracked_texts.items()
        for number, line in enumerate(text.splitlines(), 1)
        if pattern.search(line)
    ]
    assert not found, "\n".join(found)


def test_text_files_end_with_one_line_end(tracked_texts: dict[str, str]) -> None:
    ours = {name: text for name, text in tracked_texts.items() if not name.startswith("tests/")}
    untidy = [name for name, text in ours.items() if text and not text.endswith("\n")]
    assert not untidy
