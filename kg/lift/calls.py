"""YARRRML's short form of a function: ``grel:toUpperCase(grel:valueParameter = $(name))``."""

from __future__ import annotations

import re
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""\s*(?: (?P<reference>\$\((?:[^()\\]|\\.|\([^()]*\))+\))
           | "(?P<double>[^"]*)" | '(?P<single>[^']*)'
           | (?P<mark>[(),=]) | (?P<plain>(?:[^\s(),="'$]|\$(?!\())+) )""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class WrittenCall:
    """A function as written: its name and its parameters' names with texts or further calls."""

    name: str
    parameters: tuple[tuple[str, str | WrittenCall], ...]


def parse_call(written: str) -> WrittenCall:
    """Read a function in YARRRML's short form.

    Raises:
        ValueError: a bracket, comma or equals sign is missing or too many.
    """
    tokens = _tokens(written)
    call, rest = _call(tokens)
    if rest:
        raise ValueError(f"{''.join(text for _, text in rest)!r} follows the end of the function")
    return call


def _tokens(written: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    position = 0
    end = len(written.rstrip())
    while position < end:
        match = _TOKEN.match(written, position)
        if match is None or match.lastgroup is None:
            raise ValueError(f"cannot read {written[position:]!r}")
        tokens.append((match.lastgroup, match.group(match.lastgroup)))
        position = match.end()
    return tokens


def _call(tokens: list[tuple[str, str]]) -> tuple[WrittenCall, list[tuple[str, str]]]:
    name, tokens = _take(tokens, "plain", "a function's name")
    tokens = _mark(tokens, "(")
    parameters: list[tuple[str, str | WrittenCall]] = []
    while tokens and tokens[0] != ("mark", ")"):
        if parameters:
            tokens = _mark(tokens, ",")
        parameter, tokens = _take(tokens, "plain", "a parameter's name")
        tokens = _mark(tokens, "=")
        value, tokens = _value(tokens)
        parameters.append((parameter, value))
    return WrittenCall(name, tuple(parameters)), _mark(tokens, ")")


def _value(tokens: list[tuple[str, str]]) -> tuple[str | WrittenCall, list[tuple[str, str]]]:
    if len(tokens) > 1 and tokens[0][0] == "plain" and tokens[1] == ("mark", "("):
        return _call(tokens)
    parts: list[str] = []
    while tokens and tokens[0][0] != "mark":
        parts.append(tokens[0][1])
        tokens = tokens[1:]
    if not parts:
        raise ValueError("a parameter has no value")
    return "".join(parts), tokens


def _take(
    tokens: list[tuple[str, str]], group: str, wanted: str
) -> tuple[str, list[tuple[str, str]]]:
    if not tokens or tokens[0][0] != group:
        raise ValueError(f"{wanted} is missing")
    return tokens[0][1], tokens[1:]


def _mark(tokens: list[tuple[str, str]], mark: str) -> list[tuple[str, str]]:
    if not tokens or tokens[0] != ("mark", mark):
        raise ValueError(f"{mark!r} is missing")
    return tokens[1:]
