"""XML -> rows, element by element, by a parser that expands nothing and fetches nothing."""

from __future__ import annotations

import gzip
import re
import zlib
from typing import IO, TYPE_CHECKING, Any

from lxml import etree

from kg.errors import SourceError
from kg.lift.columns import to_text
from kg.lift.spool import Lists, Rows, bad_row

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kg.records import Rejected

_ROWS = 1_000
_NAME = r"(?:[^\W\d][\w.-]*:)?[^\W\d][\w.-]*"
_SIMPLE = re.compile(rf"(?P<start>//|/)(?P<names>(?:{_NAME}/)*)(?P<last>{_NAME})")
_MEMBER = re.compile(rf"(?P<at>@?)(?P<name>{_NAME})")
_OF_ANCESTOR = re.compile(rf"(?:\.\./)+@{_NAME}")
_STRING = re.compile(r"\"[^\"]*\"|'[^']*'")
_OUTSIDE = re.compile(
    r"\.\.|\b(?:ancestor|parent|preceding|following)[\w-]*\s*::|\bid\s*\("
    r"|(?:^|[\[(,|=<>+-]|\*\s|\b(?:and|or|div|mod)\b)\s*/"
)
"""Where a path leaves its element; it may find more than there is, at the cost of memory."""
_SAFE: dict[str, Any] = {
    "resolve_entities": False,
    "no_network": True,
    "huge_tree": False,
    "load_dtd": False,
}


def check_xpath(path: str, namespaces: dict[str, str]) -> None:
    """Compile a path and follow it once.

    Raises:
        ValueError: it is no XPath, or has a prefix or a function that nobody knows.
    """
    try:
        etree.XPath(path, namespaces=namespaces)(etree.Element("row"))
    except etree.XPathError as error:
        raise ValueError(str(error)) from error


def read_xml(
    path: Path, iterator: str, references: list[str], namespaces: dict[str, str]
) -> Iterator[Rows | Rejected]:
    """Read the elements that the iterator, an XPath, leads to.

    Every reference may have several values. A file that breaks off, or that declares more
    entities than is sound, is put aside from there on. A document is held whole only where the
    iterator is more than names, or a reference leads out of the elements, as ``../name`` does.

    Raises:
        SourceError: there is no such file, it breaks before the first element, or an XPath cannot
            be run.
    """
    wanted = _References(path.name, references, namespaces)
    number = 0
    try:
        with _open(path) as file:
            found = _elements(file, iterator, namespaces, is_inside=wanted.are_inside)
            for number, element in enumerate(found, 1):
                rejected = wanted.add(element, number)
                if rejected is not None:
                    yield rejected
                if wanted.is_full:
                    yield wanted.take()
    except etree.XPathError as error:
        hint = "the iterator must lead to elements, and a reference call known functions"
        raise SourceError(f"{path}: an XPath cannot be run: {error}", hint=hint) from error
    except (etree.XMLSyntaxError, OSError, EOFError, zlib.error) as error:
        if not number:
            hint = "it must be well-formed XML, beside the mapping"
            raise SourceError(f"{path}: cannot be read: {error}", hint=hint) from error
        yield wanted.take()
        position = f"{path.name}#{number + 1}"
        yield bad_row(path.name, position, f"and all after it is no XML: {error}", "")
    else:
        yield wanted.take()


def _open(path: Path) -> IO[bytes]:
    return gzip.open(path) if path.suffix == ".gz" else path.open("rb")  # type: ignore[return-value]


