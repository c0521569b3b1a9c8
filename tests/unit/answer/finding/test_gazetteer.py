"""The gazetteer is held to a scan of every name that is slow and obvious."""

from __future__ import annotations

import re
import unicodedata
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg import vocab
from kg.answer.find import Finder
from kg.answer.finding.gazetteer import LOST, Gazetteer, Names, form_of, number_in
from kg.answer.names import id_key
from kg.changes import Changes
from kg.errors import ConfigError, StoreError, UnknownEntity
from kg.store import EmbeddedStore
from tests.counts import HARDENING

BASE = "https://names.example/"
SOURCES = {"erp", "mes"}
TIMES = HARDENING.times("names", 40, 1_000)
CLASSES = {
    "machine": vocab.MACHINE,
    "job": vocab.JOB,
    "customer": vocab.CUSTOMER,
    "batch": vocab.MATERIAL_BATCH,
}
NUMBERS = st.sampled_from(["7", "07", "1043", "1034", "01043", "104", "43", "20"])
IDS = st.one_of(
    NUMBERS,
    st.tuples(
        st.sampled_from(["WO", "SAW", "B", "Ä"]), st.sampled_from(["-", "", "_"]), NUMBERS
    ).map("".join),
    st.tuples(NUMBERS, st.sampled_from(["-", "/"]), NUMBERS).map("".join),
)
LABELS = st.one_of(
    IDS,
    st.lists(
        st.sampled_from(["Säge", "Nord", "Hydraulik", "GmbH", "7", "Öst", "saw"]),
        min_size=1,
        max_size=3,
    ).map(" ".join),
)
THING = st.tuples(
    st.sampled_from(sorted(CLASSES)),
    IDS,
    st.lists(LABELS, max_size=2),
    st.lists(LABELS, max_size=1),
    st.lists(st.tuples(st.sampled_from(["erp-", "mes-", ""]), IDS).map("".join), max_size=1),
)
Thing = tuple[str, str, list[str], list[str], list[str]]


def iri(path: str) -> str:
    return f"<{BASE}{path}>"


def short_of(thing: Thing) -> str:
    return f"{thing[0]}/{thing[1].replace('/', '%2F').replace('Ä', '%C3%84')}"


def quads_of(thing: Thing) -> set[tuple[str, str, str, str]]:
    kind, _, labels, identifiers, aliases = thing
    term = iri(short_of(thing))
    quads = {(term, vocab.RDF_TYPE, CLASSES[kind], "")}
    quads |= {(term, vocab.RDFS_LABEL, f'"{label}"', "") for label in labels}
    quads |= {(term, vocab.IDENTIFIER, f'"{text}"', "") for text in identifiers}
    for alias in aliases:
        name = iri(f"{kind}/{alias.replace('/', '%2F').replace('Ä', '%C3%84')}")
        quads.add((name, vocab.OWL_SAME_AS, term, iri("graph/aliases")))
    return quads


def plain(text: str) -> str:
    """Write a name as the oracle compares it: in its own way, by hand."""
    letters = [
        c for c in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(c)
    ]
    parts = re.findall(r"[0-9]+|[a-z]+", "".join(letters))
    joined = ""
    for part in parts:
        bare = part.lstrip("0") or "0" if part[0] in "0123456789" else part
        is_parted = joined[-1:].isdigit() and bare[0].isdigit()
        joined += ("|" if is_parted else "") + bare
    return joined


def scan(quads: set[tuple[str, str, str, str]], query: str) -> set[str]:
    """Look at every name there is."""
    found: dict[str, set[str]] = {}
    kinds = {}
    for subject, predicate, value, _ in quads:
        if predicate == vocab.RDF_TYPE:
            short = subject[1:-1].removeprefix(BASE)
            kinds[short] = value
            found.setdefault(short, set()).add(unquote(short.split("/", 1)[1]))
    for subject, predicate, value, graph in quads:
        short = subject[1:-1].removeprefix(BASE)
        if predicate in {vocab.RDFS_LABEL, vocab.IDENTIFIER} and short in found:
            found[short].add(value.strip('"'))
        if graph and (thing := value[1:-1].removeprefix(BASE)) in found:
            local = unquote(short.split("/", 1)[1])
            found[thing] |= {local, re.sub(r"^(erp|mes)-(?=.)", "", local)}
    for short, names in found.items():
        if kinds[short] == vocab.CUSTOMER:
            names |= {re.sub(r"(?i)\bgmbh\b", "", name) for name in names}
    return {s for s, names in found.items() if plain(query) in set(map(plain, names)) - {""}}


def called(store: EmbeddedStore, query: str) -> set[str]:
    return set(Names(BASE, SOURCES).of(store).called(id_key(query)))


@settings(max_examples=TIMES, deadline=None)
@given(st.lists(THING, max_size=12), st.lists(LABELS, min_size=1, max_size=8))
def test_what_is_called_so_is_what_a_scan_of_all_names_gives(
    things: list[Thing], queries: list[str]
) -> None:
    quads = set().union(*map(quads_of, things))
    store = EmbeddedStore.in_memory(BASE)
    store.apply([], quads, 1)
    for query in queries:
        for written in (query, query.upper(), f"00{query}", query.replace("-", " ")):
            assert called(store, written) == scan(quads, written), written


