from __future__ import annotations

from kg.identity import Aliases
from kg.vocab import OWL_SAME_AS, RDF_TYPE


def test_an_alias_is_rewritten_and_the_statement_itself_stays() -> None:
    aliases = Aliases()
    said = ("<m/M7>", OWL_SAME_AS, "<m/erp-12>")
    aliases.learn([said])
    facts = [said, ("<m/erp-12>", RDF_TYPE, "<Machine>"), ("<run>", "<on>", "<m/erp-12>")]
    assert aliases.rewrite(facts) == [
        said,
        ("<m/M7>", RDF_TYPE, "<Machine>"),
        ("<run>", "<on>", "<m/M7>"),
    ]


def test_chains_lead_to_the_one_that_nobody_calls_an_alias() -> None:
    aliases = Aliases()
    aliases.learn([("<b>", OWL_SAME_AS, "<c>"), ("<a>", OWL_SAME_AS, "<b>")])
    assert aliases.pairs() == {"<b>": "<a>", "<c>": "<a>"}


def test_a_circle_leads_to_one_name_whatever_the_order() -> None:
    said = [("<b>", OWL_SAME_AS, "<a>"), ("<a>", OWL_SAME_AS, "<b>")]
    one, other = Aliases(), Aliases()
    one.learn(said)
    other.learn(reversed(said))
    assert one.pairs() == other.pairs() == {"<b>": "<a>"}
