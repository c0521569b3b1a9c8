"""Random tables and mappings, as hostile as files and people are."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from .hostile import NAMES, ROLES, SOUND, TEXTS, TYPED, TYPED_IN
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
    Field,
    Layout,
    Link,
    Misfit,
    Reference,
    Rule,
    Table,
    Template,
    Term,
    TriplesMap,
)
from .tables import JSON_ITERATORS, LINE_ITERATORS, XML_ITERATORS

FORMS = ("csv", "tsv", "json", "jsonl", "xml", "sql", "parquet", "xlsx")
TEXT_BEFORE = ["http://x.org/", "http://x.org/a/", "row/", "", "http://x.org/é?a=", "urn:x:", "x"]
TEXT_BETWEEN = ["/", "-", "#", "?q=", "%20", ":", "é", ""]
TEXT_LITERAL = ["", " ", '"', "\\", "{", "}", "é", "\n", "x: ", "$(a)", "~", "😀"]
PREDICATES = ["http://x.org/p", "http://x.org/q", RDF_TYPE]
KINDS = ["http://x.org/Kind", "http://x.org/Other", "urn:kind:é"]
CONSTANTS = [
    Constant("http://x.org/a", is_iri=True),
    Constant("a"),
    Constant('a "b"\n\\é😀'),
    Constant("", datatype=XSD + "string"),
    Constant("a", language="en-GB"),
    Constant("01", datatype=XSD + "integer"),
    Constant("1.50", datatype=XSD + "decimal"),
    Constant("1e0", datatype=XSD + "double"),
    Constant("1", datatype=XSD + "boolean"),
    Constant("2024-01-01T00:00:00.000+00:00", datatype=XSD + "dateTime"),
    Constant("$(a) {b}", datatype="http://x.org/type"),
]
BASES = ["http://base.example/", "http://base.example/a/x?q=", "urn:b:"]

_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


def is_writable(text: str, form: str) -> bool:
    """Tell whether a form can hold a text as it is."""
    if form in {"xml", "xlsx"} and _NO_XML.search(text):
        return False
    return form != "xlsx" or not ("\r" in text or "_x" in text)


@dataclass(frozen=True)
class Scheme:
    """A table without its rows: what its fields hold, by their names."""

    form: str
    fields: tuple[Field, ...]
    roles: dict[str, str]

    def named(self, *roles: str) -> list[str]:
        """Give the fields of the roles, or any."""
        return [name for name, role in self.roles.items() if role in roles] or list(self.roles)

    def has(self, role: str) -> bool:
        return role in self.roles.values()


@dataclass(frozen=True)
class Limits:
    """What the cases of a test may say; ``is_common``: only what all three syntaxes can."""

    forms: tuple[str, ...] = FORMS
    is_common: bool = False
    has_faults: bool = True


@st.composite
def cases(draw: DrawFn, limits: Limits = Limits()) -> Case:
    pool = draw(st.lists(st.sampled_from(TEXTS) | _free_text, min_size=2, max_size=6))
    schemes = [
        draw(_schemes(draw(st.sampled_from(limits.forms))))
        for _ in range(draw(st.sampled_from([1, 1, 2])))
    ]
    tables = tuple(
        draw(_tables(scheme, f"t{number}", pool, limits)) for number, scheme in enumerate(schemes)
    )
    places = [draw(st.integers(0, len(tables) - 1)) for _ in range(draw(st.integers(1, 3)))]
    maps = tuple(
        draw(_maps(number, places, schemes, limits.is_common)) for number in range(len(places))
    )
    return Case(tables, maps, draw(st.sampled_from(BASES)))


_free_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)


@st.composite
def _schemes(draw: DrawFn, form: str) -> Scheme:
    names = draw(
        st.lists(
            st.sampled_from(NAMES).filter(lambda name: is_writable(name, form)),
            min_size=1,
            max_size=5,
            unique_by=(str.casefold if form == "sql" else str),
        )
    )
    if form == "xml":
        names = [name for name in names if not {"'", '"'} <= set(name)]
    fields, roles = [], {}
    for name in names:
        is_list = form in {"json", "jsonl", "xml"} and draw(st.integers(0, 3)) == 0
        under = form in {"json", "jsonl"} and draw(st.integers(0, 4)) == 0
        fields.append(Field(name, "in ner" if under else "", is_list))
        role = draw(st.sampled_from(["text", "text", "text", *ROLES])) if roles else "text"
        if form in TYPED_IN and draw(st.booleans()):
            role = draw(st.sampled_from(TYPED_IN[form]))
        roles[name] = role
    return Scheme(form, tuple(fields), roles)


@st.composite
def _tables(draw: DrawFn, scheme: Scheme, name: str, pool: list[str], limits: Limits) -> Table:
    form = scheme.form
    layout = draw(_layouts(form, limits.is_common))
    if name != "t0":  # rejections call all queries by one name
        layout = replace(layout, is_query=False)
    cells = [_cells(field, scheme.roles[field.name], form, pool) for field in scheme.fields]
    rows = draw(st.lists(st.tuples(*cells), min_size=draw(st.sampled_from([0, 3])), max_size=8))
    if layout.encoding not in {"", "utf-16"} and not _is_encodable(rows, scheme, layout.encoding):
        layout = replace(layout, encoding="")
    table = Table(
        form,
        draw(_file_names(form, name, is_common=limits.is_common)),
        scheme.fields,
        tuple(rows),
        layout,
    )
    if limits.has_faults and rows and draw(st.integers(0, 3)) == 0:
        table = draw(_faulty(table))
    return table


def _is_encodable(rows: list[tuple[Any, ...]], scheme: Scheme, encoding: str) -> bool:
    texts = [field.name for field in scheme.fields]
    texts += [cell for row in rows for cell in row if isinstance(cell, str)]
    try:
        "".join(texts).encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _file_names(form: str, name: str, *, is_common: bool) -> SearchStrategy[str]:
    kinds = [name, name, f"{name} é", f"it's {name}", f"{name}[1]"]
    if form == "sql":
        kinds = [name, name, f"order {name}", f'{name}"q', f"{name} é"]
        kinds += [] if is_common else [f"select {name}"]  # in YARRRML this is a query
    return st.sampled_from(kinds)


def _cells(field: Field, role: str, form: str, pool: list[str]) -> SearchStrategy[Any]:
    if role in ROLES:
        texts = [text for text in (ROLES[role] or pool) if is_writable(text, form)] or ["a"]
        sound = st.sampled_from(SOUND.get(role, texts))
        single: SearchStrategy[Any] = st.one_of(sound, sound, sound, st.sampled_from(texts))
        if not ROLES[role] and form in {"json", "jsonl", "sql", "xlsx"}:
            single = single | st.sampled_from([0, 1, 2.5])
    else:
        single = TYPED[role]
    empty = st.none() | single
    if field.is_list:
        inner = single if form == "xml" else empty
        return st.lists(inner, max_size=3).map(tuple)
    return st.one_of(single, single, single, empty)


@st.composite
def _layouts(draw: DrawFn, form: str, is_common: bool) -> Layout:
    choices: dict[str, list[Any]] = {"is_packed": [False, False, True]}
    if form in {"csv", "tsv"}:
        choices |= {"quotes_all": [False, True], "has_mark": [False, True]}
        choices |= {"line_end": ["\n", "\n", "\r\n", "\r"]}
        if not is_common:
            choices |= {"nulls": [(), (), ("-",), ("NULL", "1")], "quote": ['"', '"', "'"]}
            choices |= {"encoding": ["", "", "utf-8", "utf-16", "cp1252"]}
            choices |= {"delimiter": [",", ";", "|", "\t", "§"]}
        else:
            choices |= {"delimiter": [{"tsv": "\t"}.get(form, ",")]}
    elif form in {"json", "jsonl", "xml"}:
        iterators = {"json": JSON_ITERATORS, "jsonl": LINE_ITERATORS, "xml": XML_ITERATORS}
        choices |= {"iterator": [*range(len(iterators[form]))], "quotes_all": [False, True]}
        choices |= {"leaves_out": [False, True], "has_mark": [form != "xml"]}
    else:
        choices = {"iterator": [0, 1]} if form == "xlsx" else {}
        choices |= {"is_query": [False, True]} if form == "sql" else {}
    layout = Layout(**{key: draw(st.sampled_from(values)) for key, values in choices.items()})
    if layout.encoding in {"utf-16", "cp1252"}:  # that writes its mark itself, this has none
        layout = replace(layout, has_mark=False)
    return layout


@st.composite
def _faulty(draw: DrawFn, table: Table) -> Table:
    """Put one fault into a table that its form allows: in a row's text, or in its shape."""
    row = draw(st.integers(0, len(table.rows) - 1))
    column = draw(st.integers(0, len(table.fields) - 1))
    is_list = table.fields[column].is_list
    cell: Any = None
    if table.form in {"json", "jsonl"}:
        cell = draw(st.sampled_from(["\ud800", Misfit([1]), Misfit({"a": "b"})]))
        cell = (cell,) if is_list else cell
    elif table.form in {"csv", "tsv"}:
        if draw(st.booleans()):
            return replace(table, ragged=frozenset({row}))
        if table.layout.encoding in {"", "utf-8"}:
            cell = "a\udcff"
    elif table.form == "sql":
        cell = "a\udcff"
    if cell is None:
        return table
    rows = [list(each) for each in table.rows]
    rows[row][column] = cell
    return replace(table, rows=tuple(map(tuple, rows)))


