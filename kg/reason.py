"""Reason: what follows from the present by the ontology and its rules.

The ontology alone is closed once by owlrl (OWL 2 RL/RDF, W3C, section 4.3); what that means for
data is run as SPARQL updates on an in-memory copy of the asserted present, to a fixpoint. Rules
that look for what is absent (``ontology/rules``, SHACL-AF SPARQL rules) run between two fixpoints.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import owlrl
from rdflib import OWL, RDF, RDFS, SH, Graph, URIRef
from rdflib.collection import Collection

from kg import vocab
from kg.errors import OntologyError
from kg.fold import infer_ends
from kg.store import EmbeddedStore
from kg.vocab import RDF_TYPE

if TYPE_CHECKING:
    from collections.abc import Collection as Facts
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from rdflib.term import Node

    from kg.records import Fact, Term
    from kg.settings import Plant
    from kg.store import Store

_ASSERTED = "<urn:traveler:asserted>"
_DERIVED = "<urn:traveler:derived>"
_CONSTRUCT = re.compile(r"CONSTRUCT\s*\{(.*?)\}\s*WHERE\s*\{(.*)\}\s*$", re.DOTALL | re.IGNORECASE)
_BUILT_IN = (str(OWL), str(RDF), str(RDFS), "http://www.w3.org/2001/XMLSchema#")
_AXIOMS = (
    RDFS.subClassOf,
    RDFS.subPropertyOf,
    RDFS.domain,
    RDFS.range,
    OWL.inverseOf,
    OWL.propertyChainAxiom,
    OWL.equivalentClass,
    OWL.equivalentProperty,
    RDF.first,
    RDF.rest,
)
_AXIOM_TYPES = (
    OWL.Class,
    OWL.ObjectProperty,
    OWL.DatatypeProperty,
    OWL.TransitiveProperty,
    OWL.SymmetricProperty,
)
MAX_ROUNDS = 50
MAX_WAYS = 20
"""How many ways of one rule to give one fact are looked at when explaining."""


@dataclass(frozen=True, slots=True)
class Rule:
    """``head`` holds where every pattern of ``body`` holds; names as in OWL 2 RL/RDF."""

    name: str
    head: Fact
    body: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class ConstructRule:
    """A SHACL-AF SPARQL rule: ``head`` and ``body`` are SPARQL text, prefixes expanded."""

    name: str
    head: str
    body: str


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a fact is there: the rule, and the facts it was drawn from."""

    rule: str
    premises: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class RuleSet:
    """All that the ontology says about data."""

    rules: tuple[Rule, ...]
    constructs: tuple[ConstructRule, ...]


def load_graph(folder: Path, pattern: str = "*.ttl") -> Graph:
    """Parse every Turtle file of a folder into one graph.

    Raises:
        OntologyError: a file is no Turtle; the message names file and place.
    """
    graph = Graph()
    for path in sorted(folder.glob(pattern)):
        try:
            graph.parse(path, format="turtle")
        except Exception as error:  # rdflib's parsers raise many types
            raise OntologyError(f"{path}: {error}", hint="mend the file's Turtle") from error
    return graph


def compile_rules(ontology: Path) -> RuleSet:
    """Close the ontology with owlrl and turn its axioms and rules into what runs over data."""
    closed = Graph()
    for s, p, o in load_graph(ontology):
        if p in _AXIOMS or (p == RDF.type and o in _AXIOM_TYPES):
            closed.add((s, p, o))
    chains = {
        (p, tuple(Collection(closed, chain)))
        for p, chain in closed.subject_objects(OWL.propertyChainAxiom)
    }
    owlrl.DeductiveClosure(owlrl.OWLRL_Semantics).expand(closed)
    rules = [*_binary_rules(closed), *_property_rules(closed)]
    for predicate, chain in sorted(chains):
        rules.append(_chain_rule(_term(predicate), [_term(step) for step in chain]))
    return RuleSet(tuple(rules), tuple(_construct_rules(load_graph(ontology / "rules"))))


def _term(node: Node) -> Term:
    return f"<{node}>"


def _pairs(closed: Graph, predicate: URIRef) -> list[tuple[Term, Term]]:
    return sorted(
        (_term(s), _term(o))
        for s, o in closed.subject_objects(predicate)
        if isinstance(s, URIRef)
        and isinstance(o, URIRef)
        and s != o
        and not str(s).startswith(_BUILT_IN)
        and not str(o).startswith(_BUILT_IN)
    )


