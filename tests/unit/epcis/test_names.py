"""Names of things in events: however GS1's identifiers are written, and the plant's own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kg.epcis.names import Name, gtin_of, name_of

BASE = "https://plant.example/"


@pytest.mark.parametrize(
    ("uri", "name"),
    [
        (
            "urn:epc:class:lgtin:4012345.011111.4444",
            Name("batch", "04012345111118.4444", "04012345111118", "4444"),
        ),
        (
            "https://id.gs1.org/01/04012345111118/10/4444",
            Name("batch", "04012345111118.4444", "04012345111118", "4444"),
        ),
        (
            "urn:epc:id:sgtin:0614141.107346.2017",
            Name("piece", "10614141073464.2017", "10614141073464", "2017"),
        ),
        (
            "https://example.com/shop/01/10614141073464/21/2017?x=1",
            Name("other", "https://example.com/shop/01/10614141073464/21/2017?x=1"),
        ),
        (
            "https://example.com/shop/01/10614141073464/21/2017",
            Name("piece", "10614141073464.2017", "10614141073464", "2017"),
        ),
        (
            "urn:epc:class:lgtin:4012345.011111.a%2Fb",
            Name("batch", "04012345111118.a/b", "04012345111118", "a/b"),
        ),
        ("urn:epc:idpat:sgtin:4012345.066666.*", Name("part", *("04012345666663",) * 2)),
        ("https://id.gs1.org/01/04012345666663", Name("part", *("04012345666663",) * 2)),
        ("urn:epc:id:sscc:0614141.1234567890", Name("container", "106141412345678908")),
        ("https://id.gs1.org/00/106141412345678908", Name("container", "106141412345678908")),
        ("urn:epc:id:sgln:0614141.00777.0", Name("place", "0614141007776")),
        ("urn:epc:id:sgln:0614141.07346.1234", Name("place", "0614141073467.1234")),
        ("https://id.gs1.org/414/0614141073467/254/1234", Name("place", "0614141073467.1234")),
        ("urn:epc:id:pgln:0614141.00777", Name("party", "0614141007776")),
        (f"{BASE}batch/A%2F1", Name("batch", "A/1", "", "A/1")),
        (f"{BASE}elsewhere/1", Name("other", f"{BASE}elsewhere/1")),
        ("urn:epc:id:sgtin:broken", Name("other", "urn:epc:id:sgtin:broken")),
        ("", Name("other", "")),
    ],
)
def test_an_identifier_is_read(uri: str, name: Name) -> None:
    assert name_of(uri, BASE) == name


@pytest.mark.parametrize(
    ("company", "item", "gtin"),
    [("0614141", "107346", "10614141073464"), ("4012345", "011122", "04012345111224")],
)
def test_a_gtin_has_its_check_digit(company: str, item: str, gtin: str) -> None:
    assert gtin_of(company, item) == gtin


def test_published_links_and_urns_of_one_product_are_one_thing(shared_data: Path) -> None:
    folder = shared_data / "epcis" / "JSON"
    name = "Example_9.6.4-TransformationEvent"
    plain = (folder / f"{name}.jsonld").read_text(encoding="utf-8")
    linked = folder / "WithDigitalLinkID" / f"{name}WithDigitalLink.jsonld"
    ids = [
        {
            name_of(item["epcClass"], BASE)
            for item in json.loads(text)["epcisBody"]["eventList"][0]["inputQuantityList"]
        }
        for text in (plain, linked.read_text(encoding="utf-8"))
    ]
    assert ids[0] == ids[1]
    assert {one.id for one in ids[0]} == {
        "04012345111118.4444",
        "00614141777778.987",
        "04012345666663",
    }
