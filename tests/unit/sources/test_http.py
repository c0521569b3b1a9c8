"""Web services are asked for rows: a real server pages, breaks, changes and misleads."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kg.errors import SourceError
from kg.settings import SourceSettings
from tests.unit.sources.polled import NOW, Polled, open_journal
from tests.unit.sources.services import Reply, Request, Service, make_tls, serving

SINCE = {"column": "modified", "parameter": "since"}
SIZE = 3


def stamp(minutes: float) -> str:
    return (NOW + timedelta(minutes=minutes)).isoformat().replace("+00:00", "Z")


class Erp:
    """A web service of jobs that pages as real ones do."""

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.paging = "page"
        self.on_page: dict[int, Any] = {}
        self.pages_given = 0

    def fill(self, count: int, start: int = 1) -> None:
        self.rows += [
            {"id": n, "word": f"w{n}", "modified": stamp(n - 1_000)}
            for n in range(start, start + count)
        ]

    def change(self, key: int, minutes: float, word: str) -> None:
        """Change a row, which then stands at the end of what is in order of change."""
        row = next(row for row in self.rows if row["id"] == key)
        row |= {"word": word, "modified": stamp(minutes)}
        self.rows.sort(key=lambda row: row["modified"])

    def __call__(self, request: Request) -> Any:
        self.pages_given += 1
        action = self.on_page.pop(self.pages_given, None)
        if isinstance(action, Reply):
            return action
        if action is not None:
            action()
        least = request.query.get("since", "")
        if " ge " in request.query.get("$filter", ""):
            least = request.query["$filter"].rpartition(" ge ")[2]
        rows = [row for row in self.rows if str(row["modified"]) >= least]
        return getattr(self, f"by_{self.paging}")(request, rows)

    def by_none(self, request: Request, rows: list[Any]) -> Any:
        return rows

    def by_page(self, request: Request, rows: list[Any]) -> Any:
        start = (int(request.query["page"]) - 1) * SIZE
        return {"data": {"items": rows[start : start + SIZE]}}

    def by_offset(self, request: Request, rows: list[Any]) -> Any:
        start = int(request.query["offset"])
        return {"data": {"items": rows[start : start + SIZE]}}

    def by_cursor(self, request: Request, rows: list[Any]) -> Any:
        start = int(request.query.get("cursor", 0))
        following = start + SIZE if start + SIZE < len(rows) else None
        return {"data": {"items": rows[start : start + SIZE]}, "next_cursor": following}

    def by_link(self, request: Request, rows: list[Any]) -> Any:
        start = int(request.query.get("from", 0))
        since = request.query.get("since", "")
        link = f'</jobs?from={start + SIZE}&since={since}>; rel="next", </>; rel="first"'
        headers = {"Link": link} if start + SIZE < len(rows) else {}
        return Reply({"data": {"items": rows[start : start + SIZE]}}, headers=headers)

    def by_odata(self, request: Request, rows: list[Any]) -> Any:
        start = int(request.query.get("$skiptoken", 0))
        answer: dict[str, Any] = {"@odata.context": "x", "value": rows[start : start + SIZE]}
        if start + SIZE < len(rows):
            kept = request.query.get("$filter", "modified ge ")
            answer["@odata.nextLink"] = f"jobs?$filter={kept}&$skiptoken={start + SIZE}"
        return answer


@pytest.fixture
def erp() -> Erp:
    return Erp()


@pytest.fixture
def service(erp: Erp) -> Iterator[Service]:
    with serving(erp) as served:
        yield served


@pytest.fixture
def jobs(erp: Erp, service: Service, tmp_path: Path) -> Iterator[Polled]:
    """The service's table of jobs, as a snapshot."""
    http = {"paging": "page", "rows_at": "data.items", "page_size": SIZE, "timeout_seconds": 5}
    source = {"adapter": "http", "url": service.url, "http": http}
    polled = Polled(open_journal(tmp_path), source, {"arrives": "snapshot"})
    yield polled
    polled.journal.close()


def page_by(jobs: Polled, erp: Erp, paging: str) -> None:
    erp.paging = jobs.source["http"]["paging"] = paging
    if paging in {"none", "odata"}:
        jobs.source["http"].pop("rows_at", None)


def follow(jobs: Polled) -> None:
    jobs.table = {"arrives": "changes", "cursor": SINCE, "changed": ["modified"]}


PAGINGS = ["none", "page", "offset", "cursor", "link", "odata"]


