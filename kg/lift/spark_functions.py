"""The lift's functions in Spark SQL: what ``kg.lift.duckdb`` defines as macros, term for term.

Every ``tr_…`` function is a temporary SQL function of the session, so no Python runs per value.
Spark's regular expressions are Java's: patterns of mappings, which are RE2's, are rewritten.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlglot import exp

from kg.lift.iris import BAD_PERCENT, IRI, SCHEME, UCS
from kg.lift.literals import LANGUAGE, LEXICAL, PATTERNS
from kg.lift.signatures import call
from kg.lift.spark_definitions import FUNCTIONS
from kg.lift.spark_patterns import read_strptime, rewrite_pattern

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyspark.sql import SparkSession

_OFFSET = r"(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)"
_ISO = (
    r"\d{4}-\d\d-\d\d(?:[^\n](?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:[.,]\d+)?)?"
    rf"{_OFFSET}?)?"
)
_NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
_SPACE = r" \t\n\r\u000b\u000c\u00a0"
_CONTROL = r"[\x00-\x1F\x22\\\x7F\x{FFFE}\x{FFFF}]"
_RARE_CONTROL = r"[\x00-\x07\x0B\x0E-\x1F\x7F\x{FFFE}\x{FFFF}]"
# Not a function: what a function is given is made for every row, needed or not.
_ESCAPED = r"""replace(replace(replace(replace(replace(replace(replace(
    v, r'\', r'\\'), '"', r'\"'), chr(10), r'\n'), chr(13), r'\r'), chr(9), r'\t'),
    chr(8), r'\b'), chr(12), r'\f')"""
_NO_ASCII = r"[^\x00-\x7F]"

# Letters whose capital is one letter by itself, but two where Java writes whole words.
_SMALL = "".join(chr(code) for code in range(0x1F80, 0x2000) if len(chr(code).title()) == 1)
_CAPITAL = "".join(map(str.title, _SMALL))


def _whole(pattern: str) -> str:
    return rf"RLIKE r'\A(?:{pattern})\z'"


_IS_TICKS = _whole(r"\+?\d{1,19}")
_DEFINITIONS = rf"""
tr_clean(v STRING) STRING: nullif(trim(BOTH '{_SPACE}' FROM v), '')

tr_percent(v STRING) STRING: replace(replace(replace(
  url_encode(v), '+', '%20'), '*', '%2A'), '%7E', '~')

tr_iri_safe(v STRING) STRING: CASE WHEN NOT v RLIKE r'[^A-Za-z0-9._~-]' THEN v
  WHEN NOT v RLIKE r'{_NO_ASCII}' THEN tr_percent(v)
  ELSE array_join(transform(regexp_extract_all(v, r'[{UCS}]+|[^{UCS}]+', 0),
    x -> CASE WHEN x RLIKE r'[{UCS}]' THEN x ELSE replace(replace(replace(
      url_encode(x), '+', '%20'), '*', '%2A'), '%7E', '~') END), '') END

tr_is_iri(v STRING) BOOLEAN: v {_whole(IRI)} AND NOT v RLIKE r'{BAD_PERCENT}'

tr_iri(v STRING, start STRING) STRING: CASE WHEN tr_is_iri(v) THEN v
  WHEN NOT v RLIKE r'\A{SCHEME}'
   AND NOT v RLIKE r'(?:\A|/)\.\.?(?:/|\z)'
   AND tr_is_iri(start || v) THEN start || v END

tr_uri_safe(v STRING) STRING: CASE WHEN NOT v RLIKE r'[^A-Za-z0-9._~-]' THEN v
  ELSE tr_percent(v) END

tr_uri(v STRING, start STRING) STRING: CASE WHEN NOT v RLIKE r'{_NO_ASCII}'
  THEN tr_iri(v, start) END

tr_unsafe_iri(v STRING, start STRING) STRING: CASE
  WHEN v RLIKE r'[\x00-\x1F<>"{{}}|\\^`]' THEN NULL
  WHEN v RLIKE r'\A{SCHEME}' THEN v
  ELSE start || v END

tr_language(v STRING) STRING: CASE WHEN v {_whole(LANGUAGE)} THEN lower(v) END

tr_escape(v STRING) STRING: CASE WHEN NOT v RLIKE r'{_CONTROL}' THEN v
  WHEN NOT v RLIKE r'{_RARE_CONTROL}' THEN {_ESCAPED}
  ELSE array_join(transform(
    regexp_extract_all({_ESCAPED}, r'{_RARE_CONTROL}|[^{_RARE_CONTROL[1:]}+', 0),
    x -> CASE WHEN x RLIKE r'{_RARE_CONTROL}' THEN r'\u' || hex(encode(x, 'UTF-16BE'))
      ELSE x END), '') END

tr_blank(v STRING) STRING: 'b' || hex(v)

tr_upper(v STRING) STRING: CASE WHEN NOT v RLIKE r'{_NO_ASCII}' THEN upper(v)
  ELSE array_join(transform(regexp_extract_all(v, r'(?s).', 0), x -> CASE
    WHEN x = 'ß' THEN 'ẞ' WHEN char_length(upper(x)) = 1 THEN upper(x)
    ELSE translate(x, '{_SMALL}', '{_CAPITAL}') END), '') END

tr_lower(v STRING) STRING: CASE WHEN NOT v RLIKE r'{_NO_ASCII}' THEN lower(v)
  ELSE array_join(transform(regexp_extract_all(v, r'(?s).', 0), x -> CASE
    WHEN x = 'İ' THEN 'i' WHEN char_length(lower(x)) = 1 THEN lower(x) ELSE x END), '') END

tr_sign(v STRING) STRING: CASE WHEN startswith(v, '-') THEN '-' ELSE '' END

tr_integer(v STRING) STRING: CASE WHEN v {_whole(PATTERNS["integer"])}
  THEN CASE WHEN v {_whole("[+-]?0+")} THEN '0'
    ELSE tr_sign(v) || trim(LEADING '+-0' FROM v) END END

tr_fraction(v STRING) STRING: trim(TRAILING '0' FROM split_part(v, '.', 2))

tr_decimal(v STRING) STRING: CASE WHEN v {_whole(PATTERNS["decimal"])}
  THEN CASE WHEN v {_whole("[+-]?[0.]+")} THEN '0'
    ELSE tr_sign(v)
      || coalesce(nullif(trim(LEADING '+-0' FROM split_part(v, '.', 1)), ''), '0')
      || CASE WHEN tr_fraction(v) = '' THEN '' ELSE '.' || tr_fraction(v) END END END

tr_shift(digits STRING, power INT) STRING: CASE
  WHEN power < 0 THEN '0.' || repeat('0', -power - 1) || digits
  WHEN power + 1 >= char_length(digits) THEN rpad(digits, power + 1, '0')
  ELSE left(digits, power + 1) || '.' || substr(digits, power + 2) END

tr_plain(v STRING) STRING: CASE WHEN contains(v, 'E')
  THEN tr_sign(v) || tr_shift(
    replace(regexp_replace(trim(LEADING '-' FROM split_part(v, 'E', 1)), r'\.0$', ''), '.', ''),
    try_cast(split_part(v, 'E', 2) AS INT))
  ELSE regexp_replace(v, r'\.0$', '') END

tr_shortest(d DOUBLE) STRING: CASE
  WHEN abs(d) < 1e-320 AND CAST(format_string('%.0e', d) AS DOUBLE) = d AND d <> 0
  THEN upper(format_string('%.0e', d)) ELSE CAST(d AS STRING) END

tr_double(v STRING) STRING: CASE
  WHEN NOT v {_whole(PATTERNS["double"])} THEN NULL
  WHEN v = 'NaN' THEN v
  WHEN abs(try_cast(v AS DOUBLE)) = double('Infinity') THEN tr_sign(v) || 'INF'
  ELSE tr_plain(tr_shortest(try_cast(v AS DOUBLE))) END

tr_boolean(v STRING) STRING: CASE WHEN v IN ('true', '1', 't') THEN 'true'
  WHEN v IN ('false', '0', 'f') THEN 'false' END

tr_offset(v STRING) STRING: regexp_replace(v, r'[+-]00:00\z', 'Z')

tr_date(v STRING) STRING: CASE WHEN v {_whole(PATTERNS["date"])}
  AND try_cast(left(v, 10) AS DATE) IS NOT NULL THEN tr_offset(v) END

tr_date_time(v STRING) STRING: CASE WHEN v {_whole(PATTERNS["date_time"])}
  AND try_cast(left(v, 10) AS DATE) IS NOT NULL
  THEN tr_offset(regexp_replace(
    CASE WHEN contains(v, 'T24')
      THEN trim(LEADING '+' FROM CAST(date_add(try_cast(left(v, 10) AS DATE), 1) AS STRING))
        || 'T00' || substr(v, 14)
      ELSE v END,
    r'(?:(\.\d*[1-9])0+|\.0+)(\z|[Z+-])', '$1$2')) END

tr_time(v STRING) STRING: CASE WHEN v {_whole(PATTERNS["time"])}
  THEN tr_offset(regexp_replace(regexp_replace(v, r'\A24', '00'),
    r'(?:(\.\d*[1-9])0+|\.0+)(\z|[Z+-])', '$1$2')) END

tr_hex_binary(v STRING) STRING: CASE WHEN v {_whole(PATTERNS["hex_binary"])} THEN v END

tr_any_uri(v STRING) STRING: CASE WHEN v {_whole(PATTERNS["any_uri"])} THEN v END

tr_moment(u TIMESTAMP_NTZ) STRING: CASE
  WHEN u >= TIMESTAMP_NTZ'0001-01-01' AND u < TIMESTAMP_NTZ'10000-01-01'
  THEN regexp_replace(date_format(u, "yyyy-MM-dd'T'HH:mm:ss.SSSSSS"), r'\.?0+\z', '') || 'Z' END

tr_utc(t TIMESTAMP_NTZ, z STRING) TIMESTAMP_NTZ: CASE WHEN z = 'UTC' THEN t
  ELSE convert_timezone(z, 'UTC', t) END

tr_extended(v STRING) STRING: CASE WHEN v {_whole(_ISO)} THEN v ELSE
  regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(v,
    r'(?d)\A(\d{{4}})(\d\d)(\d\d)(\z|\D)', '$1-$2-$3$4'),
    r'(?d)\A(.{{11}}.*[+-]\d\d)(\d\d)\z', '$1:$2'),
    r'(?d)\A(.{{11}}.*[+-]\d\d)\z', '$1:00'),
    r'(?d)\A(.{{11}}\d\d)(\d\d)(\d\d)', '$1:$2:$3'),
    r'(?d)\A(.{{11}}\d\d)(\d\d)(\z|[Z+-])', '$1:$2$3'),
    r'(?d)\A(.{{11}}\d\d)(\z|[Z+-])', '$1:00$2') END

