"""What the command prints: reports that read well in a terminal 80 columns wide."""

from __future__ import annotations

import textwrap
from collections import defaultdict
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from kg.answer.evidence import short
from kg.answer.gaps.groups import group_gaps
from kg.answer.gaps.page import gaps_html
from kg.answer.gaps.table import gaps_csv
from kg.answer.gaps.turtle import gaps_turtle
from kg.answer.render import to_json
from kg.errors import printable
from kg.moments import SAID

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from kg.answer.answers import Explained
    from kg.answer.asking.questions import Question
    from kg.answer.asking.readiness import Readiness
    from kg.answer.bundle import SlotGap
    from kg.answer.evidence import Lineage
    from kg.answer.gaps.coverage import Check
    from kg.answer.gaps.groups import Group
    from kg.applied import Applied, Replayed
    from kg.arrivals import Balance
    from kg.journal import Quarantined
    from kg.pipeline import Pipeline
    from kg.settings import Plant

GapFormat = Literal["json", "text", "csv", "html", "turtle"]
WIDTH = 80
NAMED = 28
MAX_NAMED = 5
MAX_COLUMNS = 8
MAX_NEXT = 10
_ARROW = ("  → ", "    ")


def balance_text(
    balances: Sequence[Balance], rejected: int, doubtful: Mapping[str, int] | None = None
) -> str:
    """Show what became of each table's rows: read = new + unchanged + filtered + quarantined.

    ``doubtful`` counts the records whose times are not believed, by what is wrong.
    """
    lines = [
        f"{'table':<{NAMED}}{'read':>8}{'new':>8}{'same':>8}{'filtered':>10}{'bad':>6}{'gone':>6}"
    ]
    for row in balances:
        filtered = sum(row.filtered.values())
        name = f"{row.source}.{row.kind}"
        if len(name) > NAMED:
            lines.append(name)
            name = ""
        lines.append(
            f"{name:<{NAMED}}{row.read:>8}{row.new:>8}{row.unchanged:>8}"
            f"{filtered:>10}{row.quarantined:>6}{row.retired:>6}"
        )
    for row in balances:
        for said, what in (("waits", row.waits), ("missed for good", row.missed)):
            if what:
                lines += _wrap(f"{row.source}.{row.kind} {said}: {what}", "", "  ")
    if rejected:
        lines.append(f"{rejected} more record(s) could not be lifted and wait in quarantine.")
    for doubt, count in sorted((doubtful or {}).items()):
        lines.append(f"{count} record(s) with a time that is in doubt: {SAID[doubt]}.")
    return "\n".join(lines)


def applied_text(applied: Applied, gaps: int) -> str:
    """Show what applying did, how long each stage took, and how many gaps shapes found."""
    how = "rebuilt from the journal" if applied.is_rebuild else "applied"
    times = ", ".join(f"{stage} {spent:.2f} s" for stage, spent in applied.seconds.items())
    told = f"{applied.records} record(s) {how}" + (f" ({times})" if times else "")
    told += f"; {gaps} gap(s) found by shapes"
    return "\n".join(_wrap(told, "", "  "))


def coverage_text(check: Check) -> str:
    """Show coverage of the five links as a table."""
    lines = [
        f"{'link':<14}{'have':>6}{'of':>6}{'%':>6}{'none':>7}{'not due':>9}{'unknown':>9}  missing"
    ]
    for row in check.coverage:
        share = f"{100 * row.have / row.of:.0f}" if row.of else "-"
        lines.append(
            f"{row.link:<14}{row.have:>6}{row.of:>6}{share:>6}{row.none:>7}{row.not_due:>9}"
            f"{row.unknown:>9}{row.missing:>9}"
        )
    return "\n".join(lines)


def write_check(check: Check, form: GapFormat, plant: Plant) -> tuple[str, str]:
    """Write a check for a terminal, a program, a spreadsheet or a browser; with its media type."""
    if form == "csv":
        return gaps_csv(check.gaps), "text/csv; header=present"
    if form == "html":
        return gaps_html(check, plant.name), "text/html"
    if form == "turtle":
        return gaps_turtle(check, plant.base), "text/turtle"
    if form == "json":
        return to_json(check.to_dict()), "application/json"
    return check_text(check) + "\n", "text/plain"


