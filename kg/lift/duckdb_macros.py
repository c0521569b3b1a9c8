"""The functions named ``tr_…`` as DuckDB macros, and how its own types are written in RDF."""

from __future__ import annotations

from kg.lift.duckdb_functions import FUNCTIONS
from kg.lift.iris import BAD_PERCENT, IRI, SCHEME, UCS
from kg.lift.literals import LANGUAGE, LEXICAL, PATTERNS
from kg.lift.mapping import XSD

_ISO = (
    r"\d{4}-\d\d-\d\d(?:[^\n](?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:[.,]\d+)?)?"
    r"(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)?)?"
)
_OFFSET = r"T.*(?:Z|[+-]\d\d:\d\d)$"
_NUMBER = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?"
_SPACE = " \t\n\r\v\f\u00a0"
_CONTROL = r"[\x00-\x1F\x22\\\x7F\x{FFFE}\x{FFFF}]"
_RARE_CONTROL = r"[\x00-\x07\x0B\x0E-\x1F\x7F\x{FFFE}\x{FFFF}]"

_TEXT = f"""
tr_clean(v) AS nullif(trim(v, '{_SPACE}'), '')

tr_iri_safe(v) AS CASE WHEN strlen(v) = length(v) THEN url_encode(v)
  ELSE array_to_string(list_transform(string_split(v, ''),
    lambda x: CASE WHEN regexp_matches(x, '[{UCS}]') THEN x ELSE url_encode(x) END), '') END

tr_uri_safe(v) AS url_encode(v)

tr_is_iri(v) AS regexp_full_match(v, '{IRI}') AND NOT regexp_matches(v, '{BAD_PERCENT}')

tr_iri(v, start) AS CASE WHEN tr_is_iri(v) THEN v
  WHEN NOT regexp_matches(v, '^{SCHEME}')
   AND NOT regexp_matches(v, '(?:^|/)\\.\\.?(?:/|$)')
   AND tr_is_iri(start || v) THEN start || v END

tr_uri(v, start) AS CASE WHEN strlen(v) = length(v) THEN tr_iri(v, start) END

tr_unsafe_iri(v, start) AS CASE
  WHEN regexp_matches(v, '[\\x00-\\x1F<>\\x22{{}}|\\\\^`]') THEN NULL
  WHEN regexp_matches(v, '^{SCHEME}') THEN v
  ELSE start || v END

tr_language(v) AS CASE WHEN regexp_full_match(v, '{LANGUAGE}') THEN lower(v) END

tr_escape_character(x) AS CASE
  WHEN x = '\\' OR x = chr(34) THEN '\\' || x
  WHEN x = chr(10) THEN '\\n'
  WHEN x = chr(13) THEN '\\r'
  WHEN x = chr(9) THEN '\\t'
  WHEN x = chr(8) THEN '\\b'
  WHEN x = chr(12) THEN '\\f'
  WHEN regexp_matches(x, '{_RARE_CONTROL}') THEN printf('\\u%04X', unicode(x))
  ELSE x END

tr_escape(v) AS CASE
  WHEN NOT regexp_matches(v, '{_CONTROL}') THEN v
  WHEN regexp_matches(v, '{_RARE_CONTROL}') THEN array_to_string(
    list_transform(string_split(v, ''), lambda x: tr_escape_character(x)), '')
  ELSE replace(replace(replace(replace(replace(replace(replace(
    v, '\\', '\\\\'), chr(34), '\\' || chr(34)), chr(10), '\\n'), chr(13), '\\r'), chr(9), '\\t'),
    chr(8), '\\b'), chr(12), '\\f') END

tr_blank(v) AS 'b' || hex(v)

tr_digits(plain) AS rtrim(ltrim(replace(replace(plain, '.', ''), '-', ''), '0'), '0')

tr_power(whole, fraction) AS CASE WHEN whole <> '0' THEN length(whole) - 1
  ELSE length(ltrim(fraction, '0')) - length(fraction) - 1 END

tr_scientific(plain) AS CASE
  WHEN plain IN ('INF', '-INF', 'NaN') THEN plain
  WHEN plain IN ('0', '-0') THEN plain || '.0E0'
  ELSE CASE WHEN starts_with(plain, '-') THEN '-' ELSE '' END || left(tr_digits(plain), 1) || '.'
    || coalesce(nullif(substr(tr_digits(plain), 2), ''), '0') || 'E'
    || tr_power(split_part(ltrim(plain, '-'), '.', 1), split_part(plain, '.', 2)) END

tr_seconds(v) AS regexp_replace(v, '\\.0*$|(\\.\\d*[1-9])0+$', '\\1')

tr_natural_double(x) AS CASE WHEN isnan(x) THEN 'NaN'
  WHEN isinf(x) THEN CASE WHEN x > 0 THEN 'INF' ELSE '-INF' END
  ELSE tr_scientific(tr_double(x::VARCHAR)) END

tr_integer(v) AS CASE WHEN regexp_full_match(v, '{PATTERNS["integer"]}')
  THEN CASE WHEN regexp_full_match(v, '[+-]?0+') THEN '0'
    ELSE CASE WHEN starts_with(v, '-') THEN '-' ELSE '' END || ltrim(v, '+-0') END END

tr_fraction(v) AS rtrim(split_part(v, '.', 2), '0')

tr_decimal(v) AS CASE WHEN regexp_full_match(v, '{PATTERNS["decimal"]}')
  THEN CASE WHEN regexp_full_match(v, '[+-]?[0.]+') THEN '0'
    ELSE CASE WHEN starts_with(v, '-') THEN '-' ELSE '' END
      || coalesce(nullif(ltrim(split_part(v, '.', 1), '+-0'), ''), '0')
      || CASE WHEN tr_fraction(v) = '' THEN '' ELSE '.' || tr_fraction(v) END END END

tr_shift(digits, whole, power) AS CASE
  WHEN power < 0 THEN '0.' || repeat('0', -power - 1) || digits
  WHEN power + whole >= length(digits) THEN rpad(digits, power + whole, '0')
  ELSE left(digits, power + whole) || '.' || substr(digits, power + whole + 1) END

tr_plain(v) AS CASE WHEN contains(v, 'e')
  THEN CASE WHEN starts_with(v, '-') THEN '-' ELSE '' END || tr_shift(
    replace(ltrim(split_part(v, 'e', 1), '-'), '.', ''), 1, try_cast(split_part(v, 'e', 2) AS INT))
  ELSE regexp_replace(v, '\\.0$', '') END

tr_double(v) AS CASE
  WHEN NOT regexp_full_match(v, '{PATTERNS["double"]}') THEN NULL
  WHEN v = 'NaN' THEN v
  WHEN isinf(try_cast(v AS DOUBLE)) THEN
    CASE WHEN starts_with(v, '-') THEN '-INF' ELSE 'INF' END
  ELSE tr_plain(CAST(try_cast(v AS DOUBLE) AS VARCHAR)) END

tr_boolean(v) AS CASE WHEN v IN ('true', '1', 't') THEN 'true'
  WHEN v IN ('false', '0', 'f') THEN 'false' END

tr_offset(v) AS regexp_replace(v, '[+-]00:00$', 'Z')

tr_date(v) AS CASE WHEN regexp_full_match(v, '{PATTERNS["date"]}')
  AND try_cast(left(v, 10) AS DATE) IS NOT NULL THEN tr_offset(v) END

tr_date_time(v) AS CASE WHEN regexp_full_match(v, '{PATTERNS["date_time"]}')
  AND try_cast(left(v, 10) AS DATE) IS NOT NULL
  THEN tr_offset(regexp_replace(
    CASE WHEN contains(v, 'T24')
      THEN strftime(try_cast(left(v, 10) AS DATE) + 1, '%Y-%m-%dT00') || substr(v, 14)
      ELSE v END,
    '(?:(\\.\\d*[1-9])0+|\\.0+)($|[Z+-])', '\\1\\2')) END

tr_time(v) AS CASE WHEN regexp_full_match(v, '{PATTERNS["time"]}')
  THEN tr_offset(regexp_replace(regexp_replace(v, '^24', '00'),
    '(?:(\\.\\d*[1-9])0+|\\.0+)($|[Z+-])', '\\1\\2')) END

tr_hex_binary(v) AS CASE WHEN regexp_full_match(v, '{PATTERNS["hex_binary"]}') THEN v END

tr_any_uri(v) AS CASE WHEN regexp_full_match(v, '{PATTERNS["any_uri"]}') THEN v END

tr_moment(u) AS CASE WHEN u >= TIMESTAMP '0001-01-01' AND u < TIMESTAMP '10000-01-01'
  THEN regexp_replace(strftime(u, '%Y-%m-%dT%H:%M:%S.%f'), '\\.?0+$', '') || 'Z' END

tr_utc(t, z) AS CASE WHEN z = 'UTC' THEN t ELSE least(
  timezone('UTC', timezone(z, t)),
  timezone('UTC', timezone(z, t - INTERVAL 1 HOUR)) + INTERVAL 1 HOUR) END

tr_extended(v) AS CASE WHEN regexp_full_match(v, '{_ISO}') THEN v ELSE
  regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(regexp_replace(v,
    '^(\\d{{4}})(\\d\\d)(\\d\\d)($|\\D)', '\\1-\\2-\\3\\4'),
    '^(.{{11}}.*[+-]\\d\\d)(\\d\\d)$', '\\1:\\2'),
    '^(.{{11}}.*[+-]\\d\\d)$', '\\1:00'),
    '^(.{{11}}\\d\\d)(\\d\\d)(\\d\\d)', '\\1:\\2:\\3'),
    '^(.{{11}}\\d\\d)(\\d\\d)($|[Z+-])', '\\1:\\2\\3'),
    '^(.{{11}}\\d\\d)($|[Z+-])', '\\1:00\\2') END

tr_iso_text(v) AS CASE WHEN regexp_full_match(v, '{_ISO}')
  THEN left(v, 10) || CASE WHEN length(v) > 10 THEN 'T' || replace(substr(v, 12), ',', '.')
    ELSE 'T00:00' END END

tr_iso_instant(v, z) AS CASE WHEN regexp_matches(v, '{_OFFSET}')
  THEN timezone('UTC', try_cast(v AS TIMESTAMPTZ))
  ELSE tr_utc(try_cast(v AS TIMESTAMP), z) END

tr_day(v) AS CASE WHEN try_cast(left(v, 10) AS DATE) IS NOT NULL AND NOT starts_with(v, '0000')
  THEN left(v, 10) END

tr_epoch_number(v) AS CASE WHEN regexp_full_match(v, '{_NUMBER}') THEN try_cast(v AS DOUBLE) END

tr_epoch_instant(x, scale) AS CASE WHEN abs(x) * scale < 3e17
  THEN try(make_timestamp(CAST(trunc(x) AS BIGINT) * scale
    + CAST(round_even((x - trunc(x)) * scale, 0) AS BIGINT))) END

tr_ticks_instant(v) AS CASE WHEN regexp_full_match(v, '\\+?\\d{{1,19}}')
  THEN try(make_timestamp(try_cast(v AS BIGINT) // 10 - 62135596800000000)) END

tr_strptime(v, pattern) AS try_strptime(v, pattern)

tr_local_instant(v, pattern, z) AS tr_utc(tr_strptime(v, pattern), z)

tr_offset_instant(v, pattern) AS timezone('UTC', try_strptime(v, pattern))
"""