tr_iso_text(v STRING) STRING: CASE WHEN v {_whole(_ISO)}
  THEN left(v, 10) || CASE WHEN char_length(v) > 10 THEN 'T' || replace(substr(v, 12), ',', '.')
    ELSE 'T00:00' END END

tr_ntz(v STRING) TIMESTAMP_NTZ: try_cast(v AS TIMESTAMP_NTZ)

tr_shifted(t TIMESTAMP_NTZ, seconds INT) TIMESTAMP_NTZ: t - make_dt_interval(0, 0, 0, seconds)

tr_offset_seconds(o STRING) INT: CASE WHEN startswith(o, '-') THEN -1 ELSE 1 END * (
  coalesce(try_cast(substr(o, 2, 2) AS INT), 0) * 3600
  + coalesce(try_cast(substr(replace(o, ':', ''), 4, 2) AS INT), 0) * 60
  + coalesce(try_cast(substr(replace(o, ':', ''), 6, 2) AS INT), 0))

tr_iso_instant(v STRING, z STRING) TIMESTAMP_NTZ: CASE WHEN v RLIKE r'T.*{_OFFSET}\z'
  THEN tr_shifted(tr_ntz(regexp_replace(v, r'{_OFFSET}\z', '')),
    tr_offset_seconds(regexp_extract(v, r'({_OFFSET})\z', 1)))
  ELSE tr_utc(tr_ntz(v), z) END

