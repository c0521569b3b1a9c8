"""Times as sources write them, and the one way Traveler writes them: ISO 8601 in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

TICKS_PER_SECOND = 10_000_000
_DOTNET_EPOCH = datetime(1, 1, 1, tzinfo=UTC)
_UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse_time(value: object, form: str, zone: ZoneInfo) -> datetime:
    """Read one time as ``form`` writes it; times without an offset are local to ``zone``.

    ``form`` is ``iso``, ``date``, ``epoch-s``, ``epoch-ms``, ``ticks`` (.NET, 100 ns since year 1)
    or a strptime pattern.

    Raises:
        ValueError: it is no time of that form, or lies outside years 1 to 9999.
    """
    try:
        moment = _read(value, form)
    except (OverflowError, TypeError) as error:
        raise ValueError(f"{value!r} is no {form} time") from error
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=zone)
    return moment.astimezone(UTC)


def offset_doubt(
    value: object, form: str, zone: ZoneInfo
) -> Literal["", "missing-hour", "double-hour"]:
    """Tell whether a local time is none or two in its zone (PEP 495); see ``parse_time``.

    ``parse_time`` reads the missing hour with the offset before it, and the double hour as the
    first of the two.
    """
    moment = _read(value, form)
    if moment.tzinfo is not None:
        return ""
    first, second = (moment.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1))
    if first is None or second is None or first == second:
        return ""
    return "missing-hour" if first < second else "double-hour"


def _read(value: object, form: str) -> datetime:
    text = str(value).strip()
    if form in {"iso", "date"}:
        return datetime.fromisoformat(text)
    if form == "epoch-s":
        return _UNIX_EPOCH + timedelta(seconds=float(text))
    if form == "epoch-ms":
        return _UNIX_EPOCH + timedelta(milliseconds=float(text))
    if form == "ticks":
        return _DOTNET_EPOCH + timedelta(microseconds=int(text) // 10)
    return datetime.strptime(text, form)  # noqa: DTZ007 - the caller adds the source's zone


def format_time(moment: datetime) -> str:
    """Write a time in UTC as xsd:dateTime does, no trailing zeros: ``2026-11-23T08:00:00Z``."""
    text = moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")
    return text.rstrip("0").rstrip(".") + "Z" if "." in text else text + "Z"


def machine_clock() -> datetime:
    """Give this machine's clock to the millisecond: nothing finer can be held against a source."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def sortable(text: str) -> str:
    """Give what sorts as the time does: with its ``Z``, 08:00:00Z would come after 08:00:00.5Z."""
    return text.removesuffix("Z")
