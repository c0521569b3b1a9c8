"""Words: what the names of columns and tables are made of, in English, Swedish and German.

A name is split into its words, compounds into theirs, and each becomes one plain English word, so
that ``FertigungsauftragsNr``, ``tillv_order_nr`` and ``ProductionOrderNo`` are the same three.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_PIECE = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_LINKERS = ("", "s", "n", "en", "er", "e", "es")
_PLURALS = ("s", "en", "er", "e", "n", "ar", "or")
_UMLAUT = re.compile("([aou])e")
_SHORT = {"nr", "no", "id", "pos", "rad", "typ", "tid", "art"}
_LETTERS = str.maketrans({"ß": "ss", "æ": "a", "ø": "o", "Æ": "A", "Ø": "O"})

# One line for each English word: what other languages and habits call it. Accents are folded.
_SAID = """
order: auftrag orders ord
job: jobs jobb
work: arbets arbeit wo
production: manufacturing mfg prod shop fertigung fertigungs tillverkning tillverknings produktion
  produktions betriebs betrieb tillv
sales: sale verkauf verkaufs forsaljning forsaljnings so
purchase: po inkop inkops bestallning bestell bestellung einkauf einkaufs
customer: cust client kund kunde kunden debitor buyer
supplier: vendor vend leverantor leverantors lieferant lieferanten kreditor
line: lines row rows rad rader zeile detail details
position: pos posten
allocation: alloc peg pegs pegging reservation allokering zuordnung
item: items part parts article artikel product products produkt teil detalj sku
material: mtrl werkstoff
batch: lot lots charge chargen parti los coil
use: usage consumption verbrauch forbrukning entnahme uttag issue issues move moves movement
operation: operations op vorgang arbeitsgang arbetsgang avop routing step steg
machine: machines maskin maschine equipment anlage resource resources ressource resurs
center: centre centrum zentrum
group: gruppe grupp
workplace: arbeitsplatz arbetsplats
employee: employees worker operator operatorer person personal mitarbeiter bediener werker anstalld
  medarbetare badge
spec: specification specifikation spezifikation drawing ritning ritnings zeichnung zeichnungs
  datasheet recipe recept rezeptur