_TESTS = [f"tr_is_{name}(v) AS regexp_full_match(v, '{form}')" for name, form in LEXICAL.items()]

MACROS = (*_TEXT.strip().split("\n\n"), *_TESTS, *FUNCTIONS)
"""One definition each, without ``CREATE MACRO``; a later one may call an earlier one."""

_INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
_NATURAL = {
    **dict.fromkeys((*_INTEGERS, *(f"U{name}" for name in _INTEGERS)), ("{}::VARCHAR", "integer")),
    "DECIMAL": ("tr_decimal({}::VARCHAR)", "decimal"),
    **dict.fromkeys(("FLOAT", "DOUBLE"), ("tr_natural_double({}::DOUBLE)", "double")),
    "BOOLEAN": ("{}::VARCHAR", "boolean"),
    "DATE": ("{}::VARCHAR", "date"),
    "TIME": ("tr_seconds({}::VARCHAR)", "time"),
    **dict.fromkeys(
        ("TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS"),
        ("tr_seconds(strftime({}, '%Y-%m-%dT%H:%M:%S.%f'))", "dateTime"),
    ),
    "TIMESTAMP_NS": ("tr_seconds(strftime({}, '%Y-%m-%dT%H:%M:%S.%n'))", "dateTime"),
    "TIMESTAMP WITH TIME ZONE": (
        "tr_seconds(strftime({}, '%Y-%m-%dT%H:%M:%S.%f')) || 'Z'",
        "dateTime",
    ),
    "BLOB": ("hex({})", "hexBinary"),
    "VARCHAR": ("{}", ""),
    "UUID": ("{}::VARCHAR", ""),
    '"NULL"': ("{}::VARCHAR", ""),  # a column without a value
}


def natural_text(column: str, kind: str) -> tuple[str, str] | None:
    """Give SQL for a column's natural lexical form, and its datatype's IRI ("" for text).

    None for types that are no single value ("Natural mapping of source values", RML-Core).
    """
    found = _NATURAL.get(kind.partition("(")[0])
    if found is None:
        is_enum = kind.startswith("ENUM")
        return (f"{column}::VARCHAR", "") if is_enum else None
    form, datatype = found
    return form.format(column), XSD + datatype if datatype else ""
