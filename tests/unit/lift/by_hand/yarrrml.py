"""A case's mapping as YARRRML, as far as it can say it."""

from __future__ import annotations

from .mapping import (
    BLANK_NODE,
    LITERAL,
    RDF_TYPE,
    Case,
    Constant,
    Expression,
    Link,
    Reference,
    Rule,
    Table,
    Template,
    Term,
    expressions_of,
    terms_of,
)
from .tables import file_of, iterator_of, reference_of


def write_yarrrml(case: Case) -> str:
    return "mappings:\n" + "".join(_map(case, number) for number in range(len(case.maps)))


def _map(case: Case, number: int) -> str:
    made = case.maps[number]
    table = case.tables[made.table]
    rules = [
        f"{{p: a, o: [{{value: {_quoted(_plain(kind))}, type: iri}}]}}" for kind in made.classes
    ]
    rules += [_rule(case, rule, table) for rule in made.rules]
    graphs = ", ".join(_node(term, table) for term in made.graphs)
    lines = [
        f"  map{number}:",
        f"    sources: [{_source(table)}]",
        f"    s: {_node(made.subject, table)}",
        *([f"    graphs: [{graphs}]"] if graphs else []),
        "    po:",
        *(f"      - {rule}" for rule in rules),
    ]
    return "\n".join(lines) + "\n"


def _source(table: Table) -> str:
    access = f"sqlite:///{file_of(table)}" if table.form == "sql" else file_of(table)
    parts = [f"{access}~{table.form}"]
    parts += [iterator_of(table)] if iterator_of(table) else []
    return "[" + ", ".join(map(_quoted, parts)) + "]"


def _rule(case: Case, rule: Rule, table: Table) -> str:
    predicates = ", ".join(_predicate(term, table) for term in rule.predicates)
    objects = ", ".join(
        _link(case, value, table) if isinstance(value, Link) else _object(value, table)
        for value in rule.objects
    )
    graphs = ", ".join(_node(term, table) for term in rule.graphs)
    more = f", graphs: [{graphs}]" if graphs else ""
    return f"{{p: [{predicates}], o: [{objects}]{more}}}"


def _predicate(term: Term, table: Table) -> str:
    is_type = term.expression == Constant(RDF_TYPE, is_iri=True)
    return "a" if is_type else _quoted(_text(term.expression, table))


def _node(term: Term, table: Table) -> str:
    mark = "_:" if term.kind == BLANK_NODE else ""
    return _quoted(mark + _text(term.expression, table))


def _object(term: Term, table: Table) -> str:
    expression = term.expression
    entries = {"value": _quoted(_text(expression, table))}
    is_iri = expression.is_iri if isinstance(expression, Constant) else term.kind != LITERAL
    entries["type"] = "literal"
    if is_iri:
        entries["type"] = "blank" if term.kind == BLANK_NODE else "iri"
    if isinstance(expression, Constant) and expression.datatype:
        entries["datatype"] = _quoted(_plain(expression.datatype))
    if isinstance(expression, Constant) and expression.language:
        entries["language"] = _quoted(expression.language)
    for name, inner in (("datatype", term.datatype), ("language", term.language)):
        if inner is not None:
            entries[name] = _quoted(_text(inner.expression, table))
    return "{" + ", ".join(f"{key}: {value}" for key, value in entries.items()) + "}"


def _link(case: Case, link: Link, table: Table) -> str:
    other = case.tables[case.maps[link.parent].table]
    conditions = [
        "{function: equal, parameters: ["
        f"[str1, {_quoted(_text(mine, table))}], [str2, {_quoted(_text(theirs, other))}]]}}"
        for mine, theirs in link.conditions
    ]
    condition = f", condition: [{', '.join(conditions)}]" if conditions else ""
    return f"{{mapping: map{link.parent}{condition}}}"


def _text(expression: Expression, table: Table) -> str:
    match expression:
        case Constant(value):
            return _plain(value)
        case Reference(name):
            return _reference(name, table)
        case Template(parts):
            return "".join(
                _plain(part) if isinstance(part, str) else _reference(part.field, table)
                for part in parts
            )
    raise TypeError("YARRRML has no blank node without a name")


def _plain(text: str) -> str:
    return text.replace("$(", "\\$(")


def _reference(name: str, table: Table) -> str:
    (found,) = [one for one in table.fields if one.name == name]
    written = reference_of(found, table.form)
    for mark in "\\()":
        written = written.replace(mark, f"\\{mark}")
    return f"$({written})"


def _quoted(text: str) -> str:
    """Write a double-quoted scalar of YAML, every letter that is not plain ASCII by its number."""
    return '"' + "".join(_letter(letter) for letter in text) + '"'


def _letter(letter: str) -> str:
    if letter in '"\\':
        return f"\\{letter}"
    if " " <= letter <= "~":
        return letter
    return f"\\u{ord(letter):04X}" if ord(letter) < 0x10000 else f"\\U{ord(letter):08X}"


def is_expressible(case: Case) -> bool:
    """Tell whether YARRRML's text can say what the mapping says.

    It cannot end a text in ``~iri`` or put a backslash before a reference, and a template of
    nothing but one reference is that reference.
    """
    return all(
        _is_text(expression) for term in terms_of(case) for expression in expressions_of(term)
    )


def _is_text(expression: Expression) -> bool:
    if isinstance(expression, Template):
        texts = [part for part in expression.parts if isinstance(part, str)]
        return len(expression.parts) > 1 and not any(text.endswith("\\") for text in texts)
    if isinstance(expression, Constant):
        return not expression.value.endswith(("~iri", "~lang"))
    return expression is not None