@pytest.mark.parametrize("paging", PAGINGS)
def test_every_way_of_paging_gives_every_row(jobs: Polled, erp: Erp, paging: str) -> None:
    page_by(jobs, erp, paging)
    erp.fill(8)
    assert jobs.counts() == (8, 8, 0)
    assert jobs.counts() == (8, 0, 0)
    del erp.rows[3]
    assert jobs.counts() == (7, 0, 1)
    assert jobs.journal.newest("erp", "jobs", "4").deleted


@pytest.mark.parametrize("paging", PAGINGS)
def test_only_what_was_modified_since_is_asked_for(
    jobs: Polled, erp: Erp, service: Service, paging: str
) -> None:
    page_by(jobs, erp, paging)
    follow(jobs)
    erp.fill(8)
    assert jobs.poll().new == 8
    assert len(jobs.live()) == 8
    erp.change(2, -900, "changed")
    service.asked.clear()
    balance = jobs.poll()
    assert (balance.new, balance.retired) == (1, 0)
    assert all("since" in r.query or "$filter" in r.query for r in service.asked)
    assert jobs.journal.newest("erp", "jobs", "2").row["word"] == "changed"


def test_a_row_that_moves_while_pages_are_read_is_not_lost(jobs: Polled, erp: Erp) -> None:
    follow(jobs)
    erp.fill(9)
    # Before the second page, a row of the first one goes to the end: the fourth row moves up.
    erp.on_page[2] = lambda: erp.change(1, -1, "moved")
    jobs.poll()
    assert jobs.live() == [str(n) for n in range(1, 10)]
    assert jobs.journal.newest("erp", "jobs", "1").row["word"] == "moved"


def test_what_changes_while_pages_are_read_again_is_not_lost(jobs: Polled, erp: Erp) -> None:
    follow(jobs)
    erp.fill(9)

    def change(*changes: tuple[int, float]) -> None:
        for key, minutes in changes:
            erp.change(key, minutes, "changed")

    # Three pages and an empty one; then again. Rows 1 and 2 go away before 4 would come.
    erp.on_page[5] = lambda: change((4, -100), (5, -99))
    erp.on_page[7] = lambda: change((1, -2), (2, -1))
    jobs.poll()
    assert jobs.journal.newest("erp", "jobs", "4").row["word"] == "w4"
    jobs.poll()
    words = {r.key: r.row["word"] for r in jobs.journal.live_records("erp")}
    assert words == {str(row["id"]): row["word"] for row in erp.rows}


def test_a_row_that_is_deleted_while_pages_are_read_takes_no_other_with_it(
    jobs: Polled, erp: Erp
) -> None:
    erp.fill(9)
    jobs.poll()
    erp.pages_given = 0
    erp.on_page[2] = lambda: erp.rows.pop(0)
    balance = jobs.poll()
    assert (balance.retired, len(jobs.live())) == (0, 9)
    assert "missing while it is still being written" in balance.waits
    assert jobs.poll().retired == 1
    assert jobs.live() == [str(n) for n in range(2, 10)]


def test_a_reading_that_asked_often_enough_says_so_and_goes_on(
    jobs: Polled, erp: Erp, service: Service
) -> None:
    jobs.source["http"]["max_requests"] = 2
    erp.fill(9)
    first = jobs.poll()
    assert (first.new, first.retired) == (6, 0)
    assert "2 requests (max_requests) were made" in first.waits
    assert [r.query["page"] for r in service.asked] == ["1", "2"]
    second = jobs.poll()
    assert [r.query["page"] for r in service.asked] == ["1", "2", "3", "4"]
    assert (second.new, second.retired, second.waits) == (3, 0, "")
    del erp.rows[0]
    assert [jobs.poll().retired for _ in range(2)] == [0, 0], "neither was whole"


def test_a_modified_since_reading_in_parts_misses_nothing(jobs: Polled, erp: Erp) -> None:
    follow(jobs)
    jobs.source["http"]["max_requests"] = 2
    erp.fill(12)
    balances = []
    while not balances or balances[-1].waits:
        balances.append(jobs.poll())
        erp.change(len(balances), -1 - 1 / len(balances), "moved")
        assert len(balances) < 20
    jobs.source["http"]["max_requests"] = 100
    jobs.poll()
    assert jobs.live() == [str(n) for n in range(1, 13)]
    words = {r.key: r.row["word"] for r in jobs.journal.live_records("erp")}
    assert words == {str(row["id"]): row["word"] for row in erp.rows}


