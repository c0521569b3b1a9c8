"""Reading SPARQL constraints and constraint components (SHACL, sections 5 and 6)."""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING

from kg.errors import OntologyError, QueryError
from kg.validate.model import Sparql
from kg.validate.paths import to_sparql
from kg.validate.prebinding import variables_of, write_path, write_values
from kg.validate.shapesgraph import TRUE, sh
from kg.validate.values import check_runs, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kg.records import Term
    from kg.validate.model import Path
    from kg.validate.shapesgraph import ShapesGraph

_IMPORTS = "<http://www.w3.org/2002/07/owl#imports>"
_GIVEN = frozenset({"this", "shapesGraph", "currentShape"})
_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_RESERVED = _GIVEN | {"path", "PATH", "value"}
_LONGEST = 300
_HINT = (
    "See section 5.2.1 of the standard: SELECT $this …, without MINUS, VALUES, SERVICE or FROM, "
    "prefixes declared by sh:prefixes."
)


@dataclass(frozen=True, slots=True)
class Component:
    """A constraint component that the shapes graph declares (section 6.1).

    ``parameters`` are properties by the names that they have in queries.
    """

    node: Term
    parameters: dict[str, Term]
    optional: frozenset[str]


def read_components(graph: ShapesGraph) -> list[Component]:
    """Read the declared components; Raises: OntologyError."""
    nodes = sorted(graph.instances(sh("ConstraintComponent")))
    return [_read_component(graph, node) for node in nodes if node.startswith("<")]


def _read_component(graph: ShapesGraph, node: Term) -> Component:
    parameters, optional = {}, set()
    for parameter in graph.all(node, "parameter"):
        path = graph.one(parameter, "path")
        if path is None or not path.startswith("<"):
            hint = "Give each sh:parameter one sh:path, an IRI."
            raise graph.wrong(node, "parameter", "has no path", hint)
        name = re.split(r"[/#:]", path[1:-1])[-1]
        if _NAME.fullmatch(name) is None or name in _RESERVED:
            hint = "Its last part is a variable's name, and none that the standard has given."
            raise graph.wrong(node, "parameter", f"has a path that names none: {path}", hint)
        parameters[name] = path
        if graph.flag(parameter, "optional"):
            optional.add(name)
    if not set(parameters) - optional:
        hint = "Declare one without sh:optional."
        raise graph.wrong(node, "parameter", "is missing: one that is not optional", hint)
    return Component(node, parameters, frozenset(optional))


def read_queries(
    graph: ShapesGraph, shape: Term, path: Path | None, components: list[Component]
) -> Iterator[Sparql]:
    """Give the constraints of a shape that are queries; Raises: OntologyError."""
    for node in graph.all(shape, "sparql"):
        if graph.one(node, "deactivated") != TRUE:
            yield _Query(graph, shape, path, node).constraint()
    for component in components:
        for given in _parameters(graph, shape, component):
            validator = _validator(graph, component.node, path)
            if validator is not None:
                yield _Query(graph, shape, path, validator, component, given).constraint()


def _parameters(
    graph: ShapesGraph, shape: Term, component: Component
) -> Iterator[tuple[tuple[str, Term], ...]]:
    """Give the parameters that a shape gives a component: each value makes a constraint."""
    values = {name: graph.facts.objects(shape, p) for name, p in component.parameters.items()}
    if not all(values[name] for name in values if name not in component.optional):
        return
    if len(values) > 1 and any(len(found) > 1 for found in values.values()):
        what = f"gives {component.node} several values of one parameter"
        raise graph.wrong(shape, "", what, "A component of several parameters takes one of each.")
    given = [[(name, value) for value in found] for name, found in values.items() if found]
    yield from product(*given)


def _validator(graph: ShapesGraph, component: Term, path: Path | None) -> Term | None:
    """Choose the validator for a kind of shape (section 6.2.3)."""
    kind = "nodeValidator" if path is None else "propertyValidator"
    found = [*graph.all(component, kind), *graph.all(component, "validator")]
    return next((node for node in found if not _is_script(graph, node)), None)


