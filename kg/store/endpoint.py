"""A SPARQL 1.1 endpoint: its protocol, its Graph Store Protocol, and what can go wrong with both.

Every operation that is sent here may be sent twice: queries change nothing, updates are ground.
"""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote, urlsplit

import pyoxigraph as ox
from SPARQLWrapper import POST, POSTDIRECTLY, SELECT, SPARQLWrapper

from kg.errors import QueryError, QueryTimeout, StoreError
from kg.store.results import too_large
from kg.store.terms import stored_form
from kg.store.updates import update_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from email.message import Message
    from http.client import HTTPResponse

    from kg.records import Term
    from kg.store.dataset import Scoped
    from kg.store.updates import Change

T = TypeVar("T")
PAUSES_SECONDS = (0.1, 0.4, 1.5)
"""How long is waited before each new attempt, once an endpoint cannot be reached."""
CUT_HEADERS = {"X-SPARQL-MaxRows": "ResultSetMaxRows", "X-SQL-State": "MaxQueryExecutionTime"}
"""By which Virtuoso says that it gives a part of the result only, and the setting behind it."""
JSON = "application/sparql-results+json"
TRIPLES = "application/n-triples"
_BAD_REQUEST, _FAILED = 400, 500
_PASSING = {429, 502, 503, 504}
_DEADLOCK = b"40001"  # the SQL state of a transaction that may simply be tried again
_TOO_MUCH = {400, 413, 500}
_TROUBLE = (OSError, http.client.HTTPException)
_PIECE_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer of the endpoint."""

    body: bytes
    headers: Message


class Endpoint:
    """The three addresses of one SPARQL server, and the account to use there; thread-safe."""

    def __init__(
        self,
        query: str,
        update: str,
        graph_store: str = "",
        account: tuple[str, str] | None = None,
        timeout_seconds: float = 60.0,
    ) -> None:
        self.query = query
        self._update = update
        self.graph_store = graph_store
        self._account = account
        self._timeout = timeout_seconds

    def rows(self, query: str | Scoped) -> list[dict[str, Term]]:
        """Give the rows of a SELECT; Raises: QueryError, StoreError where it is cut short."""
        reply = self.fetch(query, JSON)
        refuse_cut(reply)
        found = parse_results(reply.body, "SELECT")
        assert isinstance(found, ox.QuerySolutions)
        names = [variable.value for variable in found.variables]
        return [
            {
                name: _term(value)
                for name, value in zip(names, row, strict=True)
                if value is not None
            }
            for row in found
        ]

    def ask(self, query: str | Scoped) -> bool:
        """Give the answer of an ASK; Raises: QueryError."""
        return bool(parse_results(self.fetch(query, JSON).body, "ASK"))

    def fetch(
        self,
        query: str | Scoped,
        accept: str,
        timeout_seconds: float | None = None,
        most_bytes: int | None = None,
    ) -> Reply:
        """Send a query and give its answer as it comes (SPARQL 1.1 Protocol, section 2.1.3).

        Raises:
            QueryError: it is refused, failed, or gave more than ``most_bytes``.
            QueryTimeout: there is no whole answer in time.
            StoreError: the endpoint cannot be reached or used.
        """
        text, dataset = (query, ()) if isinstance(query, str) else (query.text, query.dataset)
        request = self._operation(text)
        for name, value in dataset:
            request.addParameter(name, value)
        request.addCustomHttpHeader("Accept", accept)
        seconds = self._timeout if timeout_seconds is None else timeout_seconds
        request.deadline = time.monotonic() + seconds
        try:
            return _attempt(lambda: _read(request.query().response, request, most_bytes))
        except urllib.error.HTTPError as error:
            raise _query_refused(error) from error
        except _TROUBLE as error:
            if not _is_timeout(error):
                raise self._unreachable(f"cannot be reached: {error}") from error
            raise QueryTimeout(
                f"The query ran longer than {seconds:g} seconds and was given up.",
                hint="Narrow it: name a job or machine, or add LIMIT. No part is given.",
            ) from error

    def update(self, text: str) -> None:
        """Send an update that may be repeated; Raises: StoreError.

        Its code is ``store-refused`` where less at once may be taken.
        """
        request = self._operation(text, is_update=True)
        self._write(lambda: _read(request.query().response, request))

    def change(self, chunk: list[Change]) -> None:
        """Write a chunk of ground changes, in halves where the server takes less at once.

        Raises: StoreError; where a single quad is refused it is named.
        """
        try:
            self.update(update_text(chunk))
        except StoreError as error:
            if error.code != "store-refused":
                raise
            if len(chunk) == 1:
                quad = " ".join(chunk[0][0])
                hint = "Not every server holds every literal: map it to another datatype."
                raise StoreError(
                    f"{error.message}: {quad[:300]}", hint=hint, code=error.code
                ) from error
            half = len(chunk) // 2
            self.change(chunk[:half])
            self.change(chunk[half:])

    def add(self, graph: Term, lines: Iterable[str]) -> None:
        """Add N-Triples lines to a graph (SPARQL 1.1 Graph Store HTTP Protocol, section 5.5)."""
        address = f"{self.graph_store}?graph={quote(graph[1:-1], safe='')}"
        headers = {"Content-Type": TRIPLES}
        data = "\n".join(lines).encode()
        # Settings take http and https only.
        request = urllib.request.Request(address, data, headers, method="POST")  # noqa: S310
        opener = self._opener(self.graph_store)
        self._write(lambda: opener.open(request, timeout=self._timeout).read())

    def _write(self, send: Callable[[], object]) -> None:
        try:
            _attempt(send)
        except urllib.error.HTTPError as error:
            raise _update_refused(error) from error
        except _TROUBLE as error:
            how = f"gave no answer in {self._timeout:g} seconds"
            if not _is_timeout(error):
                how = f"cannot be reached: {error}"
            raise self._unreachable(how) from error

    def _operation(self, text: str, *, is_update: bool = False) -> _Operation:
        opener = self._opener(self._update if is_update else self.query)
        operation = _Operation(self.query, self._update, opener)
        operation.setMethod(POST)
        operation.setOnlyConneg(True)
        # The form is told, not guessed from the text: a query must never be sent as an update.
        operation.queryString = text
        operation.queryType = "INSERT" if is_update else SELECT
        if is_update:
            operation.setRequestMethod(POSTDIRECTLY)
        operation.deadline = time.monotonic() + self._timeout
        return operation

    def _unreachable(self, how: str) -> StoreError:
        return StoreError(
            f"The SPARQL endpoint {self.query} {how}",
            hint="Start it, or mend endpoint and update under [store]; what was read is kept in "
            "the journal, and traveler load goes on from there.",
            code="store-unreachable",
        )

    def _opener(self, address: str) -> urllib.request.OpenerDirector:
        """Make an opener for one operation: what it keeps of an account is nobody else's."""
        handlers: list[urllib.request.BaseHandler] = []
        if _is_loopback(address):
            handlers.append(urllib.request.ProxyHandler({}))
        if self._account is not None:
            known = urllib.request.HTTPPasswordMgrWithDefaultRealm()
            known.add_password(None, address, *self._account)
            handlers += [_BasicAccount(known), _DigestAccount(known)]
        return urllib.request.build_opener(*handlers)