def check_text(check: Check) -> str:
    """Show coverage as a table, what mends most, then the gaps grouped by what is wrong."""
    lines = [coverage_text(check)]
    if check.repairs:
        lines += ["", *_wrap(f"MEND FIRST {check.repairs[0].sentence()}", "", "  ")]
    for group in group_gaps(check.gaps):
        head = f"{group.state.upper()} {group.slot}, {len(group.gaps)}: {group.sentence()}"
        lines += ["", *_wrap(head, "", "  ")]
        blocked = f"No full answer to: {', '.join(group.questions)}." if group.questions else ""
        since = min((gap.since for gap in group.gaps if gap.since), default="")
        lines += _wrap(f"{blocked} {f'Since {since[:10]}.' if since else ''}", "  ", "  ")
        lines += _named(group)
    for row in check.quarantine:
        named = f"{_table(row.source, row.kind)}, {row.rows}: {row.code}"
        said = f"INVALID {named}; see traveler quarantine."
        lines += ["", *_wrap(said, "", "  ")]
    if not check.gaps and not check.quarantine:
        lines += ["", "Nothing is missing, conflicting or invalid."]
    return "\n".join(lines)


def _named(group: Group) -> Iterator[str]:
    """Name the first things of a group, each with what depends on it where something does."""
    more = len(group.gaps) - MAX_NAMED
    rest = f" and {more} more" if more > 0 else ""
    first = group.gaps[:MAX_NAMED]
    if not any(map(_stake, first)):
        named = (gap.entity if group.state == "unknown" else _label(gap) for gap in first)
        yield from _wrap(", ".join(named) + rest, "  ", "  ")
        return
    for gap in first:
        stake = _stake(gap)
        yield from _wrap(f"{_label(gap)}{f': {stake}' if stake else ''}", "  ", "    ")
    if rest:
        yield f" {rest}"


def _label(gap: SlotGap) -> str:
    is_told = not gap.label or gap.label in gap.entity
    return gap.entity if is_told else f"{gap.entity} {gap.label}"


def _stake(gap: SlotGap) -> str:
    """Say what depends on a gap, and whom it might be."""
    risk = gap.at_risk
    said = [f"{w.amount} {w.currency or ''}".strip() for w in gap.value_at_risk]
    if risk:
        named = (*risk.orders[:2], *risk.customers[:2])
        said += [f"due {risk.due}"] if risk.due else []
        said += [", ".join(named)] if named else []
    said += [f"perhaps {c.entity} ({c.score:.2f})" for c in gap.candidates[:2]]
    return ", ".join(said)


def history_text(told: Mapping[str, Any]) -> str:
    """Show how coverage changed, a line for each change, and how many gaps opened and closed."""
    if not told["coverage"] and not told["days"]:
        return "Nothing was checked yet."
    lines = [f"{'since':<22}{'link':<14}{'have':>8}{'of':>8}{'%':>6}{'unknown':>10}{'missing':>10}"]
    for row in told["coverage"]:
        share = f"{100 * row['have'] / row['of']:.0f}" if row["of"] else "-"
        lines.append(
            f"{row['at']:<22}{row['link']:<14}{row['have']:>8}{row['of']:>8}{share:>6}"
            f"{row['unknown']:>10}{row['missing']:>10}"
        )
    lines += ["", f"{'day':<22}{'gaps opened':>14}{'closed':>8}"]
    lines += [f"{row['day']:<22}{row['opened']:>14}{row['closed']:>8}" for row in told["days"]]
    return "\n".join(lines)


def card_text(card: str) -> str:
    """Fold a card's lines for a terminal; continued lines are indented, so it stays Markdown."""
    lines: list[str] = []
    for line in card.splitlines():
        indent = " " * (len(line) - len(line.lstrip(" ")))
        lines += _wrap(line.strip(), indent, indent + "  ") or [""]
    return "\n".join(lines)


