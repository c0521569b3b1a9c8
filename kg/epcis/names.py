"""Names of EPCIS events: GS1's identifiers, as URN or Digital Link, and a plant's own."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote

_URN = re.compile(r"urn:epc:(?:id|class|idpat):([a-z]+):(.+)")
_LINK = re.compile(r"https?://[^/?#]+(?:/[^?#]*?)?/(01|00|414|417|8004|8010)/([^/?#]+)(/[^?#]*)?")
_OWN_KINDS = {"batch", "piece", "job", "order", "customer", "supplier", "location", "part"}


class Name(NamedTuple):
    """What an identifier names: its kind, its id here, its part, and its lot or serial number.

    ``kind`` is ``batch``, ``piece``, ``part``, ``container``, ``place``, ``party``, a kind of the
    plant's own, or ``other``.
    """

    kind: str
    id: str
    part: str = ""
    number: str = ""


def name_of(uri: str, base: str) -> Name:
    """Tell what an identifier names; both ways of writing one of GS1 give the same id.

    GS1 EPC Tag Data Standard, section 6; GS1 Digital Link, section 4.
    """
    if uri.startswith(base):
        kind, _, rest = uri[len(base) :].partition("/")
        if kind in _OWN_KINDS and rest:
            return Name(kind, unquote(rest), number=unquote(rest))
    if match := _URN.fullmatch(uri):
        return _of_urn(uri, match.group(1), unquote(match.group(2)))
    if match := _LINK.fullmatch(uri):
        return _of_link(uri, match.group(1), unquote(match.group(2)), match.group(3) or "")
    return Name("other", uri)


def _of_urn(uri: str, scheme: str, body: str) -> Name:
    parts = body.split(".", 2)
    if scheme in {"sgtin", "lgtin"} and len(parts) == 3:
        return _traded(*(gtin_of(parts[0], parts[1]), parts[2]), is_lot=scheme == "lgtin")
    if scheme == "sscc" and len(parts) == 2:
        return Name("container", _with_check(parts[1][:1] + parts[0] + parts[1][1:]))
    if scheme in {"sgln", "pgln"} and len(parts) >= 2:
        number = _with_check(parts[0] + parts[1])
        extension = parts[2] if len(parts) == 3 and parts[2] != "0" else ""
        kind = "place" if scheme == "sgln" else "party"
        return Name(kind, f"{number}.{extension}" if extension else number)
    return Name("other", uri)


def _of_link(uri: str, key: str, number: str, rest: str) -> Name:
    qualifiers = [unquote(part) for part in rest.strip("/").split("/")]
    given = dict(zip(qualifiers[::2], qualifiers[1::2], strict=False))
    if key == "01":
        gtin = number.zfill(14)
        if "21" in given:
            return _traded(gtin, given["21"], is_lot=False)
        return _traded(gtin, given.get("10", "*"), is_lot=True)
    if key == "00":
        return Name("container", number)
    if key in {"414", "417"}:
        extension = f".{given['254']}" if "254" in given else ""
        return Name("place" if key == "414" else "party", number + extension)
    return Name("other", uri)


def _traded(gtin: str, number: str, *, is_lot: bool) -> Name:
    if number == "*":
        return Name("part", gtin, gtin)
    return Name("batch" if is_lot else "piece", f"{gtin}.{number}", gtin, number)


def gtin_of(company: str, item: str) -> str:
    """Give the GTIN of 14 digits of a company's prefix and an item with its indicator."""
    return _with_check(item[:1] + company + item[1:])


def _with_check(digits: str) -> str:
    """Add the check digit (GS1 General Specifications, section 7.9); letters have none."""
    if not digits.isdecimal():
        return digits
    total = sum(
        int(digit) * (3 if place % 2 == 0 else 1) for place, digit in enumerate(digits[::-1])
    )
    return digits + str(-total % 10)
