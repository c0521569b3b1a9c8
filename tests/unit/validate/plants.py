"""Random shapes and small graphs for them to meet and to miss."""

from __future__ import annotations

from hypothesis import strategies as st

from kg.records import Fact, Term
from kg.store import EmbeddedStore
from kg.validate import model
from kg.validate.model import Path, Shape, Shapes, Target
from kg.vocab import RDF_TYPE

XSD = "http://www.w3.org/2001/XMLSchema#"
SUBCLASS = "<http://www.w3.org/2000/01/rdf-schema#subClassOf>"
NODES = tuple(f"<urn:n:{number}>" for number in range(5))
CLASSES = ("<urn:c:A>", "<urn:c:B>")
PROPERTIES = ("<urn:p:1>", "<urn:p:2>", "<urn:p:3>")
LITERALS = (
    f'"1"^^<{XSD}integer>',
    f'"2"^^<{XSD}integer>',
    f'"1.5"^^<{XSD}decimal>',
    f'"x"^^<{XSD}integer>',
    f'"2026-01-01T00:00:00Z"^^<{XSD}dateTime>',
    f'"2026-01-01T00:00:00"^^<{XSD}dateTime>',
    '"a\\tb"',
    '"long text"',
    '"a"@en',
    '"b"@en',
    '"c"@de',
    f'"true"^^<{XSD}boolean>',
)
VIOLATION = "<http://www.w3.org/ns/shacl#Violation>"

links = st.one_of(
    st.tuples(st.sampled_from(NODES), st.sampled_from(PROPERTIES), st.sampled_from(NODES)),
    st.tuples(st.sampled_from(NODES), st.sampled_from(PROPERTIES), st.sampled_from(LITERALS)),
    st.tuples(st.sampled_from(NODES), st.just(RDF_TYPE), st.sampled_from(CLASSES)),
)
subclasses = st.tuples(st.sampled_from(CLASSES), st.just(SUBCLASS), st.sampled_from(CLASSES))
facts: st.SearchStrategy[Fact] = st.one_of(links, links, links, links, subclasses)


def _longer(path: st.SearchStrategy[Path]) -> st.SearchStrategy[Path]:
    two = st.lists(path, min_size=2, max_size=2).map(tuple)
    return st.one_of(
        path.map(model.Inverse),
        two.map(model.Sequence),
        two.map(model.Alternative),
        st.builds(model.Repeated, path, st.sampled_from((0, 1))),
        path.map(lambda inner: model.Repeated(inner, 0, is_once=True)),
    )


paths: st.SearchStrategy[Path] = st.recursive(
    st.sampled_from(PROPERTIES).map(model.Predicate), _longer, max_leaves=3
)
targets = st.one_of(
    st.sampled_from(NODES).map(lambda node: Target("node", node)),
    st.sampled_from(CLASSES).map(lambda kind: Target("class", kind)),
    st.builds(Target, st.sampled_from(("subjects", "objects")), st.sampled_from(PROPERTIES)),
)
terms = st.sampled_from((*NODES, *LITERALS))
OF_VALUES = (
    st.sampled_from(CLASSES).map(model.Class),
    st.sampled_from(("integer", "dateTime", "string")).map(
        lambda name: model.Datatype(f"<{XSD}{name}>", f"<{XSD}{name}>")
    ),
    st.frozensets(st.sampled_from(("iri", "blank", "literal")), min_size=1).map(model.NodeKind),
    st.builds(
        model.Bound,
        st.sampled_from(("MinExclusive", "MinInclusive", "MaxExclusive", "MaxInclusive")),
        st.sampled_from(LITERALS[:6]),
    ),
    st.builds(model.Length, st.sampled_from(("MinLength", "MaxLength")), st.integers(0, 8)),
    st.builds(model.Pattern, st.sampled_from(("^a", "N", "[0-9]$")), st.sampled_from(("", "i"))),
    st.just(model.LanguageIn(("en",))),
    st.frozensets(terms, max_size=3).map(model.In),
    st.frozensets(st.sampled_from((*PROPERTIES, RDF_TYPE))).map(model.Closed),
    terms.map(model.HasValue),
)
OF_A_PATH = (
    st.builds(model.Count, st.sampled_from(("MinCount", "MaxCount")), st.integers(0, 2)),
    st.just(model.UniqueLang()),
)
_PAIRS = st.builds(model.Pair, st.sampled_from(("Equals", "Disjoint")), st.sampled_from(PROPERTIES))
_ORDERS = st.builds(
    model.Pair, st.sampled_from(("LessThan", "LessThanOrEquals")), st.sampled_from(PROPERTIES)
)
DEPTH = 2


class _Maker:
    """Draws shapes and the shapes in them."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.made: dict[Term, Shape] = {}

    def shape(self, depth: int, is_property: bool, aims: tuple[Target, ...] = ()) -> Term:
        node = f"<urn:s:{len(self.made)}>"
        self.made[node] = None  # type: ignore[assignment]  # its number is taken
        path = self.draw(paths) if is_property else None
        most = 2 if depth else 3
        count = self.draw(st.integers(1, most))
        self.made[node] = Shape(
            node=node,
            path=path,
            targets=aims,
            constraints=tuple(self._constraint(depth, is_property) for _ in range(count)),
            severity=VIOLATION,
            messages=(f'"{node[1:-1]}"',),
            is_deactivated=self.draw(st.integers(0, 15)) == 0,
        )
        return node

    def _constraint(self, depth: int, is_property: bool) -> model.Constraint:
        simple = (*OF_VALUES, _PAIRS, *((*OF_A_PATH, _ORDERS) if is_property else ()))
        if depth == DEPTH or self.draw(st.booleans()):
            return self.draw(st.one_of(simple))
        kind = self.draw(st.integers(0, 3 if is_property else 2))
        if kind == 0:
            return model.Property(self.shape(depth + 1, is_property=True))
        if kind == 1:
            return model.Node(self.shape(depth + 1, is_property=False))
        if kind == 2:
            component = self.draw(st.sampled_from(("Not", "And", "Or", "Xone")))
            size = 1 if component == "Not" else self.draw(st.integers(1, 3))
            inner = (self.shape(depth + 1, self.draw(st.booleans())) for _ in range(size))
            return model.Logic(component, tuple(inner))
        shape, other = (self.shape(depth + 1, is_property=False) for _ in range(2))
        least, most = self.draw(st.sampled_from(((1, None), (None, 1), (1, 1), (2, 3))))
        return model.Qualified(shape, least, most, (other,) if self.draw(st.booleans()) else ())


@st.composite
def random_shapes(draw: st.DrawFn) -> Shapes:
    """Give one or two shapes with targets, and those that they lead to."""
    maker = _Maker(draw)
    for _ in range(draw(st.integers(1, 2))):
        aims = tuple(draw(st.lists(targets, min_size=1, max_size=2)))
        maker.shape(0, draw(st.booleans()), aims)
    return Shapes(maker.made, {})


def store_of(graphs: dict[Term, set[Fact]]) -> EmbeddedStore:
    """Give a store in memory with named graphs ("" is the default graph)."""
    store = EmbeddedStore.in_memory("urn:traveler:test/")
    store.apply((), [(*fact, graph) for graph, held in graphs.items() for fact in held], 0)
    return store
