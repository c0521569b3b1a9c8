"""Print what an extra of pyproject.toml asks for, and nothing of what everybody needs."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

DOCUMENT = Path(__file__).resolve().parent.parent / "pyproject.toml"

if __name__ == "__main__":
    project = tomllib.loads(DOCUMENT.read_text(encoding="utf-8"))["project"]
    print("\n".join(project["optional-dependencies"][sys.argv[1]]))
