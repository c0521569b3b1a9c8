from __future__ import annotations

import random
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlglot import exp, parse_one

pytest.importorskip("pyspark", reason="Spark is not installed: the extra `spark` brings it")

import pyarrow as pa
from pyspark.sql import SparkSession

from kg.errors import MappingError
from kg.lift import duckdb as duckdb_engine
from kg.lift import duckdb_macros
from kg.lift.duckdb import Engine
from kg.lift.levels import Levels
from kg.lift.literals import CHECKED
from kg.lift.mapping import LogicalSource
from kg.lift.preparation import Preparation
from kg.lift.signatures import call
from kg.lift.spark_functions import define, definitions, to_sql
from kg.lift.spark_session import start_spark
from kg.lift.spark_sources import FEW_RANGES, Sources
from kg.lift.spark_splits import Layout, Split, scan_all

from .functiontable import CASES as FUNCTION_CASES
from .functiontable import Case, compiled, expected

pytestmark = pytest.mark.slow

WORDS = [
    None, "", " ", "\t\n", "\u00a0", " a ", "\u00a0a\u00a0b \v", "a b/c?d#e", "Zoë Krüger",
    "漢字/1", "\ue000", "𝒳 é~*+-._", "a%2Fb", "a%zz", "%", "a#b#c", "http://x/ü?a#b",
    "http://x:y/", "http://u@h:80/a", "http://u@h@i/", "http://[::1]/", "http://[::g]/",
    "http://x/?\ue000", "//a/b", "1:a", "?q#f", "#a#b",
    "urn:uuid:1", "../x", "a/./b", "..", "...", "/",
    "Juan Daniel", "<x>", "a\\b", 'say "x"', "line\nbreak\r\ttab", "\x00\x01\x7f",
    "\b\f\x0b\x1f", "\ufffe\uffff", "ß", "İI", "ΣΑΣ", "ŉǆſı", "straße", "ÀÉ", "0012", "000", "0",
    "-0", "+0", "00a", "1,5", ",", ",,a", "a,b,c", "PRE-12", "12", "x"*9000, "a%20"*3000,
    "\u200b", "٣", "1\u00a0000",
]  # fmt: skip
NUMBERS = [
    "0", "-0", "+0", "00.00", "-0.0", "007", "-007.50", "+1.5", ".5", "5.", ".", "-.5", "+.50",
    "1e3", "1E3", "1e-7", "-1.5e-10", "1.25E2", "1e22", "1e21", "123456789012345678",
    "9007199254740993", "0.1", "1e-3", "0.001", "0.00099", "9999999", "10000000", "12345678.9",
    "1e400", "-1e400", "1e-400", "4.9e-324", "9.9e-324", "1e-322", "4.9e-323", "2e23",
    "1.7976931348623157e308", "1.7976931348623159e308", "123456789012345678901234567890",
    "-99999999999999999999.5", "0.30000000000000004", "1e23", "9007199254740.993", "2e-3",
    "INF", "-INF", "+INF", "NaN", "inf", "nan", "Infinity",
    "1d", "1f", "0x1", "1_000", "1__0", " 12 ", "12\n", "1,5", "1.0000000005", "-1.0000000005",
    "5e-10", "999999999999999", "9999999999999999", "true", "false", "t", "f", "T", "1", "TRUE",
    "99999999999999999999999999999999999999999", "٣", "1.", "--1", "+-1", "e5", "1e", "1e+5",
    "2.0E-3",
]  # fmt: skip
MOMENTS = [
    "2024-02-29", "2023-02-29", "2024-02-30", "0000-01-01", "0000-12-30T24:00:00", "0001-01-01",
    "9999-12-31", "9999-12-31T24:00:00Z", "2024-01-01T24:00:00", "2024-01-01T24:00:01",
    "2024-12-31T24:00:00.000+01:00", "2024-01-01T12:00:00.500+00:00",
    "2024-01-01T12:00:00.000-00:00", "2024-01-01T12:00:00.120Z", "2024-1-1",
    "2024-01-01T12:00:00+14:00", "2024-01-01T12:00:00+14:01", "2024-01-01T12:00",
    "2024-01-01 12:00:00", "20240101", "20240101T120000", "20240101T1200", "2024-01-01T12",
    "20240101T120000+0100", "2024-01-01T12:00+01", "2024-01-01T12:00:00,123",
    "2024-01-01T12:00:00.1234567", "2024-01-01T12:00:00.1234565Z", "2024-01-01\n12:00:00",
    "2024-01-01T12:00:00+23:59", "2024-01-01T12:00:00-18:30", "2024-01-01T12:00:00+18:00",
    "2024-10-27T02:30:00", "2024-03-31T02:30:00", "2024-03-10 02:30:00", "2024-11-03 01:30:00",
    "1899-12-31T00:00:00", "1900-01-01", "9999-12-31T23:59:59-01:00",
    "0001-01-01T00:00:00+01:00", "yesterday", "24:00", "2024-13-01", "2024-01-01x",
    "2024-01-01\u00a012:00:00", "２０２４-01-01", "2024-01-01T25:00:00", "2024-01-01T12:60:00",
    "2024-01-01T12:00:60", "-0044-03-15", "12024-01-01", "012024-01-01", "2000-02-29",
    "1900-02-29", "12:30:00", "24:00:00", "24:00:00.00Z", "24:00:01", "12:30:00.500+00:00",
    "2024-01-01T12:00:60", "1500-02-29", "1582-10-10T12:00:00", "1582-10-15", "0004-02-29",
    "1700-02-29", "1890-07-01T12:00:00", "0001-01-01T00:00:00", "9999-12-31T23:59:59.999999",
    "2024-04-07T01:45:00", "2024-10-06T02:15:00", "1940-05-16T00:20:00", "2011-12-30T12:00:00",
]  # fmt: skip
BYTES = ["", "CAFE", "cafe", "CAF", "xy", "CA FE", "0" * 20_001, "0f" * 20_000, None]
EPOCHS = [
    "0", "-1", "1717171717", "1717171717.123456", "1717171717.1234565", "-0.0000005", "1.5e9",
    "-62135596800", "-62135596801", "253402300799", "253402300800", "99999999999999999999",
    "-1e30", "x", "1e400", "nan", "1717171717123", "638400000000000007", "+5", "-5", "0.0000015",
    "0.0000025", "9223372036854775807", "9223372036854775808",
]  # fmt: skip
CALLS = {
    "tr_clean(v)": WORDS,
    "tr_iri_safe(v)": WORDS,
    "tr_iri(v, 'http://b/')": WORDS,
    "tr_escape(v)": WORDS,
    "tr_blank(v)": WORDS,
    "tr_strip_zeros(v)": WORDS,
    "tr_strip_prefix(v, 'PRE-')": WORDS,
    "tr_strip_prefix(v, '0')": WORDS,
    "tr_split_part(v, ',', 2)": WORDS,
    "tr_split_part(v, '', 2)": WORDS,
    "tr_replace(v, 'a', '')": WORDS,
    "tr_replace(v, '', 'x')": WORDS,
    "tr_any_uri(v)": WORDS,
    "tr_uri_safe(v)": WORDS,
    "tr_uri(v, 'http://b/')": WORDS,
    "tr_unsafe_iri(v, 'http://b/')": WORDS,
    "tr_language(v)": [
        "en",
        "EN-us",
        "de-1996",
        "x",
        "e",
        "",
        "en_US",
        "abcdefghi",
        "zh-Hant-TW",
        "i-klingon",
        "en-ab-cd",
        "de-u-co-phonebk",
        "en-a",
        "zh-cmn-Hans-CN-x-a",
        None,
    ],
    **{
        f"CAST(tr_is_{form}(v) AS TEXT)": NUMBERS
        for form in ("integer", "decimal", "double", "boolean")
    },
    "CAST(tr_is_any_uri(v) AS TEXT)": WORDS,
    "CAST(tr_is_date(v) AS TEXT)": MOMENTS,
    "CAST(tr_is_date_time(v) AS TEXT)": MOMENTS,
    "CAST(tr_is_time(v) AS TEXT)": MOMENTS,
    "CAST(tr_is_hex_binary(v) AS TEXT)": BYTES,
    "tr_integer(v)": NUMBERS,
    "tr_decimal(v)": NUMBERS,
    "tr_double(v)": NUMBERS,
    "tr_boolean(v)": NUMBERS,
    "tr_plain_text(v)": NUMBERS,
    "tr_date(v)": MOMENTS,
    "tr_date_time(v)": MOMENTS,
    "tr_time(v)": MOMENTS,
    "tr_hex_binary(v)": BYTES,
}
TIMES = {
    "iso": MOMENTS,
    "date": MOMENTS,
    "epoch-s": EPOCHS,
    "epoch-ms": EPOCHS,
    "ticks": EPOCHS,
}


