from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from kg.lift import lift_file

X = "http://x.org/"
Lifted = tuple[list[str], list[tuple[str, str]]]
Lift = Callable[..., Lifted]


@pytest.fixture
def lift(tmp_path: Path) -> Lift:
    """Lifts a source's columns by ``id``: lines as "id column value", and what was put aside."""

    def run(source: str, columns: str = "name", *, key: str = "id") -> Lifted:
        rules = "".join(f"\n      - [ex:c{n}, $({name})]" for n, name in enumerate(columns.split()))
        (tmp_path / "m.yml").write_text(
            f'prefixes: {{ex: "{X}"}}\nmappings:\n  row:\n    sources:\n      - {source}\n'
            f"    s: ex:$({key})\n    po:{rules}\n",
            encoding="utf-8",
        )
        lifted = lift_file(tmp_path / "m.yml", X, is_sorted=True)
        lines = [
            line.replace(f"<{X}", "").replace("> c0>", "").removesuffix(" .")
            for line in lifted.lines
        ]
        return lines, [(bad.position, bad.code) for bad in lifted.rejected]

    return run
