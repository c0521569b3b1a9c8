"""The cache of context answers: what stands is kept, what only time tells is filled in on sending.

An answer as of now is kept until something of what was read for it changes. It is found again by
what was asked, word for word, and by what is hidden from whoever asks. What is kept is sent before
any route is looked for: JSON by the server's own thread, from text with holes; other forms are
written anew each time, by another. One answer is made at a time, and none while a batch is folded:
the others wait for their turn instead of for each other at every step.
"""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.access import PRINCIPAL, TOLD
from api.headers import header_of
from kg.answer.keeping.aging import Moment
from kg.answer.keeping.kept import KeptContext, freshness_of, keep_context, keep_text
from kg.touched import WATCHED

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from starlette.types import ASGIApp, Receive, Scope, Send

    from api.desk import Desk
    from kg.answer import Answers
    from kg.answer.bundle import Context
    from kg.answer.freshness import Freshness
    from kg.answer.keeping.kept import Kept
    from kg.journal import Seen
    from kg.touched import Touched

    Write = Callable[[Context], Response]

PREFIX = "/v1/context"
MOST_BYTES = 256 * 1024 * 1024
"""About how much memory kept answers may take; those that were not asked for longest go first."""
HIT, MISS = "traveler; hit", "traveler; fwd=miss; stored"
"""What ``Cache-Status`` says of an answer (RFC 9211)."""
ETAG_CONTROL = "no-cache"
"""A browser may keep an answer, and asks each time whether it still stands (RFC 9111, 5.2.2.4)."""


class Key(NamedTuple):
    """What was asked, and ``view``: what is hidden from whoever asked, "" for nothing."""

    view: str
    path: str
    query: bytes
    accept: bytes


