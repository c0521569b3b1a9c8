"""Meanings: which words lead to which term of the ontology.

Terms are local names of ``tr:``; a test holds every one of them against the ontology.
"""

from __future__ import annotations

from dataclasses import dataclass

Words = tuple[str, ...]

KINDS: dict[str, str] = {
    "Customer": "customer",
    "Supplier": "supplier",
    "Part": "part",
    "Machine": "machine",
    "WorkCenter": "work-center",
    "Person": "person",
    "Job": "job",
    "Operation": "operation",
    "SalesOrder": "order",
    "SalesOrderLine": "order-line",
    "Allocation": "allocation",
    "Specification": "spec",
    "Characteristic": "characteristic",
    "CustomerRequirement": "requirement",
    "Inspection": "inspection",
    "Measurement": "measurement",
    "MaterialBatch": "batch",
    "BatchUse": "batch-use",
    "Piece": "piece",
    "Run": "run",
    "Event": "event",
    "Pallet": "pallet",
    "Tool": "tool",
    "Program": "program",
    "Note": "note",
}
"""Each class that a table can be about, and the path of its IRIs below the plant's base."""

_LEAVES = "Allocation BatchUse CustomerRequirement Event Inspection Measurement Note Run"
LEAVES = frozenset(_LEAVES.split())
"""Classes whose rows no other table names by a number that people say."""

_CLASS_WORDS = """
Customer: customer
Supplier: supplier
Part: item, material, item number, material number
Machine: machine
WorkCenter: work center, machine group, work group, workplace, machine center, center
Person: employee
Job: job, work order, production order, order, production id, production number
Operation: operation, order operation, production operation, job operation, work operation
SalesOrder: sales order, customer order, order
SalesOrderLine: order line, sales line, order position, order item, sales order line,
  sales order position, customer order line, customer order position
Allocation: allocation
Specification: spec, item spec, item revision
Characteristic: characteristic, spec characteristic
CustomerRequirement: customer requirement, requirement
Inspection: inspection
Measurement: measurement
MaterialBatch: batch, material batch
BatchUse: batch use, material use, item use
Piece: piece, piece number
Run: run, production run, job run, machine run
Event: event, machine event, production event
Pallet: pallet
Tool: tool
Program: program
Note: note
-: purchase order, purchase order line, purchase line, purchase, cost center, stock order,
  unit measurement, status code, purchase order number, employee shift
"""


def _read_phrases() -> dict[Words, tuple[str, ...]]:
    phrases: dict[Words, tuple[str, ...]] = {}
    for entry in _CLASS_WORDS.replace("\n  ", " ").strip().splitlines():
        name, _, listed = entry.partition(":")
        for phrase in listed.split(","):
            words = tuple(phrase.split())
            phrases[words] = (*phrases.get(words, ()), *([] if name == "-" else [name]))
    return phrases


_PHRASES = _read_phrases()
_LONGEST = max(map(len, _PHRASES))
WHOLE_NAMES: dict[Words, str] = {("production",): "Job", ("sales",): "SalesOrder"}
"""Names of tables that mean a class only when they are the whole name."""


def find_classes(words: Words) -> tuple[tuple[str, ...], Words]:
    """Find the classes that words name, and the words that do; ambiguous ones give several.

    The longest phrase wins, then the last: in all three languages the last word is the noun.
    """
    for length in range(min(_LONGEST, len(words)), 0, -1):
        for start in range(len(words) - length, -1, -1):
            phrase = words[start : start + length]
            if phrase in _PHRASES:
                return _PHRASES[phrase], phrase
    return (), ()


def own_words(name: str) -> frozenset[str]:
    """Give every word that a table about this class may put before its own columns.

    A word that names another class by itself is none: ``lot_ref`` of a batch's use is a link.
    """
    words = {word for phrase, names in _PHRASES.items() if name in names for word in phrase}
    return frozenset(
        word
        for word in words - {"id", "number"}
        if (word,) not in _PHRASES or name in _PHRASES[word,]
    )


@dataclass(frozen=True, slots=True)
class Property:
    """A property that a column can be: for which classes, by which words, of which datatype.

    ``doubt`` is why even a fitting name is not enough.
    """

    name: str
    datatype: str
    classes: frozenset[str]
    phrases: tuple[frozenset[str], ...]
    doubt: str = ""