def _binary_rules(closed: Graph) -> Iterator[Rule]:
    for sub, sup in _pairs(closed, RDFS.subClassOf):
        yield Rule("cax-sco", ("?x", RDF_TYPE, sup), (("?x", RDF_TYPE, sub),))
    for sub, sup in _pairs(closed, RDFS.subPropertyOf):
        yield Rule("prp-spo1", ("?x", sup, "?y"), (("?x", sub, "?y"),))
    for one, other in _pairs(closed, OWL.inverseOf):
        yield Rule("prp-inv", ("?y", other, "?x"), (("?x", one, "?y"),))
        yield Rule("prp-inv", ("?y", one, "?x"), (("?x", other, "?y"),))
    for predicate, kind in _pairs(closed, RDFS.domain):
        yield Rule("prp-dom", ("?x", RDF_TYPE, kind), (("?x", predicate, "?y"),))
    for predicate, kind in _pairs(closed, RDFS.range):
        yield Rule("prp-rng", ("?y", RDF_TYPE, kind), (("?x", predicate, "?y"),))


def _property_rules(closed: Graph) -> Iterator[Rule]:
    for kind, name in ((OWL.TransitiveProperty, "prp-trp"), (OWL.SymmetricProperty, "prp-symp")):
        for node in sorted(closed.subjects(RDF.type, kind), key=str):
            p = _term(node)
            if str(node).startswith(_BUILT_IN):
                continue
            if name == "prp-trp":
                yield Rule(name, ("?x", p, "?z"), (("?x", p, "?y"), ("?y", p, "?z")))
            else:
                yield Rule(name, ("?y", p, "?x"), (("?x", p, "?y"),))


def _chain_rule(predicate: Term, chain: list[Term]) -> Rule:
    body = tuple((f"?v{i}", step, f"?v{i + 1}") for i, step in enumerate(chain))
    return Rule("prp-spo2", ("?v0", predicate, f"?v{len(chain)}"), body)


def _construct_rules(graph: Graph) -> Iterator[ConstructRule]:
    for shape, rule in sorted(graph.subject_objects(SH.rule)):
        text = str(graph.value(rule, SH.construct))
        match = _CONSTRUCT.search(text)
        if match is None:
            raise OntologyError(
                f"rule {shape}: sh:construct is no CONSTRUCT {{…}} WHERE {{…}}",
                hint="write the rule in that form",
            )
        head, body = (_expand(part, rule, graph) for part in match.groups())
        target = graph.value(shape, SH.targetClass)
        typed = f"?this {RDF_TYPE} {_term(target)} . " if target is not None else ""
        name = str(graph.value(rule, RDFS.label) or graph.value(shape, RDFS.label) or shape)
        yield ConstructRule(name, head, typed + body)


def _expand(text: str, rule: Node, graph: Graph) -> str:
    prefixes: dict[str, str] = {}
    for header in graph.objects(rule, SH.prefixes):
        for declared in graph.objects(header, SH.declare):
            name = str(graph.value(declared, SH.prefix))
            prefixes[name] = str(graph.value(declared, SH.namespace))
    for name, namespace in prefixes.items():
        text = re.sub(rf"(?<![\w<:/]){re.escape(name)}:([\w/-]+)", rf"<{namespace}\1>", text)
    return text.replace("$this", "?this")