ZONES = ["UTC", "Europe/Stockholm", "America/New_York", "Asia/Kolkata"]
ZONES += ["Australia/Lord_Howe", "Europe/Amsterdam", "Pacific/Apia"]
EVERY = " ".join(
    [
        *(macro.partition("(")[0] for macro in duckdb_macros.MACROS),
        *("tr_upper", "tr_lower", "tr_parsed", "tr_offset_seconds", "tr_shifted", "tr_over"),
    ]
)


@pytest.fixture(scope="session")
def spark() -> SparkSession:
    session = start_spark("local[2]")
    define(session, EVERY)
    return session


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    engine = Engine()
    yield engine
    engine.close()


def in_spark(spark: SparkSession, select: exp.Select, values: list[str | None]) -> list[str | None]:
    """Run a SELECT of one column over values, which come back in their order."""
    numbered = pa.table({"n": pa.array(range(len(values))), "v": pa.array(values, pa.string())})
    spark.createDataFrame(numbered).createOrReplaceTempView("batch")
    made = select.copy().select(exp.column("n"))
    rows = spark.sql(to_sql(made)).collect()
    return [row[0] for row in sorted(rows, key=lambda row: row["n"])]


def in_duckdb(engine: Engine, select: exp.Select, values: list[str | None]) -> list[str | None]:
    return engine.prepare(duckdb_engine.to_sql(select), ["v"]).run({"v": values})[0]


