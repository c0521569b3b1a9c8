"""Names of tables, as mappings and settings write them -> SQL of the dialect."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import sqlalchemy

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

_PART = re.compile(r'\s*(?:"((?:[^"]|"")+)"|`((?:[^`]|``)+)`|\[([^\]]+)\]|([^."`\[]+))\s*(?:\.|$)')


def quote_table(connection: Connection, written: str) -> str:
    """Write a table's name as SQL: by schemas and delimiters, or all of it where so one is called.

    A part without delimiters is the name as it stands, or else as the database folds it
    (``Student`` is ``student`` in PostgreSQL; SQL identifier, R2RML, section 5.1).
    """
    parts = _parts(written)
    if len(parts) != 1 and _has_table(connection, [written]):
        parts = [(written, True)]
    exact = [name for name, _ in parts]
    folded = [name if is_delimited else name.lower() for name, is_delimited in parts]
    if folded != exact and not _has_table(connection, exact) and _has_table(connection, folded):
        exact = folded
    return ".".join(map(connection.dialect.identifier_preparer.quote_identifier, exact))


def _parts(written: str) -> list[tuple[str, bool]]:
    """Part a name at its dots; True for parts that stand in delimiters."""
    parts, at = [], 0
    while found := _PART.match(written, at):
        quoted, ticked, bracketed, plain = found.groups()
        name = (quoted or "").replace('""', '"') or (ticked or "").replace("``", "`") or bracketed
        parts.append((name or plain.strip(), not plain))
        at = found.end()
    return parts if at == len(written) else [(written, True)]


def _has_table(connection: Connection, names: list[str]) -> bool:
    schema = names[-2] if len(names) > 1 else None
    return sqlalchemy.inspect(connection).has_table(names[-1], schema)