revision: rev version utgava anderungsstand
characteristic: char feature dimension merkmal matt egenskap
measurement: measure matning messung matvarde
inspection: inspect kontroll prufung pruf qc
run: runs cycle cycles korning lauf booking stampling ruckmeldung
event: events handelse ereignis log
piece: pieces serial stuck styck st stk pcs individ
pallet: pallets palett palette pall fixture
tool: tools verktyg werkzeug
program: programm nc cnc
note: notes anteckning notiz
requirement: requirements krav anforderung
number: nr no num nummer numbers ref reference referens referenz
id: ids key guid uuid rowid
code: codes kod kode kennung
name: label title benamning bezeichnung benennung designation namn titel
description: desc beskrivning beschreibung
text: remark remarks comment comments anmarkning bemerkung kommentar
status: state zustand tillstand stand
activity: aktivitet aktivitat
phase: fas
quantity: qty amount antal menge mangd anzahl kvantitet volume
good: ok yield gut godkand godkanda accepted
scrap: scrapped reject rejected ausschuss kasserad kasserade kasserat kasserats kassation skrot
rework: reworked nacharbeit omarbetning
planned: plan planerad planerat geplant soll sched scheduled target
actual: real faktisk ist act
unit: uom einheit enhet measureunit
price: preis pris
currency: valuta wahrung curr
due: deadline termin fardig klar
promised: confirmed bekraftad zugesagt lovad
requested: wish onskad onskat wunsch gewunscht wanted
delivery: leverans liefer lieferung ship shipping
start: started begin begun beginn starts
end: ended finish finished stop slut ende ends
date: datum day dag tag
time: tid zeit timestamp ts uhrzeit clock datetime
changed: modified updated change write andrad andrat geandert anderung update
created: create skapad erstellt angelegt entered
priority: prio prioritet prioritat
sequence: seq sekvens folge reihenfolge ordning
nominal: borvarde sollwert
lower: min undre untere unter lsl
upper: max ovre obere ober usl
limit: grans grenze tolerance tol
value: varde wert reading
passed: pass result utfall ergebnis verdict
heat: smalta schmelze melt cast
capacity: kapazitat kapacitet
reason: orsak grund cause
supply: policy beschaffung forsorjning
tracked: traced sparad
shift: schicht skift
type: typ kind sort art
parent: uber overordnad
stock: lager stocked inventory
"""
_COMPOUNDS = """
workorder=work order; wono=work order number; workcenter=work center; workcentre=work center
salesorder=sales order; orderline=order line; custno=customer number; partno=item number
itemno=item number; artnr=item number; artno=item number; matnr=material number
aufnr=order number; serienr=serial number; serienummer=serial number; seriennummer=serial number
duedate=due date; startdate=start date; enddate=end date; uom=unit; arbpl=workplace
unitprice=unit price; lotno=batch number; batchno=batch number; heatno=heat number
lieferdatum=delivery date; leveransdatum=delivery date; fardigdatum=due date; mangdenhet=unit
timestamp=time; rowguid=guid; modifieddate=changed date; unitmeasure=unit; stucknummer=piece number
gutmenge=good quantity; sollmenge=planned quantity; planeringsgrupp=work center
produktionsgrupp=work center; maskingrupp=work center; kostenstelle=cost center
lasnr=batch number; jobno=job number; orderno=order number
orderantal=order quantity; auftragsmenge=order quantity; bestallningsnummer=purchase number
"""


def _read_said() -> dict[str, tuple[str, ...]]:
    said: dict[str, tuple[str, ...]] = {}
    for entry in re.split(r"\n(?=\S)", _SAID.strip()):
        word, _, others = entry.partition(":")
        said |= dict.fromkeys([word, *others.split()], (word,))
    for pair in re.split(r"[;\n]", _COMPOUNDS.strip()):
        compound, _, words = pair.partition("=")
        said[compound.strip()] = tuple(words.split())
    return said


_WORDS = _read_said()


def fold(text: str) -> str:
    """Drop accents: ``Stück`` is ``Stuck``."""
    plain = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    return "".join(character for character in plain if not unicodedata.combining(character))


def setting_name(text: str) -> str:
    """Make a name that settings allow: letters, digits, ``-`` and ``_``, a letter first."""
    name = re.sub(r"[^A-Za-z0-9_]+", "-", fold(text)).strip("-_")
    return name if re.match(r"[A-Za-z]", name) else f"t-{name}".rstrip("-")


@lru_cache(maxsize=4096)
def split_words(name: str) -> tuple[str, ...]:
    """Split a name into plain English words; words that are not known stay as they are."""
    words: list[str] = []
    for piece in _PIECE.findall(fold(name)):
        words += _translate(piece.lower())
    return tuple(words)


def _translate(word: str) -> tuple[str, ...]:
    known = _known(word)
    if known:
        return known
    return _split_compound(word) or (word,)


def _known(word: str) -> tuple[str, ...]:
    """Look a word up as it is, without ``ae`` for ``ä``, and without the ending of a plural."""
    for spelled in (word, _UMLAUT.sub(r"\1", word)):
        if spelled in _WORDS:
            return _WORDS[spelled]
        for ending in _PLURALS:
            stem = spelled.removesuffix(ending)
            if stem != spelled and len(stem) >= 3 and stem in _WORDS:
                return _WORDS[stem]
    return ()


@lru_cache(maxsize=4096)
def _split_compound(word: str) -> tuple[str, ...]:
    """Split ``auftragsnummer`` into words that are all known; () if that cannot be done."""
    for length in range(len(word) - 2, 2, -1):
        first = _WORDS.get(word[:length])
        if first is None:
            continue
        for linker in _LINKERS:
            rest = word[length:].removeprefix(linker)
            if not word[length:].startswith(linker) or len(rest) < 2:
                continue
            if len(rest) < 4 and rest not in _SHORT:
                continue
            others = _known(rest) or _split_compound(rest)
            if others:
                return (*first, *others)
    return ()