class _References:
    """Gathers the values of elements: a child or an attribute is looked up, all else an XPath."""

    def __init__(self, source: str, written: list[str], namespaces: dict[str, str]) -> None:
        self._source = source
        self._paths = [etree.XPath(one, namespaces=namespaces) for one in written]
        self._children: dict[str, int] = {}
        self._attributes: list[tuple[int, str]] = []
        self._others: list[int] = []
        for place, one in enumerate(written):
            member = _MEMBER.fullmatch(one)
            tag = _tag(member["name"], namespaces) if member else ""
            if member and member["at"]:
                self._attributes.append((place, tag))
            elif member and tag not in self._children:
                self._children[tag] = place
            else:
                self._others.append(place)
        self.are_inside = not any(map(_leads_out, written))
        self._has_document_type: bool | None = None
        self._positions: list[str] = []
        self._columns = [Lists() for _ in written]

    @property
    def is_full(self) -> bool:
        """Tell whether it is time to take the rows."""
        return len(self._positions) == _ROWS

    def add(self, element: Any, number: int) -> Rejected | None:
        """Gather an element's values; one that holds an entity is refused."""
        position = f"{self._source}#{number} (line {element.sourceline})"
        if self._has_document_type is None:
            self._has_document_type = element.getroottree().docinfo.internalDTD is not None
        if not self._has_document_type:
            self._look_up(element)
        # A document type brings entities, and attributes that an XPath does not see.
        elif any(True for _ in element.iter(etree.Entity)):
            problem = "holds an entity, and entities are never expanded"
            raw = str(etree.tostring(element, encoding="unicode"))
            return bad_row(self._source, position, problem, raw)
        else:
            for column, path in zip(self._columns, self._paths, strict=True):
                column.values.extend(_values(path(element)))
        self._positions.append(position)
        for column in self._columns:
            column.end()
        return None

    def take(self) -> Rows:
        """Give the rows that were gathered, and begin anew."""
        rows = Rows(self._positions, self._columns)
        self._positions, self._columns = [], [Lists() for _ in self._paths]
        return rows

    def _look_up(self, element: Any) -> None:
        columns, places = self._columns, self._children
        for child in element if places else ():
            place = places.get(child.tag)
            if place is not None:
                text = "".join(child.itertext()) if len(child) else child.text
                if text:
                    columns[place].values.append(text)
        for place, name in self._attributes:
            value = element.get(name)
            if value:
                columns[place].values.append(value)
        for place in self._others:
            columns[place].values.extend(_values(self._paths[place](element)))


def _leads_out(reference: str) -> bool:
    """Tell a path that reads more of the document than its element and attributes of ancestors."""
    if _OF_ANCESTOR.fullmatch(reference):
        return False
    return _OUTSIDE.search(_STRING.sub("''", reference)) is not None


def _elements(
    file: IO[bytes], iterator: str, namespaces: dict[str, str], *, is_inside: bool
) -> Iterator[Any]:
    simple = _SIMPLE.fullmatch(iterator)
    if simple is not None and is_inside:
        names = [_tag(name, namespaces) for name in simple["names"].split("/")[:-1]]
        last = _tag(simple["last"], namespaces)
        yield from _streamed(file, names, last, is_anywhere=simple["start"] == "//")
        return
    tree = etree.parse(file, etree.XMLParser(**_SAFE))
    found: Any = tree.xpath(iterator, namespaces=namespaces)
    if not isinstance(found, list) or not all(map(etree.iselement, found)):
        raise etree.XPathError(f"{iterator!r} leads to something else than elements")
    yield from found


def _streamed(file: IO[bytes], names: list[str], last: str, *, is_anywhere: bool) -> Iterator[Any]:
    parent: Any = file  # no element's parent, not even the root's
    is_wanted = is_outermost = False
    for _, element in etree.iterparse(file, events=("end",), tag=last, **_SAFE):
        if element.getparent() is not parent:
            parent = element.getparent()
            above = [ancestor.tag for ancestor in element.iterancestors()][::-1]
            is_wanted = (above[len(above) - len(names) :] if is_anywhere else above) == names
            is_outermost = last not in above
            if is_wanted and is_outermost:
                for ancestor in element.iterancestors():
                    _forget_before(ancestor)
        if is_wanted:
            yield element
            if is_outermost:
                element.clear()
                _forget_before(element)


def _forget_before(element: Any) -> None:
    """Free what comes before an element, and was read."""
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]


def _tag(name: str, namespaces: dict[str, str]) -> str:
    prefix, colon, local = name.partition(":")
    return f"{{{namespaces.get(prefix, prefix)}}}{local}" if colon else name


def _values(found: Any) -> list[str]:
    if isinstance(found, bool):
        return ["true" if found else "false"]
    if isinstance(found, float):
        return [to_text(found)]
    nodes = [found] if isinstance(found, str) else found
    texts = [node if isinstance(node, str) else "".join(node.itertext()) for node in nodes]
    return [str(text) for text in texts if text]
