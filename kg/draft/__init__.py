"""Draft: a first mapping from a table's columns, with reasons, for a person to settle."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kg.draft.locate import Place, check_there, locate
from kg.draft.preview import Loaded
from kg.draft.profile import profile_rows
from kg.draft.propose import Proposal, Wishes, propose
from kg.draft.report import draft_text
from kg.draft.write import NewPlant, Written, write_draft
from kg.draft.yarrrml import mapping_text
from kg.errors import ConfigError

if TYPE_CHECKING:
    from kg.settings import Plant

__all__ = [
    "NewPlant",
    "Place",
    "Proposal",
    "Wishes",
    "Written",
    "check_there",
    "draft_text",
    "locate",
    "mapping_text",
    "propose_mapping",
    "write_draft",
]


def propose_mapping(
    place: Place, plant: Plant | None, class_name: str = "", key: tuple[str, ...] = ()
) -> Proposal:
    """Read a table and propose its mapping; ``class_name`` and ``key`` win over what it shows.

    Raises:
        SourceError: the table cannot be read.
        ConfigError: it has no rows, no such columns, or nothing says what its rows are.
    """
    profile = profile_rows(place.rows())
    if not profile.rows:
        raise ConfigError(
            f"{place.original} has no rows to judge by",
            hint="draft from an export that has some",
        )
    for name in key:
        if profile.column(name) is None:
            raise ConfigError(
                f"{place.original} has no column {name!r}",
                hint=f"it has {', '.join(column.name for column in profile.columns)}",
            )
    loaded = Loaded.read(plant) if plant is not None else Loaded()
    wishes = Wishes(class_name, key, place.primary_key())
    return propose(place.name, place.table, profile, loaded, wishes)