def left_by(graph: ShapesGraph, shape: Term, component: Component) -> str:
    """Say why a shape cannot be run here for a component; "" where it can."""
    if not any(_parameters(graph, shape, component)):
        return ""
    names = ("validator", "nodeValidator", "propertyValidator")
    found = [node for name in names for node in graph.all(component.node, name)]
    if not found or not all(_is_script(graph, node) for node in found):
        return ""
    return f"{component.node} with sh:jsFunctionName (SHACL JavaScript Extensions)"


def _is_script(graph: ShapesGraph, validator: Term) -> bool:
    return bool(graph.all(validator, "jsFunctionName"))


class _Query:
    """One query on its way to a constraint."""

    def __init__(
        self,
        graph: ShapesGraph,
        shape: Term,
        path: Path | None,
        node: Term,
        component: Component | None = None,
        given: tuple[tuple[str, Term], ...] = (),
    ) -> None:
        self._graph = graph
        self._shape = shape
        self._path = path
        self._node = node
        self._component = component
        self._given = given

    def constraint(self) -> Sparql:
        """Read the constraint."""
        graph, component = self._graph, self._component
        is_ask, text = self._text()
        try:
            query, uses = self._prepared(text, is_ask=is_ask)
            check_runs(write_values(query, dict.fromkeys(uses, "<urn:traveler:any>")))
        except QueryError as error:
            said = error.message.split("\n")[0][:_LONGEST]
            raise self._wrong(f"cannot be run: {said}", error.hint or _HINT) from error
        messages = (
            graph.literal(self._node, "message", m) for m in graph.all(self._node, "message")
        )
        return Sparql(
            component=sh("SPARQLConstraintComponent") if component is None else component.node,
            node=self._node if component is None else None,
            query=query,
            is_ask=is_ask,
            uses=uses,
            messages=tuple(messages),
            bindings=self._given,
        )

    def _text(self) -> tuple[bool, str]:
        graph = self._graph
        select, ask = graph.one(self._node, "select"), graph.one(self._node, "ask")
        if ask is not None and self._component is not None:
            return True, text_of(graph.string(self._node, "ask", ask))
        if select is None:
            raise self._wrong("has no sh:select", "Write the query there.")
        return False, text_of(graph.string(self._node, "select", select))

    def _prepared(self, text: str, *, is_ask: bool) -> tuple[str, frozenset[str]]:
        declared = set() if self._component is None else set(self._component.parameters)
        prebound = _GIVEN | declared | ({"value"} if is_ask else set())
        if self._path is not None:
            text = write_path(text, f"({to_sparql(self._path)})")
        query = self._prefixes() + text
        # It loads rdflib's parser, which takes longer than most shapes: only for a query.
        checks = importlib.import_module("kg.validate.queries")
        form: str = checks.check_query(query, prebound | {"PATH"})
        if (form == "ASK") is not is_ask:
            raise QueryError(f"it is an {form}, in the place of the other form", code="query-form")
        bound = prebound - declared | {name for name, _ in self._given}
        return query, variables_of(query) & bound

    def _prefixes(self) -> str:
        """Write the prefixes that are declared for the query (section 5.2.1.1)."""
        graph = self._graph
        found: dict[str, str] = {}
        waiting, seen = graph.all(self._node, "prefixes"), set[str]()
        while waiting:
            ontology = waiting.pop()
            if ontology in seen:
                continue
            seen.add(ontology)
            waiting.extend(graph.facts.objects(ontology, _IMPORTS))
            for declaration in graph.all(ontology, "declare"):
                prefix, namespace = (
                    text_of(graph.literal(declaration, name, graph.one(declaration, name) or ""))
                    for name in ("prefix", "namespace")
                )
                if found.setdefault(prefix, namespace) != namespace:
                    raise self._wrong(f"has two meanings of the prefix {prefix}:", "Keep one.")
        return "".join(f"PREFIX {prefix}: <{found[prefix]}>\n" for prefix in sorted(found))

    def _wrong(self, what: str, hint: str) -> OntologyError:
        name = "sparql" if self._component is None else ""
        place = "" if self._component is None else f"the validator of {self._component.node} "
        return self._graph.wrong(self._shape, name, f"{place}{what}", hint)
