from __future__ import annotations

import re

import httpx


def test_the_landing_page_leads_on(client: httpx.Client) -> None:
    page = client.get("/plain")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    links = re.findall(r'href="([^"]+)"', page.text)
    assert links[:2] == ["docs", "v1/context/machine/SAW-01?format=md"], "what runs comes first"
    assert [link for link in links if client.get(f"/{link}").status_code != 200] == []
    assert "<td>job-customer</td><td>3</td><td>4</td>" in page.text
    assert "what-runs-on-a-machine?machine=…" in page.text


def test_the_landing_page_needs_nothing_from_elsewhere(client: httpx.Client) -> None:
    page = client.get("/plain")
    assert "://" not in page.text
    assert "script-src" not in page.headers["content-security-policy"]
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "color-scheme: light dark" in page.text


def test_names_are_shown_as_text(client: httpx.Client) -> None:
    page = client.get("/plain").text
    assert "<h1>Small &amp; &lt;b&gt;neat&lt;/b&gt;</h1>" in page
    assert "<script" not in page
