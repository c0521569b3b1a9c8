"""Write the ontology's documentation as one HTML page: classes, links, values and code lists.

pyLODE was tried: it draws neither property chains nor the codes of a SKOS code list.
"""

from __future__ import annotations

import sys
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from rdflib import OWL, RDF, RDFS, SKOS, Graph, Literal, URIRef
from rdflib.collection import Collection
from rdflib.namespace import DCTERMS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rdflib.term import Node

ONTOLOGY = Path(__file__).resolve().parent.parent / "ontology"
HOME = URIRef("https://w3id.org/traveler/ontology/")
LANGUAGES = ("en", "sv", "de")
STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
h2 { border-bottom: 2px solid; margin-top: 3rem } h3 { margin: 2rem 0 0 }
code, .iri { font: 0.85em ui-monospace, monospace; color: #555 } nav { columns: 14rem }
dl { display: grid; grid-template-columns: 9rem 1fr; gap: 0 1rem; margin: 0.3rem 0 }
dt { color: #555 } dd { margin: 0 } table { border-collapse: collapse; width: 100% }
:target { background: #ffc }
td, th { text-align: left; padding: 0.2rem 0.8rem 0.2rem 0; border-bottom: 1px solid #ddd }
"""
TERMS = {
    "Classes": OWL.Class,
    "Links between things": OWL.ObjectProperty,
    "Values": OWL.DatatypeProperty,
    "Annotations": OWL.AnnotationProperty,
}
# What is said of a term, in the words of the page.
STATED = {
    RDFS.subClassOf: "is a kind of",
    RDFS.domain: "from",
    RDFS.range: "to",
    RDFS.subPropertyOf: "implies",
    OWL.inverseOf: "the other way",
    SKOS.closeMatch: "close to",
    RDFS.comment: "note",
}
POINTING_HERE = {
    RDFS.subClassOf: "kinds",
    RDFS.domain: "has",
    RDFS.range: "is led to by",
    RDFS.subPropertyOf: "is implied by",
    OWL.inverseOf: "the other way",
}


def read_ontology() -> Graph:
    """Read every Turtle file of the ontology into one graph."""
    graph = Graph()
    for path in sorted(ONTOLOGY.glob("*.ttl")):
        graph.parse(path)
    return graph


def write_page(graph: Graph) -> str:
    """Give the whole page."""
    title = escape(str(graph.value(HOME, DCTERMS.title)))
    ours = {kind: _our_terms(graph, sort) for kind, sort in TERMS.items()}
    links = "".join(_link(graph, term) + "<br>" for terms in ours.values() for term in terms)
    body = [
        f"<h1>{title} {escape(str(graph.value(HOME, OWL.versionInfo)))}</h1>",
        f"<p>{escape(str(graph.value(HOME, DCTERMS.description)))}</p><nav>{links}</nav>",
    ]
    for kind, terms in ours.items():
        body += [f"<h2>{kind}</h2>", *(_write_term(graph, term) for term in terms)]
    schemes = sorted(graph.subjects(RDF.type, SKOS.ConceptScheme), key=str)
    body += ["<h2>Code lists</h2>", *(_write_code_list(graph, scheme) for scheme in schemes)]
    head = f'<meta charset="utf-8"><title>{title}</title><style>{STYLE}</style>'
    return (
        f'<!doctype html><html lang="en"><head>{head}</head><body>{"".join(body)}</body></html>\n'
    )


def _our_terms(graph: Graph, kind: URIRef) -> list[Node]:
    terms = (term for term in graph.subjects(RDF.type, kind) if str(term).startswith(HOME))
    return sorted(terms, key=str)


def _write_term(graph: Graph, term: Node) -> str:
    rows = [(said, graph.objects(term, link)) for link, said in STATED.items()]
    rows += [(said, graph.subjects(link, term)) for link, said in POINTING_HERE.items()]
    told = "".join(
        _row(said, [_link(graph, node) for node in sorted(set(nodes), key=str)])
        for said, nodes in rows
    )
    told += _row(
        "follows",
        [_write_chain(graph, chain) for chain in graph.objects(term, OWL.propertyChainAxiom)],
    )
    if (term, RDF.type, OWL.TransitiveProperty) in graph:
        told += _row("follows", ["itself, any number of times"])
    return f"{_heading(graph, term, RDFS.label)}<dl>{told}</dl>"


def _write_code_list(graph: Graph, scheme: Node) -> str:
    rows = []
    for code in sorted(graph.subjects(SKOS.inScheme, scheme), key=str):
        labels = {
            label.language: str(label)
            for label in graph.objects(code, SKOS.prefLabel)
            if isinstance(label, Literal)
        }
        words = [str(graph.value(code, SKOS.notation)), *(labels[name] for name in LANGUAGES)]
        cells = [*words, str(graph.value(code, SKOS.definition) or "")]
        rows.append("".join(f"<td>{escape(cell)}</td>" for cell in cells))
    head = "".join(f"<th>{name}</th>" for name in ("code", *LANGUAGES, "meaning"))
    table = "".join(f"<tr>{row}</tr>" for row in [head, *rows])
    return f"{_heading(graph, scheme, RDFS.label)}<table>{table}</table>"


def _heading(graph: Graph, term: Node, label: URIRef) -> str:
    name, meaning = graph.value(term, label), graph.value(term, SKOS.definition)
    return (
        f'<h3 id="{escape(_anchor(term))}">{escape(str(name))}</h3>'
        f'<div class="iri">{escape(str(term))}</div><p>{escape(str(meaning))}</p>'
    )


def _write_chain(graph: Graph, chain: Node) -> str:
    return ", then ".join(_link(graph, step) for step in Collection(graph, chain))


def _row(said: str, told: Iterable[str]) -> str:
    joined = " · ".join(told)
    return f"<dt>{said}</dt><dd>{joined}</dd>" if joined else ""


def _link(graph: Graph, node: Node) -> str:
    if not isinstance(node, URIRef):
        return escape(str(node))
    if node.startswith(HOME):
        return f'<a href="#{escape(_anchor(node))}">{escape(_anchor(node))}</a>'
    return f'<a href="{escape(node)}"><code>{escape(node.n3(graph.namespace_manager))}</code></a>'


def _anchor(node: Node) -> str:
    return str(node).removeprefix(HOME).removeprefix("https://w3id.org/traveler/")


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(write_page(read_ontology()), encoding="utf-8")