@st.composite
def _maps(
    draw: DrawFn, number: int, places: list[int], schemes: list[Scheme], is_common: bool
) -> TriplesMap:
    table = places[number]
    make = _Terms(draw, schemes[table], is_common)
    rules = []
    for _ in range(draw(st.integers(1, 3))):
        objects: list[Term | Link] = [
            make.object() for _ in range(draw(st.sampled_from([1, 1, 2])))
        ]
        if draw(st.integers(0, 2)) == 0:
            objects = [*objects[1:], _link(draw, table, places, schemes, is_common)]
        predicates = tuple(make.predicate() for _ in range(draw(st.sampled_from([1, 1, 2]))))
        rules.append(Rule(predicates, tuple(objects), make.graphs()))
    base = "" if is_common else draw(st.sampled_from(["", "", "http://other.example/"]))
    classes = draw(st.sampled_from([(), (KINDS[0],), tuple(KINDS[1:])]))
    return TriplesMap(table, make.subject(), classes, make.graphs(), tuple(rules), base)


def _link(
    draw: DrawFn, table: int, places: list[int], schemes: list[Scheme], is_common: bool
) -> Link:
    parent = draw(st.integers(0, len(places) - 1))
    if places[parent] == table and draw(st.booleans()):
        return Link(parent)
    sides = []
    for scheme in (schemes[table], schemes[places[parent]]):
        names = st.sampled_from(scheme.named("text"))
        kinds: list[Callable[[], Expression]] = [lambda n=names: Reference(draw(n))] * 3
        if not is_common:
            kinds.append(lambda n=names: Template(("1", Reference(draw(n)))))
            kinds.append(lambda: Constant("1"))
        sides.append(kinds)
    conditions = tuple(
        (draw(st.sampled_from(sides[0]))(), draw(st.sampled_from(sides[1]))())
        for _ in range(draw(st.sampled_from([1, 1, 2])))
    )
    return Link(parent, conditions)