class _BasicAccount(urllib.request.HTTPBasicAuthHandler):
    """Answers a challenge (RFC 7617), and closes it, which the library leaves to chance."""

    def http_error_401(self, req: Any, fp: Any, code: int, msg: str, headers: Any) -> Any:
        """Try again with the account; give nothing where that is no answer."""
        return _answered(fp, super().http_error_401, req, fp, code, msg, headers)


class _DigestAccount(urllib.request.HTTPDigestAuthHandler):
    """Answers a challenge (RFC 7616), and closes it."""

    def http_error_401(self, req: Any, fp: Any, code: int, msg: str, headers: Any) -> Any:
        """Try again with the account; give nothing where that is no answer."""
        return _answered(fp, super().http_error_401, req, fp, code, msg, headers)


def _answered(challenge: Any, answer: Callable[..., Any], *given: Any) -> Any:
    is_needed = False
    try:
        found = answer(*given)
        is_needed = found is None  # its text says why
        return found
    finally:
        if not is_needed:
            challenge.close()


class _Operation(SPARQLWrapper):
    """One operation of the protocol; SPARQLWrapper's own would open with the whole process's."""

    def __init__(self, query: str, update: str, opener: urllib.request.OpenerDirector) -> None:
        super().__init__(query, update, agent="traveler")
        self._opener = opener
        self.deadline = 0.0

    def _query(self) -> tuple[HTTPResponse, str]:
        left = max(0.01, self.deadline - time.monotonic())
        return self._opener.open(self._createRequest(), timeout=left), self.returnFormat


def _read(response: HTTPResponse, request: _Operation, most_bytes: int | None = None) -> Reply:
    with response:
        body = bytearray()
        while piece := response.read(_PIECE_BYTES):
            body += piece
            if most_bytes is not None and len(body) > most_bytes:
                raise too_large(f"more than {most_bytes} bytes")
            if time.monotonic() > request.deadline:
                raise TimeoutError
        return Reply(bytes(body), response.headers)