class Reasoner:
    """Keeps the asserted present of one plant in memory and derives from it."""

    def __init__(self, plant: Plant, rules: RuleSet) -> None:
        self._rules = rules
        self._base = plant.base
        self._memory = EmbeddedStore.in_memory(plant.base)
        steps = _steps(rules.rules)
        self._steps = [(_together(step), _is_recursive(step)) for step in steps]
        self._steps_again = [
            (_together(step), _is_recursive(step)) for step in _steps_after(steps, rules.constructs)
        ]
        self._constructs = [_insert_text(rule.head, rule.body) for rule in rules.constructs]
        self._folded = tuple(
            f"<{plant.base}run/{source.name}/{table.name}/"
            for source in plant.sources
            for table in source.tables
            if table.fold is not None and table.fold.kind == "open-close"
        )
        self.derived: set[Fact] = set()

    def start(self, asserted: Iterable[Fact], derived: Iterable[Fact] = ()) -> None:
        """Take in the asserted present as it stands, and what was derived from it before."""
        self._memory.bulk_load(f"{s} {p} {o} {_ASSERTED} ." for s, p, o in asserted)
        self.derived = set(derived)

    def change(self, removed: Facts[Fact], added: Facts[Fact]) -> None:
        """Change the asserted present."""
        self._memory.apply([(*f, _ASSERTED) for f in removed], [(*f, _ASSERTED) for f in added], 0)

    def derive(self) -> tuple[set[Fact], set[Fact]]:
        """Derive anew and tell what went and what came, compared with the last time.

        Raises:
            OntologyError: the rules do not come to rest.
        """
        self._memory.update(f"DROP SILENT GRAPH {_DERIVED}")
        self._memory.apply([], [(*fact, _DERIVED) for fact in self._inferred_ends()], 0)
        self._close(self._steps)
        if self._constructs:
            self._memory.update(" ;\n".join(self._constructs))
            self._close(self._steps_again)
        derived = self._memory.graph(_DERIVED) - self._memory.graph(_ASSERTED)
        gone, come = self.derived - derived, derived - self.derived
        self.derived = derived
        return gone, come

    def _close(self, steps: Iterable[tuple[str, bool]]) -> None:
        """Run every rule to the fixpoint: each once, and those that feed themselves until rest."""
        for text, is_recursive in steps:
            size = -1
            for _ in range(MAX_ROUNDS if is_recursive else 1):
                if is_recursive and len(self._memory) == size:
                    break
                size = len(self._memory) if is_recursive else size
                self._memory.update(text)
            else:
                if is_recursive:
                    raise OntologyError(
                        f"the ontology's rules do not come to rest in {MAX_ROUNDS} rounds",
                        hint="look for a property chain that feeds itself",
                    )

    def _inferred_ends(self) -> Iterator[Fact]:
        """Tell when runs whose end was not recorded must have ended."""
        rows = self._memory.select(
            f"SELECT ?machine ?run ?start ?end ?capacity FROM {_ASSERTED} WHERE {{ "
            f"?run {vocab.ON_MACHINE} ?machine ; {vocab.STARTED_AT} ?start . "
            f"OPTIONAL {{ ?run {vocab.ENDED_AT} ?end }} "
            f"OPTIONAL {{ ?machine {vocab.CAPACITY} ?capacity }} }}"
        )
        machines: dict[Term, list[tuple[Term, str, str | None]]] = {}
        capacity: dict[Term, int] = {}
        for row in rows:
            if not row["run"].startswith(self._folded):
                continue
            start, end = _lexical(row["start"]), _lexical(row["end"]) if "end" in row else None
            machines.setdefault(row["machine"], []).append((row["run"], start, end))
            if "capacity" in row:
                capacity[row["machine"]] = int(_lexical(row["capacity"]))
        for machine, runs in machines.items():
            for run, moment in infer_ends(runs, capacity.get(machine, 1)).items():
                yield run, vocab.INFERRED_END_AT, f'"{moment}"^^<{vocab.XSD}dateTime>'


def _lexical(literal: Term) -> str:
    return literal.split('"')[1]


def _steps(rules: Iterable[Rule]) -> list[list[Rule]]:
    """Put rules into an order in which each finds its premises ready.

    Properties come first: those that feed each other stand in one step, after the steps that feed
    them. No rule draws a link from a type, so types come last, each kind of rule once.
    """
    listed = list(rules)
    links = [rule for rule in listed if rule.head[1] != RDF_TYPE]
    feeds: dict[Term, set[Term]] = {}
    for rule in links:
        for _, predicate, _ in rule.body:
            feeds.setdefault(predicate, set()).add(rule.head[1])
    reach = {predicate: _reachable(predicate, feeds) for predicate in feeds}
    nothing: set[Term] = set()
    steps: dict[tuple[int, Term], list[Rule]] = {}
    for rule in links:
        head = rule.head[1]
        feeding = {p for p, reached in reach.items() if head in reached}
        together = {head} | (reach.get(head, nothing) & feeding)
        steps.setdefault((len(feeding | together), min(together)), []).append(rule)
    types = ("prp-dom", "prp-rng", "cax-sco")
    last = [[rule for rule in listed if rule.name == name] for name in types]
    return [steps[place] for place in sorted(steps)] + [step for step in last if step]


