"""Functions in RML: executions of RML-FNML, as it is and as it was, and FNML's function values.

Sections are named by their titles in RML-FNML.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

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
    inputs = reader.maps(node, "input", "RML-FNML, Input")
    parameters = tuple(_input(reader, given) for given in inputs)
    local = "function" if reader.all(node, "function") else "functionMap"
    return FunctionCall(name, parameters, reader.line(node, local), output)


def read_function_value(reader: Terms, node: Node, output: str) -> FunctionCall:
    """Read FNML's function value: a triples map whose predicates are parameters.

    Raises:
        MappingError: nothing in it says which function it executes, or it reads other rows.
    """
    for source in reader.all(node, "logicalSource"):
        if reader.source(source) != reader.used:
            message = "a function value reads the rows of the triples map that it stands in (FNML)"
            raise reader.error(message, node, "logicalSource")
    name, line = "", reader.line(node)
    parameters: list[tuple[str, Expression]] = []
    for rule in reader.maps(node, "predicateObjectMap", "FNML"):
        predicate = _constant_of(reader, rule, "predicate", "fnml:functionValue")
        values = [Constant(str(value)) for value in reader.all(rule, "object")]
        mapped = reader.maps(rule, "objectMap", "FNML")
        given: list[Expression] = [*values, *map(reader.value, mapped)]
        if _EXECUTES.fullmatch(predicate):
            name = "".join(value.value for value in given if isinstance(value, Constant))
            line = reader.line(rule, "object" if values else "objectMap")
        else:
            parameters += [(_local(predicate), value) for value in given]
    if not name:
        message = "a function value does not say by fno:executes which function it is"
        raise reader.error(f"{message} (FNML)", node)
    return FunctionCall(name, tuple(parameters), line, output)


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
        raise reader.error(message, node)
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
        raise reader.error(f"{message} (RML-FNML, {section})", node, f"{local}Map")
    return str(constant)


def _local(iri: str) -> str:
    return re.split(r"[/#]", iri)[-1]
