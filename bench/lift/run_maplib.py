"""Run the templates of the plant in maplib: tables in the working folder, triples in ``out/``.

maplib makes no IRIs and reads no types from text, so polars does both first.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl  # type: ignore[import-not-found,unused-ignore]
from maplib import Model  # type: ignore[import-not-found,unused-ignore]

PLANT = "http://plant.example/"
TEMPLATES = Path(__file__).resolve().parent / "plant" / "templates.stottr"
LINKS = {
    "batch": ("supplier",),
    "order": ("customer",),
    "job": ("order", "part", "batch"),
    "operation": ("job", "machine"),
}
TYPES = {
    "qty": pl.col("qty").cast(pl.Int64),
    "seq": pl.col("seq").cast(pl.Int64),
    "good": pl.col("good").cast(pl.Int64),
    "tol": pl.col("tol").cast(pl.Decimal(38, 12)),
    "due": pl.col("due").str.to_date("%Y-%m-%d"),
    "start": pl.col("start").str.to_datetime("%Y-%m-%dT%H:%M:%S"),
    "end": pl.col("end").str.to_datetime("%Y-%m-%dT%H:%M:%S"),
}


def read_table(name: str) -> pl.DataFrame:
    table = pl.read_csv(f"{name}.csv", infer_schema=False)
    links = [pl.lit(f"{PLANT}{link}/") + pl.col(link) for link in LINKS.get(name, ())]
    typed = [TYPES[column] for column in table.columns if column in TYPES]
    ids = pl.lit(f"{PLANT}{name}/") + pl.col("id")
    return table.with_columns(
        ids.alias("id"),
        *(iri.alias(link) for link, iri in zip(LINKS.get(name, ()), links, strict=True)),
        *typed,
    )


if __name__ == "__main__":
    model = Model()
    model.add_template(TEMPLATES.read_text(encoding="utf-8"))
    for name in ("machine", "customer", "part", "batch", "order", "job", "operation"):
        model.map(f"{PLANT}def/{name}", read_table(name), validate_iris=False)
    model.write("out/maplib.nt", format="ntriples")