def test_a_next_page_that_is_forgotten_begins_anew(jobs: Polled, erp: Erp) -> None:
    page_by(jobs, erp, "cursor")
    jobs.source["http"]["max_requests"] = 1
    erp.fill(6)
    assert jobs.poll().new == 3
    erp.on_page[2] = Reply({"error": "no such cursor"}, 410)
    jobs.source["http"]["max_requests"] = 10
    assert jobs.poll().new == 3
    assert len(jobs.live()) == 6


@pytest.mark.parametrize("paging", ["page", "offset"])
def test_a_page_that_comes_again_is_an_error(jobs: Polled, erp: Erp, paging: str) -> None:
    page_by(jobs, erp, paging)
    erp.fill(4)
    jobs.poll()
    erp.pages_given = 0
    erp.on_page[2] = Reply({"data": {"items": erp.rows[:3]}})
    with pytest.raises(SourceError, match="gives the same rows as the page before it"):
        jobs.poll()
    assert len(jobs.live()) == 4


def test_a_next_page_that_leads_back_is_an_error(jobs: Polled, erp: Erp) -> None:
    page_by(jobs, erp, "cursor")
    jobs.source["http"]["cursor_at"] = "again"
    erp.on_page[1] = Reply({"data": {"items": [{"id": 1}]}, "again": "a"})
    erp.on_page[2] = Reply({"data": {"items": [{"id": 2}]}, "again": "b"})
    erp.on_page[3] = Reply({"data": {"items": [{"id": 3}]}, "again": "a"})
    with pytest.raises(SourceError, match="read already as its next one: 'a'"):
        jobs.poll()


def test_pages_in_another_order_are_the_same_rows(jobs: Polled, erp: Erp) -> None:
    erp.fill(9)
    jobs.poll()
    erp.rows.reverse()
    assert jobs.counts() == (9, 0, 0)


@pytest.mark.parametrize("status", [429, 500, 502, 503])
def test_a_passing_trouble_is_waited_out(jobs: Polled, erp: Erp, status: int) -> None:
    erp.fill(2)
    erp.on_page[1] = Reply("busy", status, {"Retry-After": "0"})
    erp.on_page[2] = Reply({"data": {"items": []}}, cut=5)
    assert jobs.poll().new == 2


def test_a_trouble_that_stays_is_an_error_with_address_status_and_what_to_do(
    jobs: Polled, erp: Erp
) -> None:
    for page in (1, 2, 3):
        erp.on_page[page] = Reply(b"<h1>Database down</h1>", 503, {"Content-Type": "text/html"})
    with pytest.raises(SourceError) as caught:
        jobs.poll(table="jobs?apikey=s3cret&expand=lines")
    assert "/jobs?apikey=***&expand=lines&page=1&limit=3" in caught.value.message
    assert "503" in caught.value.message
    assert "Database down" in caught.value.message
    assert "s3cret" not in caught.value.message
    assert "nothing is lost" in caught.value.hint


@pytest.mark.parametrize(
    "headers",
    [
        {"Retry-After": "600"},
        {"Retry-After": "Mon, 23 Nov 2026 08:10:00 GMT"},
        # By its own clock, which is an hour ahead.
        {
            "Retry-After": "Mon, 23 Nov 2026 09:10:00 GMT",
            "Date": "Mon, 23 Nov 2026 09:00:00 GMT",
        },
    ],
)
def test_a_long_wait_that_is_asked_for_is_left_to_the_schedule(
    jobs: Polled, erp: Erp, service: Service, headers: dict[str, str]
) -> None:
    erp.on_page[1] = Reply("later", 429, headers)
    started = time.monotonic()
    with pytest.raises(SourceError, match="429") as caught:
        jobs.poll()
    assert time.monotonic() - started < 60
    assert len(service.asked) == 1
    assert caught.value.retry_after_seconds == 600
    assert "asks to wait 600 s" in caught.value.hint


@pytest.mark.parametrize(
    ("status", "hint"), [(401, "token"), (403, "may read this"), (404, "table in source.toml")]
)
def test_a_refusal_says_what_to_mend_and_no_secret(
    jobs: Polled, erp: Erp, service: Service, status: int, hint: str
) -> None:
    jobs.source["token"] = "t0ps3cret"
    erp.on_page[1] = Reply({"message": "bad token t0ps3cret"}, status)
    with pytest.raises(SourceError, match=str(status)) as caught:
        jobs.poll()
    assert hint in caught.value.hint
    assert "t0ps3cret" not in caught.value.message + caught.value.hint
    assert len(service.asked) == 1


