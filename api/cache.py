"""The cache of context answers: what stands is kept, what only time tells is filled in on sending.

An answer as of now, as JSON, is kept until something of what was read for it changes. It is found
again by what was asked, word for word, and by what is hidden from whoever asks. What is kept is
sent by the server's own thread, before any route is looked for.
"""

from __future__ import annotations

from collections import OrderedDict
from itertools import chain
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from starlette.datastructures import Headers
from starlette.responses import Response

from api.access import PRINCIPAL, TOLD
from kg.answer.keeping.kept import Moment, freshness_of, keep_context

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

PREFIX = "/v1/context"
MOST_BYTES = 256 * 1024 * 1024
"""About how much memory kept answers may take; those that were not asked for longest go first."""
ETAG_CONTROL = "no-cache"
"""A browser may keep an answer, and asks each time whether it still stands (RFC 9111, 5.2.2.4)."""


class Key(NamedTuple):
    """What was asked, and ``view``: what is hidden from whoever asked, "" for nothing."""

    view: str
    path: str
    query: bytes
    accept: bytes


class Cache:
    """Keeps answers of one plant; any thread may ask, keep and find."""

    def __init__(self, desk: Desk, most_bytes: int = MOST_BYTES) -> None:
        self._desk = desk
        self._most_bytes = most_bytes
        self._lock = Lock()
        self._kept: OrderedDict[Key, tuple[Kept, dict[str, Any]]] = OrderedDict()
        self._bytes = 0
        self._fresh: tuple[Seen, Freshness] | None = None
        self.hits = self.misses = 0

    def __len__(self) -> int:
        return len(self._kept)

    def find(self, key: Key) -> tuple[Kept, dict[str, Any]] | None:
        """Give the answer that is kept of a question, with what is noted of it, if it stands."""
        found = self._kept.get(key)
        if found is None:
            return None
        if not found[0].is_current(self._freshness()):
            self._drop(key)
            return None
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            self.hits += 1
        return found

    def answer(self, scope: Scope, ask: Callable[[Answers], Context]) -> Response | None:
        """Answer anew, and keep it; None where this store's answers cannot be kept.

        ``ask`` asks the given answers, as of any clock; what is hidden it takes away.
        """
        pipeline = self._desk.pipeline
        kept = keep_context(self._desk.answers(), pipeline.changes.touched, ask)
        if kept is None:
            return None
        told = dict(scope.get(TOLD, {}))
        with self._lock:
            self.misses += 1
            self._put(key_of(scope), kept, told)
        return self.respond(kept, Headers(scope=scope).get("if-none-match", ""))

    def respond(self, kept: Kept, known: str) -> Response:
        """Write an answer as of now; without its body where ``known`` names its entity tag."""
        gaps = self._desk.pipeline.journal.gaps
        moment = Moment(
            self._desk.owner.clock(),
            self._freshness(),
            self._desk.pipeline.store.applied_seq(),
            gaps.checked.at,
        )
        body, tag = kept.write(moment)
        headers = {"ETag": tag, "Vary": "Accept", "Cache-Control": ETAG_CONTROL}
        if is_named(tag, known):
            return Response(None, 304, headers)
        return Response(body, 200, headers, "application/json")

    def _freshness(self) -> Freshness:
        """Tell how fresh sources are, from what was worked out while nothing was written."""
        answers = self._desk.answers()
        seen = answers.journal.seen()
        if self._fresh is None or self._fresh[0] is not seen:
            self._fresh = seen, freshness_of(answers)
        return self._fresh[1]

    def _put(self, key: Key, kept: Kept, told: dict[str, Any]) -> None:
        before = self._kept.pop(key, None)
        self._bytes += kept.size_bytes - (before[0].size_bytes if before else 0)
        self._kept[key] = kept, told
        while self._bytes > self._most_bytes and self._kept:
            _, (oldest, _) = self._kept.popitem(last=False)
            self._bytes -= oldest.size_bytes
        touched = self._desk.pipeline.changes.touched
        # What is watched for nobody any more goes now and then.
        if len(touched) > 100_000 + 2 * sum(len(one.reads.keys) for one, _ in self._kept.values()):
            kept_keys = (one.reads.keys for one, _ in self._kept.values())
            touched.forget_but(set(chain.from_iterable(kept_keys)))

    def _drop(self, key: Key) -> None:
        with self._lock:
            if (found := self._kept.pop(key, None)) is not None:
                self._bytes -= found[0].size_bytes


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
                kept, told = found
                scope.get(TOLD, {}).update(told)
                known = Headers(scope=scope).get("if-none-match", "")
                await self._cache.respond(kept, known)(scope, receive, send)
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