def _reachable(start: Term, feeds: Mapping[Term, set[Term]]) -> set[Term]:
    found: set[Term] = set()
    waiting = list(feeds[start])
    while waiting:
        predicate = waiting.pop()
        if predicate not in found:
            found.add(predicate)
            waiting.extend(feeds.get(predicate, ()))
    return found


def _steps_after(steps: list[list[Rule]], constructs: Iterable[ConstructRule]) -> list[list[Rule]]:
    """Choose what must run again after the construct rules: types, or all where links read them."""
    heads = [construct.head for construct in constructs]
    read = {predicate for step in steps for rule in step for _, predicate, _ in rule.body}
    links = {p for p in read - {RDF_TYPE} for head in heads if p in head}
    draws_links = any(
        rule.head[1] != RDF_TYPE and links & {predicate for _, predicate, _ in rule.body}
        for step in steps
        for rule in step
    )
    return steps if draws_links else [step for step in steps if step[0].head[1] == RDF_TYPE]


def _is_recursive(step: list[Rule]) -> bool:
    """Tell whether running each rule of a step once is not enough; a pair of inverses is done."""
    heads = {rule.head[1] for rule in step}
    if heads == {RDF_TYPE}:
        return False
    inside = [rule for rule in step if heads & {predicate for _, predicate, _ in rule.body}]
    return bool(inside) and (len(heads) > 2 or any(rule.name != "prp-inv" for rule in inside))


def _together(step: list[Rule]) -> str:
    if step[0].head[1] == RDF_TYPE:
        return _insert(step)
    # Inverses last: what the other rules of the step add is turned round at once.
    ordered = sorted(step, key=lambda rule: rule.name == "prp-inv")
    return " ;\n".join(_insert([rule]) for rule in ordered)


def _insert(rules: list[Rule]) -> str:
    """Write one SPARQL update for rules of one form."""
    first = rules[0]
    if len(rules) == 1:
        patterns = " ".join(f"{s} {p} {o} ." for s, p, o in first.body)
        return _insert_text(" ".join(first.head), patterns)
    head, body = list(first.head), list(first.body[0])
    in_head = 2 if head[1] == RDF_TYPE else 1
    in_body = 2 if first.name == "cax-sco" else 1
    head[in_head], body[in_body] = "?to", "?from"
    table = " ".join(f"({rule.body[0][in_body]} {rule.head[in_head]})" for rule in rules)
    return _insert_text(" ".join(head), f"VALUES (?from ?to) {{ {table} }} {' '.join(body)} .")


def _insert_text(head: str, body: str) -> str:
    return (
        f"INSERT {{ GRAPH {_DERIVED} {{ {head} }} }} USING {_ASSERTED} USING {_DERIVED} "
        f"WHERE {{ {body} }}"
    )


def explanations(fact: Fact, rules: RuleSet, store: Store) -> Iterator[Explanation]:
    """Find the ways in which a rule and premises in the present give a derived fact.

    Inverses explain each other in a circle: who follows premises must not come back to a fact.
    """
    for rule in rules.rules:
        bindings = _unify(rule.head, fact)
        if bindings is None:
            continue
        body = [tuple(bindings.get(part, part) for part in pattern) for pattern in rule.body]
        text = " ".join(f"{s} {p} {o} ." for s, p, o in body)
        # In order, so that every store shows the same ways, and the same one first.
        unknown = sorted({part for pattern in body for part in pattern if part[0] == "?"})
        order = f"ORDER BY {' '.join(unknown)}" if unknown else ""
        for row in store.select(f"SELECT * WHERE {{ {text} }} {order} LIMIT {MAX_WAYS}"):
            premises = tuple(
                (row.get(s[1:], s), row.get(p[1:], p), row.get(o[1:], o)) for s, p, o in body
            )
            if fact not in premises:
                yield Explanation(rule.name, premises)
    for construct in rules.constructs:
        if fact[1] in construct.head:
            yield Explanation(construct.name, ())


def _unify(head: Fact, fact: Fact) -> dict[str, Term] | None:
    bindings: dict[str, Term] = {}
    for pattern, term in zip(head, fact, strict=True):
        if pattern.startswith("?"):
            if bindings.setdefault(pattern, term) != term:
                return None
        elif pattern != term:
            return None
    return bindings