_PROPERTIES = """
plannedQuantity | decimal | Job Operation | quantity; planned quantity; order quantity; piece;\
 quantity piece
goodQuantity | decimal | Job Operation Run Event | good; good quantity; actual good
scrapQuantity | decimal | Job Operation Run Event | scrap
reworkQuantity | decimal | Job Operation Run Event | rework
goodQuantity | decimal | Run Event | quantity; piece; actual quantity | it may count scrap as well
usedQuantity | decimal | BatchUse | quantity; use quantity; piece
quantity | decimal | SalesOrderLine Allocation MaterialBatch | quantity; order quantity;\
 piece; quantity piece
unit | string | Job Operation SalesOrderLine Allocation Part MaterialBatch BatchUse Characteristic\
 CustomerRequirement Measurement | unit; unit measurement; unit code; unit measurement code;\
 quantity unit
unitPrice | decimal | SalesOrderLine | price; unit price
currency | string | SalesOrderLine | currency; currency code
dueDate | date | Job | due; delivery; delivery due; end due
dueDate | date | Job | end; planned end | it may be when work is planned to end (tr:plannedEnd)
plannedStart | dateTime | Job Operation | planned start; start due
plannedEnd | dateTime | Operation | planned end; end due
plannedStart | dateTime | Job Operation | start | it may be when work really began
plannedEnd | dateTime | Operation | end | it may be when work really ended
promisedDate | date | SalesOrderLine | promised; promised delivery
promisedDate | date | SalesOrderLine | delivery; due; delivery due | it may be when the customer\
 wants it (tr:requestedDate)
requestedDate | date | SalesOrderLine | requested; requested delivery
startedAt | dateTime | Run | start; actual start
endedAt | dateTime | Run | end; actual end
eventTime | dateTime | Event | time; event time; date; changed
revision | string | Specification Program | revision; revision code; revision number
sequence | integer | Operation SalesOrderLine Characteristic | sequence; position; sequence number;\
 position number; line; line number; operation; operation number
priority | integer | Job Operation | priority
nominal | decimal | Characteristic CustomerRequirement | nominal; nominal value; planned
lowerLimit | decimal | Characteristic CustomerRequirement | lower; lower limit; lower value
upperLimit | decimal | Characteristic CustomerRequirement | upper; upper limit; upper value
measuredValue | decimal | Measurement | value; measurement value; actual; actual value
passed | boolean | Inspection Measurement | passed; good
heatNumber | string | MaterialBatch | heat; heat number
serialNumber | string | Machine | piece number; serial number
capacity | integer | Machine | capacity
activityReason | string | Event | reason; reason code
text | string | Note CustomerRequirement | text; description
isLotTracked | boolean | Part | batch tracked; tracked
statedAt | dateTime | Note | time; date; created; created date
"""


def _read_properties() -> tuple[Property, ...]:
    made = []
    for line in _PROPERTIES.strip().splitlines():
        name, datatype, classes, phrases, *doubt = (part.strip() for part in line.split("|"))
        made.append(
            Property(
                name,
                datatype,
                frozenset(classes.split()),
                tuple(frozenset(phrase.split()) for phrase in phrases.split(";")),
                doubt[0] if doubt else "",
            )
        )
    return tuple(made)


PROPERTIES = _read_properties()
_FILLER_WORDS = "on at is of the in by for a date time quantity to den der das am um"
_FILLERS = frozenset(_FILLER_WORDS.split())


def find_property(name: str, words: Words, own: frozenset[str]) -> Property | None:
    """Find the property of a class that a column's words name, without doubt if there is one."""
    given = frozenset(words)
    for wanted in (given, given - own):
        fits = [
            known
            for known in PROPERTIES
            if name in known.classes and any(_fits(wanted, phrase) for phrase in known.phrases)
        ]
        if fits:
            return min(fits, key=lambda known: bool(known.doubt))
    return None


def _fits(words: frozenset[str], phrase: frozenset[str]) -> bool:
    return phrase <= words and words - phrase <= _FILLERS


SCHEMES: dict[tuple[str, str], tuple[str, str]] = {
    ("Job", "status"): ("status", "job-status"),
    ("Operation", "status"): ("status", "operation-status"),
    ("SalesOrder", "status"): ("status", "order-status"),
    ("Event", "status"): ("activity", "activity"),
    ("Event", "activity"): ("activity", "activity"),
    ("Machine", "status"): ("activity", "activity"),
    ("Machine", "activity"): ("activity", "activity"),
    ("Job", "supply"): ("supplyPolicy", "supply"),
    ("Part", "supply"): ("supplyPolicy", "supply"),
    ("Run", "phase"): ("phase", "phase"),
    ("Event", "phase"): ("phase", "phase"),
}
"""(class, word of a column's name) -> the property and the code list that its codes say."""

_STATUS_WORDS = """
planned: planned plan draft new created request requested planerad geplant firm
released: released release ready waiting assigned frislappt freigegeben
in-progress: in progress in process running started active wip begun pagaende startad in arbeit
  begonnen laufend
completed: completed complete done finished fardig fardigrapporterad klar fertig fertiggemeldet
closed: closed archived avslutad stangd abgeschlossen
cancelled: cancelled canceled void annullerad makulerad storniert
"""
_CODE_WORDS: dict[str, dict[str, str]] = {
    "order-status": {
        "open": "open new confirmed processing released oppen offen bestatigt bekraftad",
        "closed": "closed done completed delivered shipped invoiced avslutad levererad"
        " abgeschlossen geliefert",
        "cancelled": "cancelled canceled void annullerad makulerad storniert",
    },
    "activity": {
        "production": "production producing run running produktion laeuft lauft",
        "setup": "setup rusten omstallning",
        "idle": "idle stop stopped standby waiting leerlauf vantar bereit",
        "down": "down alarm error fault breakdown storung driftstopp",
        "maintenance": "maintenance service underhall wartung",
        "off": "off offline avstangd ausgeschaltet aus",
    },
    "phase": {
        "setup": "setup rusten omstallning",
        "production": "production produktion run running",
        "rework": "rework nacharbeit omarbetning",
        "inspection": "inspection kontroll prufung",
    },
    "supply": {
        "make-to-stock": "mts stock lager lagerfertigung",
        "make-to-order": "mto order auftragsfertigung",
    },
}
_PHRASED = {"in progress": "in-progress", "in process": "in-progress", "in arbeit": "in-progress"}
_PHRASED |= {"make to stock": "make-to-stock", "make to order": "make-to-order"}


