"""Identify: what a table is about, which columns tell its rows apart, and what their IRIs say."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING

from kg.draft.forms import decimal_mark, is_integer, time_form
from kg.draft.meanings import (
    KINDS,
    LEAVES,
    WHOLE_NAMES,
    find_classes,
    find_property,
    own_words,
)
from kg.draft.preview import Cleaning, Preview
from kg.draft.words import split_words
from kg.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kg.draft.preview import Loaded
    from kg.draft.profile import Column, Profile

_NUMBERS = frozenset({"number", "code"})
_NAMES = frozenset({"name", "description"})
_LONG = 60
_COMBINED = 12
_REPEATS = 0.9
_ATTRIBUTE_WORDS = "unit price currency quantity status type reason name text stock group code"
_ATTRIBUTES = frozenset(_ATTRIBUTE_WORDS.split())
"""Words that, at a name's end, say that the table is about something of the thing named."""


@dataclass(frozen=True, slots=True)
class Guess:
    """A choice with how sure it is (0 to 1) and why."""

    value: str
    confidence: float
    reason: str


@dataclass(frozen=True, slots=True)
class Subject:
    """What rows are called: ``{path}/{columns joined by -}`` after cleaning.

    ``alias`` is the column by which other tables of the same source name the row, if another.
    """

    path: str
    columns: tuple[str, ...]
    cleaning: Cleaning
    reason: str
    alias: str = ""
    preview: Preview = field(default_factory=lambda: Preview(0, 0))


def role(name: str, class_name: str) -> str:
    """Tell what a column's name says about its own row: ``id``, ``number``, ``name`` or ""."""
    words = split_words(name)
    names, phrase = find_classes(words)
    rest = frozenset(words) - own_words(class_name)
    if class_name in names and "parent" not in words:
        rest -= set(phrase) - _NUMBERS
    if rest <= _NUMBERS:
        return "number"
    if rest == {"id"}:
        return "id"
    return "name" if rest <= _NAMES else ""


def choose_class(table: str, profile: Profile) -> Guess:
    """Tell which class a table is about, by its name, else by its key's.

    Raises:
        ConfigError: neither says.
    """
    words = split_words(table)
    if words in WHOLE_NAMES:
        return Guess(WHOLE_NAMES[words], 0.6, f"the table is called {table}")
    names, phrase = find_classes(words)
    if names:
        return _decide(names, profile, _by_name(table, words, phrase, names[0]))
    for column in profile.columns:
        named, phrase = find_classes(split_words(column.name))
        rest = set(split_words(column.name)) - set(phrase)
        if named and column.is_key and rest <= {"id", "number", "code"}:
            reason = f"each row has its own {column.name}"
            return _decide(named, profile, Guess(named[0], 0.6, reason))
    raise ConfigError(
        f"neither the name {table!r} nor its columns say what its rows are",
        hint=f"say it with --class: {', '.join(KINDS)}",
    )


def _by_name(table: str, words: Sequence[str], phrase: Sequence[str], name: str) -> Guess:
    """Judge a class by where its words stand: the last ones of a name say what rows are."""
    said = " ".join(phrase)
    place = next(at for at in range(len(words)) if tuple(words[at : at + len(phrase)]) == phrase)
    after = words[place + len(phrase) :]
    if _ATTRIBUTES.intersection(after):
        raise ConfigError(
            f"the name {table!r} says {said!r}, but then {after[-1]!r}: its rows are no {name}",
            hint=f"say what a row is with --class: {', '.join(KINDS)}; or leave it out",
        )
    if after:
        reason = f"the table's name says {said!r}; if its rows are something else, say --class"
        return Guess(name, 0.6, reason)
    return Guess(name, 0.95 if phrase == words else 0.8, f"the table's name says {said!r}")


def _decide(names: Sequence[str], profile: Profile, guess: Guess) -> Guess:
    """Tell a job from a sales order, where a name says only ``order``."""
    if len(names) == 1:
        return guess
    said = {
        name for column in profile.columns for name in find_classes(split_words(column.name))[0]
    }
    if "Customer" in said:
        return Guess("SalesOrder", 0.75, f"{guess.reason}, and it has a customer")
    if "Part" in said:
        return Guess("Job", 0.75, f"{guess.reason}, and it has a part but no customer")
    return Guess(names[0], 0.5, f"{guess.reason}; if it is no job, say --class SalesOrder")


