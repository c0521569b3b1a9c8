"""The terms of a YARRRML mapping: text with references, prefixes, functions, types."""

from __future__ import annotations

import difflib
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from kg.lift.calls import WrittenCall, parse_call
from kg.lift.functions import TEMPLATE
from kg.lift.mapping import (
    FUNCTION_NAMESPACES,
    KNOWN_PREFIXES,
    RDF_TYPE,
    XSD,
    Constant,
    FunctionCall,
    Template,
    TermMap,
    TermType,
)
from kg.lift.templates import parse_yarrrml
from kg.lift.yamlnodes import Entries, Nodes, line_of

if TYPE_CHECKING:
    from pathlib import Path

    from kg.lift.mapping import Expression

CALL = dict.fromkeys(("function", "fn", "f"), "function")
CALL |= dict.fromkeys(("parameters", "parameter", "pms", "pm"), "parameters")
_OBJECT = {"type": "type", "t": "type", "datatype": "datatype", "language": "language"}
_OBJECT |= {"mapping": "mapping", "condition": "condition", "value": "value", "v": "value"} | CALL
_PARAMETER = dict.fromkeys(("parameter", "pm", "p"), "parameter")
_PARAMETER |= dict.fromkeys(("value", "v"), "value") | {"type": "type", "t": "type"}
_TYPES = {
    "iri": TermType.IRI,
    "literal": TermType.LITERAL,
    "blank": TermType.BLANK_NODE,
    "blanknode": TermType.BLANK_NODE,
}
_CURIE = re.compile(r"([A-Za-z][\w.-]*|):(?!//)(.*)", re.DOTALL)
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|(?:urn|mailto|tag|data|info|doi|tel):")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


