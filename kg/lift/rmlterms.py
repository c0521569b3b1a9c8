"""Term maps in RML: expressions, term types, datatypes and languages.

Sections are named by their titles in RML-Core.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING
from typing import Literal as Choice

from rdflib import BNode, Literal

from kg.lift.functions import TRUE_CONDITION
from kg.lift.literals import LANGUAGE
from kg.lift.mapping import (
    Constant,
    FunctionCall,
    Reference,
    RowIdentity,
    Template,
    TermMap,
    TermType,
)
from kg.lift.rmlfunctions import output_of, read_execution, read_function_value
from kg.lift.rmlgraph import local_name
from kg.lift.rmlsources import Sources
from kg.lift.templates import parse_rml

if TYPE_CHECKING:
    from pathlib import Path

    from rdflib import Graph
    from rdflib.term import Node

    from kg.lift.mapping import Expression, LogicalSource

Position = Choice["subject", "predicate", "object", "graph", "datatype", "language", "value"]
_KINDS = ("template", "reference", "constant", "functionExecution", "functionValue")
_IRIS = {kind for kind in TermType if kind.is_iri}
_ALLOWED = {
    "subject": _IRIS | {TermType.BLANK_NODE},
    "predicate": _IRIS,
    "graph": _IRIS | {TermType.BLANK_NODE},
    "datatype": _IRIS,
    "object": set(TermType),
    "language": {TermType.LITERAL},
    "value": {TermType.LITERAL},
}


class Terms(Sources):
    """Reads term maps by their position in the triple.

    ``used`` is the source whose rows they read, and ``is_json`` says how references read.
    """

    is_json = False
    used: LogicalSource | None = None

    def __init__(self, file: Path, text: str, graph: Graph) -> None:
        super().__init__(file, text, graph)
        self._scopes: dict[Node, str] = {}

    def terms(self, node: Node, position: Position) -> list[TermMap]:
        """Read a node's term maps of a position: the shortcuts' constants, then the maps."""
        made = [self.constant(value, position) for value in self.all(node, position)]
        return made + [self.term(value, position) for value in self.all(node, f"{position}Map")]

    def term(self, node: Node, position: Position) -> TermMap:
        """Read one term map ("Term Maps"), with its condition ("Conditions" of RML-FNML).

        Raises:
            MappingError: it has no expression or several, or a term type of another position.
        """
        made = self._term(node, position)
        condition = self.maybe(node, "condition")
        if condition is None:
            return made
        test = self.value(condition)
        if position in {"datatype", "language"}:
            message = f"a condition on a {position} map is not supported (RML-FNML, Conditions)"
            raise self.error(f"{message}: put it on the object map", "condition")
        if position == "value":
            parameters = (("strBoolean", test), ("str", made.expression))
            return replace(made, expression=FunctionCall(TRUE_CONDITION, parameters, made.line))
        return replace(made, condition=test)

    def _term(self, node: Node, position: Position) -> TermMap:
        if self.maybe(node, "parentTriplesMap") is not None:
            message = "only an object map can have a parent triples map (Referencing Object Map)"
            raise self.error(message, "parentTriplesMap")
        self._check_strategy(node)
        kinds = [(kind, value) for kind in _KINDS for value in self.all(node, kind)]
        written = self._term_type(node, position)
        if not kinds and written is TermType.BLANK_NODE:
            scope = self._scopes.setdefault(node, str(len(self._scopes)))
            return TermMap(RowIdentity(scope), written, line=self.line("BlankNode"))
        if len(kinds) != 1:
            found = "no" if not kinds else "more than one"
            needles = [str(value) for _, value in kinds] or [f"{position}Map"]
            message = f"a {position} map has {found} template, reference or constant (Term Maps)"
            raise self.error(message, *needles)
        kind, value = kinds[0]
        if kind == "constant":
            return self.constant(value, position, node)
        datatype, language = self._annotations(node, str(value))
        default = self._default_type(kind, position, is_typed=bool(datatype or language))
        term_type = written or default
        if term_type is not TermType.LITERAL:
            datatype = language = None
        expression = self._expression(node, kind, value)
        line = expression.line if isinstance(expression, FunctionCall) else self.line(str(value))
        return TermMap(expression, term_type, datatype, language, line)

    def constant(self, value: Node, position: Position, node: Node | None = None) -> TermMap:
        """Read a constant; its term type is what it is (Constant RDF Terms).

        Raises:
            MappingError: it is a blank node, or a literal where an IRI must be.
        """
        line = self.line(str(value))
        if isinstance(value, BNode):
            raise self.error("a constant cannot be a blank node (Constant RDF Terms)", "constant")
        if not isinstance(value, Literal):
            return TermMap(Constant(str(value)), TermType.IRI, line=line)
        if position == "language":
            self._check_language(str(value))
        elif position not in {"object", "value"}:
            message = f"the constant of a {position} map must be an IRI (Constant RDF Terms)"
            raise self.error(f"{str(value)!r}: {message}", str(value))
        datatype, language = self._annotations(node, str(value)) if node else (None, None)
        if value.datatype:
            datatype = TermMap(Constant(str(value.datatype)), TermType.IRI, line=line)
        if value.language:
            language = TermMap(Constant(value.language), TermType.LITERAL, line=line)
        return TermMap(Constant(str(value)), TermType.LITERAL, datatype, language, line)

    def value(self, node: Node) -> Expression:
        """Read an expression that makes a plain value: of a join condition, or a parameter."""
        return self.term(node, "value").expression

    def _default_type(self, kind: str, position: Position, *, is_typed: bool) -> TermType:
        if position in {"language", "value"}:
            return TermType.LITERAL
        is_text = kind != "template" or is_typed
        return TermType.LITERAL if position == "object" and is_text else TermType.IRI

    def _term_type(self, node: Node, position: Position) -> TermType | None:
        written = self.maybe(node, "termType")
        if written is None:
            return None
        local = local_name(written)
        if local not in {kind.value for kind in TermType}:
            raise self.error(f"there is no term type {local} (Term Types)", "termType")
        kind = TermType(local)
        if kind not in _ALLOWED[position]:
            article = "an" if kind.is_iri else "a"
            message = f"a {position} cannot be {article} {local}"
            raise self.error(
                f"{message} (Term Types)".replace("a Literal", "a literal"), "termType"
            )
        return kind

    def _annotations(self, node: Node, name: str) -> tuple[TermMap | None, TermMap | None]:
        datatypes, languages = self.terms(node, "datatype"), self.terms(node, "language")
        if len(datatypes) + len(languages) > 1:
            message = "a literal has one datatype or one language (Typed Literals)"
            raise self.error(message, name)
        return next(iter(datatypes), None), next(iter(languages), None)

    def _check_language(self, tag: str) -> None:
        if not re.fullmatch(LANGUAGE, tag):
            raise self.error(f"{tag!r} is no language tag of BCP 47 (Language Tags)", tag)

    def _check_strategy(self, node: Node) -> None:
        strategy = local_name(self.maybe(node, "strategy") or Literal("cartesianProduct"))
        if strategy != "cartesianProduct":
            message = f"rml:strategy rml:{strategy} belongs to rml:gather (RML-CC, Strategy)"
            raise self.error(f"{message}; values combine by rml:cartesianProduct", "strategy")

    def _expression(self, node: Node, kind: str, value: Node) -> Expression:
        if kind == "functionExecution":
            return read_execution(self, value, output_of(self, node))
        if kind == "functionValue":
            return read_function_value(self, value, output_of(self, node))
        if kind == "reference":
            return self._reference(str(value))
        try:
            template = parse_rml(str(value))
        except ValueError as error:
            message = f"template {str(value)!r}: {error} (Template)"
            raise self.error(message, str(value)) from error
        return Template(
            tuple(
                self._reference(part.column) if isinstance(part, Reference) else part
                for part in template.parts
            )
        )

    def _reference(self, written: str) -> Reference:
        if self.is_json:
            self.check_path(written, "reference")
        return Reference(written)