def differences(
    spark: SparkSession, engine: Engine, made: exp.Expr, levels: Levels, values: list[str | None]
) -> list[tuple[str | None, str | None, str | None]]:
    """Give (value, what DuckDB makes, what Spark makes) where they differ."""
    select = levels.select([made])
    pairs = zip(in_duckdb(engine, select, values), in_spark(spark, select, values), strict=True)
    return [
        (value, first, second)
        for value, (first, second) in zip(values, pairs, strict=True)
        if first != second
    ]


def called(text: str) -> exp.Expr:
    return parse_one(text)


@pytest.mark.parametrize("call", CALLS)
def test_a_function_makes_of_nasty_values_what_duckdb_makes(
    spark: SparkSession, engine: Engine, call: str
) -> None:
    assert differences(spark, engine, called(call), Levels(), CALLS[call]) == []


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("form", TIMES)
def test_a_time_is_the_same_moment(
    spark: SparkSession, engine: Engine, form: str, zone: str
) -> None:
    levels = Levels()
    made = Preparation(times={"t": form}, zone=zone).time("t", exp.column("v"), levels)
    assert differences(spark, engine, made, levels, TIMES[form]) == []


@pytest.mark.parametrize("case", FUNCTION_CASES, ids=lambda case: case.call)
def test_a_function_of_mappings_gives_what_plain_python_gives(
    spark: SparkSession, tmp_path: Path, case: Case
) -> None:
    made = compiled(case, tmp_path)
    batch = {"n": pa.array(range(len(case.values)))}
    batch |= {name: pa.array(column, pa.string()) for name, column in made.batch(case).items()}
    spark.createDataFrame(pa.table(batch)).createOrReplaceTempView("batch")
    rows = spark.sql(to_sql(made.select.copy().select(exp.column("n")))).collect()
    found = [(row[0], row[1] is not None) for row in sorted(rows, key=lambda row: row["n"])]
    assert [
        (given, value, is_bad, right)
        for given, (value, is_bad), right in zip(case.values, found, expected(case), strict=True)
        if (None if is_bad else value, is_bad) != right
    ] == []


