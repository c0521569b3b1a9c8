"""Logical sources in RML: files as RML-IO and CSVW describe them, databases, and JSON's paths."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rdflib import Literal

from kg.lift.jsonpath import parse_path
from kg.lift.mapping import LogicalSource
from kg.lift.rmlgraph import Nodes, local_name

if TYPE_CHECKING:
    from rdflib.term import Node

_FORMULATIONS = {
    "csv": "csv",
    "jsonpath": "json",
    "xpath": "xml",
    "sql2008table": "sql",
    "sql2008query": "sql",
    "sql2008": "sql",
    "mysql": "sql",
    "postgresql": "sql",
}
ENDINGS = {
    "csv": "csv",
    "tsv": "tsv",
    "json": "json",
    "geojson": "json",
    "jsonl": "jsonl",
    "ndjson": "jsonl",
    "xml": "xml",
    "parquet": "parquet",
    "xlsx": "xlsx",
}
"""File endings and the forms of their content; ``.gz`` behind one is unpacked."""

_DRIVERS = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql", "sqlite": "sqlite"}
_BY_ENDING = {"csv": ("tsv", "xlsx", "parquet"), "json": ("jsonl",)}


def form_of(path: str) -> str:
    """Tell a file's form by its ending; "" if it has no known one."""
    return ENDINGS.get(re.sub(r"\.gz$", "", path.lower()).rpartition(".")[2], "")


class Sources(Nodes):
    """Reads logical sources; the forms are csv, tsv, json, jsonl, xml, parquet, xlsx and sql."""

    def source(self, node: Node) -> LogicalSource:
        """Read one logical source ("Logical Source", RML-IO).

        Raises:
            MappingError: it has no source, or a form or a path that is not understood.
        """
        given = self.maybe(node, "source")
        formulation = self.maybe(node, "referenceFormulation")
        form = self._formulation(formulation)
        if form == "sql" or given is None or self.maybe(given, "url") is not None:
            return self._database(node, given)
        path_node = given if isinstance(given, Literal) else self.maybe(given, "path")
        if path_node is None:
            raise self.error(f"{given} has no rml:path (RML-IO, Source)", str(given))
        path = str(path_node)
        kind = self._kind(path, form)
        iterator = self.text(node, "iterator")
        if kind in {"json", "jsonl"} and iterator:
            self.check_path(iterator, "iterator")
        described = given if not isinstance(given, Literal) else node
        return self._described(LogicalSource(path, kind, iterator), described, formulation)

    def check_path(self, path: str, what: str) -> None:
        """Refuse what is no JSONPath, or none that is understood."""
        try:
            parse_path(path)
        except ValueError as error:
            message = f"{what} {path!r}: {error} (RML-IO-Registry, JSONPath reference formulation)"
            raise self.error(message, path) from error

    def _formulation(self, node: Node | None) -> str:
        if node is None:
            return ""
        name = "xpath" if self.all(node, "namespace") else local_name(node).lower()
        if name not in _FORMULATIONS:
            local = local_name(node)
            raise self.error(f"reference formulation {local} is not supported yet", local)
        return _FORMULATIONS[name]

    def _kind(self, path: str, form: str) -> str:
        by_ending = form_of(path)
        if not form and not by_ending:
            raise self.error(f"{path!r} does not say its form", path)
        is_finer = not form or by_ending in _BY_ENDING.get(form, ())
        return by_ending if is_finer else form

    def _described(
        self, plain: LogicalSource, node: Node, formulation: Node | None
    ) -> LogicalSource:
        dialect = self.maybe(node, "dialect") or node
        encoding = self.text(node, "encoding") or self.text(dialect, "encoding")
        nulls = tuple(str(value) for value in self.all(node, "null"))
        spaces = self.all(formulation, "namespace") if formulation is not None else []
        return LogicalSource(
            plain.name,
            plain.formulation,
            plain.iterator,
            self.text(dialect, "delimiter"),
            self.text(dialect, "quoteChar"),
            _encoding(encoding),
            nulls,
            tuple(
                (self.text(space, "namespacePrefix"), self.text(space, "namespaceURL"))
                for space in spaces
            ),
            self.line(plain.name),
        )

    def _database(self, node: Node, given: Node | None) -> LogicalSource:
        table, query = self.text(node, "tableName"), self.text(node, "query")
        iterator = query or _identifier(table) or self.text(node, "iterator")
        if not iterator:
            raise self.error("a database's source has no table and no query", "logicalSource")
        if given is None:
            return LogicalSource("", "sql", iterator, line=self.line(iterator))
        is_plain = isinstance(given, Literal)
        url = str(given) if is_plain else self.text(given, "url")
        user = "" if is_plain else self.text(given, "username")
        password = "" if is_plain else self.text(given, "password")
        return LogicalSource(_url(url, user, password), "sql", iterator, line=self.line(iterator))


def _identifier(table: str) -> str:
    """Quote a table's name that would be taken for a query, or for a schema's and a table's."""
    if re.fullmatch(r'[^\s("]*(?:"(?:[^"]|"")+"[^\s("]*)*', table):
        return table
    escaped = table.replace('"', '""')
    return f'"{escaped}"'


def _encoding(written: str) -> str:
    """Write RML-IO's names of encodings (rml:UTF-16) as Python knows them."""
    return written.rpartition("/")[2].lower()


def _url(written: str, user: str, password: str) -> str:
    """Turn a JDBC address with its user into SQLAlchemy's URL; one of SQLAlchemy stays."""
    if not written.startswith("jdbc:"):
        return written
    name, _, rest = written.removeprefix("jdbc:").partition("://")
    name, rest = (name, rest) if rest else (name.partition(":")[0], "/" + name.partition(":")[2])
    login = f"{user}:{password}@" if user and password else f"{user}@" if user else ""
    return f"{_DRIVERS.get(name, name)}://{login}{rest}"
