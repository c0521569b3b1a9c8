"""What a query may be before anything runs it: how long, how deep, how much it may give back."""

from __future__ import annotations

import re
from dataclasses import dataclass

from kg.errors import QueryError


@dataclass(frozen=True, slots=True)
class QueryLimits:
    """What one ad-hoc query may cost; ``queued`` is how many may wait for a worker.

    ``memory_bytes`` is of the worker's own data, its 80 MB at rest included.
    """

    text_bytes: int = 64 * 1024
    nesting: int = 64
    rows: int = 10_000
    result_bytes: int = 32 * 1024 * 1024
    memory_bytes: int = 1024 * 1024 * 1024
    timeout_seconds: float = 60.0
    queued: int = 16


# What hides brackets: strings, IRIs and comments (SPARQL 1.1, section 19.8). A text that fools
# this costs one worker, no more: it is a courtesy to the honest, the process is the wall.
_HIDDEN = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*"""'
    r"|'''(?:[^'\\]|\\.|'(?!''))*'''"
    r'|"(?:[^"\\\n\r]|\\.)*"'
    r"|'(?:[^'\\\n\r]|\\.)*'"
    r"|<[^\x00-\x20<>\"{}|^`\\]*>"
    r"|#[^\n\r]*",
    re.DOTALL,
)
_GAP = r"(?:\s|#[^\n\r]*(?:[\n\r]|$))"
_FORM = re.compile(
    rf"(?:{_GAP}|BASE{_GAP}*<[^<>]*>|PREFIX{_GAP}+[^\s:<]*:{_GAP}*<[^<>]*>)*"
    r"(SELECT|ASK|CONSTRUCT|DESCRIBE)\b",
    re.IGNORECASE,
)
_CODE_POINT = re.compile(r"\\u([0-9A-Fa-f]{4})|\\U(00[01][0-9A-Fa-f]{5})")
_SERVICE = re.compile(
    rf"(?<![?$:\w])SERVICE(?:{_GAP}*(?:SILENT{_GAP}*)?[<?$]|{_GAP}+[\w.-]*:|{_GAP}+SILENT\b)",
    re.IGNORECASE,
)
_BRACKET = re.compile(r"[(\[{)\]}]")


def check_query_text(query: str, limits: QueryLimits) -> None:
    """Refuse a text that is too long or nested too deep, which would crash the engine's parser.

    Raises: QueryError with code ``query-too-long``, ``query-too-deep`` or ``query-syntax``.
    """
    try:
        size = len(query.encode())
    except UnicodeEncodeError as error:
        raise QueryError(
            f"The query is not text: {error}", hint="Send it in UTF-8.", code="query-syntax"
        ) from error
    if size > limits.text_bytes:
        message = f"The query has {size} bytes; {limits.text_bytes} are allowed."
        raise QueryError(message, hint="Ask in several queries.", code="query-too-long")
    depth = nesting_depth(query)
    if depth > limits.nesting:
        message = f"The query nests {depth} brackets deep; {limits.nesting} are allowed."
        raise QueryError(message, hint="Flatten its groups.", code="query-too-deep")


def query_form(query: str) -> str:
    """Tell whether a text is a SELECT, ASK, CONSTRUCT or DESCRIBE (SPARQL 1.1, section 19.8).

    Raises: QueryError for anything else: some servers would run an update in a query's place.
    """
    found = _FORM.match(query)
    if found is None:
        raise QueryError(
            "The query is not valid: it must begin with SELECT, ASK, CONSTRUCT or DESCRIBE, "
            "after its prefixes.",
            hint="See SPARQL 1.1, section 16; saved questions need none: traveler ask --list.",
            code="query-syntax",
        )
    return found[1].upper()


def check_stays_here(query: str) -> None:
    """Refuse SERVICE, by which a server would ask another one, or any address in its network.

    The keyword is looked for everywhere, as servers differ in where a string or comment ends; it
    may be spelled in code points (section 19.2). Raises: QueryError with code ``query-failed``.
    """
    plain = _CODE_POINT.sub(lambda match: chr(int(match[1] or match[2], 16)), query)
    if _SERVICE.search(plain):
        raise QueryError(
            "The query has SERVICE in it.",
            hint="SERVICE is refused: a query sees this plant's graph and nothing else.",
            code="query-failed",
        )


def nesting_depth(query: str) -> int:
    """Count how deep ``(``, ``[`` and ``{`` stand in each other outside strings and comments."""
    depth = deepest = 0
    for bracket in _BRACKET.findall(visible_text(query)):
        if bracket in "([{":
            depth += 1
            deepest = max(deepest, depth)
        else:
            depth = max(0, depth - 1)
    return deepest


def visible_text(query: str) -> str:
    """Blank out strings, IRIs and comments; every other letter stays in its place."""
    return _HIDDEN.sub(lambda match: " " * len(match[0]), query)
