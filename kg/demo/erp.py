"""The demo plant's ERP database: a schema with an ERP's habits, in SQLite.

Times are plant-local text without an offset, amounts are text with a decimal comma, codes are
padded with blanks, job numbers have leading zeros, and nothing refers to a machine by our name.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path
    from zoneinfo import ZoneInfo

SCHEMA = """
CREATE TABLE customer (id INTEGER PRIMARY KEY, code TEXT, name TEXT, country TEXT, blocked INTEGER);
CREATE TABLE supplier (id INTEGER PRIMARY KEY, code TEXT, name TEXT);
CREATE TABLE employee (id INTEGER PRIMARY KEY, badge TEXT, crew TEXT);
CREATE TABLE work_center (id INTEGER PRIMARY KEY, code TEXT, name TEXT);
CREATE TABLE resource (
  id INTEGER PRIMARY KEY, code TEXT, kind TEXT, work_center_id INTEGER, skill TEXT);
CREATE TABLE item (
  id INTEGER PRIMARY KEY, number TEXT, name TEXT, kind TEXT, lot_tracked INTEGER,
  supply INTEGER, current_rev TEXT, unit TEXT);
CREATE TABLE bom (id INTEGER PRIMARY KEY, item_id INTEGER, component_id INTEGER, qty TEXT);
CREATE TABLE item_spec (
  id INTEGER PRIMARY KEY, item_id INTEGER, rev TEXT, doc_no TEXT, released_on TEXT);
CREATE TABLE spec_char (
  id INTEGER PRIMARY KEY, item_spec_id INTEGER, pos INTEGER, name TEXT, nominal TEXT,
  lower_limit TEXT, upper_limit TEXT, unit TEXT);
CREATE TABLE cust_requirement (
  id INTEGER PRIMARY KEY, customer_id INTEGER, item_id INTEGER, spec_char_id INTEGER,
  lower_limit TEXT, upper_limit TEXT, remark TEXT);
CREATE TABLE sales_order (
  id INTEGER PRIMARY KEY, number TEXT, customer_id INTEGER, status TEXT, ordered_on TEXT,
  changed_at TEXT);
CREATE TABLE sales_line (
  id INTEGER PRIMARY KEY, order_id INTEGER, pos INTEGER, item_id INTEGER, qty TEXT,
  unit_price TEXT, currency TEXT, requested_on TEXT, promised_on TEXT, changed_at TEXT);
CREATE TABLE production_order (
  id INTEGER PRIMARY KEY, number TEXT, item_id INTEGER, qty TEXT, qty_good TEXT, qty_scrap TEXT,
  qty_rework TEXT, status INTEGER, origin TEXT, supply INTEGER, spec_rev TEXT, priority INTEGER,
  due_on TEXT, changed_at TEXT);
CREATE TABLE peg (id INTEGER PRIMARY KEY, prod_id INTEGER, sales_line_id INTEGER, qty TEXT);
CREATE TABLE routing_op (
  id INTEGER PRIMARY KEY, prod_id INTEGER, op_no INTEGER, name TEXT, resource_id INTEGER,
  status TEXT, planned_start TEXT, planned_end TEXT, setup_min INTEGER, piece_min TEXT, skill TEXT,
  changed_at TEXT);
CREATE TABLE po_line (
  id INTEGER PRIMARY KEY, po_number TEXT, op_id INTEGER, supplier_id INTEGER, due_on TEXT,
  arrived_on TEXT);
CREATE TABLE batch (
  id INTEGER PRIMARY KEY, lot_no TEXT, item_id INTEGER, supplier_id INTEGER, heat_no TEXT,
  qty TEXT, received_on TEXT);
CREATE TABLE batch_move (
  id INTEGER PRIMARY KEY, move_type TEXT, lot_ref TEXT, prod_id INTEGER, qty TEXT, moved_at TEXT);
CREATE TABLE serial (
  id INTEGER PRIMARY KEY, serial_no TEXT, item_id INTEGER, prod_id INTEGER, parent_serial TEXT,
  lot_ref TEXT);
"""

PLANNED, RELEASED, IN_PROGRESS, COMPLETED, CLOSED, CANCELLED = 10, 20, 30, 40, 50, 90
"""production_order.status."""

FIRST_ID = {"sales_line": 3001, "production_order": 70001, "batch": 9001, "peg": 41}
"""Where a table's numeric ids begin, when not at 1."""


class Erp:
    """Writes rows as the ERP would; nothing is visible to readers before ``commit``."""

    def __init__(self, path: Path, zone: ZoneInfo) -> None:
        self._zone = zone
        # Readers (a poll of the live plant) may hold the file for a moment.
        self._connection = sqlite3.connect(path, timeout=30, check_same_thread=False)
        self._connection.executescript("PRAGMA synchronous = OFF;" + SCHEMA)
        self._next = dict(FIRST_ID)

    def insert(self, table: str, **values: str | int | None) -> int:
        """Write a row under the table's next id (or the ``id`` given) and give that id."""
        row_id = values.pop("id", None) or self._next.get(table, 1)
        self._next[table] = max(self._next.get(table, 1), int(row_id) + 1)
        names = ", ".join(["id", *values])
        marks = ", ".join("?" * (len(values) + 1))
        self._connection.execute(
            f"INSERT INTO {table} ({names}) VALUES ({marks})", (row_id, *values.values())
        )
        return int(row_id)

    def update(self, table: str, row_id: int, **values: str | int | None) -> None:
        """Change columns of one row."""
        assignments = ", ".join(f"{name} = ?" for name in values)
        self._connection.execute(
            f"UPDATE {table} SET {assignments} WHERE id = ?", (*values.values(), row_id)
        )

    def commit(self) -> None:
        """Make everything since the last commit visible to readers at once."""
        self._connection.commit()

    def close(self) -> None:
        """Commit and let go of the file."""
        self._connection.commit()
        self._connection.close()

    def time(self, moment: datetime) -> str:
        """Write a time as this ERP does: plant-local, to the second, without an offset."""
        return moment.astimezone(self._zone).strftime("%Y-%m-%d %H:%M:%S")

    def day(self, moment: datetime) -> str:
        """Write a plant-local date."""
        return moment.astimezone(self._zone).strftime("%Y-%m-%d")


def amount(value: float, digits: int = 3) -> str:
    """Write an amount as this ERP does: text with a decimal comma."""
    return f"{value:.{digits}f}".replace(".", ",")


def padded(code: str, width: int = 8) -> str:
    """Write a code into this ERP's fixed-width column."""
    return code.ljust(width)


def job_number(number: int) -> str:
    """Write a job's number as this ERP does: seven digits."""
    return f"{number:07d}"


def lot_number(number: int) -> str:
    """Write a lot's number as this ERP does: CH- and seven digits."""
    return f"CH-{number:07d}"
