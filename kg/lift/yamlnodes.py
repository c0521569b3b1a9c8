"""YAML nodes that know their file and line: entries, items, scalars, or an error saying where."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from kg.lift.mapping import mapping_error

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kg.errors import MappingError

Entries: TypeAlias = dict[str, Node]
_MOST_NODES = 200_000
_CORE = re.compile(r"tag:yaml\.org,2002:[a-z]+")


def compose(file: Path) -> Node:
    """Read a YAML file into nodes; plain scalars stay the text that was written.

    Raises:
        MappingError: it cannot be read, is empty, or is no YAML.
    """
    try:
        root = YAML(pure=True).compose(file.read_text(encoding="utf-8"))
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise mapping_error(
            file, line, f"no YAML: {error.problem}", "check indentation, quotes and brackets"
        ) from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise mapping_error(file, line, "is no text in UTF-8", "save it as UTF-8") from error
    except (YAMLError, OSError) as error:
        raise mapping_error(file, 1, f"cannot be read: {error}") from error
    if not isinstance(root, Node):
        raise mapping_error(file, 1, "is empty", "begin with prefixes: and mappings:")
    return root


def line_of(node: Node) -> int:
    """Give the line a node begins on, from 1."""
    return int(node.start_mark.line) + 1


class Nodes:
    """Takes nodes apart; whatever is not as it must be is an error with file and line."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self._taken = 0

    def error(self, node: Node, message: str, hint: str = "") -> MappingError:
        """Make the error that names the file and the node's line."""
        return mapping_error(self.file, line_of(node), message, hint)

    def entries(self, node: Node, names: dict[str, str] | None = None) -> Entries:
        """Give a map's values by key; ``names`` says which keys there are, and their full names.

        Raises:
            MappingError: it is no map, or a key is unknown or given twice.
        """
        self._take(node)
        if not isinstance(node, MappingNode):
            raise self.error(node, "here must stand a map (key: value)")
        found: Entries = {}
        for key_node, value in node.value:
            written = self.scalar(key_node)
            key = written if names is None else names.get(written)
            if key is None:
                near = difflib.get_close_matches(written, names or {}, 1)
                known = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(names or {})}"
                raise self.error(key_node, f"unknown key {written!r}", known)
            if key in found:
                raise self.error(key_node, f"{written!r} is given twice", "keep one")
            found[key] = value
        return found

    def items(
        self, node: Node | None, is_one: Callable[[SequenceNode], bool] = lambda _: False
    ) -> list[Node]:
        """Give a list's items; anything else is a list of one, as is a list that ``is_one``."""
        if node is None:
            return []
        if isinstance(node, SequenceNode) and not is_one(node):
            return list(node.value)
        return [node]

    def scalar(self, node: Node) -> str:
        """Give a plain value's text as it was written.

        Raises:
            MappingError: it is a list or a map.
        """
        self._take(node)
        if not isinstance(node, ScalarNode):
            raise self.error(node, "here must stand one value", "write text, or quote it")
        if node.value == "" and not node.style:
            raise self.error(node, "here stands no value", 'write "" where you mean empty text')
        return str(node.value)

    def _take(self, node: Node) -> None:
        """Count a node, each time that an alias leads to it; refuse a tag, which nobody reads."""
        self._taken += 1
        if self._taken > _MOST_NODES:
            raise self.error(node, "is too large: aliases multiply what they name")
        if not _CORE.fullmatch(str(node.tag)):
            raise self.error(node, f"the tag {node.tag} means nothing here", "leave it out")
