"""YARRRML text of a proposal: what is sure as mapping, everything else as commented lines."""

from __future__ import annotations

import json
import re
import textwrap
from typing import TYPE_CHECKING

from kg.draft.meanings import ALLOCATED, KINDS
from kg.errors import printable

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kg.draft.preview import Cleaning
    from kg.draft.propose import Meaning, Proposal

_PLAIN = re.compile(r"[A-Za-z$][\w$()./~-]*(?::[\w$()./~-]+)*", re.ASCII)
_PREFIXES = {
    "tr": "https://w3id.org/traveler/ontology/",
    "trc": "https://w3id.org/traveler/code/",
    "trf": "https://w3id.org/traveler/function/",
    "owl": "http://www.w3.org/2002/07/owl#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
_WIDTH = 96


def mapping_text(proposal: Proposal) -> str:
    """Write the mapping file of a drafted table."""
    name = KINDS[proposal.class_name].replace("-", "_")
    drafted = (
        f"Drafted by `traveler init` from {proposal.table}. A commented line is a proposal that a"
        " person must settle, or a column that nothing is known of: take it in, or leave it out."
    )
    lines = [
        *textwrap.wrap(drafted, _WIDTH, initial_indent="# ", subsequent_indent="# "),
        "",
        "prefixes:",
        *(f"  {prefix}: {namespace}" for prefix, namespace in _PREFIXES.items()),
        "",
        "mappings:",
        f"  {name}:",
        f"    sources: [[{proposal.table}~table]]",
        *_subject_lines(proposal),
        "    po:",
        f"      - [a, tr:{proposal.class_name}]",
        *_alias_lines(proposal),
    ]
    for meaning in proposal.meanings:
        lines += _meaning_lines(meaning)
    for meaning in proposal.meanings:
        if meaning.term == "tr:toOrderLine" and proposal.class_name == ALLOCATED[0]:
            lines += ["", *_allocation_lines(proposal, meaning)]
    return "\n".join(lines) + "\n"


def reference(column: str) -> str:
    """Refer to a column: ``$(name)``, with its own parentheses kept apart."""
    return "$(" + re.sub(r"([\\()])", r"\\\1", column) + ")"


def scalar(text: str) -> str:
    """Write a YAML scalar, quoted where it would mean something else."""
    if _PLAIN.fullmatch(text):
        return text
    if not text.isprintable():
        return '"' + "".join(map(_escaped, text)) + '"'
    return "'" + text.replace("'", "''") + "'"


def _escaped(character: str) -> str:
    """Write a character of a double-quoted YAML scalar (YAML 1.2, section 5.7)."""
    if character.isprintable():
        return f"\\{character}" if character in '"\\' else character
    return f"\\U{ord(character):08x}"


def _subject_lines(proposal: Proposal) -> list[str]:
    subject = proposal.subject
    lines = _comment(f"{subject.reason}.", 4)
    if subject.preview.loaded:
        lines += _comment(f"{subject.preview.text(proposal.class_name)}.", 4)
    if subject.cleaning.is_plain:
        return [*lines, f"    s: {scalar(_template(proposal))}"]
    made = _concat(subject.path, subject.cleaning, subject.columns[0])
    return [*lines, "    s:", *_indented(made, 6)]


def _template(proposal: Proposal) -> str:
    subject = proposal.subject
    columns = "-".join(map(reference, subject.columns))
    return f"{subject.path}/{subject.cleaning.put}{columns}"


def _alias_lines(proposal: Proposal) -> list[str]:
    subject = proposal.subject
    if not subject.alias:
        return []
    why = (
        f"{subject.alias} is what other tables of {proposal.source} name it by. A join in their"
        " `query` would do without this line: each new alias refolds the plant."
    )
    alias = f"{subject.path}/{proposal.source}-{reference(subject.alias)}~iri"
    return [*_comment(why, 6), f"      - [owl:sameAs, {scalar(alias)}]"]


def _meaning_lines(meaning: Meaning) -> list[str]:
    column = printable(meaning.column)
    said = f"{column}: {meaning.reason}"
    if meaning.term:
        said = f"{column}, {meaning.confidence:.0%}: {meaning.reason}"
    if meaning.preview is not None:
        said += f"; {meaning.preview.text(meaning.target[0])}"
    comment = _comment(said, 6)
    if meaning.kind == "changed":
        return comment
    rule = _rule_lines(meaning)
    lines = rule if meaning.is_sure else [f"# {line}" for line in rule]
    return [*comment, *_indented(lines, 6)]


def _rule_lines(meaning: Meaning) -> list[str]:
    """Write one predicate and object."""
    column = reference(meaning.column)
    if meaning.term == "tr:toOrderLine":
        return []
    if not meaning.term:
        return [f"- [tr:PROPERTY, {scalar(column)}]"]
    if meaning.kind == "link":
        return _link_lines(meaning)
    if meaning.kind == "code":
        return _long(meaning.term, [*_lookup(meaning), "type: iri"])
    if meaning.days is not None:
        return _long(meaning.term, [*_day(meaning), f"datatype: {meaning.datatype}"])
    datatype = f", {meaning.datatype}" if meaning.datatype else ""
    return [f"- [{meaning.term}, {scalar(column)}{datatype}]"]


def _link_lines(meaning: Meaning) -> list[str]:
    path = meaning.target[1]
    if meaning.cleaning.is_plain:
        target = f"{path}/{meaning.cleaning.put}{reference(meaning.column)}~iri"
        return [f"- [{meaning.term}, {scalar(target)}]"]
    made = _concat(path, meaning.cleaning, meaning.column)
    return _long(meaning.term, [*made, "type: iri"])


def _long(term: str, value: list[str]) -> list[str]:
    return [f"- p: {term}", "  o:", *_indented(value, 4)]


def _lookup(meaning: Meaning) -> list[str]:
    return _call(
        "trf:lookup",
        [
            ("trf:value", scalar(reference(meaning.column))),
            ("trf:table", meaning.lookup),
        ],
    )


def _day(meaning: Meaning) -> list[str]:
    """Put year, month and day in order; a day stays a day, whatever the zone."""
    assert meaning.days is not None
    column = scalar(reference(meaning.column))
    parts = [
        _call("trf:extract", [("trf:value", column), ("trf:pattern", f"'{pattern}'")])
        for pattern in meaning.days
    ]
    year, month, day = parts
    return _call(
        "trf:concat",
        [
            ("trf:value", year),
            ("trf:value2", '"-"'),
            ("trf:value3", month),
            ("trf:value4", '"-"'),
            ("trf:value5", day),
        ],
    )


def _concat(path: str, cleaning: Cleaning, column: str) -> list[str]:
    """Write ``path/`` and a cleaned value as nested calls of functions."""
    value: str | list[str] = scalar(reference(column))
    if cleaning.split:
        first = [("trf:value", value), ("trf:separator", f'"{cleaning.split}"')]
        value = _call("trf:splitPart", [*first, ("trf:index", '"1"')])
    if cleaning.strip:
        strip = json.dumps(cleaning.strip)
        value = _call("trf:stripPrefix", [("trf:value", value), ("trf:prefix", strip)])
    if cleaning.zeros:
        value = _call("trf:stripLeadingZeros", [("trf:value", value)])
    start = f"{path}/{cleaning.put}"
    return _call("trf:concat", [("trf:value", start), ("trf:value2", value)])


def _call(name: str, parameters: Iterable[tuple[str, str | list[str]]]) -> list[str]:
    lines = [f"function: {name}", "parameters:"]
    for parameter, value in parameters:
        if isinstance(value, str):
            lines.append(f"  - [{parameter}, {value}]")
        else:
            lines += [f"  - parameter: {parameter}", "    value:", *_indented(value, 6)]
    return lines


def _allocation_lines(proposal: Proposal, meaning: Meaning) -> list[str]:
    """Write the allocation that stands between a job and the order line that its row names."""
    subject = proposal.subject
    key = "-".join(map(reference, proposal.key))
    job = ["- p: tr:allocationOf", "  o:"]
    if subject.cleaning.is_plain:
        job = [f"- [tr:allocationOf, {scalar(_template(proposal) + '~iri')}]"]
    else:
        made = _concat(subject.path, subject.cleaning, subject.columns[0])
        job += _indented([*made, "type: iri"], 4)
    lines = [
        "allocation:",
        f"  sources: [[{proposal.table}~table]]",
        f"  s: {scalar(f'allocation/{proposal.source}-{key}')}",
        "  condition:",
        *_indented(_call("trf:notNull", [("trf:value", scalar(reference(meaning.column)))]), 4),
        "  po:",
        "    - [a, tr:Allocation]",
        *_indented([*job, *_link_lines(meaning)], 4),
    ]
    why = _comment("A job serves an order line by an allocation, never by a link of its own.", 2)
    return [*why, *_indented(lines if meaning.is_sure else [f"# {line}" for line in lines], 2)]


def _comment(text: str, indent: int) -> list[str]:
    start = " " * indent + "# "
    return textwrap.wrap(
        printable(text), _WIDTH, initial_indent=start, subsequent_indent=start + "  "
    )


def _indented(lines: Iterable[str], by: int) -> list[str]:
    return [" " * by + line for line in lines]