def _wrap(text: str, first: str, rest: str) -> list[str]:
    return textwrap.wrap(
        printable(text), WIDTH, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False
    )


def explained_text(explained: Explained, pipeline: Pipeline) -> str:
    """Show a fact, the rules it was drawn by, and the source rows with the mapping's lines."""
    answers = pipeline.answers()
    lines: list[str] = []
    _lineage(explained.lineage, lines, 0, answers.plant.base, pipeline)
    lines.append("")
    for record in explained.records:
        when = record.effective or f"first seen {record.recorded}"
        lines += _wrap(f"{record.path()} ({record.position}), {when}", "", "    ")
        row = ", ".join(
            f"{name}={value}" for name, value in record.row.items() if value is not None
        )
        lines += _wrap(row, "  ", "  ")
    return "\n".join(lines)


def _lineage(lineage: Lineage, lines: list[str], depth: int, base: str, pipeline: Pipeline) -> None:
    s, p, o = lineage.fact
    said = f"{short(s, base)} {p[1:-1].rsplit('/', 1)[-1]} {short(o, base)}"
    why = f"  by rule {lineage.rule}, from:" if lineage.rule else ""
    lines.append("  " * depth + said + why)
    for graph in lineage.graphs:
        path = graph[1:-1].removeprefix(base).removesuffix("#now")
        _, source, kind, _ = path.split("/", 3)
        place = pipeline.line_of(source, kind, p)
        lines.append("  " * (depth + 1) + f"said by {path}")
        if place:
            file = Path(place[0])
            lines.append("  " * (depth + 2) + f"by {file.parent.name}/{file.name}:{place[1]}")
    for premise in lineage.premises:
        _lineage(premise, lines, depth + 1, base, pipeline)


def quarantine_text(
    rows: Iterable[Quarantined],
    mappings: Mapping[tuple[str, str], str],
    *,
    is_whole: bool = False,
    is_part: bool = False,
) -> str:
    """Show the bad rows by what is wrong: how many, where, and what to do.

    ``is_part``: only some were asked for, and there may be others.

    ``mappings`` are today's versions: a row that was tried by another one may be well now.
    Of many that are alike only the first are named, unless ``is_whole``.
    """
    groups: dict[tuple[str, ...], list[Quarantined]] = defaultdict(list)
    for row in rows:
        bad = row.rejected
        groups[bad.source, bad.kind, bad.stage, bad.code, bad.hint].append(row)
    lines: list[str] = []
    for (source, kind, stage, code, hint), group in groups.items():
        named = len(group) if is_whole else MAX_NAMED
        head = f"{_table(source, kind)}, {len(group)}: {code} at {stage}. {hint}"
        lines += [*_wrap(head, "", "  "), *_bad_rows(group[:named])]
        if len(group) > named:
            lines.append(f"  and {len(group) - named} more: traveler quarantine list --all")
        if any(row.mapping != mappings.get((source, kind)) for row in group):
            lines += _wrap("its mapping or settings changed: traveler quarantine replay", *_ARROW)
        lines.append("")
    none = "Quarantine has no such row." if is_part else "Quarantine is empty."
    return "\n".join(lines).rstrip() or none


def _bad_rows(rows: Iterable[Quarantined]) -> Iterator[str]:
    for row in rows:
        tries = f" ({row.attempts} tries since {row.first_seen})" if row.attempts > 1 else ""
        late = " (its key came again, later and well)" if row.is_superseded else ""
        why = f" (discarded: {row.discarded_why})" if row.discarded_at else ""
        yield from _wrap(f"#{row.id} {row.rejected.message}{tries}{late}{why}", "  ", "     ")


def replayed_text(replayed: Replayed) -> str:
    """Show what became of the rows that were tried again."""
    return (
        f"{replayed.tried} row(s) tried again: {len(replayed.left)} left quarantine;"
        f" {replayed.waiting} wait there"
    )


def _block(row: dict[str, str]) -> str:
    """Show one row of many columns, a line for each."""
    return "\n".join(
        line for name, cell in row.items() for line in _wrap(f"{name}: {cell}", "", "  ")
    )