def _read_status_words() -> dict[str, str]:
    lines = _STATUS_WORDS.replace("\n  ", " ").strip().splitlines()
    return dict(line.split(": ", 1) for line in lines)


_CODE_WORDS["job-status"] = _CODE_WORDS["operation-status"] = _read_status_words()


def find_code(scheme: str, value: str) -> str:
    """Find the code of a list that a folded, lower-case value says in words; "" if none."""
    plain = " ".join(value.replace("_", " ").replace("-", " ").split())
    codes = _CODE_WORDS[scheme]
    if _PHRASED.get(plain) in codes:
        return _PHRASED[plain]
    return next((code for code, words in codes.items() if plain in words.split()), "")


def codes_of(scheme: str) -> tuple[str, ...]:
    """Give the codes of a list."""
    return tuple(_CODE_WORDS[scheme])


_OCCURRENCE = {
    "Job": "ofJob",
    "Machine": "onMachine",
    "Operation": "ofOperation",
    "Pallet": "onPallet",
    "Tool": "usesTool",
    "Program": "runsProgram",
    "Person": "byPerson",
}
LINKS: dict[str, dict[str, str]] = {
    "SalesOrder": {"Customer": "orderedBy"},
    "SalesOrderLine": {"SalesOrder": "lineOf", "Part": "orders"},
    "Allocation": {"Job": "allocationOf", "SalesOrderLine": "toOrderLine"},
    "Job": {"Part": "makes", "Specification": "pinnedSpec"},
    "Operation": {"Job": "operationOf", "Machine": "plannedOn", "WorkCenter": "plannedAt"},
    "Machine": {"WorkCenter": "inWorkCenter"},
    "Run": _OCCURRENCE,
    "Event": _OCCURRENCE,
    "Specification": {"Part": "specifies"},
    "Part": {"Specification": "currentSpec"},
    "Characteristic": {"Specification": "characteristicOf"},
    "CustomerRequirement": {
        "Customer": "requiredBy",
        "Part": "requirementOn",
        "Characteristic": "overrides",
    },
    "Measurement": {"Job": "measuredOn", "Characteristic": "measures"},
    "Inspection": {"Job": "inspects", "Specification": "againstSpec"},
    "MaterialBatch": {"Part": "ofMaterial", "Supplier": "suppliedBy"},
    "BatchUse": {"MaterialBatch": "ofBatch", "Job": "inputTo"},
    "Piece": {"Job": "pieceOf", "MaterialBatch": "cutFrom", "Piece": "assembledInto"},
    "Note": {"Person": "statedBy"},
}
"""Class -> class that it can lead to -> the property that a record may state."""

DOUBTFUL_LINKS: dict[tuple[str, str], str] = {
    ("BatchUse", "Job"): "it may also be tr:outputOf or tr:loadedFor: what kind of move is it?",
    ("Part", "Specification"): "it must be the revision that is current",
}
"""Links that even matching values do not prove."""

INDIRECT: dict[tuple[str, str], str] = {
    ("Job", "Customer"): "a job's customer is reached through its allocation, never copied",
    ("Job", "SalesOrder"): "a job serves an order by an allocation to one of its lines",
    ("Job", "Machine"): "a job's machine is that of its operations and runs",
    ("Job", "WorkCenter"): "a job's work center is that of its operations",
    ("Job", "MaterialBatch"): "a job's batch is said by a batch use (tr:BatchUse)",
    ("Job", "Person"): "who worked on a job is said by its runs",
    ("SalesOrderLine", "Customer"): "a line's customer is that of its order",
    ("Operation", "Part"): "an operation's part is that of its job",
    ("Operation", "Supplier"): "only an outside operation has a supplier (tr:outsourcedTo)",
    ("Run", "Part"): "a run's part is that of its job",
    ("Event", "Part"): "an event's part is that of its job",
    ("Piece", "Part"): "a piece's part is that of its job",
    ("Measurement", "Part"): "a measurement's part is that of its job",
}
"""Links that a record does not state, and how the graph gets there instead."""

ALLOCATED = ("Job", "SalesOrderLine")
"""A job's column with an order line: an allocation of its own stands between."""