PATTERNS = [
    r"^a.*b$", r"[[:alpha:]]+", r"[^[:digit:]\s]", r"\s", r"[\s,]+x", r"(?P<n>\d+)-", r"a\.b",
    r"[]a]", r"[a&&b]", r"(?i)abc", r"\w+\b", r"a{2,3}", r"\$", r"[$^]", r"^$", r".", r"\S+$",
    r"[^]x]", r"x|y$", r"\[a\]", r"[a\]b]",
]  # fmt: skip
TEXTS = [
    "ab", "a\nb", "ab\n", "a\r", "a-b", "abc", "ABC\x0b", "12-x", "a.b", "]", "&", "aaa", "$",
    "^", "", "\n", "\x0b", "\u2028", "é", "x\n", "y", "[a]", "a]b", ", x", "\u00a0", "\x85",
    None,
]  # fmt: skip
STAMPS = {
    "%d/%m/%Y %H:%M:%S": ["1/2/2024 3:4:5", " 01/02/2024 03:04:05 ", "01/02/24 03:04:05",
    "31/02/2024 00:00:00", "01/02/2024  03:04:05", "01/02/202403:04:05", "01/02/2024 24:00:00",
    "01/02/2024 03:04:60", "x", None], "%Y%m%d%H%M%S": ["20240102030405", "2024010203045",
    "202401020304"], "%y-%m-%d": ["24-1-2", "69-1-2", "68-01-02", "124-1-2"],
    "%b %d %Y": ["Jan 2 2024", "mAY 02 2024", "January 2 2024", "Mrz 2 2024", "Dec 31 9999"],
    "%A, %d. %B %Y": ["Monday, 2. January 2024", "Mon, 2. January 2024",
    "friday, 02. SEPTEMBER 2024"], "%Y-%m-%d %I:%M %p": ["2024-01-02 12:05 AM",
    "2024-01-02 12:05 pm", "2024-01-02 13:05 pm", "2024-01-02 0:05 PM"],
    "%Y-%m-%d %H:%M:%S.%f": ["2024-01-02 03:04:05.1", "2024-01-02 03:04:05.123456",
    "2024-01-02 03:04:05.1234567"], "%H:%M": ["03:04", "3:4", "25:00"],
    "%Y-%m-%dT%H:%M:%S%z": ["2024-01-02T03:04:05+0200", "2024-01-02T03:04:05-02:30:15",
    "2024-01-02T03:04:05Z", "2024-01-02T03:04:05+02", "2024-01-02T03:04:05+0260",
    "2024-01-02T03:04:05+2", "2024-01-02T03:04:05 +0200"],
}  # fmt: skip


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_pattern_finds_the_same(spark: SparkSession, engine: Engine, pattern: str) -> None:
    matches = exp.cast(call("tr_matches", exp.column("v"), pattern), exp.DataType.Type.TEXT)
    assert differences(spark, engine, matches, Levels(), TEXTS) == []
    if "?i" not in pattern and "P<" not in pattern:
        extract = call("tr_extract", exp.column("v"), f"({pattern})")
        assert differences(spark, engine, extract, Levels(), TEXTS) == []


@pytest.mark.parametrize("form", STAMPS)
def test_a_time_pattern_reads_the_same(spark: SparkSession, engine: Engine, form: str) -> None:
    levels = Levels()
    made = Preparation(times={"t": form}, zone="Europe/Berlin").time("t", exp.column("v"), levels)
    assert differences(spark, engine, made, levels, STAMPS[form]) == []


def test_a_time_pattern_that_spark_cannot_read_is_an_error() -> None:
    made = call("tr_local_instant", exp.column("v"), "%G-%V", "UTC")
    with pytest.raises(MappingError, match=r"%G.*Spark") as caught:
        to_sql(Levels().select([made]))
    assert "--engine duckdb" in caught.value.hint


@pytest.mark.parametrize("change", [exp.Upper, exp.Lower])
def test_letters_change_case_the_same_way(
    spark: SparkSession, engine: Engine, change: type[exp.Upper | exp.Lower]
) -> None:
    # Four letters got their other case in Unicode 16, which not every engine has.
    letters = [chr(code) for code in range(1, 0x24FF) if chr(code) not in "ƛɤ\u1c89\u1c8a"]
    letters += ["straße", "ΟΔΥΣΣΕΥΣ", "𐐀𐐨"]
    assert differences(spark, engine, change(this=exp.column("v")), Levels(), letters) == []


