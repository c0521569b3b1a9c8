"""Write the catalogue of the saved questions, from the headers of their files.

The numbers and their groups are those of the catalogue that a plant asks by; what is said of each
question stands in its file alone.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from kg.answer.asking.questions import load_questions

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kg.answer.asking.questions import Question

GROUPS = {
    "Now": range(1, 6),
    "Next": range(6, 11),
    "As of": range(11, 15),
    "Trace and recall": range(15, 20),
    "Specification and quality": range(20, 24),
    "Late, and whom it hits": range(24, 27),
    "What is missing": range(27, 30),
    "How information flows": range(30, 34),
    "What people say": range(34, 37),
}
"""The catalogue: its groups, and the numbers in each."""
HEAD = """# The questions

What a plant asks, by the numbers of the catalogue. Ask one by its name, with its parameters:

```
traveler ask --question NAME --set machine=SAW-01
curl 'http://127.0.0.1:8000/v1/questions/NAME?machine=SAW-01'
```

An entity is any source's id or a label; a time is ISO 8601, local to the plant without an offset.
*[In brackets]* stands what may be left out. `traveler ask --ready` says which of them the connected
sources can answer.
"""


def write_page(questions: Iterable[Question]) -> str:
    """Give the whole page, as Markdown."""
    listed = sorted(questions, key=lambda one: (int(one.number), one.name))
    parts = [HEAD]
    for group, numbers in GROUPS.items():
        parts.append(f"\n## {group}\n")
        parts += [_write(one) for one in listed if int(one.number) in numbers]
    return "".join(parts)


def _write(question: Question) -> str:
    given = ", ".join(_parameter(question, name) for name in question.parameters) or "nothing"
    columns = ", ".join(f"`{name}`" for name in question.columns())
    return (
        f"\n### {question.number} `{question.name}`\n\n{question.text}\n\n"
        f"- Takes {given}; asked by: {question.owner}\n"
        f"- Gives {question.answers}\n- Columns: {columns}\n"
    )


def _parameter(question: Question, name: str) -> str:
    told = f"`{name}` ({question.parameters[name]})"
    return f"*[{told}]*" if name in question.optional else told


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(write_page(load_questions().values()), encoding="utf-8")
