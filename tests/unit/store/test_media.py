from __future__ import annotations

import pytest

from kg.errors import QueryError
from kg.store.media import GRAPHS, RESULTS, choose_media_type


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("", "application/sparql-results+json"),
        ("*/*", "application/sparql-results+json"),
        ("text/*", "text/csv"),
        ("application/json", "application/json"),
        ("text/csv, application/sparql-results+json", "application/sparql-results+json"),
        ("text/csv;q=0.9, application/sparql-results+json;q=0.2", "text/csv"),
        ("text/html, application/xml;q=0.9, */*;q=0.8", "application/xml"),
        ("*/*, application/sparql-results+json;q=0", "application/sparql-results+xml"),
        ("TEXT/CSV; header=present", "text/csv"),
    ],
)
def test_the_best_accepted_type_is_chosen(accept: str, chosen: str) -> None:
    assert choose_media_type(accept, RESULTS) == chosen


@pytest.mark.parametrize("accept", ["text/html", "text/turtle;q=0", "text/turtle;q=x"])
def test_a_type_that_nobody_offers_is_an_error_naming_those_offered(accept: str) -> None:
    with pytest.raises(QueryError) as caught:
        choose_media_type(accept, GRAPHS)
    assert caught.value.code == "not-acceptable"
    assert "application/ld+json" in caught.value.hint