def refuse_cut(reply: Reply) -> None:
    """Refuse an answer that the endpoint says is not whole; Raises: StoreError."""
    for header, setting in CUT_HEADERS.items():
        if reply.headers.get(header):
            raise StoreError(
                f"The SPARQL endpoint gives a part of the result only ({header}: "
                f"{reply.headers[header]}).",
                hint=f"Give it a greater {setting}, in the section [SPARQL] of its virtuoso.ini.",
                code="store-cut",
            )


def parse_results(body: bytes, form: str) -> ox.QuerySolutions | ox.QueryBoolean:
    """Read the results of a SELECT or ASK (SPARQL 1.1 Query Results JSON Format).

    Raises: QueryError where they are of the other form; StoreError where they are no results.
    """
    try:
        found = ox.parse_query_results(body, ox.QueryResultsFormat.JSON)
    except (SyntaxError, ValueError) as error:
        raise StoreError(
            f"The SPARQL endpoint answers with something else than results: {body[:200]!r}",
            hint="Mend endpoint under [store]: it must be the address of the query operation.",
        ) from error
    if form == "ASK" and isinstance(found, ox.QuerySolutions):
        found = _answer_in_rows(found)
    if isinstance(found, ox.QueryBoolean) != (form == "ASK"):
        del found  # see ``let_go``
        raise QueryError(f"A query of the form {form} is needed here.", code="query-form")
    return found


def _answer_in_rows(found: ox.QuerySolutions) -> ox.QuerySolutions | ox.QueryBoolean:
    """Read an answer as Virtuoso gives it: a row where it is yes, and none where it is no."""
    if [variable.value for variable in found.variables] != ["__ASK_RETVAL"]:
        return found
    is_yes = next(iter(found), None) is not None
    text = json.dumps({"head": {}, "boolean": is_yes})
    return ox.parse_query_results(text, ox.QueryResultsFormat.JSON)


def parse_triples(body: bytes) -> Iterator[ox.Triple]:
    """Read the N-Triples of a CONSTRUCT or DESCRIBE; Raises: StoreError where they are none."""
    try:
        for quad in ox.parse(body, format=ox.RdfFormat.N_TRIPLES):
            yield quad.triple
    except (SyntaxError, ValueError) as error:
        raise StoreError(
            f"The SPARQL endpoint answers with something else than triples: {body[:200]!r}"
        ) from error


def _term(value: Any) -> Term:
    return str(value) if isinstance(value, ox.BlankNode) else stored_form(str(value))


def _attempt(send: Callable[[], T]) -> T:
    """Send, and again after a while where the trouble may pass by itself."""
    for pause in PAUSES_SECONDS:
        try:
            return send()
        except _TROUBLE as error:
            if not _is_passing(error):
                raise
        time.sleep(pause)
    return send()


def _is_passing(error: Exception) -> bool:
    if not isinstance(error, urllib.error.HTTPError):
        return not _is_timeout(error)
    body = _body(error)
    return error.code in _PASSING or (error.code == _FAILED and _DEADLOCK in body)


def _is_timeout(error: Exception) -> bool:
    return isinstance(getattr(error, "reason", error), TimeoutError)


def _body(error: urllib.error.HTTPError) -> bytes:
    """Read what an error says, once: its stream is gone afterwards."""
    said: bytes | None = getattr(error, "said", None)
    if said is None:
        said = error.read(_PIECE_BYTES) if error.fp else b""
        error.close()
        error.said = said  # type: ignore[attr-defined]
    return said


def _query_refused(error: urllib.error.HTTPError) -> QueryError | StoreError:
    if error.code == _BAD_REQUEST:
        return QueryError(f"The query is not valid: {_first(error)}", code="query-syntax")
    if error.code < _FAILED:
        return _denied(error)
    return QueryError(f"The query failed: {_first(error)}", code="query-failed")


def _update_refused(error: urllib.error.HTTPError) -> StoreError:
    if error.code not in _TOO_MUCH:
        return _denied(error)
    return StoreError(
        f"The SPARQL endpoint refuses to write: {_first(error)}", code="store-refused"
    )


def _denied(error: urllib.error.HTTPError) -> StoreError:
    return StoreError(
        f"The SPARQL endpoint {error.url} refuses (HTTP {error.code}): {_first(error)}",
        hint="Check endpoint, update, user and password under [store], and what that user may do.",
        code="store-denied",
    )


def _first(error: urllib.error.HTTPError) -> str:
    """Give the first line of what an error says, which is not the query back again."""
    lines = _body(error).decode(errors="replace").strip().splitlines() or [error.reason]
    return lines[0][:300]


def _is_loopback(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