def test_a_token_or_an_account_is_sent(jobs: Polled, erp: Erp, service: Service) -> None:
    jobs.source |= {"token": "abc"}
    jobs.poll()
    jobs.source["http"]["token_header"] = "X-Api-Key"
    jobs.poll()
    jobs.source |= {"token": "", "user": "u", "password": "p"}
    jobs.poll()
    assert service.asked[0].headers["authorization"] == "Bearer abc"
    assert service.asked[1].headers["x-api-key"] == "abc"
    assert "authorization" not in service.asked[1].headers
    assert service.asked[2].headers["authorization"] == "Basic dTpw"
    assert "abc" not in repr(
        jobs.settings(),
    )


def test_no_token_goes_to_another_host(jobs: Polled, erp: Erp) -> None:
    jobs.source["token"] = "abc"
    with serving(lambda _: {"data": {"items": []}}) as stranger:
        erp.on_page[1] = Reply("", 302, {"Location": f"{stranger.url}/jobs"})
        with pytest.raises(SourceError, match=r"another host than 127\.0\.0\.1"):
            jobs.poll()
        page_by(jobs, erp, "odata")
        erp.on_page[2] = Reply({"value": [{"id": 1}], "@odata.nextLink": f"{stranger.url}/jobs"})
        with pytest.raises(SourceError, match="another host"):
            jobs.poll()
        assert stranger.asked == []


def test_a_certificate_must_be_trusted(jobs: Polled, erp: Erp, tmp_path: Path) -> None:
    erp.fill(2)
    certificate, tls = make_tls(tmp_path, datetime.now(UTC))
    with serving(erp, tls) as service:
        jobs.source["url"] = service.url
        with pytest.raises(SourceError, match="certificate"):
            jobs.poll()
        jobs.source["ca_file"] = str(tmp_path / "none.pem")
        with pytest.raises(SourceError, match=r"ca_file .*none\.pem"):
            jobs.poll()
        jobs.source["ca_file"] = str(certificate)
        assert jobs.poll().new == 2
        assert len(service.asked) == 2


def test_a_redirect_on_the_host_is_followed_but_not_for_ever(
    jobs: Polled, erp: Erp, service: Service
) -> None:
    erp.fill(2)
    erp.on_page[1] = Reply("", 307, {"Location": "/v2/jobs?page=1"})
    assert jobs.poll().new == 2
    assert [r.path for r in service.asked[:2]] == ["/jobs", "/v2/jobs"]
    erp.on_page |= {n: Reply("", 302, {"Location": "/jobs"}) for n in range(1, 40)}
    erp.pages_given = 0
    with pytest.raises(SourceError, match="redirects again and again"):
        jobs.poll()


@pytest.mark.parametrize(
    ("reply", "said", "hint"),
    [
        (Reply(b"<html>Log in", headers={"Content-Type": "text/html"}), "no JSON", "a login"),
        (Reply(b'{"data": {"items": [{"id": 1'), "no JSON", "no whole answer"),
        (Reply(b'{"data": {"items": [{"id": NaN}]}}'), "NaN is no JSON number", ""),
        (Reply(b"[" * 100_000), "no JSON", ""),
        (Reply(b'{"data": {"items": [' + b"1" * 5_000 + b"]}}"), "no JSON", ""),
        (Reply({"error": {"code": "E17"}}), "no list of rows at 'data.items'", "E17"),
        (Reply({"result": {"rows": [1]}}), "no list of rows", "lists at result.rows"),
        (Reply({"data": {"items": [{"ident": 1}]}}), "no column 'id'", "ident"),
    ],
)
def test_an_answer_that_is_something_else_is_an_error(
    jobs: Polled, erp: Erp, reply: Reply, said: str, hint: str
) -> None:
    erp.fill(2)
    jobs.poll()
    erp.pages_given, erp.on_page[1] = 0, reply
    with pytest.raises(SourceError) as caught:
        jobs.poll()
    assert said in caught.value.message
    assert hint in caught.value.hint
    assert len(jobs.live()) == 2


