"""Propose: what each column of a table means, with how sure that is and why."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from kg.draft.forms import (
    day_patterns,
    decimal_mark,
    is_boolean,
    is_integer,
    looks_like_day,
    time_form,
)
from kg.draft.identify import (
    Guess,
    Subject,
    check_rows,
    choose_class,
    choose_key,
    choose_subject,
    role,
)
from kg.draft.meanings import (
    ALLOCATED,
    DOUBTFUL_LINKS,
    INDIRECT,
    LEAVES,
    LINKS,
    SCHEMES,
    find_classes,
    find_code,
    find_property,
    own_words,
)
from kg.draft.preview import Cleaning, Preview
from kg.draft.words import fold, setting_name, split_words

if TYPE_CHECKING:
    from kg.draft.meanings import Property
    from kg.draft.preview import Loaded
    from kg.draft.profile import Column, Profile

SURE_ENOUGH = 0.7
"""Confidence from which a proposal is written as a mapping; below, as a comment."""
_SHARE = 0.5
"""The part of the values that must match for a link."""
_SHARE_WHEN_CUT = 0.8
"""The same where something was cut off the values first: then some match by chance."""
_MOST_CODES = 25
_ABOUT = frozenset({"quantity", "price", "date", "status", "type", "tracked"})
_NAMES = frozenset({"name", "description"})


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a column means: a property, and how its value is made.

    ``form`` is the entry of ``times`` that the column needs; ``days`` the regular expressions that
    make a day of its text; ``target`` the class and path that a link leads to; ``scheme`` the code
    list, ``codes`` the code of each value ("" where its word is not known), ``lookup`` the name of
    the table that says so in source.toml.
    """

    column: str
    kind: Literal["identifier", "label", "value", "code", "link", "changed", "nothing"]
    term: str = ""
    datatype: str = ""
    confidence: float = 0.0
    reason: str = ""
    form: str = ""
    days: tuple[str, str, str] | None = None
    mark: str = "."
    target: tuple[str, str] = ("", "")
    cleaning: Cleaning = field(default_factory=Cleaning)
    preview: Preview | None = None
    codes: dict[str, str] = field(default_factory=dict)
    scheme: str = ""
    lookup: str = ""

    @property
    def is_sure(self) -> bool:
        """Whether it is written as a mapping rather than a comment."""
        return self.confidence >= SURE_ENOUGH