tr_day(v STRING) STRING: CASE WHEN try_cast(left(v, 10) AS DATE) IS NOT NULL
  AND NOT startswith(v, '0000') THEN left(v, 10) END

tr_epoch_number(v STRING) DOUBLE: CASE WHEN v {_whole(_NUMBER)} THEN try_cast(v AS DOUBLE) END

tr_epoch_micros(m BIGINT) TIMESTAMP_NTZ: CAST(timestamp_micros(m) AS TIMESTAMP_NTZ)

tr_epoch_instant(x DOUBLE, scale BIGINT) TIMESTAMP_NTZ: CASE WHEN abs(x) * scale < 3e17
  THEN tr_epoch_micros(CAST(x AS BIGINT) * scale
    + CAST(rint((x - CAST(CAST(x AS BIGINT) AS DOUBLE)) * scale) AS BIGINT)) END

tr_ticks_instant(v STRING) TIMESTAMP_NTZ: CASE WHEN v {_IS_TICKS}
  THEN tr_epoch_micros(try_cast(v AS BIGINT) div 10 - 62135596800000000) END

tr_part(v STRING, pattern STRING, number INT, missing STRING) STRING:
  CASE WHEN number = 0 THEN missing ELSE regexp_extract(v, pattern, number) END

tr_month(v STRING) STRING: CASE WHEN v RLIKE r'\A\d' THEN v ELSE CAST(
  (locate(lower(left(v, 3)), 'janfebmaraprmayjunjulaugsepoctnovdec') + 2) div 3 AS STRING) END

