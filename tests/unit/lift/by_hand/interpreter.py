"""RML-Core by hand: what a mapping makes of rows, in plain loops straight from the standard.

Sections are named by their titles in RML-Core, https://w3id.org/rml/core/spec. Where it leaves a
choice, or is departed from, a comment says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from .lexical import has_scheme, iri_safe, is_iri, is_language, is_uri, is_well_typed, natural
from .mapping import (
    BLANK_NODE,
    DEFAULT_GRAPH,
    IRI,
    LITERAL,
    RDF_TYPE,
    UNSAFE_IRI,
    UNSAFE_URI,
    URI,
    XSD,
    Case,
    Constant,
    Expression,
    Link,
    Misfit,
    Reference,
    Rule,
    Table,
    Template,
    Term,
    TriplesMap,
    fields_used,
)

Quad = tuple[str, str, str, str]
Place = tuple[int, int]
"""A row: the number of its table, and its own."""


@dataclass
class Terms:
    """What a term map makes of one row: terms, and codes of data errors."""

    terms: list[str] = field(default_factory=list)
    errors: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, several: list[Terms]) -> Terms:
        terms = [term for each in several for term in each.terms]
        return cls(terms, {code for each in several for code in each.errors})


@dataclass
class Result:
    """The quads of rows without a fault, those that a faulty row may still make, the faults.

    A row of text that is broken in a field that no map uses is ``overlooked``: DuckDB may look at
    such a field or not.
    """

    quads: set[Quad] = field(default_factory=set)
    doubtful: set[Quad] = field(default_factory=set)
    rejected: dict[Place, set[str]] = field(default_factory=dict)
    overlooked: set[Place] = field(default_factory=set)


def interpret(case: Case) -> Result:
    """Make the output dataset ("The Generated RDF Triples of a Triples Map")."""
    return _Interpreter(case).run()


class _Interpreter:
    def __init__(self, case: Case) -> None:
        self._case = case
        self._result = Result()
        self._rows = [list(self._readable(number)) for number in range(len(case.tables))]
        # Lists, and XML where any path may lead to several elements, are lifted fact by fact: a
        # fault in one leaves the row's others. Elsewhere a row with a fault makes no facts.
        self._is_by_fact = [
            table.form == "xml"
            or any(one.is_list for one in table.fields if one.name in fields_used(case, number))
            for number, table in enumerate(case.tables)
        ]

    def run(self) -> Result:
        made: list[tuple[set[Place], bool, Quad]] = []
        for number, triples_map in enumerate(self._case.maps):
            for row in self._rows[triples_map.table]:
                place = (triples_map.table, row)
                made += [({place}, False, quad) for quad in self._own(number, row)]
                for rule_number, rule in enumerate(triples_map.rules):
                    made += self._linked(number, rule_number, rule, row)
        for places, is_link, quad in made:
            faulty = {place for place in places if place in self._result.rejected}
            if not places.isdisjoint(self._result.overlooked):
                self._result.doubtful.add(quad)
            elif not faulty:
                self._result.quads.add(quad)
            elif is_link or all(self._is_by_fact[table] for table, _ in faulty):
                self._result.doubtful.add(quad)
        return self._result

    def _readable(self, table: int) -> Iterator[int]:
        """Give the rows that can be read; the others are rejected."""
        if all(triples_map.table != table for triples_map in self._case.maps):
            return  # nobody reads it
        described = self._case.tables[table]
        used = fields_used(self._case, table)
        for number, row in enumerate(described.rows):
            values = [v for one, v in zip(described.fields, row, strict=True) if one.name in used]
            flat = [each for v in values for each in (v if isinstance(v, tuple) else (v,))]
            if described.form == "xlsx" and all(value is None for value in row):
                continue  # an empty line of a sheet is no row
            if number in described.ragged or any(isinstance(value, Misfit) for value in flat):
                self._result.rejected[(table, number)] = {"bad-row"}
            elif any(isinstance(value, str) and _is_broken(value) for value in flat):
                self._result.rejected[(table, number)] = {"bad-encoding"}
            else:
                if described.form in {"csv", "tsv"} and any(
                    isinstance(value, str) and _is_broken(value) for value in row
                ):
                    self._result.overlooked.add((table, number))
                yield number

    def _own(self, number: int, row: int) -> Iterator[Quad]:
        """Make a row's triples, but for those of referencing object maps over other rows."""
        triples_map = self._case.maps[number]
        subjects = self._terms(triples_map, triples_map.subject, row, f"{number}")
        graphs = self._all(triples_map, triples_map.graphs, row, f"{number}g")
        self._report(triples_map.table, row, [subjects, graphs])
        targets = graphs.terms if triples_map.graphs else [DEFAULT_GRAPH]
        for kind in triples_map.classes:
            yield from _quads(subjects.terms, [f"<{RDF_TYPE}>"], [f"<{kind}>"], targets)
        for place, rule in enumerate(triples_map.rules):
            predicates, more = self._shared(triples_map, rule, row, f"{number}-{place}")
            targets = [*graphs.terms, *more.terms]
            if not triples_map.graphs and not rule.graphs:
                targets = [DEFAULT_GRAPH]
            objects = Terms()
            for at, value in enumerate(rule.objects):
                if isinstance(value, Term):
                    found = self._terms(triples_map, value, row, f"{number}-{place}o{at}")
                elif not value.conditions:
                    parent = self._case.maps[value.parent]
                    found = self._terms(parent, parent.subject, row, f"{value.parent}")
                else:
                    continue
                objects = Terms.of([objects, found])
            self._report(triples_map.table, row, [predicates, more, objects])
            yield from _quads(subjects.terms, predicates.terms, objects.terms, targets)

    def _linked(
        self, number: int, place: int, rule: Rule, row: int
    ) -> Iterator[tuple[set[Place], bool, Quad]]:
        """Make the triples of referencing object maps ("Referencing Object Map")."""
        child = self._case.maps[number]
        for link in rule.objects:
            if not isinstance(link, Link) or not link.conditions:
                continue
            subjects = self._terms(child, child.subject, row, f"{number}")
            graphs = self._all(child, child.graphs, row, f"{number}g")
            predicates, more = self._shared(child, rule, row, f"{number}-{place}")
            targets = [*graphs.terms, *more.terms]
            if not child.graphs and not rule.graphs:
                targets = [DEFAULT_GRAPH]
            parent = self._case.maps[link.parent]
            for other in self._rows[parent.table]:
                if not self._is_joined(link, child, row, parent, other):
                    continue
                objects = self._terms(parent, parent.subject, other, f"{link.parent}")
                places = {(child.table, row), (parent.table, other)}
                for quad in _quads(subjects.terms, predicates.terms, objects.terms, targets):
                    yield places, True, quad

    def _is_joined(
        self, link: Link, child: TriplesMap, row: int, parent: TriplesMap, other: int
    ) -> bool:
        """Tell whether all conditions hold ("Join Condition"); of several values any will do."""
        return all(
            set(self._texts(child.table, mine, row)) & set(self._texts(parent.table, theirs, other))
            for mine, theirs in link.conditions
        )

    def _shared(
        self, triples_map: TriplesMap, rule: Rule, row: int, name: str
    ) -> tuple[Terms, Terms]:
        predicates = self._all(triples_map, rule.predicates, row, f"{name}p")
        return predicates, self._all(triples_map, rule.graphs, row, f"{name}g")

    def _report(self, table: int, row: int, made: list[Terms]) -> None:
        for code in {code for each in made for code in each.errors}:
            self._result.rejected.setdefault((table, row), set()).add(code)

    def _all(self, triples_map: TriplesMap, terms: tuple[Term, ...], row: int, name: str) -> Terms:
        return Terms.of(
            [self._terms(triples_map, term, row, f"{name}{at}") for at, term in enumerate(terms)]
        )

    def _terms(self, triples_map: TriplesMap, term: Term, row: int, name: str) -> Terms:
        """Generate the terms of a term map ("Generated RDF Term of a Term Map")."""
        base = triples_map.base or self._case.base
        expression, table = term.expression, triples_map.table
        if isinstance(expression, Constant) and term.kind != BLANK_NODE:
            return Terms([write_constant(expression)])
        if expression is None:
            return Terms([f"_:row-{name}-{row}".replace("-", "x")])
        if term.kind == LITERAL:
            return self._literals(term, table, row, base)
        transform = _TRANSFORMS.get(term.kind) if isinstance(expression, Template) else None
        made = Terms()
        for text in self._texts(table, expression, row, transform):
            if term.kind == BLANK_NODE:
                made.terms.append("_:v" + text.encode().hex())
                continue
            found = resolve(text, base, term.kind, is_template=bool(transform))
            if found is None:
                made.errors.add("bad-iri")
            else:
                made.terms.append(f"<{found}>")
        return made

    def _literals(self, term: Term, table: int, row: int, base: str) -> Terms:
        """Combine lexical forms with language tags or datatypes ("Language tags", "Typed…")."""
        made = Terms()
        for text, kind in self._values(table, term.expression, row):
            if term.language is not None:
                for tag in self._texts(table, term.language.expression, row):
                    if not is_language(tag):
                        made.errors.add("bad-literal")
                    else:
                        made.terms.append(f"{quoted(text)}@{tag.lower()}")
                continue
            datatypes = [kind]
            if term.datatype is not None:
                found = self._datatypes(term.datatype, table, row, base)
                made.errors |= found.errors
                datatypes = found.terms
            for datatype in datatypes:
                if is_well_typed(text, datatype):
                    made.terms.append(write_literal(text, datatype))
                else:
                    made.errors.add("bad-literal")
        return made

    def _datatypes(self, term: Term, table: int, row: int, base: str) -> Terms:
        if isinstance(term.expression, Constant):
            return Terms([term.expression.value])
        made = Terms()
        transform = _TRANSFORMS[IRI] if isinstance(term.expression, Template) else None
        for text in self._texts(table, term.expression, row, transform):
            found = resolve(text, base, IRI, is_template=bool(transform))
            if found is None:
                made.errors.add("bad-iri")
            else:
                made.terms.append(found)
        return made

    def _texts(
        self, table: int, expression: Expression, row: int, transform: Any = None
    ) -> list[str]:
        return [text for text, _ in self._values(table, expression, row, transform)]

    def _values(
        self, table: int, expression: Expression, row: int, transform: Any = None
    ) -> list[tuple[str, str]]:
        """Evaluate an expression to texts and natural datatypes ("Template", "Reference")."""
        if isinstance(expression, Constant):
            return [(expression.value, "")]
        if isinstance(expression, Reference):
            return self._referred(table, expression.field, row)
        assert isinstance(expression, Template)
        # The reference expressions are a set: one that stands twice has the same value twice.
        names = list(
            dict.fromkeys(part.field for part in expression.parts if isinstance(part, Reference))
        )
        made = []
        for choice in product(*(self._referred(table, name, row) for name in names)):
            chosen = {name: text for name, (text, _) in zip(names, choice, strict=True)}
            texts = [
                part
                if isinstance(part, str)
                else (transform(chosen[part.field]) if transform else chosen[part.field])
                for part in expression.parts
            ]
            made.append(("".join(texts), ""))
        return made

    def _referred(self, table: int, name: str, row: int) -> list[tuple[str, str]]:
        described = self._case.tables[table]
        place = [one.name for one in described.fields].index(name)
        value = described.rows[row][place]
        several = value if isinstance(value, tuple) else (value,)
        return [natural(each) for each in several if not is_null(each, described)]


