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
    mapping_error,
)
from kg.lift.rmlfunctions import output_of, read_execution, read_function_value
from kg.lift.rmlgraph import local_name
from kg.lift.rmlsources import Sources
from kg.lift.templates import parse_rml

if TYPE_CHECKING:
    from pathlib import Path

    from rdflib.term import Node

    from kg.lift.mapping import Expression, LogicalSource
    from kg.lift.rmlgraph import PlacedGraph

Position = Choice["subject", "predicate", "object", "graph", "datatype", "language", "value"]
KINDS = ("template", "reference", "constant", "functionExecution", "functionValue")
_MOST_TERMS = 100_000
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

    def __init__(self, file: Path, text: str, graph: PlacedGraph) -> None:
        super().__init__(file, text, graph)
        self._scopes: dict[Node, str] = {}
        self._taken = 0

    def terms(self, node: Node, position: Position) -> list[TermMap]:
        """Read a node's term maps of a position: the shortcuts' constants, then the maps."""
        made = [self._shortcut(node, value, position) for value in self.all(node, position)]
        maps = self.maps(node, f"{position}Map", "Term Maps")
        return made + [self.term(value, position) for value in maps]

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
            raise self.error(f"{message}: put it on the object map", node, "condition")
        if position == "value":
            parameters = (("strBoolean", test), ("str", made.expression))
            return replace(made, expression=FunctionCall(TRUE_CONDITION, parameters, made.line))
        return replace(made, condition=test)

    def _term(self, node: Node, position: Position) -> TermMap:
        self._taken += 1
        if self._taken > _MOST_TERMS:
            raise self.error("is too large: its functions multiply what they name", node)
        for local in ("parentTriplesMap", "joinCondition"):
            if self.all(node, local):
                message = f"only a referencing object map has rml:{local} (Referencing Object Map)"
                raise self.error(message, node, local)
        self._check_strategy(node)
        kinds = [(kind, value) for kind in KINDS for value in self.all(node, kind)]
        written = self._term_type(node, position)
        if not kinds and written is TermType.BLANK_NODE:
            scope = self._scopes.setdefault(node, str(len(self._scopes)))
            return TermMap(RowIdentity(scope), written, line=self.line(node, "termType"))
        if len(kinds) != 1:
            found = "no" if not kinds else "more than one"
            article = "an" if position == "object" else "a"
            message = (
                f"{article} {position} map has {found} template, reference or constant (Term Maps)"
            )
            raise self.error(message, node, kinds[-1][0] if kinds else "")
        kind, value = kinds[0]
        line = self.line(node, kind)
        if kind == "constant":
            return self.constant(value, position, node, line)
        datatype, language = self._annotations(node)
        default = self._default_type(kind, position, is_typed=bool(datatype or language))
        term_type = written or default
        if term_type is not TermType.LITERAL and (datatype or language):
            local = "datatype" if datatype else "language"
            message = f"only a literal has a {local} (Typed Literals, Language Tags)"
            raise self.error(message, node, "termType")
        expression = self._expression(node, kind, value)
        line = expression.line if isinstance(expression, FunctionCall) else line
        return TermMap(expression, term_type, datatype, language, line)

    def _shortcut(self, node: Node, value: Node, position: Position) -> TermMap:
        return self.constant(value, position, None, self.line(node, position))

    def constant(
        self, value: Node, position: Position, node: Node | None = None, line: int = 0
    ) -> TermMap:
        """Read a constant, of a term map ``node`` or a shortcut; its term type is what it is.

        Raises:
            MappingError: it is a blank node, or a literal where an IRI must be.
        """
        line = line or self.line(value)
        if isinstance(value, BNode):
            message = "a constant cannot be a blank node (Constant RDF Terms)"
            raise mapping_error(self.file, line, message)
        if not isinstance(value, Literal):
            if position == "language":
                message = 'a language is a text, as "en" is (Language Tags)'
                raise mapping_error(self.file, line, message)
            return TermMap(Constant(str(value)), TermType.IRI, line=line)
        if position == "language":
            self._check_language(str(value), line)
        elif position not in {"object", "value"}:
            message = f"the constant of a {position} map must be an IRI (Constant RDF Terms)"
            raise mapping_error(self.file, line, f"{str(value)!r}: {message}")
        datatype, language = self._annotations(node) if node else (None, None)
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
            message = f"there is no term type {local} (Term Types)"
            raise self.error(message, node, "termType")
        kind = TermType(local)
        if kind not in _ALLOWED[position]:
            article = "an" if kind.is_iri else "a"
            message = f"a {position} cannot be {article} {local}"
            message = f"{message} (Term Types)".replace("a Literal", "a literal")
            raise self.error(message, node, "termType")
        return kind

    def _annotations(self, node: Node) -> tuple[TermMap | None, TermMap | None]:
        datatypes, languages = self.terms(node, "datatype"), self.terms(node, "language")
        if len(datatypes) + len(languages) > 1:
            message = "a literal has one datatype or one language (Typed Literals)"
            raise mapping_error(self.file, max(t.line for t in datatypes + languages), message)
        return next(iter(datatypes), None), next(iter(languages), None)

    def _check_language(self, tag: str, line: int) -> None:
        if not re.fullmatch(LANGUAGE, tag):
            message = f"{tag!r} is no language tag of BCP 47 (Language Tags)"
            raise mapping_error(self.file, line, message)

    def _check_strategy(self, node: Node) -> None:
        strategy = local_name(self.maybe(node, "strategy") or Literal("cartesianProduct"))
        if strategy != "cartesianProduct":
            message = f"rml:strategy rml:{strategy} belongs to rml:gather (RML-CC, Strategy)"
            message = f"{message}; values combine by rml:cartesianProduct"
            raise self.error(message, node, "strategy")

    def _expression(self, node: Node, kind: str, value: Node) -> Expression:
        if kind == "functionExecution":
            return read_execution(self, value, output_of(self, node))
        if kind == "functionValue":
            return read_function_value(self, value, output_of(self, node))
        if not isinstance(value, Literal):
            raise self.error(f"rml:{kind} must be a text ({kind.title()})", node, kind)
        line = self.line(node, kind)
        if kind == "reference":
            return self.reference(str(value), line)
        try:
            template = parse_rml(str(value))
        except ValueError as error:
            message = f"template {str(value)!r}: {error} (Template)"
            raise mapping_error(self.file, line, message) from error
        return Template(
            tuple(
                self.reference(part.column, line) if isinstance(part, Reference) else part
                for part in template.parts
            )
        )

    def reference(self, written: str, line: int) -> Reference:
        """Check a reference against the reference formulation of its source."""
        if not written:
            raise mapping_error(self.file, line, "a reference is empty (Reference)")
        if self.is_json:
            self.check_path(written, "reference", line)
        return Reference(written)
