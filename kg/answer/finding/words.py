"""Words: what people ask with, in English, Swedish and German, and what it steers.

All are written as `kg.answer.names` folds them: without case and accents. A phrase is words with
blanks between them. Whoever adds a language adds its words to these tables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kg.answer.bundle import Focus


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_KIND_WORDS: dict[str, str] = {
    "machine": "machine machines equipment asset maskin maskinen maskiner maskinerna maschine"
    " maschinen anlage anlagen automat",
    "job": "job jobs traveler traveller jobb jobbet jobbets jobben tillverkningsorder"
    " tillverkningsordern produktionsorder verkstadsorder fertigungsauftrag fertigungsauftrags"
    " fertigungsauftrage betriebsauftrag produktionsauftrag wo mo",
    "customer": "customer customers client clients buyer kund kunden kundens kunder kundernas"
    " kunde abnehmer",
    "batch": "batch batches lot lots heat heats charge charges parti partiet partier chargen"
    " schmelze smalta smaltan batchen batcher los lose",
    "part": "part parts item items article articles detalj detaljen detaljer artikel artikeln"
    " artiklar teil teile teils werkstuck werkstucke bauteil bauteile",
    "operation": "operation operations step steps operationen operationer steg steget arbetsmoment"
    " arbeitsgang arbeitsgange arbeitsschritt schritt",
    "spec": "spec specs specification specifications drawing drawings specifikation"
    " specifikationen ritning ritningen ritningar zeichnung zeichnungen spezifikation"
    " spezifikationen",
    "supplier": "supplier suppliers vendor vendors leverantor leverantoren leverantorer lieferant"
    " lieferanten",
    "person": "person persons people operator operators operatoren operatorer personen mitarbeiter"
    " bediener werker",
    "piece": "piece pieces serial serials serienummer exemplar serialnumber seriennummer stuck",
    "work-center": "workcenter workcentre workcell cell cells cellen celler arbeitsplatz"
    " arbeitsplatze maskingrupp maschinengruppe",
    "run": "run runs korning korningen",
}
_SEVERAL: dict[str, tuple[frozenset[str], ...]] = {
    # What the word names first, and what it means where there is no such thing.
    "order": (frozenset({"order"}), frozenset({"job"})),
    "orders": (frozenset({"order"}), frozenset({"job"})),
    "ordern": (frozenset({"order"}), frozenset({"job"})),
    "ordens": (frozenset({"order"}), frozenset({"job"})),
    "auftrag": (frozenset({"job", "order"}),),
    "auftrags": (frozenset({"job", "order"}),),
    "auftrage": (frozenset({"job", "order"}),),
    "salesorder": (frozenset({"order"}),),
    "kundorder": (frozenset({"order"}),),
    "kundordern": (frozenset({"order"}),),
    "kundenauftrag": (frozenset({"order"}),),
    "bestellung": (frozenset({"order"}),),
    "bestallning": (frozenset({"order"}),),
    "bestallningen": (frozenset({"order"}),),
    "material": (frozenset({"batch"}), frozenset({"part"})),
}
KIND_WORDS: dict[str, tuple[frozenset[str], ...]] = {
    word: (frozenset({kind}),) for kind, words in _KIND_WORDS.items() for word in words.split()
} | _SEVERAL
"""For each word the kinds that it can mean; later ones count where there are none of the first."""
KIND_PHRASES: dict[tuple[str, str], str] = {
    ("work", "order"): "wo",
    ("work", "orders"): "wo",
    ("production", "order"): "wo",
    ("manufacturing", "order"): "mo",
    ("shop", "order"): "wo",
    ("sales", "order"): "salesorder",
    ("customer", "order"): "salesorder",
    ("material", "batch"): "batch",
    ("material", "lot"): "batch",
    ("work", "center"): "workcenter",
    ("work", "centre"): "workcenter",
    ("work", "cell"): "workcell",
    ("serial", "number"): "serial",
    ("part", "number"): "part",
}
"""Two words that name a kind together, as one of the words above."""

FOCUS_WORDS: dict[Focus, tuple[str, ...]] = {
    "why_late": (
        # English
        "late", "later", "lateness", "delay", "delays", "delayed", "overdue", "behind",
        "on time", "in time", "due", "deadline", "delivery date", "promised", "when will",
        "how long", "forecast", "eta", "finish", "finished", "completion",
        # Swedish
        "sen", "sent", "sena", "senare", "forsenad", "forsenat", "forsenade", "forsening",
        "fordrojd",
        "i tid", "leveransdatum", "leveranstid", "nar blir", "nar ar", "prognos", "fardig", "klar",
        # German
        "spat", "spater", "verspatet", "verspatung", "verzug", "verzogert", "verzogerung",
        "uberfallig", "punktlich", "rechtzeitig", "termin", "liefertermin", "wann wird", "fertig",
        "ruckstand",
    ),
    "next": (
        "next", "upcoming", "queue", "queued", "waiting", "sequence", "prioritise", "prioritize",
        "priority", "start first", "comes after", "ready to start", "blocked", "blocks", "blocking",
        "nasta", "harnast", "ko", "kon", "vantar", "prioritet", "blockerad", "blockerar",
        "nachste", "nachster", "nachstes", "nachsten", "danach", "warteschlange", "wartet",
        "reihenfolge", "blockiert",
    ),
    "quality": (
        "quality", "tolerance", "tolerances", "out of tolerance", "limit", "limits", "measured",
        "measurement", "measurements", "measure", "dimension", "dimensions", "inspection",
        "inspections", "inspected", "characteristic", "characteristics", "spec", "specs",
        "specification", "specifications", "certificate", "certificates", "nonconformance",
        "passed",
        "kvalitet", "matt", "matten", "matvarde", "matvarden", "matning", "matningar", "tolerans",
        "toleranser", "kontroll", "kontrollerad", "specifikation", "ritning", "intyg", "avvikelse",
        "qualitat", "mass", "masse", "messung", "messungen", "messwert", "messwerte", "gemessen",
        "toleranz", "toleranzen", "prufung", "prufungen", "gepruft", "spezifikation", "zeichnung",
        "grenzwert", "grenzwerte", "zeugnis", "abweichung",
    ),
    "material": (
        "material", "materials", "batch", "batches", "lot", "heat", "stock", "consumed", "consumes",
        "used up", "left of", "went into", "came from", "raw material", "genealogy",
        "materialet", "parti", "partiet", "lager", "atgang", "forbrukat", "charge", "smalta",
        "werkstoff", "chargen", "schmelze", "bestand", "verbraucht", "verbrauch",
    ),
    "full": (
        "everything", "all about", "full picture", "complete picture", "allt om", "alles uber",
        "alles zu",
    ),
    "now": (
        "now", "running", "current", "currently", "status", "doing", "right now",
        "nu", "just nu", "kor", "pagar", "status", "gor",
        "jetzt", "gerade", "lauft", "aktuell", "zurzeit", "macht",
    ),
}  # fmt: skip
"""By which words and phrases a question is about what; the focus with most of them is taken."""
_STOP = (
    # English
    "a an and any are as at be been being but by can could did do does doing done for from had has"
    " have how i if in into is it its just me more most my no not of off on or our out over please"
    " s should show so some tell than that the their them then there these they this those to too"
    " up us was we were what when where which while who whom whose why will with would you your"
    " about against all also because before after between give got make made makes need needs still"
    " yet today tomorrow yesterday shift week month day hour hours minutes ago going go goes went"
    " happen happening happened wrong problem problems missing known unknown old fresh says said"
    " number id name called new last first work working ordered ship shipped"
    # Swedish
    " och att det den de ett en ar var vad vem vilken vilket vilka nar hur varfor till fran med pa"
    " av for om ska skall kan har hade inte ej som sig sin sitt sina han hon vi ni ja nej mot efter"
    " innan under over mellan alla allt nagot nagon finns saknas fel idag igar imorgon skift vecka"
    " nummer heter kallas senaste mig oss visa beratta gick gar blir blev vart"
    # German
    " der die das den dem des ein eine einen einem einer eines und oder ist sind war waren wird"
    " werden was wer wen wem wessen welche welcher welches welchen wann wo wie warum wieso weshalb"
    " woran zu zum zur von vom mit auf an am im in aus bei nach vor uber unter fur durch gegen ohne"
    " um ob dass nicht kein keine noch schon mehr als auch nur so es er sie wir ihr ich mir mich"
    " uns"
    " hat haben hatte kann soll sollte muss heute gestern morgen schicht woche nummer heisst fehlt"
    " fehlen zeig zeige sag geht kommt liegt steht bitte welchem"
)
STOP_WORDS: frozenset[str] = _set(_STOP)
"""Words of which a name is not made alone: they say how things belong together."""
POINTERS: frozenset[str] = _set(
    "no nr num number numbers id ids nummer numret the den das die der with mit med called named"
    " namens heter code kod"
)
"""What may stand between a kind and the name: ``job no. 1043``."""
UNITS: frozenset[str] = _set(
    "h hr hrs hour hours min mins minute minutes minut minuter minuten stunde stunden timme timmar"
    " s sec secs second seconds sekund sekunder sekunden d day days dag dagar dagen tag tage tagen"
    " week weeks vecka veckor woche wochen month months manad manader monat monate year years"
    " mm cm m km um kg g mg t l ml kw kwh w v a c k bar mpa nm rpm pcs pc piece pieces st stuck"
    " stk styck percent procent prozent eur sek usd jobs orders parts items machines tokens"
)
"""What a number counts rather than names, where it stands before one of these."""
BEFORE_TIMES: frozenset[str] = _set(
    "in since until before after at by around week kw v vecka woche sedan seit bis vor nach um kl"
    " klockan uhr year ar jahr"
)
"""Where a small number or a year stands after one of these, it is a time."""


def _phrases(words: Iterable[str]) -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(phrase.split()) for phrase in words)


FOCUS_PHRASES: dict[Focus, frozenset[tuple[str, ...]]] = {
    focus: _phrases(words) for focus, words in FOCUS_WORDS.items()
}
_OF_FOCUSES = frozenset(
    phrase[0] for phrases in FOCUS_PHRASES.values() for phrase in phrases if len(phrase) == 1
)
PLAIN_WORDS: frozenset[str] = STOP_WORDS | _OF_FOCUSES | frozenset(KIND_WORDS)
"""Every word that says how is asked, and so is no name by itself."""

FOCUS_ORDER: tuple[Focus, ...] = ("full", "why_late", "quality", "material", "next", "now")
"""Which focus is taken where two have as many words."""
SUBJECTS: dict[Focus, tuple[str, ...]] = {
    "why_late": ("operation", "job", "order", "run", "customer", "machine", "batch piece", "part"),
    "next": ("machine", "operation", "job", "work-center", "order", "customer", "batch", "part"),
    "quality": ("operation", "job piece", "part spec batch", "machine", "customer"),
    "material": ("batch piece", "operation", "job", "part", "order", "supplier", "machine"),
    "full": ("operation", "job machine", "batch piece order", "customer part"),
    "now": ("operation run", "job machine", "batch piece order", "customer part"),
}
"""Of several things in a question the subject is of the kinds that stand first for its focus.

Of kinds that stand together the thing is taken that is named first.
"""
