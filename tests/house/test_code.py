"""House rules of the code that the linters do not know."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import PurePosixPath

import pytest

from kg import errors

MODULE_LINES = 450
FUNCTION_LINES = 60
FORBIDDEN_NAMES = {"util", "utils", "helper", "helpers", "manager", "base", "common", "misc"}

# One engine, one home: a module, or a folder where the path ends with a slash.
HOMES = {
    "pyoxigraph": "kg/store/",
    "SPARQLWrapper": "kg/store/",
    "duckdb": "kg/lift/duckdb.py",
    # A plant's tables, and the databases that a mapping of `traveler lift` names by itself.
    "sqlalchemy": "kg/",
    # Documents of files, and answers of MTConnect agents.
    "lxml": ("kg/lift/xmltext.py", "kg/sources/mtconnect.py"),
    "openpyxl": "kg/lift/sheets.py",
    "pint": "kg/lift/conversion.py",
    "pyshacl": "kg/validate/",
    "owlrl": "kg/",
    "fastapi": "api/",
    "typer": "kg/cli",
    "asyncua": "kg/sources/opcua",
    "paho": "kg/sources/broker.py",
    "google": "kg/sources/sparkplugpayload.py",
    "mcp": "kg/mcp/",
}
IN_ONE_MODULE = {"duckdb", "google", "paho", "openpyxl", "pint", "pyshacl", "owlrl"}


def _imported_by(modules: dict[str, ast.Module], engine: str) -> list[str]:
    return [path for path, tree in modules.items() if engine in _imported_packages(tree)]


def _imported_packages(tree: ast.Module) -> set[str]:
    packages = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            packages |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            packages.add(node.module.partition(".")[0])
    return packages


@pytest.mark.parametrize(("engine", "home"), HOMES.items())
def test_an_engine_is_imported_in_its_home_only(
    modules: dict[str, ast.Module], engine: str, home: str | tuple[str, ...]
) -> None:
    strangers = [path for path in _imported_by(modules, engine) if not path.startswith(home)]
    assert not strangers, f"{engine} lives in {home}, but is imported in {strangers}"


@pytest.mark.parametrize("engine", sorted(IN_ONE_MODULE))
def test_an_engine_is_imported_in_one_module(modules: dict[str, ast.Module], engine: str) -> None:
    importers = _imported_by(modules, engine)
    assert len(importers) == 1, f"{engine} is imported in {importers or 'no module'}"


def test_no_module_is_too_long(root, modules: dict[str, ast.Module]) -> None:
    lengths = {path: len((root / path).read_text("utf-8").splitlines()) for path in modules}
    long = {path: length for path, length in lengths.items() if length > MODULE_LINES}
    assert not long, f"split these modules along a noun that they own: {long}"


def test_no_function_is_too_long(modules: dict[str, ast.Module]) -> None:
    long = [
        f"{path}:{node.lineno} {node.name}"
        for path, tree in modules.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno - node.lineno >= FUNCTION_LINES
    ]
    assert not long, f"functions of more than {FUNCTION_LINES} lines: {long}"


def test_no_module_is_named_after_nothing(modules: dict[str, ast.Module]) -> None:
    vague = [path for path in modules if _names_in(path) & FORBIDDEN_NAMES]
    assert not vague, f"name these after a stage's verb or the noun that they own: {vague}"


def _names_in(path: str) -> set[str]:
    parts = PurePosixPath(path).with_suffix("").parts
    return {word for part in parts for word in part.split("_")}


def test_every_except_names_what_it_catches(modules: dict[str, ast.Module]) -> None:
    bare = [
        f"{path}:{node.lineno}"
        for path, tree in modules.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler) and node.type is None
    ]
    assert not bare


def test_the_tree_of_errors_in_the_docstring_is_the_tree_of_classes() -> None:
    classes = inspect.getmembers(errors, inspect.isclass)
    real = {
        name: kind.__mro__[1].__name__
        for name, kind in classes
        if issubclass(kind, errors.TravelerError) and kind is not errors.TravelerError
    }
    assert real, "no error was found"
    assert _drawn_tree(inspect.getdoc(errors) or "") == real


def _drawn_tree(doc: str) -> dict[str, str]:
    """Give each drawn class and the one it hangs on, found by the column that it starts in."""
    parents: dict[str, str] = {}
    above: list[tuple[int, str]] = []
    for line in doc.splitlines():
        drawn = re.match(r"(?P<stem>(?: {4})(?:[│├└─ ]*))(?P<name>[A-Z]\w+)\s", line + " ")
        if not drawn:
            continue
        column = len(drawn["stem"])
        above = [entry for entry in above if entry[0] < column]
        if above:
            parents[drawn["name"]] = above[-1][1]
        above.append((column, drawn["name"]))
    return parents


def test_sparql_is_parsed_in_one_place_one_at_a_time(modules: dict[str, ast.Module]) -> None:
    strangers = {
        path
        for path, tree in modules.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        and (node.module or "").startswith("rdflib.plugins.sparql")
        and {alias.name for alias in node.names} & {"parseQuery", "parseUpdate", "prepareQuery"}
    }
    assert strangers == {"kg/parsing.py"}
