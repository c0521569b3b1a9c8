"""Description: what the SPARQL endpoint says of itself, in RDF (SPARQL 1.1 Service Description)."""

from __future__ import annotations

from functools import lru_cache

from rdflib import RDF, BNode, Graph, Literal, Namespace, URIRef
from rdflib.namespace import DCTERMS

from kg.store.media import RESULT_FORMATS

SD = Namespace("http://www.w3.org/ns/sparql-service-description#")
FORMATS = Namespace("http://www.w3.org/ns/formats/")
WRITERS = {
    "text/turtle": "turtle",
    "application/n-triples": "nt",
    "application/ld+json": "json-ld",
    "text/plain": "nt",
    "application/json": "json-ld",
}
"""How it is written in each of the media types that graphs have here, the preferred one first."""


@lru_cache(maxsize=32)
def describe(endpoint: str, media_type: str) -> bytes:
    """Describe the service at an address (section 2): its language, formats and dataset."""
    graph = Graph()
    graph.bind("sd", SD)
    service, dataset, default = URIRef(endpoint), BNode(), BNode()
    graph.add((service, RDF.type, SD.Service))
    graph.add((service, SD.endpoint, service))
    graph.add((service, SD.supportedLanguage, SD.SPARQL11Query))
    graph.add((service, SD.feature, SD.EmptyGraphs))
    for name in RESULT_FORMATS:
        graph.add((service, SD.resultFormat, FORMATS[name]))
    graph.add((service, SD.defaultDataset, dataset))
    graph.add((dataset, RDF.type, SD.Dataset))
    graph.add((dataset, SD.defaultGraph, default))
    graph.add((default, RDF.type, SD.Graph))
    said = "The present of the plant, merged, with what follows from it; each record has a graph."
    graph.add((default, DCTERMS.description, Literal(said, lang="en")))
    return graph.serialize(format=WRITERS[media_type], encoding="utf-8")
