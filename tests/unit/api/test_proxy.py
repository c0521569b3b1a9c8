"""Behind a real proxy, set up as OPERATIONS.md says it, everything works by TLS below a path."""

from __future__ import annotations

import os
import re
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest
from mcp import Client

from tests.faults.live.served import ROOT
from tests.mqtt_broker import SEARCHED, wait_until
from tests.unit.api.access_plant import ROLES, Guarded, guarded
from tests.unit.api.test_stream import listening, rename
from tests.unit.mcp.talking import over_http, text_of
from tests.unit.sources.services import make_tls

pytestmark = pytest.mark.server

PROGRAM = shutil.which("nginx", path=SEARCHED)
WRITTEN = re.compile(r"```nginx\n(.*?)```", re.DOTALL)
READ = "/v1/context/machine/SAW-01"
CONFIGURATION = """
daemon off;
{user}
worker_processes 1;
pid {folder}/pid;
error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxied;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port} ssl;
    ssl_certificate {folder}/erp.pem;
    ssl_certificate_key {folder}/key.pem;
{location}
  }}
}}
"""


class Proxied(NamedTuple):
    """A plant behind a proxy, the address by which others know it, and whose word counts there."""

    plant: Guarded
    url: str
    trusted: ssl.SSLContext

    def client(self, key: str = "", **more: str) -> httpx.Client:
        """Give a client, which comes from another address of this machine."""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        way = httpx.HTTPTransport(verify=self.trusted, local_address="127.0.0.9")
        return httpx.Client(
            base_url=self.url, headers=headers | more, timeout=30, transport=way, trust_env=False
        )


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _is_listening(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def _running(folder: Path, location: str) -> Iterator[int]:
    """Run the proxy with a location of ours, and give its port."""
    assert PROGRAM is not None
    port = _free_port()
    user = "user root;" if os.getuid() == 0 else ""
    told = CONFIGURATION.format(folder=folder, port=port, location=location, user=user)
    (folder / "nginx.conf").write_text(told)
    with (folder / "said").open("wb") as said:
        proxy = subprocess.Popen(
            [PROGRAM, "-p", str(folder), "-c", "nginx.conf", "-e", "error.log"],
            stdout=said,
            stderr=said,
        )
        try:
            wait_until(lambda: _is_listening(port), "nginx did not start", 20)
            yield port
        finally:
            proxy.terminate()
            proxy.wait()


@pytest.fixture(scope="module", params=["passed on", "cut off"])
def proxied(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Proxied]:
    if PROGRAM is None:
        pytest.skip("nginx is not on this machine: `make servers` installs it")
    folder = tmp_path_factory.mktemp("proxy")
    certificate, _ = make_tls(folder, datetime.now(UTC))
    found = WRITTEN.search((ROOT / "OPERATIONS.md").read_text("utf-8"))
    assert found is not None
    with guarded(tmp_path_factory.mktemp("plant"), ROLES, prefix="/traveler") as plant:
        slash = "/" if request.param == "cut off" else ""
        location = found[1].replace("http://127.0.0.1:8000", plant.url + slash)
        assert plant.url in location
        with _running(folder, location) as port:
            url = f"https://127.0.0.1:{port}/traveler"
            yield Proxied(plant, url, ssl.create_default_context(cafile=certificate))


def test_pages_and_answers_lead_through_it(proxied: Proxied) -> None:
    with proxied.client(proxied.plant.key("reader")) as client:
        for path in ("/health", "/docs", "/openapi.json", "/v1/questions"):
            assert client.get(path).status_code == 200, path
        assert client.get("/openapi.json").json()["servers"] == [{"url": "/traveler"}]
        assert client.get(READ).json()["entity"]["id"] == "machine/SAW-01"
        # A slash and a blank of an id, as a browser encodes them.
        for path, entity in (("machine/CELL%2F3", "CELL%2F3"), ("job/10%2046", "10%2046")):
            found = client.get(f"/v1/context/{path}")
            assert found.status_code == 200, found.text
            assert entity in found.json()["entity"]["iri"]
        assert client.get("/nowhere").json()["code"] == "not-found"
        first = client.get(proxied.url, headers={"Accept": "text/html"})
        assert first.status_code in {301, 308}
        assert first.headers["location"].endswith("/traveler/")


def test_who_is_not_known_is_led_to_sign_in_below_the_path(proxied: Proxied) -> None:
    with proxied.client() as client:
        answer = client.get("/", headers={"Accept": "text/html"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/traveler/signin")
        assert client.get(READ).status_code == 401


def test_a_browser_signs_in_by_a_cookie_for_tls_alone(proxied: Proxied) -> None:
    origin = proxied.url.removesuffix("/traveler")
    with proxied.client(Origin=origin) as client:
        answer = client.post("/v1/session", json={"key": proxied.plant.key("kiosk")})
        assert answer.status_code == 201, answer.text
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-traveler=")
        for part in ("Secure", "HttpOnly", "SameSite=strict", "Path=/"):
            assert part in cookie
        assert "max-age" in answer.headers["strict-transport-security"]
        assert client.get("/v1/session").json()["by"] == "session"
        ended = client.delete("/v1/session")
        assert ended.status_code == 204, ended.text
        assert client.get("/v1/session").status_code == 401


def test_another_sites_page_may_not_send(proxied: Proxied) -> None:
    with proxied.client(Origin="https://elsewhere.example") as client:
        refused = client.post("/v1/session", json={"key": proxied.plant.key("kiosk")})
        assert (refused.status_code, refused.json()["code"]) == (403, "origin")


def test_the_log_names_who_asked_and_not_the_proxy(proxied: Proxied) -> None:
    forged = {"X-Forwarded-For": "203.0.113.7", "X-Forwarded-Proto": "http"}
    with proxied.client(proxied.plant.key("reader", "who asks"), **forged) as client:
        before = len(proxied.plant.audited(0))
        answer = client.get(READ)
        assert "strict-transport-security" in answer.headers
    told = proxied.plant.audited(before + 1)[-1]
    assert (told["who"], told["from"], told["route"]) == (
        "who asks",
        "127.0.0.9",
        "/v1/context/{kind}/{entity:path}",
    )


def test_another_name_is_refused_behind_it_too(proxied: Proxied) -> None:
    with proxied.client(Host="evil.example") as client:
        answer = client.get("/health")
        assert (answer.status_code, answer.json()["code"]) == (421, "host")


def test_as_many_records_as_are_taken_get_through(proxied: Proxied) -> None:
    body = b"[" + b" " * (15 << 20) + b'{"id": "1"}]'
    with proxied.client(proxied.plant.key("sender")) as client:
        sent = client.post(
            "/v1/records/shop/job", content=body, headers={"Content-Type": "application/json"}
        )
        assert sent.json()["code"] == "push-refused"


def test_what_changes_is_told_at_once(proxied: Proxied) -> None:
    with (
        proxied.client(proxied.plant.key("reader")) as client,
        listening(client) as (stream, hello),
    ):
        assert hello[0] == "hello"
        rename(proxied.plant.owner, f"Saw {hello[2]['applied_seq']}")
        name, _, data = stream.next()
        assert (name, data["id"]) == ("entity", "machine/SAW-01")


def test_a_model_asks_through_it(proxied: Proxied) -> None:
    async def work(client: Client) -> str:
        return await text_of(client, "get_context", entity="SAW-01")

    told = over_http(proxied.url, work, key=proxied.plant.key("reader"), verify=proxied.trusted)
    assert told.startswith("# machine/SAW-01 ")