def test_every_function_that_a_model_calls_is_one_of_spark() -> None:
    folder = Path(duckdb_macros.__file__).parent
    engines = [*folder.glob("duckdb*.py"), *folder.glob("spark*.py")]
    texts = [file.read_text() for file in folder.glob("*.py") if file not in engines]
    called = {name for text in texts for name in re.findall(r'"(tr_\w+)"', text)}
    called |= {f"{start}{form}" for form in CHECKED.values() for start in ("tr_", "tr_is_")}
    rewritten = {"tr_local_instant", "tr_offset_instant", "tr_strptime"}
    assert len(called) > 30
    assert called - rewritten <= {
        re.findall(r"tr_\w+", definition)[0] for definition in definitions(" ".join(called))
    }


def test_a_letter_of_every_block_of_unicode_makes_the_same_terms(
    spark: SparkSession, engine: Engine
) -> None:
    # Blocks begin at multiples of 16; a plane's last two places are no letters.
    codes = [*range(0x01, 0x3400, 0x10), *range(0x3400, 0x110000, 0x80), *range(0x7E, 0x400)]
    codes += [plane + place for plane in range(0, 0x110000, 0x10000) for place in (0xFFFD, 0xFFFE)]
    values = [f"a{chr(code)}b" for code in codes if not 0xD800 <= code < 0xE000]
    assert len(values) > 9000
    for name in ("tr_iri_safe(v)", "tr_uri_safe(v)", "tr_iri(v, 'http://b/')", "tr_escape(v)"):
        assert differences(spark, engine, called(name), Levels(), values) == []
    for name in ("tr_blank(v)", "tr_uri(v, 'http://b/')", "tr_unsafe_iri(v, 'http://b/')"):
        assert differences(spark, engine, called(name), Levels(), values) == []


@pytest.mark.parametrize("seed", [1, 2])
def test_random_text_makes_the_same_terms(spark: SparkSession, engine: Engine, seed: int) -> None:
    chance = random.Random(seed)
    pool = "".join(text for text in WORDS + TEXTS if text) + "".join(map(chr, range(0x2FF)))
    values = ["".join(chance.choices(pool, k=chance.randrange(12))) for _ in range(5000)]
    for name in ("tr_clean(v)", "tr_iri_safe(v)", "tr_iri(v, 'http://b/')", "tr_escape(v)"):
        assert differences(spark, engine, called(name), Levels(), values) == []


@pytest.mark.parametrize("seed", [1, 2])
def test_random_numbers_make_the_same_terms(spark: SparkSession, engine: Engine, seed: int) -> None:
    chance = random.Random(seed)
    values = [
        "".join(chance.choices("0123456789+-.eE", k=chance.randrange(9))) for _ in range(5000)
    ]
    values += [
        repr(chance.uniform(-1, 1) * 10.0 ** chance.randrange(-300, 300)) for _ in range(5000)
    ]
    for name in ("tr_integer(v)", "tr_decimal(v)", "tr_double(v)"):
        assert differences(spark, engine, called(name), Levels(), values) == []


@pytest.mark.parametrize("zone", ["Europe/Stockholm", "America/Sao_Paulo"])
def test_random_local_times_are_the_same_moments(
    spark: SparkSession, engine: Engine, zone: str
) -> None:
    chance = random.Random(3)
    first = datetime.fromisoformat("1971-01-01")
    moments = [first + timedelta(minutes=chance.randrange(34_000_000)) for _ in range(5000)]
    levels = Levels()
    made = Preparation(times={"t": "iso"}, zone=zone).time("t", exp.column("v"), levels)
    values = [moment.isoformat() for moment in moments]
    assert differences(spark, engine, made, levels, values) == []


def test_many_ranges_of_a_file_are_looked_at_by_tasks(spark: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("v\n" + "".join(f"{n}\n" for n in range(200)))
    whole = Split(LogicalSource("t.csv", "csv"), tmp_path, Layout(("v",), (False,), False))
    ranges = [replace(whole, start=at, end=at + 10) for at in range(0, 700, 10)]
    assert len(ranges) >= FEW_RANGES
    found = Sources(spark, tmp_path, {})._scan(ranges)
    assert sum(lines.count for lines in found) == 201
    assert found == scan_all(ranges)
