"""JSONPath (RFC 9535), the part that mappings use: names, indexes, wildcards, descent."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

_STEP = re.compile(
    r"""(?P<descend>\.\.)(?=[\[\w*])
      | \.?(?P<wildcard>\[\s*\*\s*\]) | (?:\.|(?<=\.\.))(?P<star>\*)
      | \[\s*(?P<index>-?\d+)\s*\]
      | \[\s*'(?P<single>(?:[^'\\]|\\.)*)'\s*\] | \[\s*"(?P<double>(?:[^"\\]|\\.)*)"\s*\]
      | (?:\.|(?<=\.\.))(?P<name>[^\s.\[\]*'"()?@$,:]+(?:[ ][^\s.\[\]*'"()?@$,:]+)*)""",
    re.VERBOSE,
)
_ESCAPE = re.compile(r"(?:\\u[0-9A-Fa-f]{4})+|\\(.)", re.DOTALL)
_CONTROLS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


@dataclass(frozen=True, slots=True)
class Step:
    """One step: into a member, an element, all children, or all descendants."""

    kind: Literal["name", "index", "all", "descend"]
    name: str = ""
    index: int = 0


def parse_path(path: str) -> tuple[Step, ...]:
    """Read a path; without ``$`` it begins at the row: ``name``, ``address.city``.

    Raises:
        ValueError: it is no JSONPath, or uses filters, slices or unions.
    """
    rest = path[1:] if path[:1] in {"$", "@"} else path if path.startswith("[") else f".{path}"
    steps: list[Step] = []
    position = 0
    while position < len(rest):
        match = _STEP.match(rest, position)
        if match is None:
            kind = "filters, slices and unions are" if re.search(r"[?:,]", rest) else "it is"
            raise ValueError(f"no JSONPath from {rest[position:]!r} on ({kind} not understood)")
        steps.append(_step(match))
        position = match.end()
    return tuple(steps)


def _step(match: re.Match[str]) -> Step:
    found = match.groupdict()
    if found["descend"]:
        return Step("descend")
    if found["wildcard"] or found["star"]:
        return Step("all")
    if found["index"]:
        return Step("index", index=int(found["index"]))
    quoted = found["single"] if found["single"] is not None else found["double"]
    return Step("name", found["name"] if quoted is None else _ESCAPE.sub(_unescape, quoted))


def _unescape(match: re.Match[str]) -> str:
    """Read an escape of a name (section 2.3.1.1), or those of both halves of a letter."""
    if match[1] is None:
        codes = bytes.fromhex(match[0].replace("\\u", ""))
        return codes.decode("utf-16-be", "surrogatepass")
    return _CONTROLS.get(match[1], match[1])


def is_plural(steps: tuple[Step, ...]) -> bool:
    """Tell whether a path can lead to several values."""
    return any(step.kind in {"all", "descend"} for step in steps)


def find_values(steps: tuple[Step, ...], value: Any) -> list[Any]:
    """Give what a path leads to, in the order of the document."""
    found = [value]
    for step in steps:
        found = [child for item in found for child in _children(step, item)]
    return found


def find_value(steps: tuple[Step, ...], value: Any) -> Any:
    """Give what a path of names and indexes leads to; None if there is nothing."""
    for step in steps:
        if step.kind == "name":
            value = value.get(step.name) if isinstance(value, dict) else None
        elif isinstance(value, list) and -len(value) <= step.index < len(value):
            value = value[step.index]
        else:
            return None
    return value


def _children(step: Step, value: Any) -> Iterator[Any]:
    match step.kind:
        case "name":
            if isinstance(value, dict) and step.name in value:
                yield value[step.name]
        case "index":
            if isinstance(value, list) and -len(value) <= step.index < len(value):
                yield value[step.index]
        case "all":
            yield from _inner(value)
        case "descend":
            waiting = [value]
            while waiting:
                found = waiting.pop()
                yield found
                waiting += _inner(found)[::-1]


def _inner(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