@settings(max_examples=TIMES, deadline=None)
@given(st.lists(st.lists(THING, max_size=6), min_size=1, max_size=5))
def test_names_that_follow_batches_are_those_that_are_read_at_once(
    states: list[list[Thing]],
) -> None:
    store = EmbeddedStore.in_memory(BASE)
    names = Names(BASE, SOURCES, lambda: store)
    changes = Changes(BASE)
    changes.followers.append(names.follow)
    names.of(store)
    before: set[tuple[str, str, str, str]] = set()
    for seq, things in enumerate(states, start=1):
        after = set().union(*map(quads_of, things))
        old = index_of(names.of(store))
        number = changes.touched.number
        watched = {key: changes.touched.register(hash((9, key))) for key in old["things"]}
        store.apply(before - after, after - before, seq)
        changes.tell_batch(before - after, after - before, seq)
        fresh = Gazetteer(BASE, SOURCES)
        fresh.load(store)
        assert index_of(names.of(store)) == index_of(fresh)
        for key in watched:
            is_same = old["things"].get(key) == index_of(fresh)["things"].get(key)
            assert is_same or not changes.touched.is_untouched([hash((9, key))], number)
        before = after


def index_of(gazetteer: Gazetteer) -> dict[str, object]:
    """Give all that a gazetteer knows, in a form that compares."""

    def plain_(held: dict[str, object]) -> dict[str, object]:
        return {key: {one} if isinstance(one, str) else set(one) for key, one in held.items()}  # type: ignore[call-overload]

    forms = {form: +count for form, count in gazetteer._forms.items() if +count}
    return {
        "things": plain_(gazetteer._things),
        "numbers": plain_(gazetteer._numbers),
        "words": gazetteer._words,
        "spelt": gazetteer._spelt,
        "kinds": gazetteer._kinds,
        "lengths": {n: set(words) for n, words in gazetteer._lengths.items() if words},
        "forms": forms,
    }


@settings(max_examples=4 * TIMES)
@given(
    st.lists(st.integers(100, 9_999), min_size=1, max_size=30, unique=True),
    st.integers(100, 9_999),
    st.sampled_from(
        ["why is job {} late", "jobb {} sent?", "Auftrag Nr. {}", "WO-{} status", "{}"]
    ),
)
def test_a_number_that_is_not_there_is_never_taken_for_another(
    ids: list[int], asked: int, words: str
) -> None:
    store = EmbeddedStore.in_memory(BASE)
    quads = set().union(*(quads_of(("job", f"WO-00{n}", [f"{n} Shaft"], [], [])) for n in ids))
    store.apply([], quads, 1)
    finder = Finder(store, BASE)
    question = words.format(asked)
    if asked in ids:
        assert finder.read_question(question).subject.id == f"job/WO-00{asked}"
    else:
        with pytest.raises(UnknownEntity):
            finder.read_question(question)


@settings(max_examples=4 * TIMES)
@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    store = EmbeddedStore.in_memory(BASE)
    store.apply([], quads_of(("machine", "SAW-07", ["Säge 7"], [], [])), 1)
    finder = Finder(store, BASE)
    for written in (text, f"{text} SAW-07", f"job {text}"):
        try:
            asked = finder.read_question(written)
        except (UnknownEntity, ConfigError):
            continue
        assert asked.subject.id == "machine/SAW-07"


def test_a_graph_that_takes_the_place_of_another_is_read_ahead() -> None:
    stores = [EmbeddedStore.in_memory(BASE) for _ in range(2)]
    standing = stores[0]
    names = Names(BASE, (), lambda: standing)
    stores[0].apply([], quads_of(("job", "1", [], [], [])), 1)
    stores[1].apply([], quads_of(("job", "2", [], [], [])), 1)
    names.renew(stores[1])
    assert names.of(stores[0]).called("1") == ["job/1"]
    names.renew(stores[1])
    ahead = names.of(stores[0])
    assert ahead.called("1") == ["job/1"]
    standing = stores[1]
    assert names.of(stores[1]).called("2") == ["job/2"]
    assert names.of(stores[1]).called("1") == []


def test_names_that_cannot_be_followed_are_read_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    store = EmbeddedStore.in_memory(BASE)
    names = Names(BASE, (), lambda: store)
    names.of(store)
    quads = quads_of(("job", "1", [], [], []))
    store.apply([], quads, 1)

    def fail(*_: object) -> None:
        raise StoreError("gone")

    with monkeypatch.context() as patch:
        patch.setattr(Gazetteer, "refresh", fail)
        assert names.follow([], quads) == {LOST}
    assert names.of(store).called("1") == ["job/1"]


@pytest.mark.parametrize(
    ("key", "number", "form"),
    [
        ("wo1043", "1043", "wo#"),
        ("1043", None, "#"),
        ("1043-20", None, "#-#"),
        ("so2026-5512", "5512", "so#-#"),
        ("mill3", "3", "mill#"),
        ("bandsaw", None, None),
        ("saw1x", None, "saw#x"),
    ],
)
def test_the_number_of_an_id_and_how_it_is_built(
    key: str, number: str | None, form: str | None
) -> None:
    assert (number_in(key), form_of(key)) == (number, form)
