"""YARRRML -> mapping (https://rml.io/yarrrml/spec/), keeping the line of every term.

Other readers turn YARRRML into RML and lose conditions, types of function objects and lines.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from kg.lift.mapping import (
    FUNCTION_NAMESPACES,
    RDF_TYPE,
    Constant,
    Join,
    LogicalSource,
    MappingDocument,
    PredicateObjectMap,
    TermMap,
    TermType,
    TriplesMap,
    is_absolute,
    mapping_error,
)
from kg.lift.yamlnodes import compose, line_of
from kg.lift.yarrrmlterms import CALL, Terms

if TYPE_CHECKING:
    from pathlib import Path

    from kg.lift.mapping import Expression
    from kg.lift.yamlnodes import Entries

_DOCUMENT = {"prefixes": "prefixes", "base": "base", "sources": "sources"}
_DOCUMENT |= dict.fromkeys(("mappings", "mapping", "m"), "mappings")
_DOCUMENT |= dict.fromkeys(("authors", "author"), "authors")
_MAPPING = {"sources": "sources", "source": "sources", "condition": "condition"}
_MAPPING |= dict.fromkeys(("subjects", "subject", "s"), "subjects")
_MAPPING |= dict.fromkeys(("graphs", "graph", "g"), "graphs")
_MAPPING |= dict.fromkeys(("predicateobjects", "predicateobject", "po"), "po")
_RULE = {"condition": "condition"} | dict.fromkeys(("graphs", "graph", "g"), "graphs")
_RULE |= dict.fromkeys(("predicates", "predicate", "p"), "predicates")
_RULE |= dict.fromkeys(("objects", "object", "o"), "objects")
_SOURCE = {"access": "access", "referenceFormulation": "formulation", "iterator": "iterator"}


_LINK = {"mapping": "mapping", "condition": "condition", "conditions": "condition"}
_EQUAL = {"equal", FUNCTION_NAMESPACES["idlab-fn"] + "equal"}


def read_yarrrml(file: Path) -> MappingDocument:
    """Read a YARRRML file.

    Raises:
        MappingError: it is no YAML, or a key, prefix, reference or type in it is unknown.
    """
    return _Document(file).read(compose(file))


class _Document(Terms):
    def __init__(self, file: Path) -> None:
        super().__init__(file)
        self._base = ""
        self._sources: dict[str, LogicalSource] = {}

    def read(self, root: Node) -> MappingDocument:
        entries = self.entries(root, _DOCUMENT)
        if "mappings" not in entries:
            raise self.error(root, "has no mappings", "add mappings: with one entry per class")
        if "prefixes" in entries:
            declared = self.entries(entries["prefixes"])
            self.prefixes |= {prefix: self.scalar(node) for prefix, node in declared.items()}
        if "base" in entries:
            self._base = self.scalar(entries["base"])
            if not is_absolute(self._base):
                message = f"{self._base!r} is no IRI that others can begin with"
                raise self.error(entries["base"], message, "base: https://plant.example/")
        if "sources" in entries:
            for name, node in self.entries(entries["sources"]).items():
                self._sources[name] = self._source(node)
        made: list[TriplesMap] = []
        for name, node in self.entries(entries["mappings"]).items():
            made += self._mapping(name, node)
        maps = tuple(self._resolved(made))
        return MappingDocument(self.file, maps, tuple(self.prefixes.items()))

    def _mapping(self, name: str, node: Node) -> list[TriplesMap]:
        entries = self.entries(node, _MAPPING)
        for key in ("sources", "subjects"):
            if key not in entries:
                raise self.error(node, f"mapping {name!r} has no {key}", f"add {key}: to it")
        condition = self.condition(entries)
        rules = tuple(self._rule(item) for item in self.items(entries.get("po"), _is_rule))
        graphs = tuple(self.subject(item) for item in self.items(entries.get("graphs")))
        sources = [self._source(item) for item in self.items(entries["sources"])]
        subjects = [self.subject(item) for item in self.items(entries["subjects"])]
        return [
            TriplesMap(
                name,
                source,
                subject,
                graphs=graphs,
                predicate_objects=rules,
                condition=condition,
                base=self._base,
                line=line_of(node),
            )
            for source in sources
            for subject in subjects
        ]

    def _source(self, node: Node) -> LogicalSource:
        line = line_of(node)
        if isinstance(node, MappingNode):
            entries = self.entries(node, _SOURCE)
            if not {"access", "formulation"} <= entries.keys():
                raise self.error(node, "a source needs access and referenceFormulation")
            given = {key: self.scalar(value) for key, value in entries.items()}
            form = given["formulation"].lower()
            return LogicalSource(given["access"], form, given.get("iterator", ""), line=line)
        if isinstance(node, ScalarNode) and "~" not in node.value:
            if node.value not in self._sources:
                raise self.error(
                    node, f"there is no source {node.value!r}", "write [production~table]"
                )
            return self._sources[node.value]
        parts = [self.scalar(part) for part in self.items(node)]
        name, tilde, form = parts[0].rpartition("~") if parts else ("", "", "")
        if not tilde:
            raise self.error(node, "a source does not say its form", "write [production~table]")
        return LogicalSource(name, form.lower(), parts[1] if len(parts) > 1 else "", line=line)

    def _rule(self, node: Node) -> PredicateObjectMap:
        if isinstance(node, SequenceNode):
            return self._short_rule(node)
        entries = self.entries(node, _RULE)
        for key in ("predicates", "objects"):
            if key not in entries:
                raise self.error(node, f"a predicateobject has no {key}", f"add {key}: to it")
        predicates = tuple(self.predicate(item) for item in self.items(entries["predicates"]))
        is_iri = any(_is_type(predicate) for predicate in predicates)
        is_one = self.is_annotated if not is_iri else _is_never
        listed = self.items(entries["objects"], is_one)
        links = tuple(self._link(item) for item in listed if _is_link(item))
        objects = tuple(self.object(item, is_iri=is_iri) for item in listed if not _is_link(item))
        graphs = tuple(self.subject(item) for item in self.items(entries.get("graphs")))
        condition = self.condition(entries)
        return PredicateObjectMap(predicates, objects, graphs, condition, links, line_of(node))

    def _link(self, node: Node) -> Join:
        """Read an object that is the subject of another mapping, with its join condition.

        Its source and subject are filled in when all mappings are read: `_resolved`.
        """
        entries = self.entries(node, _LINK)
        conditions = [
            self._equal(item, self.entries(item, CALL))
            for item in self.items(entries.get("condition"))
        ]
        source = LogicalSource(self.scalar(entries["mapping"]), "mapping", line=line_of(node))
        subject = TermMap(Constant(""), TermType.IRI)
        return Join(source, subject, tuple(conditions), self._base, line_of(node))

    def _equal(self, node: Node, entries: Entries) -> tuple[Expression, Expression]:
        call = self.call(entries, is_iri=False) if "function" in entries else None
        parameters = dict(call.parameters) if call else {}
        if call is None or call.function not in _EQUAL or not parameters.keys() >= {"str1", "str2"}:
            raise self.error(
                node,
                "two mappings are joined by the function equal, of str1 and str2",
                "function: equal, parameters: [[str1, $(part)], [str2, $(id)]]",
            )
        return parameters["str1"], parameters["str2"]

    def _resolved(self, made: list[TriplesMap]) -> list[TriplesMap]:
        """Put the joined mapping's source and subject into every link."""
        by_name: dict[str, list[TriplesMap]] = {}
        for triples_map in made:
            by_name.setdefault(triples_map.name, []).append(triples_map)
        return [
            replace(
                triples_map,
                predicate_objects=tuple(
                    self._with_parents(rule, triples_map, by_name)
                    for rule in triples_map.predicate_objects
                ),
            )
            for triples_map in made
        ]

    def _with_parents(
        self, rule: PredicateObjectMap, child: TriplesMap, by_name: dict[str, list[TriplesMap]]
    ) -> PredicateObjectMap:
        objects, joins = list(rule.objects), []
        for link in rule.joins:
            for parent in by_name.get(link.source.name, ()):
                if link.conditions:
                    joins.append(replace(link, source=parent.source, subject=parent.subject))
                elif parent.source == child.source:
                    objects.append(parent.subject)
                else:
                    message = "a mapping of another source needs a condition"
                    hint = "add condition: function: equal"
                    raise mapping_error(self.file, link.line, message, hint)
            if link.source.name not in by_name:
                message = f"there is no mapping {link.source.name!r}"
                hint = f"there are {', '.join(by_name)}"
                raise mapping_error(self.file, link.line, message, hint)
        return replace(rule, objects=tuple(objects), joins=tuple(joins))

    def _short_rule(self, node: SequenceNode) -> PredicateObjectMap:
        if not 2 <= len(node.value) <= 3:
            raise self.error(
                node, "a short predicateobject is [predicate, object] or [.., .., datatype]"
            )
        first, value, *kind = node.value
        predicates = tuple(self.predicate(item) for item in self.items(first))
        is_iri = any(_is_type(predicate) for predicate in predicates)
        objects = [self.object(item, is_iri=is_iri) for item in self.items(value)]
        if kind:
            objects = [self.annotated(term, kind[0]) for term in objects]
        return PredicateObjectMap(predicates, tuple(objects), line=line_of(node))


def _is_link(node: Node) -> bool:
    """Tell an object that names another mapping."""
    return isinstance(node, MappingNode) and any(key.value == "mapping" for key, _ in node.value)


def _is_never(_: SequenceNode) -> bool:
    return False


def _is_rule(node: SequenceNode) -> bool:
    return bool(node.value) and isinstance(node.value[0], ScalarNode)


def _is_type(predicate: TermMap) -> bool:
    return predicate.expression == Constant(RDF_TYPE)
