"""Where the files that ship with Traveler are: ontology, shapes, rules, questions, mappings."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from kg.errors import ConfigError

_PACKAGE = Path(__file__).resolve().parent


@lru_cache(maxsize=1)
def _root() -> Path:
    packed = _PACKAGE / "data"
    return packed if packed.is_dir() else _PACKAGE.parent


def ontology_folder() -> Path:
    """Give the folder of the ontology, in a checkout or in an installed wheel."""
    return _root() / "ontology"


def mappings_folder() -> Path:
    """Give the folder of the mappings that ship."""
    return _root() / "mappings"


def find_mapping(name: str, folder: Path) -> Path:
    """Find a source's mapping folder: a path below ``folder``, or the name of one that ships.

    Raises:
        ConfigError: neither is a folder with a source.toml.
    """
    places = [folder / name, mappings_folder() / name.removeprefix("mappings/")]
    for place in places:
        if (place / "source.toml").is_file():
            return place
    shipped = sorted(path.parent.name for path in mappings_folder().glob("*/source.toml"))
    raise ConfigError(
        f"no mapping {name!r} in {folder} or among those that ship",
        hint=f"those that ship: {', '.join(shipped)}",
    )
