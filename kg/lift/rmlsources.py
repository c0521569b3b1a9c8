"""Logical sources in RML: files as RML-IO and CSVW describe them, databases, and JSON's paths."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote

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

_DRIVERS = {
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mysql+pymysql",
    "sqlite": "sqlite",
}
"""JDBC's names; either of the two calls MySQL and MariaDB, which one driver speaks to."""

_OF_JAVA = {"allowPublicKeyRetrieval", "characterEncoding", "serverTimezone", "useUnicode"}
"""Options of JDBC that say nothing to another driver."""

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
            is_table = formulation is not None and local_name(formulation) == "SQL2008Table"
            return self._database(node, given, is_table=is_table)
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

    def _database(self, node: Node, given: Node | None, *, is_table: bool) -> LogicalSource:
        table, query = self.text(node, "tableName"), self.text(node, "query")
        named = table or (self.text(node, "iterator") if is_table else "")
        iterator = query or _identifier(named) or self.text(node, "iterator")
        if not iterator:
            raise self.error("a database's source has no table and no query", "logicalSource")
        if given is None:
            return LogicalSource("", "sql", iterator, line=self.line(iterator))
        is_plain = isinstance(given, Literal)
        url = str(given) if is_plain else self.text(given, "url")
        user = "" if is_plain else self.text(given, "username")
        password = "" if is_plain else self.text(given, "password")
        try:
            url = _url(url, user, password)
        except ValueError as error:
            message = f"JDBC's option {error} is not known here; write an URL of SQLAlchemy"
            raise self.error(message, str(error)) from error
        return LogicalSource(url, "sql", iterator, line=self.line(iterator))


def _identifier(table: str) -> str:
    """Quote a table's name that would be taken for a query, or for a schema's and a table's."""
    if not table or re.fullmatch(r'[^\s("]*(?:"(?:[^"]|"")+"[^\s("]*)*', table):
        return table
    escaped = table.replace('"', '""')
    return f'"{escaped}"'


def _encoding(written: str) -> str:
    """Write RML-IO's names of encodings (rml:UTF-16) as Python knows them."""
    return written.rpartition("/")[2].lower()


def _url(written: str, user: str, password: str) -> str:
    """Turn a JDBC address with its user into SQLAlchemy's URL; one of SQLAlchemy stays.

    Raises:
        ValueError: it has an option that cannot be kept; says which.
    """
    if not written.startswith("jdbc:"):
        return written
    address, _, query = written.removeprefix("jdbc:").partition("?")
    for name, value in parse_qsl(query):
        if name == "user":
            user = user or value
        elif name == "password":
            password = password or value
        elif name not in _OF_JAVA and (name, value) != ("useSSL", "false"):
            raise ValueError(name)
    name, _, rest = address.partition("://")
    name, rest = (name, rest) if rest else (name.partition(":")[0], "/" + name.partition(":")[2])
    # ${NAME} is put in from the environment later on.
    user, password = (quote(text, safe="${}") for text in (user, password))
    login = f"{user}:{password}@" if user and password else f"{user}@" if user else ""
    return f"{_DRIVERS.get(name, name)}://{login}{rest}"