@dataclass(frozen=True, slots=True)
class Proposal:
    """A drafted table: its class, key, subject, and a meaning for every column."""

    source: str
    table: str
    class_guess: Guess
    key: tuple[str, ...]
    key_reason: str
    subject: Subject
    meanings: tuple[Meaning, ...]
    profile: Profile
    loaded_problem: str = ""

    @property
    def class_name(self) -> str:
        """The class that its rows are of."""
        return self.class_guess.value

    @property
    def placeholders(self) -> tuple[str, ...]:
        """Every cell found that stands for nothing."""
        found = {value for column in self.profile.columns for value in column.placeholders}
        return tuple(sorted(found))

    @property
    def decimal(self) -> str:
        """The decimal mark of its numbers."""
        marks = {meaning.mark for meaning in self.meanings if meaning.is_sure}
        return "," if "," in marks else "."

    @property
    def event_time(self) -> str:
        """The column that says when an event happened; "" where rows are no events."""
        found = [m.column for m in self.meanings if m.term == "tr:eventTime" and m.is_sure]
        return found[0] if found else ""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a person says about a table instead of leaving it to its names and values."""

    class_name: str = ""
    key: tuple[str, ...] = ()
    primary: tuple[str, ...] = ()


def propose(source: str, table: str, profile: Profile, loaded: Loaded, wishes: Wishes) -> Proposal:
    """Propose a mapping of one table.

    Raises:
        ConfigError: nothing says what its rows are, or no columns tell them apart.
    """
    guess = (
        Guess(wishes.class_name, 1.0, "you said so")
        if wishes.class_name
        else choose_class(table, profile)
    )
    if not wishes.class_name:
        check_rows(table, profile, guess)
    key, why = (
        (wishes.key, "you said so")
        if wishes.key
        else choose_key(table, profile, guess.value, wishes.primary)
    )
    subject = choose_subject(profile, guess.value, key, source, loaded)
    marks = {decimal_mark(column.values) for column in profile.columns}
    reader = _ColumnReader(table, guess.value, key, subject, loaded)
    read = [reader.read(column) for column in profile.columns]
    meanings = _settle([_decide_mark(meaning, is_comma="," in marks) for meaning in read])
    return Proposal(
        *(source, table, guess, key, why, subject, meanings, profile),
        loaded_problem=loaded.problem,
    )


class _ColumnReader:
    """Finds the meaning of one column after another, for a table of one class."""

    def __init__(
        self, table: str, class_name: str, key: tuple[str, ...], subject: Subject, loaded: Loaded
    ) -> None:
        self._table = table
        self._class = class_name
        self._own = own_words(class_name)
        self._key = key
        self._subject = subject
        self._loaded = loaded

    def read(self, column: Column) -> Meaning:
        """Say what a column means."""
        words = split_words(column.name)
        found = self._changed(column, words) or self._own_name(column) or self._link(column, words)
        if found is not None and found.confidence > 0.0:
            return found
        made = self._code(column, words) or self._value(column, words)
        if made is not None:
            return made
        if found is not None:
            return found
        return Meaning(column.name, "nothing", reason="its name says nothing that is known")

    def _changed(self, column: Column, words: tuple[str, ...]) -> Meaning | None:
        form = time_form(column.values)
        if "changed" not in words or (self._class == "Event" and "time" in words):
            return None
        if form is None or not form.form:
            return None
        reason = "when the row was changed: `changed` in source.toml"
        return Meaning(column.name, "changed", "", "", 0.9, reason, form.form)

    def _own_name(self, column: Column) -> Meaning | None:
        """Read a column that numbers or names its own row."""
        own = role(column.name, self._class)
        if own == "name":
            return self._label(column)
        if column.name in self._subject.columns or own == "number":
            return self._identifier(column, own)
        if own == "id" and column.name in self._key:
            reason = "a row number of this source; the IRI is made of a better one"
            return Meaning(column.name, "nothing", reason=reason)
        return None

    def _label(self, column: Column) -> Meaning:
        if self._class == "Person":
            reason = "names of people stay out of the graph"
            return Meaning(column.name, "label", "rdfs:label", "", 0.1, reason)
        if not column.values:
            return _unfilled(Meaning(column.name, "label", "rdfs:label"))
        is_name = "name" in split_words(column.name)
        reason = "it names the row" if is_name else "it describes the row"
        return Meaning(column.name, "label", "rdfs:label", "", 0.9 if is_name else 0.8, reason)

    def _identifier(self, column: Column, own: str) -> Meaning | None:
        if own == "number" and not column.is_key:
            fit = find_property(self._class, split_words(column.name), self._own)
            if fit is not None:
                return None
            reason = "it numbers the rows, but not all have one of their own"
            return Meaning(column.name, "identifier", "tr:identifier", "", 0.7, reason)
        if len(self._subject.columns) > 1 or (own == "id" and self._class in LEAVES):
            return None
        if own not in {"number", "id"} and find_classes(split_words(column.name))[0]:
            return None
        sure = 0.95 if own == "number" else 0.8
        reason = "its name, and all rows differ in it"
        return Meaning(column.name, "identifier", "tr:identifier", "", sure, reason)

    def _link(self, column: Column, words: tuple[str, ...]) -> Meaning | None:
        """Read a column that names another thing; None where its name says nothing like it."""
        names, phrase = find_classes(words)
        rest = set(words) - set(phrase)
        if rest & _ABOUT:
            return None
        is_own = "parent" in words
        options = [name for name in names if name != self._class or is_own]
        if not options:
            return None
        candidates = [self._candidate(column, name, "id" in words) for name in options]
        found = [candidate for candidate in candidates if candidate is not None]
        if rest & _NAMES:
            # Another thing's name is no link, unless that is what it goes by: machine_name = M7.
            found = [candidate for candidate in found if candidate.is_sure]
        return max(found, key=lambda link: link.confidence) if found else None

    def _candidate(self, column: Column, name: str, is_row_id: bool) -> Meaning | None:
        pair = (self._class, name)
        term = "toOrderLine" if pair == ALLOCATED else LINKS.get(self._class, {}).get(name, "")
        target = (name, self._loaded.path(name))
        if not term:
            why = INDIRECT.get(pair)
            if why is None:
                return None
            return Meaning(column.name, "link", "", "", 0.0, why, target=target)
        preview = self._loaded.compare(name, column.values, is_row_id=is_row_id)
        confidence, reason = self._judge(pair, preview)
        return Meaning(
            *(column.name, "link", f"tr:{term}", "", confidence, reason),
            target=target,
            cleaning=preview.cleaning,
            preview=preview,
        )

    def _judge(self, pair: tuple[str, str], preview: Preview) -> tuple[float, str]:
        if not preview.of:
            return 0.2, "it has no value to judge by"
        if not preview.loaded:
            return 0.4, "its name"
        doubt = DOUBTFUL_LINKS.get(pair)
        is_cut = bool(preview.cleaning.strip or preview.cleaning.split)
        if preview.share < (_SHARE_WHEN_CUT if is_cut else _SHARE):
            return round(0.3 + 0.4 * preview.share, 2), "its name, but not its values"
        if doubt:
            return 0.6, doubt
        return round(0.5 + 0.45 * preview.share, 2), "its name and its values"

    def _code(self, column: Column, words: tuple[str, ...]) -> Meaning | None:
        found = next(
            (SCHEMES[self._class, word] for word in words if (self._class, word) in SCHEMES), None
        )
        if found is None or not 0 < len(column.values) <= _MOST_CODES:
            return None
        term, scheme = found
        codes = {value: find_code(scheme, fold(value).casefold()) for value in column.values}
        unknown = [value for value, code in codes.items() if not code]
        reason = "its name, and every value is a known word"
        if unknown:
            shown = ", ".join(map(repr, unknown[:5])) + (", …" if len(unknown) > 5 else "")
            reason = f"source.toml must say what its codes stand for: {shown}"
        return Meaning(
            *(column.name, "code", f"tr:{term}", "", 0.4 if unknown else 0.9, reason),
            codes=codes,
            scheme=scheme,
            lookup=setting_name(f"{self._table}-{column.name}"),
        )

    def _value(self, column: Column, words: tuple[str, ...]) -> Meaning | None:
        known = find_property(self._class, words, self._own)
        if known is None:
            return None
        datatype = "" if known.datatype == "string" else f"xsd:{known.datatype}"
        meaning = Meaning(
            *(column.name, "value", f"tr:{known.name}", datatype, 0.9, "its name and its values")
        )
        if not column.values:
            return _unfilled(meaning)
        fitted = _fit(meaning, known, column)
        if known.doubt and fitted.is_sure:
            return replace(fitted, confidence=0.5, reason=known.doubt)
        return fitted


def _fit(meaning: Meaning, known: Property, column: Column) -> Meaning:
    """Hold a column's values against the datatype of a property."""
    if known.datatype in {"date", "dateTime"}:
        return _fit_time(meaning, known.datatype, column)
    is_fit = {
        "decimal": lambda: bool(decimal_mark(column.values)),
        "integer": lambda: is_integer(column.values),
        "boolean": lambda: is_boolean(column.values),
    }.get(known.datatype, lambda: True)()
    if not is_fit:
        reason = f"its name, but its values are no xsd:{known.datatype}"
        return replace(meaning, confidence=0.3, reason=reason)
    return replace(meaning, mark=decimal_mark(column.values) or ".")


