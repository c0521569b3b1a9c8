"""Functions in RML: executions of RML-FNML, as it is and as it was, and FNML's function values.

Sections are named by their titles in RML-FNML.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rdflib import BNode, Literal

from kg.lift.mapping import Constant, FunctionCall

if TYPE_CHECKING:
    from rdflib.term import Node

    from kg.lift.mapping import Expression
    from kg.lift.rmlterms import Terms

_EXECUTES = re.compile(r"https?://w3id\.org/function/ontology#executes")


def read_execution(reader: Terms, node: Node, output: str) -> FunctionCall:
    """Read a function execution: its function, and its inputs.

    Raises:
        MappingError: it has no function or several, or an input is not as it must be.
    """
    name = _constant_of(reader, node, "function", "rml:functionExecution (Function Execution)")
    inputs = sorted(reader.all(node, "input"), key=lambda given: _place_of(reader, given))
    parameters = tuple(_input(reader, given) for given in inputs)
    return FunctionCall(name, parameters, _line_of(reader, node, name), output)


def read_function_value(reader: Terms, node: Node, output: str) -> FunctionCall:
    """Read FNML's function value: a triples map whose predicates are parameters.

    Raises:
        MappingError: nothing in it says which function it executes, or it reads other rows.
    """
    for source in reader.all(node, "logicalSource"):
        if reader.source(source) != reader.used:
            message = "a function value reads the rows of the triples map that it stands in (FNML)"
            raise reader.error(message, "functionValue", "logicalSource")
    name = ""
    parameters: list[tuple[str, Expression]] = []
    rules = reader.all(node, "predicateObjectMap")
    for rule in sorted(rules, key=lambda given: _place_of(reader, given)):
        predicate = _constant_of(reader, rule, "predicate", "fnml:functionValue")
        values = [Constant(str(value)) for value in reader.all(rule, "object")]
        mapped = reader.all(rule, "objectMap")
        given: list[Expression] = [*values, *map(reader.value, mapped)]
        if _EXECUTES.fullmatch(predicate):
            name = "".join(value.value for value in given if isinstance(value, Constant))
        else:
            parameters += [(_local(predicate), value) for value in given]
    if not name:
        message = "a function value does not say by fno:executes which function it is"
        raise reader.error(f"{message} (FNML)", "functionValue")
    return FunctionCall(name, tuple(parameters), _line_of(reader, node, name), output)


def output_of(reader: Terms, node: Node) -> str:
    """Give the local name of the output that a function-valued expression map takes; "" if none.

    Raises:
        MappingError: it takes several, or one that a row decides on.
    """
    given = [*reader.all(node, "return"), *reader.all(node, "returnMap")]
    if not given:
        return ""
    return _local(_constant_of(reader, node, "return", "rml:functionExecution (Return Map)"))


def _input(reader: Terms, node: Node) -> tuple[str, Expression]:
    named = _constant_of(reader, node, "parameter", "rml:input (Input)")
    values = [*reader.all(node, "inputValue"), *reader.all(node, "inputValueMap")]
    if len(values) != 1:
        found = "no value" if not values else "more than one value"
        message = f"the input {_local(named)!r} has {found} (RML-FNML, Input)"
        raise reader.error(message, named)
    constant = reader.maybe(node, "inputValue")
    if constant is not None:
        return _local(named), Constant(str(constant))
    return _local(named), reader.value(values[0])


def _constant_of(reader: Terms, node: Node, local: str, name: str) -> str:
    """Give the constant of a property or of its map: the same one for every row."""
    shortcut = reader.maybe(node, local)
    if shortcut is not None:
        return str(shortcut)
    mapped = reader.one(node, f"{local}Map", name)
    constant = reader.maybe(mapped, "constant")
    if constant is None:
        section = {"function": "Function Map", "return": "Return Map"}.get(local, "Parameter Map")
        message = f"rml:{local}Map must be a constant, the same for every row"
        raise reader.error(f"{message} (RML-FNML, {section})", f"{local}Map")
    return str(constant)


def _texts_in(reader: Terms, node: Node, seen: set[Node]) -> list[str]:
    """Give the literals below a node, as far as blank nodes reach."""
    found = []
    for value in reader.graph.objects(node):
        if isinstance(value, Literal):
            found.append(str(value))
        elif isinstance(value, BNode) and value not in seen:
            found += _texts_in(reader, value, seen | {value})
    return sorted(found)


def _place_of(reader: Terms, node: Node) -> tuple[int, list[str]]:
    """Say where a node stands among its like; a graph has no order of its own."""
    texts = _texts_in(reader, node, {node})
    return min(map(reader.line, texts), default=0), texts


def _line_of(reader: Terms, node: Node, name: str) -> int:
    """Find the function's name where it stands nearest to what only this call says."""
    texts = _texts_in(reader, node, {node})
    return reader.line_near(name, max(map(reader.line, texts), default=1))


def _local(iri: str) -> str:
    return re.split(r"[/#]", iri)[-1]