class _Told(Response):
    """JSON as it is sent, without another look at it."""

    def __init__(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        self.status_code, self.raw_headers, self.body = status, headers, body
        self.background = None


class Entry(NamedTuple):
    """A kept answer, what is noted of whoever is given it, and what writes it, if it is no JSON."""

    kept: Kept | KeptContext
    told: dict[str, Any]
    write: Write | None


class Cache:
    """Keeps answers of one plant; any thread may ask, keep and find."""

    def __init__(self, desk: Desk, most_bytes: int = MOST_BYTES) -> None:
        self._desk = desk
        self._most_bytes = most_bytes
        self._lock = Lock()
        self._turn = Lock()
        self._kept: OrderedDict[Key, Entry] = OrderedDict()
        self._bytes = self._keys = 0
        self._fresh: tuple[Seen, Freshness] | None = None
        self.hits = self.misses = 0

    def __len__(self) -> int:
        return len(self._kept)

    def find(self, key: Key) -> tuple[Entry, Freshness] | None:
        """Give the answer that is kept of a question, if it stands, and how fresh sources are."""
        found = self._kept.get(key)
        if found is None:
            return None
        freshness = self._freshness()
        if not found.kept.basis.is_current(freshness):
            self._drop(key)
            return None
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            self.hits += 1
        return found, freshness

    def answer(
        self, scope: Scope, ask: Callable[[Answers], Context], write: Write | None = None
    ) -> Response | None:
        """Answer anew, and keep it; None where this store's answers cannot be kept.

        ``ask`` asks the given answers, as of any clock; what is hidden it takes away. ``write``
        writes the answer; without it, it is JSON.
        """
        key, known = key_of(scope), header_of(scope, b"if-none-match") or ""
        with self._turn:
            found = self.find(key)  # somebody else may have asked the same meanwhile
            if found is not None:
                scope.get(TOLD, {}).update(found[0].told)
                return self.respond(*found, known)
            with self._desk.pipeline.turns.take("answering"):
                entry, freshness = self._make(ask, write, scope)
            if entry is None:
                return None
            with self._lock:
                self.misses += 1
                self._put(key, entry)
        return self.respond(entry, freshness, known, MISS)

    def _make(
        self, ask: Callable[[Answers], Context], write: Write | None, scope: Scope
    ) -> tuple[Entry | None, Freshness]:
        """Make an answer such that it can be kept; None where it cannot."""
        context = keep_context(self._desk.answers(), self._desk.pipeline.changes.touched, ask)
        freshness = self._freshness()
        if context is None:
            return None, freshness
        is_packed = self._bytes > self._most_bytes // 4 * 3
        kept = keep_text(context, freshness, is_packed=is_packed) if write is None else context
        return Entry(kept, dict(scope.get(TOLD, {})), write), freshness

    def respond(
        self, entry: Entry, freshness: Freshness, known: str, status: str = HIT
    ) -> Response:
        """Write an answer as of now; without its body where ``known`` names its entity tag."""
        gaps = self._desk.pipeline.journal.gaps
        moment = Moment(
            self._desk.clock(),
            freshness,
            self._desk.pipeline.store.applied_seq(),
            gaps.checked.at,
        )
        if isinstance(entry.kept, KeptContext):
            assert entry.write is not None
            response = entry.write(entry.kept.as_of(moment))
            response.headers["Cache-Status"] = status
            return response
        body, tag = entry.kept.write(moment)
        headers = [
            (b"etag", tag.encode()),
            (b"vary", b"Accept"),
            (b"cache-control", ETAG_CONTROL.encode()),
            (b"cache-status", status.encode()),
        ]
        if known and is_named(tag, known):
            return _Told(304, headers, b"")
        headers += [(b"content-length", b"%d" % len(body)), (b"content-type", b"application/json")]
        return _Told(200, headers, body)

    def _freshness(self) -> Freshness:
        """Tell how fresh sources are, from what was worked out while nothing was written."""
        answers = self._desk.answers()
        seen = answers.journal.seen()
        if self._fresh is None or self._fresh[0] is not seen:
            self._fresh = seen, freshness_of(answers)
        return self._fresh[1]

    def _put(self, key: Key, entry: Entry) -> None:
        self._take_out(key)
        self._kept[key] = entry
        self._bytes += entry.kept.size_bytes
        self._keys += len(entry.kept.basis.reads)
        while self._bytes > self._most_bytes and self._kept:
            self._take_out(next(iter(self._kept)))
        touched = self._desk.pipeline.changes.touched
        if touched.watched > WATCHED // 4 + self._keys:
            self._renew(touched)

    def _renew(self, touched: Touched) -> None:
        """Let what is watched for nobody any more go, which is needed now and then."""
        every = [entry.kept.basis.reads for entry in self._kept.values()]
        current = [reads for reads in every if reads.generation == touched.generation]
        generation = touched.renew(reads.keys for reads in current)
        for reads in current:
            reads.generation = generation

    def _take_out(self, key: Key) -> None:
        found = self._kept.pop(key, None)
        if found is not None:
            self._bytes -= found.kept.size_bytes
            self._keys -= len(found.kept.basis.reads)

    def _drop(self, key: Key) -> None:
        with self._lock:
            self._take_out(key)


class Quick:
    """Wraps an app: sends what is kept, and passes everything else on."""

    def __init__(self, app: ASGIApp, cache: Cache) -> None:
        self._app = app
        self._cache = cache

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        if scope["type"] == "http" and scope["method"] == "GET" and PREFIX in scope["path"]:
            found = self._cache.find(key_of(scope))
            if found is not None:
                entry, freshness = found
                scope.get(TOLD, {}).update(entry.told)
                known = header_of(scope, b"if-none-match") or ""
                given = entry, freshness, known
                if entry.write is None:
                    response = self._cache.respond(*given)
                else:  # to write it takes some time, in which the others would wait
                    response = await run_in_threadpool(self._cache.respond, *given)
                await response(scope, receive, send)
                return
        await self._app(scope, receive, send)


def key_of(scope: Scope) -> Key:
    """Give the key of what a request asks."""
    accept = b",".join(value for name, value in scope["headers"] if name == b"accept")
    principal = scope.get(PRINCIPAL)
    view = principal.view if principal is not None else ""
    return Key(view, scope["path"], scope["query_string"], accept)


def is_named(tag: str, known: str) -> bool:
    """Tell whether If-None-Match names an entity tag, weakly compared (RFC 9110, 13.1.2)."""
    named = {part.strip().removeprefix("W/") for part in known.split(",")}
    return "*" in named or tag.removeprefix("W/") in named