class _Terms:
    """Draws the term maps of one triples map."""

    def __init__(self, draw: DrawFn, scheme: Scheme, is_common: bool) -> None:
        self._draw = draw
        self._scheme = scheme
        self._is_common = is_common

    def subject(self) -> Term:
        kinds = [self._iri_template] * 6 + [self._iri_reference, self._blank, self._constant_iri]
        return self._one(kinds)

    def predicate(self) -> Term:
        constant = Term(Constant(self._one_of(PREDICATES), is_iri=True))
        return self._one([lambda: constant] * 5 + [self._iri_template, self._iri_reference])

    def graphs(self) -> tuple[Term, ...]:
        default = Term(Constant(DEFAULT_GRAPH, is_iri=True))
        kinds = [lambda: default, self._constant_iri, self._iri_template, self._named_blank]
        return tuple(self._one(kinds) for _ in range(self._one_of([0, 0, 0, 1, 2])))

    def object(self) -> Term:
        kinds = [self._natural, self._typed, self._spoken, self._literal_template, self._blank]
        kinds += [self._iri_reference, self._iri_template, self._constant, self._natural]
        return self._one([*kinds, self._typed])

    def _one(self, kinds: list[Callable[[], Term]]) -> Term:
        return self._one_of(kinds)()

    def _one_of(self, values: list[Any]) -> Any:
        return self._draw(st.sampled_from(values))

    def _field(self, *roles: str) -> Reference:
        return Reference(self._one_of(self._scheme.named(*roles)))

    def _constant_iri(self) -> Term:
        return Term(Constant(self._one_of(["http://x.org/a", "urn:x:é"]), is_iri=True))

    def _constant(self) -> Term:
        return Term(self._one_of(CONSTANTS), LITERAL)

    def _iri_template(self) -> Term:
        kinds = [IRI] if self._is_common else [IRI, IRI, IRI, URI, UNSAFE_IRI, UNSAFE_URI]
        kind = self._one_of(kinds)
        parts = [self._one_of(TEXT_BEFORE), self._field("text", "integer")]
        if self._one_of([False, False, True]):
            parts += [self._one_of(TEXT_BETWEEN), self._field("text", "iri", "moment")]
        if kind == URI:  # in which a letter of the mapping's own must be ASCII too
            parts = [part.replace("é", "e") if isinstance(part, str) else part for part in parts]
        return Term(_joined(parts), kind)

    def _iri_reference(self) -> Term:
        if not self._is_tried("iri"):
            return self._iri_template()
        kinds = [IRI] if self._is_common else [IRI, IRI, URI, UNSAFE_IRI]
        return Term(self._field("iri"), self._one_of(kinds))

    def _named_blank(self) -> Term:
        named = [self._field("text"), _joined(["a", self._field("text", "integer")])]
        return Term(self._one_of(named), BLANK_NODE)

    def _blank(self) -> Term:
        if self._is_common or self._one_of([True, False]):
            return self._named_blank()
        return Term(None, BLANK_NODE)

    def _natural(self) -> Term:
        return Term(self._field(*self._scheme.roles.values()), LITERAL)

    def _literal_template(self) -> Term:
        parts = [self._one_of(TEXT_LITERAL), self._field(), self._one_of(TEXT_LITERAL)]
        if self._one_of([False, True]):
            parts.append(self._field("text"))
        return Term(_joined(parts), LITERAL)

    def _typed(self) -> Term:
        roles = {
            "number": ["integer", "decimal", "double", "int", "float"],
            "moment": ["date", "date", "dateTime", "time"],
            "flag": ["boolean"],
            "bytes": ["hexBinary"],
            "text": ["string", "token"],
        }
        role = self._one_of([each for each in roles if self._is_tried(each)] or ["text"])
        kinds = [Term(Constant(XSD + self._one_of(roles[role]), is_iri=True))] * 2
        if self._is_tried("type"):
            kinds = [Term(self._field("type")), Term(_joined([XSD, self._field("type")]))]
        return Term(self._field(role), LITERAL, self._one_of(kinds))

    def _spoken(self) -> Term:
        spoken = Term(Constant(self._one_of(["en", "de-AT"])), LITERAL)
        if self._is_tried("tag"):
            spoken = Term(self._field("tag"), LITERAL)
        return Term(self._field("text"), LITERAL, language=spoken)

    def _is_tried(self, role: str) -> bool:
        """Tell that a field has a role, or rarely that any field is taken for one that has."""
        return self._scheme.has(role) or self._one_of([True, *[False] * 15])


def _joined(parts: list[str | Reference]) -> Template:
    """Make a template of parts without empty texts."""
    return Template(tuple(part for part in parts if part != ""))
