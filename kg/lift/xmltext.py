"""XML -> items, element by element, by a parser that expands nothing and fetches nothing."""

from __future__ import annotations

import gzip
import re
from typing import IO, TYPE_CHECKING, Any

from lxml import etree

from kg.errors import SourceError
from kg.lift.spool import Item, bad_row

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from kg.lift.natural import Natural
    from kg.records import Rejected

_SIMPLE = re.compile(r"(?P<start>//|/)(?P<names>(?:[\w.:-]+/)*)(?P<last>[\w.:-]+)")
_SAFE: dict[str, Any] = {
    "resolve_entities": False,
    "no_network": True,
    "huge_tree": False,
    "load_dtd": False,
}


def check_xpath(path: str, namespaces: dict[str, str]) -> None:
    """Compile a path.

    Raises:
        ValueError: it is no XPath.
    """
    try:
        etree.XPath(path, namespaces=namespaces)
    except etree.XPathError as error:
        raise ValueError(str(error)) from error


def read_xml(
    path: Path, iterator: str, references: list[str], namespaces: dict[str, str]
) -> Iterator[Item | Rejected]:
    """Read the elements that the iterator, an XPath, leads to.

    Every reference may have several values. A file that breaks off, or that declares more
    entities than is sound, is put aside from there on.

    Raises:
        SourceError: there is no such file, or it breaks before the first element.
    """
    compiled = [etree.XPath(reference, namespaces=namespaces) for reference in references]
    number = 0
    try:
        with _open(path) as file:
            for number, element in enumerate(_elements(file, iterator, namespaces), 1):
                yield _item(element, compiled, path.name, number)
    except (etree.XMLSyntaxError, OSError, EOFError) as error:
        if not number:
            hint = "it must be well-formed XML, beside the mapping"
            raise SourceError(f"{path}: cannot be read: {error}", hint=hint) from error
        position = f"{path.name}#{number + 1}"
        yield bad_row(path.name, position, f"and all after it is no XML: {error}", "")


def _open(path: Path) -> IO[bytes]:
    return gzip.open(path) if path.suffix == ".gz" else path.open("rb")  # type: ignore[return-value]


def _item(
    element: Any, compiled: Sequence[Callable[[Any], Any]], source: str, number: int
) -> Item | Rejected:
    position = f"{source}#{number} (line {element.sourceline})"
    if any(True for _ in element.iter(etree.Entity)):
        problem = "holds an entity, and entities are never expanded"
        return bad_row(source, position, problem, str(etree.tostring(element, encoding="unicode")))
    return Item(position, [_values(found(element)) for found in compiled])


def _elements(file: IO[bytes], iterator: str, namespaces: dict[str, str]) -> Iterator[Any]:
    simple = _SIMPLE.fullmatch(iterator)
    if simple is None:
        tree = etree.parse(file, etree.XMLParser(**_SAFE))
        found: Any = tree.xpath(iterator, namespaces=namespaces)
        yield from found
        return
    names = [_tag(name, namespaces) for name in simple["names"].split("/")[:-1]]
    last = _tag(simple["last"], namespaces)
    for _, element in etree.iterparse(file, events=("end",), tag=last, **_SAFE):
        if _is_at(element, names, is_anywhere=simple["start"] == "//"):
            yield element
            _forget(element)


def _tag(name: str, namespaces: dict[str, str]) -> str:
    prefix, colon, local = name.partition(":")
    return f"{{{namespaces.get(prefix, prefix)}}}{local}" if colon else name


def _is_at(element: Any, names: list[str], *, is_anywhere: bool) -> bool:
    above = [ancestor.tag for ancestor in element.iterancestors()][::-1]
    return above[len(above) - len(names) :] == names if is_anywhere else above == names


def _forget(element: Any) -> None:
    """Free an element and all before it: what was read is not needed again."""
    if next(element.iterancestors(element.tag), None) is None:
        element.clear()
        while element.getprevious() is not None:
            del element.getparent()[0]


def _values(found: Any) -> list[Natural]:
    if isinstance(found, bool):
        return [("true" if found else "false", None)]
    if isinstance(found, float):
        return [(f"{found:g}", None)]
    nodes = [found] if isinstance(found, str) else found
    texts = [node if isinstance(node, str) else "".join(node.itertext()) for node in nodes]
    return [(str(text), None) for text in texts if text]
