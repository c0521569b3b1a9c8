from __future__ import annotations

from pathlib import Path

import pytest

from kg.draft import locate
from kg.errors import ConfigError


@pytest.mark.parametrize(
    ("url", "written"),
    [
        (
            "postgresql+psycopg://me:a:b@c@host/erp",
            "postgresql+psycopg://me:${ERP_PASSWORD}@host/erp",
        ),
        (
            "postgresql://host/erp?user=me&password=x&a=1",
            "postgresql://host/erp?user=me&password=${ERP_PASSWORD}&a=1",
        ),
        ("mysql+pymysql://me@host:3306/erp", "mysql+pymysql://me@host:3306/erp"),
    ],
)
def test_a_password_never_reaches_plant_toml(tmp_path: Path, url: str, written: str) -> None:
    place = locate(f"{url}#job", "", None, tmp_path)
    assert (place.name, place.table, place.written, place.settings.url) == (
        "erp",
        "job",
        written,
        url,
    )


def test_a_secret_of_the_environment_is_used_and_written_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = "postgresql://me:${PW_OF_ERP}@host/erp#job"
    with pytest.raises(ConfigError, match="PW_OF_ERP"):
        locate(url, "", None, tmp_path)
    monkeypatch.setenv("PW_OF_ERP", "x")
    place = locate(url, "", None, tmp_path)
    assert place.settings.url == "postgresql://me:x@host/erp"
    assert (place.written, place.secret) == ("postgresql://me:${PW_OF_ERP}@host/erp", "")


def test_a_file_near_the_plant_is_named_from_there(tmp_path: Path) -> None:
    plant = tmp_path / "plants" / "nord"
    near = locate(str(plant / "data" / "jobs.csv"), "", None, plant)
    beside = locate(str(tmp_path / "plants" / "jobs.csv"), "", None, plant)
    far = locate(str(tmp_path / "jobs.csv"), "", None, plant)
    assert [near.written, beside.written, far.written] == ["data", "..", tmp_path.as_posix()]