def check_rows(table: str, profile: Profile, guess: Guess) -> None:
    """Refuse a class whose own number repeats: a stock list names parts, but its rows are none.

    Raises:
        ConfigError: it does.
    """
    for column in profile.columns:
        words = split_words(column.name)
        is_own = guess.value in find_classes(words)[0] and role(column.name, guess.value)
        if not is_own or find_property(guess.value, words, own_words(guess.value)):
            continue
        if column.filled and len(column.values) < _REPEATS * column.filled:
            raise ConfigError(
                f"{guess.reason}, but {column.name} repeats: the rows of {table} are about a"
                f" {guess.value}, not one each",
                hint=f"say what a row is with --class: {', '.join(KINDS)}; or leave it out",
            )


def choose_key(
    table: str, profile: Profile, class_name: str, primary: tuple[str, ...]
) -> tuple[tuple[str, ...], str]:
    """Choose the columns that tell rows apart, and say why.

    Raises:
        ConfigError: no three columns do.
    """
    if primary and profile.is_unique(primary):
        return primary, "it is the table's primary key"
    single = [column for column in profile.columns if column.is_key and _can_be_key(column)]
    if single:
        best = max(single, key=lambda column: _key_rank(column, class_name))
        also = [c.name for c in single if c is not best and _key_rank(c, class_name) >= 3]
        others = f"; {', '.join(also[:3])} would do as well" if also else ""
        return (best.name,), f"all {profile.rows} rows differ in it{others}"
    parts = [c.name for c in profile.columns if c.filled == c.rows and _can_be_key(c)][:_COMBINED]
    for size in (2, 3):
        for names in combinations(parts, size):
            if profile.is_unique(names):
                return names, "no column alone tells all rows apart, these together do"
    raise ConfigError(
        f"no column of {table} tells its rows apart, nor do two or three together",
        hint=_near_key(profile) + "name the columns with --key A,B or give the source a query",
    )


def _can_be_key(column: Column) -> bool:
    """Leave out times, amounts and prose: they differ by chance."""
    values = column.values
    if max(map(len, values), default=0) > _LONG or not values:
        return False
    is_amount = decimal_mark(values) and not is_integer(values)
    return not is_amount and time_form(values) is None


def _key_rank(column: Column, class_name: str) -> int:
    words = set(split_words(column.name))
    ranks = {"id": 5, "number": 4, "name": 0}
    own = role(column.name, class_name)
    if own:
        return ranks[own]
    return 3 if words & {"id", "number", "code"} else 1 if is_integer(column.values) else 0


def _near_key(profile: Profile) -> str:
    near = [column for column in profile.columns if len(column.values) >= 0.9 * profile.rows]
    if not near:
        return ""
    column = max(near, key=lambda column: len(column.values))
    twice = profile.rows - len(column.values)
    return f"{column.name} comes near ({twice} row(s) have none or repeat one); "


def choose_subject(
    profile: Profile, class_name: str, key: tuple[str, ...], source: str, loaded: Loaded
) -> Subject:
    """Choose the IRI of a row: by the number that people say, else by its key."""
    path = loaded.path(class_name)
    number = _number_column(profile, class_name)
    if number is not None and class_name not in LEAVES:
        preview = loaded.compare(class_name, number.values)
        cleaning, why = _clean_number(number, preview)
        alias = key[0] if len(key) == 1 and key[0] != number.name else ""
        reason = f"{number.name} is the number that people say{why}"
        return Subject(path, (number.name,), cleaning, reason, alias, preview)
    if len(key) == 1 and class_name not in LEAVES:
        column = profile.column(key[0])
        if column is not None and not is_integer(column.values):
            preview = loaded.compare(class_name, column.values)
            return Subject(path, key, Cleaning(), f"{key[0]} is its key", "", preview)
    reason = f"row numbers mean something within {source} only"
    return Subject(path, key, Cleaning(put=f"{source}-"), reason)


def _number_column(profile: Profile, class_name: str) -> Column | None:
    return next(
        (
            column
            for column in profile.columns
            if column.is_key and _can_be_key(column) and role(column.name, class_name) == "number"
        ),
        None,
    )


def _clean_number(column: Column, preview: Preview) -> tuple[Cleaning, str]:
    if preview.cleaned > preview.matched and preview.share >= 0.5 and not preview.cleaning.put:
        return preview.cleaning, f"; {preview.cleaning}, as what is loaded has it"
    values = column.values
    is_padded = len({len(value) for value in values}) == 1 and is_integer(values)
    if preview.matched or not is_padded or not any(value.startswith("0") for value in values):
        return Cleaning(), ""
    return Cleaning(zeros=True), ", without the zeros that fill it up"