def rows_text(rows: list[dict[str, str]], columns: Sequence[str] = ()) -> str:
    """Show a query's rows as a table, in whose columns long cells are folded to fit the width.

    Columns stand in the order given, else as the rows have them; one without a value is left out.
    """
    if not rows:
        return "No rows."
    there = dict.fromkeys(name for row in rows for name in row)
    names = [*(name for name in columns if name in there), *(n for n in there if n not in columns)]
    if not names:
        return f"{len(rows)} row(s) without a value."
    rows = [{name: printable(row[name]) for name in names if name in row} for row in rows]
    if len(names) > MAX_COLUMNS:
        return "\n\n".join(_block(row) for row in rows)
    widths = {n: max(len(n), *(len(row.get(n, "")) for row in rows)) for n in names}
    while sum(widths.values()) + 2 * (len(names) - 1) > WIDTH and max(widths.values()) > 8:
        # A name is folded only where no longer cell can be.
        widest = max(widths, key=lambda n: (widths[n] > max(8, len(n)), widths[n]))
        widths[widest] -= 1
    table = [dict(zip(names, names, strict=True)), *rows]
    return "\n".join(line for row in table for line in _folded(row, widths))


def _folded(row: Mapping[str, str], widths: Mapping[str, int]) -> Iterator[str]:
    """Show one row of a table, in as many lines as its longest cell needs."""
    cells = [
        textwrap.wrap(row.get(name, ""), width, break_on_hyphens=False) or [""]
        for name, width in widths.items()
    ]
    for parts in zip_longest(*cells, fillvalue=""):
        padded = (part.ljust(width) for part, width in zip(parts, widths.values(), strict=True))
        yield "  ".join(padded).rstrip()


def answered_text(
    question: str, as_of: str, rows: list[dict[str, str]], columns: Sequence[str] = ()
) -> str:
    """Show a question, as of when it was asked, and the rows that answer it."""
    head = _wrap(f"{question} | as of {as_of}", "", "  ")
    return "\n".join([*head, "", rows_text(rows, columns)])


def readiness_text(ready: Readiness) -> str:
    """Show how many questions can be answered, what each of the others lacks, what to connect."""
    whole, part, none = (ready.count(state) for state in ("whole", "part", "none"))
    head = f"Of {whole + part + none} questions {whole} have a whole answer, {part} a part of one,"
    lines = _wrap(f"{head} and {none} none.", "", "  ")
    for one in sorted(ready.questions, key=lambda one: one.state != "part"):
        if one.state != "whole":
            lines += ["", *_wrap(f"{one.state.upper()} {one.number} {one.question}", "", "  ")]
            lines += _wrap(f"{one.name} lacks {', '.join(one.lacks)}", "  ", "    ")
    if ready.next:
        lines += ["", "What to connect next, by what it would answer:"]
    for place, more in enumerate(ready.next[:MAX_NEXT], 1):
        is_mapping = more.what == "mapping"
        name = f"mapping {more.name} ({more.title})" if is_mapping else f"what says {more.title}"
        lines += ["", *_wrap(f"{place}. {name}", "", "   ")]
        lines += _wrap(f"whole: {', '.join(more.whole)}", "   ", "     ") if more.whole else []
        lines += _wrap(f"in part: {', '.join(more.part)}", "   ", "     ") if more.part else []
    if len(ready.next) > MAX_NEXT:
        lines += ["", f"and {len(ready.next) - MAX_NEXT} more: --format json"]
    return "\n".join(lines)


def questions_text(questions: Iterable[Question]) -> str:
    """Show what can be asked: a question's number and words, then its name and parameters."""
    lines: list[str] = []
    for one in questions:
        lines += _wrap(f"{one.number} {one.text}", " " * (2 - len(one.number)), "   ")
        given = (f"[{name}=…]" if name in one.optional else f"{name}=…" for name in one.parameters)
        lines += _wrap(" ".join([one.name, *given]), "   ", "     ")
    return "\n".join(lines)


def _table(source: str, kind: str) -> str:
    """Name a table; a message on a topic that no table is for has none."""
    return f"{source}.{kind}" if kind else source