class Terms(Nodes):
    """Makes term maps of YAML nodes; ``prefixes`` grows as the document declares them."""

    def __init__(self, file: Path) -> None:
        super().__init__(file)
        self.prefixes = dict(KNOWN_PREFIXES)

    def subject(self, node: Node) -> TermMap:
        """Read a subject (or graph): an IRI by default, ``_:`` makes a blank node."""
        if isinstance(node, MappingNode):
            entries = self.entries(node, _OBJECT)
            kind = self._type(entries) or TermType.IRI
            if kind is TermType.LITERAL:
                raise self.error(node, "a subject or a graph is no literal", "type: iri or blank")
            return TermMap(self._value(entries, node, kind), kind, line=line_of(node))
        value = self.scalar(node)
        if value.startswith("_:"):
            expression = self.text(node, value[2:], is_iri=False)
            return TermMap(expression, TermType.BLANK_NODE, line=line_of(node))
        return self.iri(node)

    def predicate(self, node: Node) -> TermMap:
        """Read a predicate, plain or a function's; ``a`` is rdf:type."""
        if isinstance(node, MappingNode):
            return self.subject(node)
        if self.scalar(node) == "a":
            return TermMap(Constant(RDF_TYPE), TermType.IRI, line=line_of(node))
        return self.iri(node)

    def iri(self, node: Node) -> TermMap:
        """Read an IRI: absolute, relative or with a prefix, with or without ``~iri``."""
        value = self.scalar(node).removesuffix("~iri")
        return TermMap(self.text(node, value, is_iri=True), TermType.IRI, line=line_of(node))

    def is_annotated(self, node: SequenceNode) -> bool:
        """Tell one object ``[value, xsd:…]`` or ``[value, en~lang]`` from a list of objects."""
        if len(node.value) != 2 or not all(isinstance(part, ScalarNode) for part in node.value):
            return False
        second = str(node.value[1].value)
        prefix, _, local = second.partition(":")
        return second.endswith("~lang") or self.prefixes.get(prefix, "") + local == XSD + local

    def object(self, node: Node, *, is_iri: bool) -> TermMap:
        """Read an object in any of its forms; ``is_iri``: plain text is an IRI (after ``a``)."""
        if isinstance(node, MappingNode):
            return self._long_object(node, is_iri=is_iri)
        if isinstance(node, SequenceNode):
            if not 1 <= len(node.value) <= 2:
                raise self.error(node, "an object is [value] or [value, datatype or lang~lang]")
            term = self.object(node.value[0], is_iri=is_iri)
            return self.annotated(term, node.value[1]) if len(node.value) == 2 else term
        value = self.scalar(node)
        if is_iri or value.endswith("~iri"):
            return self.iri(node)
        expression = self.text(node, value, is_iri=False)
        return TermMap(expression, TermType.LITERAL, line=line_of(node))

    def annotated(self, term: TermMap, node: Node, suffix: str = "") -> TermMap:
        """Give a literal its datatype, or its language (``en~lang``); a function may make them."""
        if term.term_type is not TermType.LITERAL:
            raise self.error(node, "only a literal has a datatype or a language", "drop one")
        if isinstance(node, MappingNode):
            made = self.call(self.entries(node, CALL), is_iri=not suffix)
            kind = TermType.LITERAL if suffix else TermType.IRI
            given = TermMap(made, kind, line=line_of(node))
            return replace(term, language=given) if suffix else replace(term, datatype=given)
        value = self.scalar(node) + suffix
        if not value.endswith("~lang"):
            return replace(term, datatype=self.iri(node))
        language = value.removesuffix("~lang")
        spoken = self.text(node, language, is_iri=False)
        if isinstance(spoken, Constant) and not _LANGUAGE.fullmatch(language):
            raise self.error(node, f"{language!r} is no language", "write en~lang, sv~lang, …")
        return replace(term, language=TermMap(spoken, TermType.LITERAL, line=line_of(node)))

    def call(self, entries: Entries, *, is_iri: bool) -> FunctionCall:
        """Read a function with its parameters, in the long or the short form."""
        node = entries["function"]
        written = self.scalar(node)
        if "(" in written:
            try:
                return self._short_call(node, parse_call(written), is_iri=is_iri)
            except ValueError as error:
                raise self.error(node, str(error), "write f(parameter = $(column))") from error
        name = self._name(node, written)
        parameters = tuple(
            self._parameter(item, name, is_iri=is_iri)
            for item in self.items(entries.get("parameters"), _is_pair)
        )
        return FunctionCall(name, parameters, line_of(node))

    def condition(self, entries: Entries) -> FunctionCall | None:
        """Read the condition of a mapping, a predicateobject or an object, if there is one."""
        if "condition" not in entries:
            return None
        node = entries["condition"]
        condition = self.entries(node, CALL)
        if "function" not in condition:
            raise self.error(node, "a condition needs a function", "function: idlab-fn:equal")
        return self.call(condition, is_iri=False)

    def text(self, node: Node, value: str, *, is_iri: bool) -> Expression:
        """Read text with references; in an IRI a known prefix at its beginning is expanded.

        Raises:
            MappingError: a reference is not closed, or the prefix is unknown.
        """
        try:
            expression = parse_yarrrml(value)
        except ValueError as error:
            raise self.error(node, str(error), "write $(column)") from error
        if not is_iri:
            return expression
        if isinstance(expression, Constant):
            return Constant(self.expand(node, expression.value))
        if isinstance(expression, Template) and isinstance(expression.parts[0], str):
            first = self.expand(node, expression.parts[0])
            return Template((first, *expression.parts[1:]))
        return expression

    def expand(self, node: Node, value: str) -> str:
        """Put a prefix's namespace in its place; absolute and relative IRIs stay as they are."""
        curie = _CURIE.fullmatch(value)
        if curie is None:
            return value
        prefix, local = curie.groups()
        if prefix in self.prefixes:
            return self.prefixes[prefix] + local
        if _ABSOLUTE.match(value):
            return value
        near = difflib.get_close_matches(prefix, self.prefixes, 1, 0.5)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise self.error(
            node, f"unknown prefix {prefix!r} in {value!r}", f"{hint}add it under prefixes:"
        )

    def _long_object(self, node: MappingNode, *, is_iri: bool) -> TermMap:
        entries = self.entries(node, _OBJECT)
        kind = self._type(entries) or (TermType.IRI if is_iri else TermType.LITERAL)
        if "value" in entries and isinstance(entries["value"], ScalarNode):
            kind = TermType.IRI if self.scalar(entries["value"]).endswith("~iri") else kind
        expression, condition = self._value(entries, node, kind), self.condition(entries)
        term = TermMap(expression, kind, line=line_of(node), condition=condition)
        if {"datatype", "language"} <= entries.keys():
            raise self.error(node, "a literal has one datatype or one language", "drop one")
        for key, suffix in (("datatype", ""), ("language", "~lang")):
            if key in entries:
                term = self.annotated(term, entries[key], suffix)
        return term

    def _type(self, entries: Entries) -> TermType | None:
        if "type" not in entries:
            return None
        written = self.scalar(entries["type"])
        if written.lower() not in _TYPES:
            raise self.error(entries["type"], f"unknown type {written!r}", "iri, literal or blank")
        return _TYPES[written.lower()]

    def _value(self, entries: Entries, node: Node, kind: TermType) -> Expression:
        is_iri = kind is TermType.IRI
        if "function" in entries:
            return self.call(entries, is_iri=is_iri)
        if "value" not in entries:
            raise self.error(node, "has neither value nor function", "add value: $(column)")
        value = entries["value"]
        if isinstance(value, MappingNode):
            return self._value(self.entries(value, _OBJECT), value, kind)
        return self.text(value, self.scalar(value).removesuffix("~iri"), is_iri=is_iri)

    def _parameter(self, node: Node, function: str, *, is_iri: bool) -> tuple[str, Expression]:
        if isinstance(node, SequenceNode):
            name_node, value = self._pair(node)
        else:
            entries = self.entries(node, _PARAMETER)
            if not {"parameter", "value"} <= entries.keys():
                raise self.error(node, "a parameter needs parameter: and value:")
            name_node, value = entries["parameter"], entries["value"]
        name = self._local(name_node, self.scalar(name_node))
        if isinstance(value, MappingNode):
            nested = self.entries(value, CALL | {"type": "type"})
            if "function" not in nested:
                raise self.error(value, "a nested value needs a function")
            return name, self.call(nested, is_iri=is_iri)
        return name, self._argument(value, self.scalar(value), function, is_iri=is_iri)

    def _pair(self, node: SequenceNode) -> tuple[Node, Node]:
        """Take a name and a value; a join marks whose it is: str1 is of s, str2 of o."""
        if len(node.value) == 3:
            name, mark = self.scalar(node.value[0]), self.scalar(node.value[2])
            if (name, mark[:1]) not in {("str1", "s"), ("str2", "o")}:
                message = "a parameter is [name, value]; in a join str1 is of s, and str2 of o"
                raise self.error(node, message)
        elif len(node.value) != 2:
            raise self.error(node, "a parameter is [name, value]")
        return node.value[0], node.value[1]

    def _argument(self, node: Node, value: str, function: str, *, is_iri: bool) -> Expression:
        is_curie = value.endswith("~iri") or (is_iri and function == TEMPLATE)
        return self.text(node, value.removesuffix("~iri"), is_iri=is_curie)

    def _short_call(self, node: Node, written: WrittenCall, *, is_iri: bool) -> FunctionCall:
        name = self._name(node, written.name)
        parameters = tuple(
            (
                self._local(node, parameter),
                self._argument(node, value, name, is_iri=is_iri)
                if isinstance(value, str)
                else self._short_call(node, value, is_iri=is_iri),
            )
            for parameter, value in written.parameters
        )
        return FunctionCall(name, parameters, line_of(node))

    def _name(self, node: Node, written: str) -> str:
        name = self.expand(node, written)
        if name == "equal":  # YARRRML's own name for it, without a prefix
            return FUNCTION_NAMESPACES["idlab-fn"] + "equal"
        if ":" not in name:
            raise self.error(node, f"function {written!r} has no prefix", "write trf:… or grel:…")
        return name

    def _local(self, node: Node, written: str) -> str:
        return re.split(r"[/#]", self.expand(node, written))[-1]


def _is_pair(node: SequenceNode) -> bool:
    return len(node.value) == 2 and isinstance(node.value[0], ScalarNode)
