"""A small plant of one source of files, as a test writes it that has tables of its own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

PLANT = """
[plant]
name = "{title}"
base = "https://{name}.example/"
[[source]]
name = "{source}"
mapping = "{source}"
path = "{path}"
"""
SOURCE = """
[source]
name = "{source}"
system = "MES"
adapter = "files"
"""
PREFIXES = """
prefixes:
  tr: https://w3id.org/traveler/ontology/
  trc: https://w3id.org/traveler/code/
  owl: http://www.w3.org/2002/07/owl#
  rdfs: http://www.w3.org/2000/01/rdf-schema#
  xsd: http://www.w3.org/2001/XMLSchema#
mappings:
"""


MACHINE = """
  machine:
    sources: [[machine~table]]
    s: machine/$(id)
    po:
      - [a, tr:Machine]
      - [rdfs:label, $(name)]
"""


def csv_table(name: str, more: str = "") -> str:
    """Describe a table whose rows have an id, in a CSV file and with a mapping of its name."""
    text = (
        f'[[table]]\nname = "{name}"\nmapping = "{name}.yml"\nfile = "{name}.csv"\nkey = ["id"]\n'
    )
    return f"{text}{more}\n"


def write_shop(
    folder: Path,
    name: str,
    tables: str,
    mappings: Mapping[str, str],
    *,
    source: str = "shop",
    path: str = ".",
) -> Path:
    """Write the plant ``https://NAME.example/`` of one source, whose mappings lack the prefixes."""
    (folder / source).mkdir(parents=True)
    plant = PLANT.format(title=name.title(), name=name, source=source, path=path)
    (folder / "plant.toml").write_text(plant)
    (folder / source / "source.toml").write_text(SOURCE.format(source=source) + tables)
    for table, text in mappings.items():
        (folder / source / f"{table}.yml").write_text(PREFIXES + text)
    return folder