def is_null(value: Any, table: Table) -> bool:
    """Tell what is no value; in text, XML and sheets empty text is none either."""
    if value is None:
        return True
    return (table.form in {"csv", "tsv", "xml", "xlsx"} and value == "") or (
        isinstance(value, str) and value in table.layout.nulls
    )


def resolve(text: str, base: str, kind: str, *, is_template: bool = False) -> str | None:
    """Make an IRI of a text, or none ("Term generation rules").

    Two departures: what names a scheme is never taken as relative, and a value that is relative
    has no dot segments, as R2RML's case 0020b wants it.
    """
    if kind in {UNSAFE_IRI, UNSAFE_URI}:
        if any(letter in '<>"{}|\\^`' or letter < " " for letter in text):
            return None  # no syntax of RDF could write it
        return text if has_scheme(text) else base + text
    is_valid = is_uri if kind == URI else is_iri
    if is_valid(text):
        return text
    if has_scheme(text) or ({".", ".."} & set(text.split("/")) and not is_template):
        return None
    return base + text if is_valid(base + text) else None


def write_constant(constant: Constant) -> str:
    if constant.is_iri:
        return f"<{constant.value}>"
    if constant.language:
        return f"{quoted(constant.value)}@{constant.language.lower()}"
    return write_literal(constant.value, constant.datatype)


