"""Reading shapes: what was written comes back, and what is wrong is named."""

from __future__ import annotations

from hypothesis import given, settings

from kg.validate.model import Shapes
from kg.validate.parse import shapes_of
from tests.unit.validate.plants import random_shapes
from tests.unit.validate.writing import expressible, shapes_graph


@settings(max_examples=150, deadline=None)
@given(random_shapes().map(expressible))
def test_shapes_that_are_written_are_read_back(shapes: Shapes) -> None:
    read = shapes_of(shapes_graph(shapes))
    assert read.by_node.keys() == shapes.by_node.keys()
    for node, shape in read.by_node.items():
        expected = shapes.by_node[node]
        assert set(shape.constraints) == set(expected.constraints)
        assert set(shape.targets) == set(expected.targets)
        assert (shape.path, shape.severity, shape.messages, shape.is_deactivated) == (
            expected.path,
            expected.severity,
            expected.messages,
            expected.is_deactivated,
        )
    assert not read.left