def _decide_mark(meaning: Meaning, *, is_comma: bool) -> Meaning:
    """Read commas that may part thousands as other columns of the table are written."""
    if meaning.mark != "?":
        return meaning
    if is_comma:
        return replace(meaning, mark=",")
    reason = "its name, but its commas may be decimal marks or part thousands"
    return replace(meaning, confidence=0.5, reason=reason)


def _fit_time(meaning: Meaning, datatype: str, column: Column) -> Meaning:
    is_date = datatype == "date"
    if looks_like_day(column.values):
        return replace(meaning, form="date" if is_date else "%Y%m%d")
    found = time_form(column.values)
    if found is None or not found.form:
        why = found.doubt if found else f"its values are no xsd:{datatype}"
        return replace(meaning, confidence=0.3, reason=f"its name, but {why}")
    if not is_date:
        return replace(meaning, form=found.form)
    if found.form == "iso":
        return replace(meaning, form="date")
    days = day_patterns(found.form)
    if days is None:
        reason = "its name, but which day its times mean depends on the zone"
        return replace(meaning, confidence=0.4, reason=reason)
    return replace(meaning, days=days)


def _unfilled(meaning: Meaning) -> Meaning:
    return replace(meaning, confidence=0.2, reason="its name, but it has no value to judge by")


def _settle(meanings: list[Meaning]) -> tuple[Meaning, ...]:
    """Leave each property to the one column that is surest of it."""
    best: dict[str, Meaning] = {}
    for meaning in meanings:
        if meaning.is_sure and meaning.term and meaning.kind != "identifier":
            rival = best.get(meaning.term)
            if rival is None or meaning.confidence > rival.confidence:
                best[meaning.term] = meaning
    return tuple(_yield_to(best.get(meaning.term), meaning) for meaning in meanings)


def _yield_to(winner: Meaning | None, meaning: Meaning) -> Meaning:
    if not meaning.is_sure or winner is None or winner is meaning:
        return meaning
    reason = f"{winner.column} is {meaning.term} already"
    return replace(meaning, confidence=0.5, reason=reason)
