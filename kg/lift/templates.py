"""Templates: text with columns in it, as YARRRML (``$(id)``) and RML (``{id}``) write it."""

from __future__ import annotations

import re

from kg.lift.mapping import Constant, Reference, Template

_YARRRML = re.compile(r"\\(\$\()|\$\(((?:[^()\\]|\\.|\([^()]*\))+)\)")
_ESCAPE = re.compile(r"\\(.)")


def parse_yarrrml(text: str) -> Constant | Reference | Template:
    r"""Read YARRRML text; ``$(column)`` refers, ``\$(`` is plain text.

    Inside a reference a backslash keeps the next parenthesis; elsewhere it is only itself, so
    that regular expressions can be written as they are.

    Raises:
        ValueError: a reference is empty or not closed.
    """
    parts: list[str | Reference] = []
    position = 0
    for match in _YARRRML.finditer(text):
        _add_text(parts, text[position : match.start()])
        if match.group(2) is None:
            _add_escaped(parts, match.group(1))
        else:
            parts.append(Reference(_ESCAPE.sub(r"\1", match.group(2))))
        position = match.end()
    _add_text(parts, text[position:])
    return _simplest(parts)


def parse_rml(text: str) -> Template:
    r"""Read an RML template (section 7.3); ``{reference}`` refers, a backslash escapes ``{ } \``.

    Raises:
        ValueError: a brace is not closed or opened, or a backslash escapes anything else.
    """
    parts: list[str | Reference] = []
    plain: list[str] = []
    inside = False
    characters = iter(text)
    for character in characters:
        if character == "\\":
            plain.append(_unescape(next(characters, "")))
        elif character == "{":
            _expect(not inside, "'{' inside a reference needs a backslash")
            _flush(parts, plain)
            inside = True
        elif character == "}":
            _expect(inside, "'}' without '{'; a brace of the text needs a backslash")
            _expect(bool(plain), "empty reference {}")
            parts.append(Reference("".join(plain)))
            plain.clear()
            inside = False
        else:
            plain.append(character)
    _expect(not inside, "'{' is never closed")
    _flush(parts, plain)
    return Template(tuple(parts))


def _unescape(character: str) -> str:
    _expect(character in {"{", "}", "\\"}, f"backslash before {character!r} escapes nothing")
    return character


def _expect(is_right: bool, message: str) -> None:
    if not is_right:
        raise ValueError(message)


def _flush(parts: list[str | Reference], plain: list[str]) -> None:
    if plain:
        parts.append("".join(plain))
        plain.clear()


def _add_text(parts: list[str | Reference], text: str) -> None:
    _expect("$(" not in text, "'$(' does not begin a reference $(column) that is closed")
    _add_escaped(parts, text)


def _add_escaped(parts: list[str | Reference], text: str) -> None:
    if parts and isinstance(parts[-1], str):
        parts[-1] += text
    elif text:
        parts.append(text)


def _simplest(parts: list[str | Reference]) -> Constant | Reference | Template:
    if not parts:
        return Constant("")
    if len(parts) == 1:
        return parts[0] if isinstance(parts[0], Reference) else Constant(parts[0])
    return Template(tuple(parts))
