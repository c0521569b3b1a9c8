"""Logical sources in RML: files as RML-IO and CSVW describe them, databases, and JSON's paths."""

from __future__ import annotations

import codecs
import re
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote

from rdflib import Literal

from kg.lift.jsonpath import parse_path
from kg.lift.mapping import LogicalSource, mapping_error
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

_ROWS = {"csv", "tsv", "parquet"}
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
        if isinstance(node, Literal):
            raise self.error("a logical source is no text (Logical Source, RML-IO)", node)
        given = self.maybe(node, "source")
        formulation = self.maybe(node, "referenceFormulation")
        form = self._formulation(node, formulation)
        if form == "sql" or given is None or self.maybe(given, "url") is not None:
            is_table = formulation is not None and local_name(formulation) == "SQL2008Table"
            return self._database(node, given, is_table=is_table)
        is_plain = isinstance(given, Literal)
        path = str(given) if is_plain else self.literal(given, "path", "RML-IO, Source")
        if not path:
            raise self.error("a source has no rml:path (RML-IO, Source)", given)
        kind = self._kind(node, path, form)
        iterator = self.literal(node, "iterator", "Logical Source")
        if iterator and kind in _ROWS:
            message = f"the rows of a {kind} have no other iterator (RML-IO, Logical Source)"
            raise self.error(message, node, "iterator")
        if kind in {"json", "jsonl"} and iterator:
            self.check_path(iterator, "iterator", self.line(node, "iterator"))
        described = node if is_plain else given
        self._check_access(described)
        line = self.line(node, "source")
        return self._described(
            LogicalSource(path, kind, iterator, line=line), described, formulation
        )

    def check_path(self, path: str, what: str, line: int) -> None:
        """Refuse what is no JSONPath, or none that is understood."""
        try:
            parse_path(path)
        except ValueError as error:
            message = f"{what} {path!r}: {error} (RML-IO-Registry, JSONPath reference formulation)"
            raise mapping_error(self.file, line, message) from error

    def _check_access(self, node: Node) -> None:
        """Refuse what would read another file, or read it in another way, if it were obeyed."""
        root = self.maybe(node, "root")
        if root is not None and local_name(root) != "MappingDirectory":
            message = (
                f"rml:root {local_name(root)} is not supported: files stand beside the mapping"
            )
            raise self.error(f"{message} (RML-IO, Source)", node, "root")
        compression = local_name(self.maybe(node, "compression") or Literal("none"))
        if compression not in {"none", "gzip"}:
            message = (
                f"rml:compression {compression} is not supported (RML-IO, Compression formats)"
            )
            raise self.error(message, node, "compression")
        dialect = self.maybe(node, "dialect") or node
        header = self.text(dialect, "header") or "true"
        if header not in {"true", "1"}:
            message = "a table without a header is not supported (CSVW, header)"
            raise self.error(message, dialect, "header")
        marks = [self.text(dialect, name) for name in ("delimiter", "quoteChar")]
        for name, mark in zip(("delimiter", "quoteChar"), marks, strict=True):
            if mark and (len(mark) != 1 or mark in "\r\n\0"):
                message = f"{mark!r} is no single character (CSVW, {name})"
                raise self.error(message, dialect, name)
        if marks[0] and marks[0] == (marks[1] or '"'):
            message = "cells are quoted by what parts them (CSVW, quoteChar)"
            raise self.error(message, dialect, "delimiter")

    def _formulation(self, source: Node, node: Node | None) -> str:
        if node is None:
            return ""
        name = "xpath" if self.all(node, "namespace") else local_name(node).lower()
        if name not in _FORMULATIONS:
            message = f"reference formulation {local_name(node)} is not supported yet"
            message = f"{message} (RML-IO, Reference formulations)"
            raise self.error(message, source, "referenceFormulation")
        return _FORMULATIONS[name]

    def _kind(self, node: Node, path: str, form: str) -> str:
        by_ending = form_of(path)
        if not form and not by_ending:
            message = f"{path!r} does not say its form (RML-IO, Reference formulations)"
            raise self.error(message, node, "source")
        is_finer = not form or by_ending in _BY_ENDING.get(form, ())
        return by_ending if is_finer else form

    def _described(
        self, plain: LogicalSource, node: Node, formulation: Node | None
    ) -> LogicalSource:
        dialect = self.maybe(node, "dialect") or node
        of = node if self.all(node, "encoding") else dialect
        encoding = _encoding(self.text(of, "encoding"))
        try:
            codecs.lookup(encoding or "utf-8")
        except LookupError as error:
            message = f"there is no encoding {encoding!r} (RML-IO, Encoding formats)"
            raise self.error(message, of, "encoding") from error
        return replace(
            plain,
            delimiter=self.text(dialect, "delimiter"),
            quote=self.text(dialect, "quoteChar"),
            encoding=encoding,
            nulls=tuple(str(value) for value in self.all(node, "null")),
            namespaces=self._namespaces(formulation),
        )

    def _namespaces(self, formulation: Node | None) -> tuple[tuple[str, str], ...]:
        found = []
        for space in self.all(formulation, "namespace") if formulation is not None else []:
            prefix, url = self.text(space, "namespacePrefix"), self.text(space, "namespaceURL")
            if not prefix or not url:
                message = (
                    "a namespace needs its prefix and its URL (RML-IO, Reference formulations)"
                )
                raise self.error(message, space)
            found.append((prefix, url))
        return tuple(found)

    def _database(self, node: Node, given: Node | None, *, is_table: bool) -> LogicalSource:
        table = self.literal(node, "tableName", "R2RML, section 5.1")
        query = self.literal(node, "query", "R2RML, section 5.2")
        if table and query:
            message = "a logical table is a table or a query, not both (R2RML, section 5)"
            raise self.error(message, node, "query")
        named = table or (self.text(node, "iterator") if is_table else "")
        iterator = query or _identifier(named) or self.text(node, "iterator")
        if not iterator:
            message = "a logical source has no source, table or query (RML-IO, Logical Source)"
            raise self.error(message, node)
        line = self.line(node, "query" if query else "tableName" if table else "iterator")
        if given is None:
            return LogicalSource("", "sql", iterator, line=line)
        is_plain = isinstance(given, Literal)
        url = str(given) if is_plain else self.text(given, "url")
        user = "" if is_plain else self.text(given, "username")
        password = "" if is_plain else self.text(given, "password")
        try:
            url = _url(url, user, password)
        except ValueError as error:
            message = f"JDBC's option {error} is not known here; write an URL of SQLAlchemy"
            place = (node, "source") if is_plain else (given, "url")
            raise self.error(message, *place) from error
        return LogicalSource(url, "sql", iterator, line=line)


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
