"""The plain page: where to begin, without a script and without any other file."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING
from urllib.parse import quote

from fastapi import APIRouter, Request, Response

from api.access import sight_of
from api.desk import desk_of
from api.gaps import shown_check
from kg import vocab
from kg.answer.evidence import short

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kg.answer import Answers
    from kg.answer.asking.questions import Question
    from kg.answer.gaps.coverage import LinkCoverage

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
MAX_MACHINES = 24
_STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 48rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; }
th, td { padding: .2rem .8rem .2rem 0; text-align: right; border-bottom: 1px solid #8885; }
th:first-child, td:first-child { text-align: left; }
code { background: #8882; padding: 0 .3em; border-radius: .2em; }
"""

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Seen:
    """What the page shows: a few machines, those that run first, and the questions."""

    machines: list[str]
    questions: list[Question]


@router.get("/plain")
def show_landing(request: Request) -> Response:
    """Show where to begin."""
    return plain_page(request, '<a href="./">The pages</a> show more, with scripts.')


def plain_page(request: Request, said: str) -> Response:
    """Write the page; ``said`` is markup of what there is beside it."""
    desk = desk_of(request)
    seen = _see(desk.answers())
    sight = sight_of(request, desk.answers(), desk.clock())
    if sight is not None:
        seen = Seen(sight.listed(seen.machines), [])
    page = _page(desk.pipeline.plant.name, seen, shown_check(request).coverage, said)
    return Response(page, 200, {"Content-Security-Policy": POLICY}, "text/html")


def _see(answers: Answers) -> Seen:
    rows = answers.store.select(
        f"SELECT DISTINCT ?machine WHERE {{ ?machine a {vocab.MACHINE} . "
        f"OPTIONAL {{ ?run {vocab.RUNNING_ON} ?machine }} }} "
        f"ORDER BY DESC(BOUND(?run)) ?machine LIMIT {MAX_MACHINES}"
    )
    machines = [short(row["machine"], answers.plant.base) for row in rows]
    return Seen(machines, list(answers.questions.values()))


def _page(plant: str, seen: Seen, coverage: Iterable[LinkCoverage], said: str) -> str:
    machines = ", ".join(_card_link(machine) for machine in seen.machines) or "none yet"
    questions = "\n".join(_question_line(question) for question in seen.questions)
    rows = "\n".join(_coverage_line(row) for row in coverage)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(plant)}: Traveler</title>
<style>{_STYLE}</style>
</head>
<body>
<h1>{escape(plant)}</h1>
<p>What is running where, for whom, to which spec, from which batch; how old each fact is, and
what is missing. <a href="docs">All of the API, to try out</a>.</p>
<h2>What is going on?</h2>
<p>Machines, those that run first: {machines}</p>
<h2>What is linked?</h2>
<table>
<tr><th>link</th><th>have</th><th>of</th><th>none</th><th>not due</th><th>unknown</th>
<th>missing</th></tr>
{rows}
</table>
<p><a href="v1/gaps?format=text">Every gap, and which source should fill it</a></p>
<h2>What can be asked?</h2>
<ul>
{questions}
</ul>
<p>Or anything, in SPARQL, at <code>/sparql</code>. <a href="ready">Is all well?</a></p>
<p>{said}</p>
</body>
</html>
"""


def _card_link(machine: str) -> str:
    # Ids below the base are percent-encoded already; encoded once more they survive a path.
    return f'<a href="v1/context/{quote(machine)}?format=md">{escape(machine)}</a>'


def _question_line(question: Question) -> str:
    needs = "&amp;".join(f"{escape(name)}=…" for name in question.parameters)
    name = escape(question.name)
    address = f"<code>/v1/questions/{name}{'?' + needs if needs else ''}</code>"
    if not needs:
        address = f'<a href="v1/questions/{quote(question.name)}">{address}</a>'
    return f"<li>{escape(question.text)} {address}</li>"


def _coverage_line(row: LinkCoverage) -> str:
    counts = (row.have, row.of, row.none, row.not_due, row.unknown, row.missing)
    cells = "".join(f"<td>{count}</td>" for count in counts)
    return f"<tr><td>{escape(row.link)}</td>{cells}</tr>"