tr_year(v STRING, is_short BOOLEAN) STRING: CASE WHEN NOT is_short THEN v
  WHEN CAST(v AS INT) < 69 THEN CAST(2000 + CAST(v AS INT) AS STRING)
  ELSE CAST(1900 + CAST(v AS INT) AS STRING) END

tr_hour(v STRING, half STRING) STRING: CASE WHEN half IS NULL THEN v
  ELSE CAST(CAST(v AS INT) % 12 + CASE WHEN lower(half) = 'pm' THEN 12 ELSE 0 END AS STRING) END

tr_clock(h STRING, m STRING, s STRING, f STRING) STRING: 'T' || lpad(h, 2, '0')
  || ':' || lpad(m, 2, '0') || ':' || lpad(s, 2, '0') || '.' || rpad(f, 6, '0')

tr_calendar(y STRING, m STRING, d STRING) STRING:
  lpad(y, 4, '0') || '-' || lpad(m, 2, '0') || '-' || lpad(d, 2, '0')

tr_parsed(v STRING, pattern STRING, y INT, is_short BOOLEAN, m INT, d INT, h INT, half INT,
  mi INT, s INT, f INT) TIMESTAMP_NTZ: CASE WHEN v RLIKE pattern THEN tr_ntz(
    tr_calendar(tr_year(tr_part(v, pattern, y, '1900'), is_short),
      tr_month(tr_part(v, pattern, m, '1')), tr_part(v, pattern, d, '1'))
    || tr_clock(tr_hour(tr_part(v, pattern, h, '0'), tr_part(v, pattern, half, NULL)),
      tr_part(v, pattern, mi, '0'), tr_part(v, pattern, s, '0'), tr_part(v, pattern, f, '0'))) END
"""
_TESTS = [f"tr_is_{name}(v STRING) BOOLEAN: v {_whole(form)}" for name, form in LEXICAL.items()]


def define(spark: SparkSession, query: str) -> None:
    """Define in a session the functions that a query calls, each after what it uses itself."""
    for definition in definitions(query):
        spark.sql(definition)


def definitions(query: str) -> Iterator[str]:
    """Give the statements that define what a query calls."""
    wanted = _called_in(query)
    found: list[str] = []
    for definition in reversed([*(_DEFINITIONS + FUNCTIONS).strip().split("\n\n"), *_TESTS]):
        head, body = definition.split(":", 1)
        signature, kind = head.split(") ", 1)
        if signature.partition("(")[0] in wanted:
            wanted |= _called_in(body)
            found.append(f"{signature}) RETURNS {kind} RETURN {body.strip()}")
    for definition in reversed(found):
        yield f"CREATE OR REPLACE TEMPORARY FUNCTION {definition}"


def _called_in(query: str) -> set[str]:
    return {name.lower() for name in re.findall(r"\btr_\w+", query, re.IGNORECASE)}


def to_expression(expression: exp.Expr) -> str:
    """Write an expression in Spark's dialect."""
    return to_sql(exp.select(expression)).removeprefix("SELECT ")


def to_sql(select: exp.Select) -> str:
    """Write a SELECT in Spark's dialect.

    Raises:
        MappingError: a time pattern uses what only DuckDB reads.
    """
    return select.copy().transform(_adapt).sql("spark")


def _adapt(node: exp.Expr) -> exp.Expr:
    if isinstance(node, exp.Upper | exp.Lower):
        return call("tr_upper" if isinstance(node, exp.Upper) else "tr_lower", node.this)
    if not isinstance(node, exp.Anonymous):
        return node
    name, given = str(node.this), node.expressions
    if name in {"tr_matches", "tr_extract"}:
        return call(name, given[0], rewrite_pattern(given[1].name))
    if name == "tr_local_instant":
        return call("tr_utc", _parsed(given[0], given[1].name), given[2])
    if name in {"tr_offset_instant", "tr_strptime"}:
        return _parsed(given[0], given[1].name)
    return node


def _parsed(value: exp.Expr, written: str) -> exp.Expr:
    form = read_strptime(written)
    numbers = [form.number(*marks) for marks in ("Yy", "mbBh", "d", "HI", "p", "M", "S", "f")]
    year, *others = numbers
    is_short = exp.true() if form.number("y") else exp.false()
    pattern = exp.Literal.string(form.pattern)
    parsed = call("tr_parsed", value, pattern, year, is_short, *others)
    offset = form.number("z")
    if not offset:
        return parsed
    written_offset = call("tr_part", value.copy(), pattern.copy(), offset, "+00")
    return call("tr_shifted", parsed, call("tr_offset_seconds", written_offset))
