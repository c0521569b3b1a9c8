"""Sections of source.toml that say how a system is asked: by which cursor, in which pages."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Section(BaseModel):
    """A section of a file: what it does not know is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class CursorSettings(Section):
    """The column by which only what is new is asked for: when a row changed, or a growing number.

    A reading begins ``overlap_seconds`` before the greatest time seen, or ``overlap`` below the
    greatest number, as rows become visible late; what is given again changes nothing.
    """

    column: str = Field(min_length=1)
    overlap_seconds: float = Field(default=600.0, ge=0)
    overlap: int = Field(default=0, ge=0)
    parameter: str = ""


class ReconcileSettings(Section):
    """How often the keys that a database has are compared with those that are live here."""

    every_seconds: float = Field(default=86_400.0, ge=0)


class HttpSettings(Section):
    """How a web service gives its rows: in which pages, and how much of it is asked at once.

    ``rows_at`` and ``cursor_at`` are dotted paths into an answer; "" is the answer itself.
    """

    paging: Literal["none", "page", "offset", "cursor", "link", "odata"] = "none"
    rows_at: str = ""
    page_parameter: str = "page"
    first_page: int = 1
    offset_parameter: str = "offset"
    size_parameter: str = "limit"
    page_size: int = Field(default=200, gt=0)
    cursor_parameter: str = "cursor"
    cursor_at: str = "next_cursor"
    token_header: str = Field(default="Authorization", pattern=r"^[A-Za-z0-9-]+$")
    max_requests: int = Field(default=100, gt=0)
    max_megabytes: float = Field(default=32.0, gt=0)
    timeout_seconds: float = Field(default=30.0, gt=0)

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if self.paging == "cursor" and not (self.cursor_at and self.cursor_parameter):
            raise ValueError("paging by cursor needs cursor_at, to find it, and cursor_parameter")
        return self


class MtconnectSettings(Section):
    """How an MTConnect agent is asked: ``count`` observations at a time."""

    count: int = Field(default=1_000, gt=0)
    max_requests: int = Field(default=100, gt=0)
    max_megabytes: float = Field(default=32.0, gt=0)
    timeout_seconds: float = Field(default=30.0, gt=0)


class OpcuaSettings(Section):
    """How an OPC UA server is to sample and report: ``queue`` values of a node between reports."""

    interval_ms: float = Field(default=500.0, gt=0)
    queue: int = Field(default=100, gt=0)
    timeout_seconds: float = Field(default=10.0, gt=0)


Share = Annotated[float, Field(ge=0, le=1)]