def write_literal(text: str, datatype: str) -> str:
    return quoted(text) + (f"^^<{datatype}>" if datatype not in {"", XSD + "string"} else "")


def quoted(text: str) -> str:
    """Write a string of N-Triples with every character that is not plain ASCII escaped."""
    return '"' + "".join(_escaped(letter) for letter in text) + '"'


def _escaped(letter: str) -> str:
    if " " <= letter <= "~" and letter not in '"\\':
        return letter
    return f"\\u{ord(letter):04X}" if ord(letter) < 0x10000 else f"\\U{ord(letter):08X}"


def write_quads(quads: set[Quad]) -> str:
    return "".join(f"{s} {p} {o} {g} .\n" for s, p, o, g in quads)


def _quads(
    subjects: list[str], predicates: list[str], objects: list[str], graphs: list[str]
) -> Iterator[Quad]:
    """Add triples to graphs ("Adding Triples to the Output Dataset")."""
    for s, p, o, graph in product(subjects, predicates, objects, graphs):
        is_default = graph in {DEFAULT_GRAPH, f"<{DEFAULT_GRAPH}>"}
        yield s, p, o, "" if is_default else graph


def _is_broken(text: str) -> bool:
    return any("\ud800" <= letter <= "\udfff" for letter in text)


_TRANSFORMS = {IRI: iri_safe, URI: lambda text: iri_safe(text, is_ascii=True)}
"""The reference value transforming functions ("IRI encoding")."""
