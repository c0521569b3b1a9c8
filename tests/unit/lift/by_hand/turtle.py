"""A case's mapping as RML in Turtle, in the words of the current vocabulary or the older one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal as Choice

from .mapping import (
    IRI,
    LITERAL,
    Case,
    Constant,
    Expression,
    Link,
    Reference,
    Rule,
    Table,
    Template,
    Term,
)
from .tables import file_of, iterator_of, reference_of

Vocabulary = Choice["new", "old"]
_PREFIXES = {
    "new": "@prefix rml: <http://w3id.org/rml/> .\n@prefix csvw: <http://www.w3.org/ns/csvw#> .\n",
    "old": "@prefix rml: <http://semweb.mmlab.be/ns/rml#> .\n"
    "@prefix rr: <http://www.w3.org/ns/r2rml#> .\n"
    "@prefix ql: <http://semweb.mmlab.be/ns/ql#> .\n"
    "@prefix csvw: <http://www.w3.org/ns/csvw#> .\n"
    "@prefix d2rq: <http://www.wiwiss.fu-berlin.de/suhl/bizer/D2RQ/0.1#> .\n",
}
_FORMULATIONS = {"json": "JSONPath", "jsonl": "JSONPath", "xml": "XPath"}


def write_turtle(case: Case, vocabulary: Vocabulary = "new") -> str:
    return _Writer(case, vocabulary).document()


@dataclass
class _Writer:
    case: Case
    vocabulary: Vocabulary

    def document(self) -> str:
        maps = [self._map(number) for number in range(len(self.case.maps))]
        return _PREFIXES[self.vocabulary] + "".join(maps)

    def _word(self, name: str) -> str:
        """Give a word of R2RML, which the older vocabulary takes from there."""
        return f"{'rml' if self.vocabulary == 'new' else 'rr'}:{name}"

    def _map(self, number: int) -> str:
        made = self.case.maps[number]
        table = self.case.tables[made.table]
        classes = "".join(f" ; {self._word('class')} {iri(kind)}" for kind in made.classes)
        graphs = self._terms(made.graphs, "graph", table)
        parts = [
            f"<#Map{number}> a {self._word('TriplesMap')}",
            f"rml:logicalSource {self._source(table)}",
            f"{self._word('subjectMap')} [ {self._term(made.subject, table)}{classes}{graphs} ]",
            *(f"{self._word('predicateObjectMap')} {self._rule(r, table)}" for r in made.rules),
        ]
        if made.base:
            parts.insert(1, f"rml:baseIRI {iri(made.base)}")
        return " ;\n  ".join(parts) + " .\n"

    def _rule(self, rule: Rule, table: Table) -> str:
        parts = self._terms(rule.predicates, "predicate", table)
        for value in rule.objects:
            if isinstance(value, Link):
                parts += f" ; {self._word('objectMap')} {self._link(value, table)}"
            else:
                parts += self._terms((value,), "object", table)
        parts += self._terms(rule.graphs, "graph", table)
        return f"[ {parts.removeprefix(' ; ')} ]"

    def _terms(self, terms: tuple[Term, ...], position: str, table: Table) -> str:
        parts = ""
        for term in terms:
            if isinstance(term.expression, Constant):
                parts += f" ; {self._word(position)} {constant(term.expression)}"
            else:
                default = LITERAL if position == "object" and _is_plain(term) else IRI
                made = self._term(term, table, default)
                parts += f" ; {self._word(position + 'Map')} [ {made} ]"
        return parts

    def _term(self, term: Term, table: Table, default: str = IRI) -> str:
        parts = [self._expression(term.expression, table)]
        if term.kind != default and not isinstance(term.expression, Constant):
            parts.append(f"{self._word('termType')} {self._word(term.kind)}")
        for name, inner in (("datatype", term.datatype), ("language", term.language)):
            if inner is None:
                continue
            if isinstance(inner.expression, Constant):
                written = iri if name == "datatype" else text
                parts.append(f"{self._word(name)} {written(inner.expression.value)}")
            else:
                parts.append(f"rml:{name}Map [ {self._term(inner, table, inner.kind)} ]")
        return " ; ".join(part for part in parts if part)

    def _expression(self, expression: Expression, table: Table) -> str:
        match expression:
            case Constant():
                return f"{self._word('constant')} {constant(expression)}"
            case Reference(name):
                return f"rml:reference {text(_reference(name, table))}"
            case Template(parts):
                return f"{self._word('template')} {text(template(parts, table))}"
        return ""

    def _link(self, link: Link, table: Table) -> str:
        other = self.case.tables[self.case.maps[link.parent].table]
        parts = [f"{self._word('parentTriplesMap')} <#Map{link.parent}>"]
        for mine, theirs in link.conditions:
            sides = f"{self._side('child', mine, table)} ; {self._side('parent', theirs, other)}"
            parts.append(f"{self._word('joinCondition')} [ {sides} ]")
        return f"[ {' ; '.join(parts)} ]"

    def _side(self, side: str, expression: Expression, table: Table) -> str:
        if isinstance(expression, Reference):
            return f"{self._word(side)} {text(_reference(expression.field, table))}"
        return f"rml:{side}Map [ {self._expression(expression, table)} ]"

    def _source(self, table: Table) -> str:
        if table.form == "sql":
            return self._database(table)
        formulation = _FORMULATIONS.get(table.form, "CSV")
        namespace = "rml" if self.vocabulary == "new" else "ql"
        parts = [
            f"rml:source {self._file(table)}",
            f"rml:referenceFormulation {namespace}:{formulation}",
        ]
        if iterator_of(table):
            parts.append(f"rml:iterator {text(iterator_of(table))}")
        return f"[ {' ; '.join(parts)} ]"

    def _file(self, table: Table) -> str:
        layout = table.layout
        path = text(file_of(table))
        dialect = []
        if layout.delimiter != {"tsv": "\t"}.get(table.form, ","):
            dialect.append(f"csvw:delimiter {text(layout.delimiter)}")
        if layout.quote != '"':
            dialect.append(f"csvw:quoteChar {text(layout.quote)}")
        if layout.encoding:
            dialect.append(f"csvw:encoding {text(layout.encoding)}")
        if dialect or layout.nulls:
            parts = ["a csvw:Table", f"csvw:url {path}"]
            parts += [f"csvw:null {text(null)}" for null in layout.nulls]
            parts += [f"csvw:dialect [ {' ; '.join(dialect)} ]"] if dialect else []
            return f"[ {' ; '.join(parts)} ]"
        if self.vocabulary == "old":
            return path
        return f"[ a rml:RelativePathSource ; rml:root rml:MappingDirectory ; rml:path {path} ]"

    def _database(self, table: Table) -> str:
        wanted = text(iterator_of(table))
        if self.vocabulary == "new":
            kind = "SQL2008Query" if table.layout.is_query else "SQL2008Table"
            source = text(f"sqlite:///{file_of(table)}")
            parts = f"rml:source {source} ; rml:referenceFormulation rml:{kind}"
            return f"[ {parts} ; rml:iterator {wanted} ]"
        source = f"[ a d2rq:Database ; d2rq:jdbcDSN {text('jdbc:sqlite:' + file_of(table))} ]"
        word = "rml:query" if table.layout.is_query else "rr:tableName"
        return f"[ rml:source {source} ; {word} {wanted} ]"


def _is_plain(term: Term) -> bool:
    """Tell an object map that makes a literal by default ("Default Term Types")."""
    return isinstance(term.expression, Reference) or bool(term.datatype or term.language)


def _reference(name: str, table: Table) -> str:
    (found,) = [one for one in table.fields if one.name == name]
    return reference_of(found, table.form)


def template(parts: tuple[str | Reference, ...], table: Table) -> str:
    """Write a string template ("Template"): a backslash before every brace and backslash."""
    return "".join(
        _escape(part) if isinstance(part, str) else f"{{{_escape(_reference(part.field, table))}}}"
        for part in parts
    )


def _escape(plain: str) -> str:
    return plain.replace("\\", "\\\\").replace("{", "\\{").replace("}", "\\}")


def constant(value: Constant) -> str:
    if value.is_iri:
        return iri(value.value)
    suffix = f"@{value.language}" if value.language else ""
    return text(value.value) + (f"^^{iri(value.datatype)}" if value.datatype else suffix)


def iri(value: str) -> str:
    return f"<{value}>"


def text(value: str) -> str:
    """Write a string of Turtle, every letter that is not plain ASCII by its number."""
    return '"' + "".join(_letter(letter) for letter in value) + '"'


def _letter(letter: str) -> str:
    if letter in '"\\':
        return f"\\{letter}"
    if " " <= letter <= "~":
        return letter
    return f"\\u{ord(letter):04X}" if ord(letter) < 0x10000 else f"\\U{ord(letter):08X}"
