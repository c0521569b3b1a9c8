"""Databases as RML's Turtle names them."""

from __future__ import annotations

from pathlib import Path

import pytest

from kg.errors import MappingError
from kg.lift.reading import read_mapping

PSYCOPG, PYMYSQL = "postgresql+psycopg", "mysql+pymysql"


def url_of(folder: Path, address: str, login: str = "") -> str:
    file = folder / "m.ttl"
    file.write_text(
        "@prefix rml: <http://w3id.org/rml/> . @prefix rr: <http://www.w3.org/ns/r2rml#> .\n"
        "@prefix d2rq: <http://www.wiwiss.fu-berlin.de/suhl/bizer/D2RQ/0.1#> .\n"
        '<#Job> rml:logicalSource [ rml:source <#Erp> ; rr:tableName "job" ] ;\n'
        '  rml:subjectMap [ rml:template "{id}" ] .\n'
        f'<#Erp> a d2rq:Database ; d2rq:jdbcDSN "{address}" {login} .\n',
        encoding="utf-8",
    )
    return read_mapping(file, "http://x.org/").triples_maps[0].source.name


@pytest.mark.parametrize(
    ("address", "login", "url"),
    [
        ("jdbc:mysql://db:3306/erp", "", f"{PYMYSQL}://db:3306/erp"),
        ("jdbc:mariadb://db/erp", '; d2rq:username "r"', f"{PYMYSQL}://r@db/erp"),
        ("jdbc:mysql://db/erp?user=r&password=p", "", f"{PYMYSQL}://r:p@db/erp"),
        ("jdbc:mysql://db/erp?useSSL=false&serverTimezone=UTC", "", f"{PYMYSQL}://db/erp"),
        (
            "jdbc:mariadb://db/erp",
            '; d2rq:username "r" ; d2rq:password "a@b/c:d%"',
            f"{PYMYSQL}://r:a%40b%2Fc%3Ad%25@db/erp",
        ),
        (
            "jdbc:postgresql://db/erp",
            '; d2rq:username "r" ; d2rq:password "${ERP}"',
            f"{PSYCOPG}://r:${{ERP}}@db/erp",
        ),
        ("jdbc:postgresql:erp", "", f"{PSYCOPG}:///erp"),
        ("jdbc:sqlite:erp.sqlite", "", "sqlite:///erp.sqlite"),
        (f"{PYMYSQL}://r@db/erp?charset=latin1", "", f"{PYMYSQL}://r@db/erp?charset=latin1"),
    ],
)
def test_an_address_of_jdbc_becomes_an_url(
    tmp_path: Path, address: str, login: str, url: str
) -> None:
    assert url_of(tmp_path, address, login) == url


@pytest.mark.parametrize("option", ["useSSL=true", "sslMode=REQUIRED", "currentSchema=erp"])
def test_an_option_of_jdbc_that_would_be_lost_is_refused(tmp_path: Path, option: str) -> None:
    with pytest.raises(MappingError, match=rf"m\.ttl:5: .*{option.partition('=')[0]}"):
        url_of(tmp_path, f"jdbc:mysql://db/erp?user=r&{option}")