def test_rows_that_are_no_objects_are_quarantined_one_by_one(jobs: Polled, erp: Erp) -> None:
    erp.on_page[1] = Reply(b'{"data": {"items": [{"id": 1}, 7, {"id": 2, "w": "\\ud800"}, {}]}}')
    balance = jobs.poll()
    assert (balance.read, balance.new, balance.quarantined) == (4, 1, 3)
    codes = [row.rejected.code for row in jobs.journal.waiting()]
    assert codes == ["bad-row", "bad-encoding", "empty-key"]


def test_an_answer_that_is_too_long_or_too_slow_is_an_error(jobs: Polled, erp: Erp) -> None:
    jobs.source["http"] |= {"max_megabytes": 0.01, "timeout_seconds": 0.4}
    erp.on_page[1] = Reply({"data": {"items": [{"id": 1, "word": "x" * 20_000}]}})
    with pytest.raises(SourceError, match=r"more than 0\.01 MB"):
        jobs.poll()
    erp.on_page[2] = lambda: time.sleep(0.8)
    with pytest.raises(SourceError, match=r"no whole answer within 0\.4 s"):
        jobs.poll()


def test_an_empty_answer_takes_nothing_back(jobs: Polled, erp: Erp) -> None:
    erp.fill(2)
    jobs.poll()
    erp.rows.clear()
    with pytest.raises(SourceError, match="held 2 row"):
        jobs.poll()
    assert jobs.poll(allow_empty=True).retired == 2


def test_a_server_that_is_not_there_is_an_error(jobs: Polled) -> None:
    jobs.source["url"] = "http://127.0.0.1:1/"
    with pytest.raises(SourceError, match="cannot be reached") as caught:
        jobs.poll()
    assert "url in plant.toml" in caught.value.hint


def test_odata_is_asked_as_its_standard_says(jobs: Polled, erp: Erp, service: Service) -> None:
    page_by(jobs, erp, "odata")
    jobs.table = {"arrives": "changes", "cursor": {"column": "modified"}}
    erp.fill(1)
    erp.rows[0]["modified"] = "2026-11-23T09:00:00.5+01:00"
    jobs.poll()
    jobs.poll(table="jobs?$filter=state eq 'open'&$select=id,modified")
    first, second = service.asked[0], service.asked[-1]
    assert first.query == {"$orderby": "modified asc"}
    assert first.headers["prefer"] == "odata.maxpagesize=3"
    assert second.query["$select"] == "id,modified"
    jobs.poll(table="jobs?$filter=state eq 'open'&$select=id,modified")
    asked = service.asked[-1].query["$filter"]
    assert asked == "(state eq 'open') and modified ge 2026-11-23T07:50:00.5Z"


@pytest.mark.parametrize(
    ("form", "value", "asked"),
    [
        ("iso", "2026-11-23 09:00:00", "2026-11-23 08:50:00"),
        ("epoch-s", 1795420800, "1795420200"),
        ("%d.%m.%Y %H:%M", "23.11.2026 08:00", "23.11.2026 07:50"),
        ("date", "2026-11-22", "2026-11-21"),
    ],
)
def test_the_time_is_written_as_the_column_writes_it(
    jobs: Polled, erp: Erp, service: Service, form: str, value: Any, asked: str
) -> None:
    page_by(jobs, erp, "none")
    follow(jobs)
    jobs.table["times"] = {"modified": form}
    rows = [{"id": 1, "modified": value}]
    service.answer = lambda _: rows
    jobs.poll()
    jobs.poll()
    assert service.asked[-1].query["since"] == asked


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ({"url": "http://u:p@h/"}, "without a user or password"),
        ({"url": "ftp://h/"}, "http"),
        ({"password": "p"}, "a password needs a user"),
        ({"http": {"paging": "pages"}}, "paging"),
        ({"http": {"max_requests": 0}}, "max_requests"),
        ({"tables": [{"arrives": "changes", "cursor": {"column": "c"}}]}, "needs parameter"),
        (
            {"tables": [{"arrives": "changes", "cursor": SINCE, "reconcile": {}}]},
            "reconcile is for adapter sql",
        ),
    ],
)
def test_settings_that_cannot_be_are_named(source: dict[str, Any], said: str) -> None:
    base = {"name": "erp", "adapter": "http", "url": "https://h/"}
    table = {"name": "jobs", "mapping": "jobs.yml", "key": ["id"]}
    tables = [table | one for one in source.get("tables", [{}])]
    with pytest.raises(ValueError, match=said) as caught:
        SourceSettings.model_validate(base | source | {"tables": tables})
    assert ":p@" not in str(caught.value.errors()[0]["msg"])  # type: ignore[attr-defined]
