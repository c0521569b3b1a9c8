"""The journal: every record a source gave, written durably before it is acknowledged (SQLite)."""

from __future__ import annotations

from kg.journal.checks import CheckHistory, Day, Lacking, Linked
from kg.journal.gaps import Checked, OpenGap, checked_now
from kg.journal.history import Dated, History, Standing
from kg.journal.journal import Journal
from kg.journal.measures import Came, Counted, Measures
from kg.journal.people import Forgetting, Forgotten
from kg.journal.quarantine import Quarantined, WaitingCount
from kg.journal.sight import Seen
from kg.journal.snapshot import Snapshot, copy_journal
from kg.journal.versions import Appended

__all__ = [
    "Appended",
    "Came",
    "CheckHistory",
    "Checked",
    "Counted",
    "Dated",
    "Day",
    "Forgetting",
    "Forgotten",
    "History",
    "Journal",
    "Lacking",
    "Linked",
    "Measures",
    "OpenGap",
    "Quarantined",
    "Seen",
    "Snapshot",
    "Standing",
    "WaitingCount",
    "checked_now",
    "copy_journal",
]
