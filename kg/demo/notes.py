"""What people said about the plant, as the notes sheet holds it."""

from __future__ import annotations

import csv
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path
    from zoneinfo import ZoneInfo

NOTES = (
    ("N1", "machine", "SAW-01", "P06", "Blade wanders above 50 mm; cut slowly.", 300, -1440),
    ("N2", "job", "1048", "P02", "Use up the older of the two bars first.", 40, -480),
    ("N3", "machine", "MILL-02", "P05", "Coolant pump is loud; repair at noon.", 1500, 120),
)  # fmt: skip
"""Id, what it is about, who, what; stated and expiring in minutes before the history's end."""


def write_notes(path: Path, end: datetime, zone: ZoneInfo) -> None:
    """Write notes.csv with plant-local times without an offset."""

    def write_time(minutes: int) -> str:
        moment = end - timedelta(minutes=minutes)
        return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M")

    with path.open("w", encoding="utf-8", newline="") as file:
        sheet = csv.writer(file, lineterminator="\n")
        sheet.writerow(("id", "kind", "about", "person", "text", "stated", "expires"))
        for key, kind, about, person, text, stated, expires in NOTES:
            times = (write_time(stated), write_time(expires))
            sheet.writerow((key, kind, about, person, text, *times))
