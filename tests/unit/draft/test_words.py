from __future__ import annotations

import pytest

from kg.draft.words import setting_name, split_words


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("production_order", "production order"),
        ("FertigungsauftragsNr", "production order number"),
        ("Fertigungsaufträge", "production order"),
        ("Fertigungsauftraege", "production order"),
        ("tillverkningsordernummer", "production order number"),
        ("arbetsorder", "work order"),
        ("WorkOrderID", "work order id"),
        ("Kundenauftragsposition", "customer order position"),
        ("Artikelbenämning", "item name"),
        ("Mengeneinheit", "quantity unit"),
        ("Maskinnr", "machine number"),
        ("Menge (Stk)", "quantity piece"),
        ("changed_at", "changed at"),
        ("machine.name", "machine name"),
        ("Größe", "grosse"),
    ],
)
def test_names_of_three_languages_become_the_same_words(name: str, words: str) -> None:
    assert " ".join(split_words(name)) == words


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Sales.Customer", "Sales-Customer"),
        ("2026 export", "t-2026-export"),
        ("Aufträge", "Auftrage"),
        ("(—)", "t"),
    ],
)
def test_any_name_becomes_one_that_settings_allow(text: str, name: str) -> None:
    assert setting_name(text) == name
