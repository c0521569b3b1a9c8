"""Databases by SQLAlchemy URL: how they are opened, read row by row, and what their errors mean.

A plant's sources and the lift's logical sources both read through here.
"""

from kg.databases.columns import Column
from kg.databases.connecting import opened, parse_url, place_of
from kg.databases.reading import Database, Result

__all__ = ["Column", "Database", "Result", "opened", "parse_url", "place_of"]
