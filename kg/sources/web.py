"""Requests to one web server: bounded in time, size and number, and never led to another host."""

from __future__ import annotations

import re
import ssl
import time
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import httpx

from kg.closing import Closing
from kg.errors import SourceError, printable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from kg.settings import SourceSettings

_TRIES = 3
_PAUSE_SECONDS = 0.2
_PATIENCE_SECONDS = 5.0
"""How long one request may wait to be asked again; what takes longer is the schedule's."""
_REDIRECTS = 5
_SHOWN = 160
_SECRET = re.compile(r"key|token|secret|passw|signature|\bsig\b|auth", re.IGNORECASE)
_PASSING = {429, 500, 502, 503, 504}
_HINTS = {
    401: "check token, or user and password, in plant.toml: they were refused",
    403: "check that the token or user may read this",
    404: "check url in plant.toml, and table in source.toml",
    410: "check url in plant.toml, and table in source.toml",
    429: "it wants fewer requests: poll it less often",
}


class Limits(Protocol):
    """How much may be asked of a server at once, as settings say it."""

    max_requests: int
    max_megabytes: float
    timeout_seconds: float


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer, and the address that gave it."""

    url: httpx.URL
    content: bytes
    headers: httpx.Headers
    where: str

    def error(self, message: str, hint: str) -> SourceError:
        """Make the error that this answer is."""
        return SourceError(f"{self.where}: {shown(self.url)} {message}", hint=hint)


class WebClient(Closing):
    """Asks one server; ``where`` is what its errors begin with."""

    def __init__(
        self, source: SourceSettings, where: str, limits: Limits, now: datetime, accept: str
    ) -> None:
        self._where = where
        self._limits = limits
        self._now = now
        self._root = httpx.URL(source.url)
        self._secrets = [text for text in (source.token, source.password) if text]
        self._requests = 0
        headers = {"Accept": accept, "User-Agent": "traveler"}
        if source.token:
            name = source.http.token_header
            is_bearer = name.lower() == "authorization"
            headers[name] = f"Bearer {source.token}" if is_bearer else source.token
        self._client = httpx.Client(
            headers=headers,
            auth=httpx.BasicAuth(source.user, source.password) if source.user else None,
            timeout=limits.timeout_seconds,
            verify=_trusted(source, where),
        )

    @property
    def is_exhausted(self) -> bool:
        """Tell whether no more may be asked in this reading."""
        return self._requests >= self._limits.max_requests

    def close(self) -> None:
        """Close its connections."""
        self._client.close()

    def resolve(self, address: str, base: httpx.URL | None = None) -> httpx.URL:
        """Give an address that an answer or a setting names, from where it was named.

        Raises:
            SourceError: it is on another host, which must not get the token.
        """
        try:
            url = (base or self._folder()).join(address)
        except httpx.InvalidURL as error:
            raise SourceError(
                f"{self._where}: {printable(address)[:_SHOWN]!r} is no address: {error}",
                hint="check table in source.toml",
            ) from error
        if (url.scheme, url.host, url.port) != (
            self._root.scheme,
            self._root.host,
            self._root.port,
        ):
            raise SourceError(
                f"{self._where}: it leads to {shown(url)}, another host than {self._root.host}",
                hint="it is not followed, as it would get the token; if it is right, make it"
                " the url in plant.toml",
            )
        return url

    def _folder(self) -> httpx.URL:
        path = self._root.path
        return self._root if path.endswith("/") else self._root.copy_with(path=path + "/")

    def get(self, url: httpx.URL, headers: Mapping[str, str] | None = None) -> Answer:
        """Ask for an address, again where that may help, and follow redirects on the host.

        Raises:
            SourceError: no answer, an error, a redirect to another host, or more than is allowed.
        """
        for _ in range(_REDIRECTS):
            response, content = self._ask(url, headers or {})
            if not response.has_redirect_location:
                return Answer(url, content, response.headers, self._where)
            url = self.resolve(response.headers["location"], url)
        raise SourceError(
            f"{self._where}: {shown(url)} redirects again and again", hint="check url in plant.toml"
        )

    def _ask(self, url: httpx.URL, headers: Mapping[str, str]) -> tuple[httpx.Response, bytes]:
        patience = _PATIENCE_SECONDS
        for tried in range(1, _TRIES + 1):
            is_last = tried == _TRIES or self._requests + 1 >= self._limits.max_requests
            pause = _PAUSE_SECONDS * 2**tried
            try:
                response, content = self._once(url, headers)
            except (httpx.NetworkError, httpx.RemoteProtocolError) as error:
                if is_last:
                    raise self._unreachable(url, error) from error
            else:
                if response.status_code < HTTPStatus.BAD_REQUEST:
                    return response, content
                wait = self._retry_after(response)
                pause = pause if wait is None else wait
                if is_last or response.status_code not in _PASSING or pause > patience:
                    raise self._refused(response, content, wait)
            patience -= pause
            time.sleep(pause)
        raise AssertionError("the last try returns or raises")

    def _once(self, url: httpx.URL, headers: Mapping[str, str]) -> tuple[httpx.Response, bytes]:
        self._requests += 1
        limit = int(self._limits.max_megabytes * 1_000_000)
        deadline = time.monotonic() + self._limits.timeout_seconds
        parts, size = [], 0
        with (
            self._translated(url),
            self._client.stream("GET", url, headers=dict(headers)) as response,
        ):
            for part in response.iter_bytes():
                size += len(part)
                parts.append(part)
                if size > limit:
                    raise SourceError(
                        f"{self._where}: {shown(url)} answers with more than"
                        f" {self._limits.max_megabytes:g} MB",
                        hint="ask for smaller pages, or raise max_megabytes",
                    )
                if time.monotonic() > deadline:
                    raise httpx.ReadTimeout("the answer takes too long")
        return response, b"".join(parts)

    @contextmanager
    def _translated(self, url: httpx.URL) -> Iterator[None]:
        try:
            yield
        except httpx.TimeoutException as error:
            raise SourceError(
                f"{self._where}: {shown(url)} gave no whole answer within"
                f" {self._limits.timeout_seconds:g} s",
                hint="ask for smaller pages, or raise timeout_seconds; nothing is lost",
            ) from error
        except (httpx.NetworkError, httpx.RemoteProtocolError):
            raise
        except (httpx.RequestError, httpx.StreamError) as error:
            raise self._unreachable(url, error) from error

    def _unreachable(self, url: httpx.URL, error: Exception) -> SourceError:
        reason = str(error) or type(error).__name__
        return SourceError(
            f"{self._where}: {shown(url)} cannot be reached: {self._said(reason)}",
            hint="check url in plant.toml, and that the server runs; nothing is lost",
        )

    def _refused(self, response: httpx.Response, content: bytes, wait: float | None) -> SourceError:
        status = response.status_code
        said = self._said(content.decode("utf-8", "replace"))
        phrase = f"{status} {response.reason_phrase}".strip()
        hint = _HINTS.get(status, "")
        if not hint:
            is_its_own = status >= HTTPStatus.INTERNAL_SERVER_ERROR
            hint = "it is the server's own fault; nothing is lost" if is_its_own else _HINTS[404]
        if wait is not None:
            hint += f"; it asks to wait {wait:.0f} s"
        refused = SourceError(
            f"{self._where}: {shown(response.url)} answers {phrase}{': ' if said else ''}{said}",
            hint=hint,
        )
        refused.status = status
        refused.retry_after_seconds = wait
        return refused

    def _said(self, text: str) -> str:
        """Give the beginning of what a server said, on one line and without our secrets."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return printable(re.sub(r"<[^>]*>", " ", text))[:_SHOWN]

    def _retry_after(self, response: httpx.Response) -> float | None:
        """Read how long to wait: seconds, or until a time by its clock (RFC 9110, 10.2.3)."""
        said = response.headers.get("retry-after", "").strip()
        if said.isdecimal():
            return float(said[:9])
        try:
            until = parsedate_to_datetime(said)
            sent = response.headers.get("date")
            now = parsedate_to_datetime(sent) if sent else self._now
            return max((until - now).total_seconds(), 0.0)
        except (ValueError, TypeError):
            return None


def _trusted(source: SourceSettings, where: str) -> ssl.SSLContext | bool:
    if source.url.startswith("http:"):
        return False  # nothing to verify, and a second's tenth to load what would
    if not source.ca_file:
        return True
    path = Path(source.folder) / source.ca_file
    context = ssl.create_default_context()
    try:
        context.load_verify_locations(path)
    except (OSError, ssl.SSLError) as error:
        raise SourceError(
            f"{where}: ca_file {path}: {error}", hint="name a file of certificates in PEM"
        ) from error
    return context


def shown(url: httpx.URL) -> str:
    """Write an address without what may be a secret in it."""
    query = "&".join(
        f"{name}={'***' if _SECRET.search(name) else value}"
        for name, value in url.params.multi_items()
    )
    return printable(f"{url.scheme}://{url.netloc.decode()}{url.path}" + f"?{query}" * bool(query))
