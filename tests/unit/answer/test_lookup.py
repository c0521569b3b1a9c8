from __future__ import annotations

import pytest

from kg import vocab
from kg.answer.lookup import look_up, look_up_values
from kg.store import EmbeddedStore

BASE = "https://plant.example/"
NAMES = (vocab.RDFS_LABEL, vocab.IDENTIFIER)


def of(name: str) -> str:
    return f"<{BASE}{name}>"


@pytest.fixture(scope="module")
def store() -> EmbeddedStore:
    made = EmbeddedStore.in_memory(BASE)
    made.bulk_load(f'{of(f"job/{n}")} {predicate} "{n}" .' for n in range(3) for predicate in NAMES)
    return made


@pytest.mark.parametrize("predicates", [NAMES, NAMES[:1]])
def test_several_properties_of_several_things_are_looked_up_at_once(store, predicates) -> None:
    wanted = [of("job/0"), of("job/2"), of("job/9"), '"no thing"']
    rows = list(look_up_values(store, wanted, predicates, "?entity ?p ?part"))
    assert sorted((row["entity"], row["p"], row["part"]) for row in rows) == sorted(
        (of(f"job/{n}"), predicate, f'"{n}"') for n in (0, 2) for predicate in predicates
    )


def test_it_gives_what_two_lists_of_values_would(store) -> None:
    wanted = [of(f"job/{n}") for n in range(5)]
    slow = look_up(store, wanted, f"VALUES ?p {{ {' '.join(NAMES)} }} ?entity ?p ?o")
    quick = look_up_values(store, wanted, NAMES, "?entity ?p ?o")
    assert sorted(map(str, slow)) == sorted(map(str, quick))
