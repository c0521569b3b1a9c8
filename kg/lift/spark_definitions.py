"""The functions that mappings call (RML-FNML) in Spark SQL, as `kg.lift.duckdb_functions`."""

from __future__ import annotations

from kg.lift.conversion import ROUNDED_DIGITS, VALUE_DIGITS
from kg.lift.letters import ACCENTED, PLAIN

_EXPONENT = r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)[eE][+-]?[0-9]+"
_GROUP = r"[ \u00a0\u202f\x27’]"
_GROUPED = r"\A[+-]?[0-9]{{1,3}}(?:{group}[0-9]{{3}})+(?:[{mark}][0-9]*)?\z"

# A quotient of decimals has 20 digits before the point at most: long division has two steps.
FUNCTIONS = rf"""
tr_strip_zeros(v STRING) STRING: CASE WHEN trim(LEADING '0' FROM v) = '' THEN '0'
  ELSE trim(LEADING '0' FROM v) END

tr_strip_prefix(v STRING, prefix STRING) STRING: nullif(
  CASE WHEN startswith(v, prefix) THEN substr(v, char_length(prefix) + 1)
    WHEN NOT startswith(v, prefix) THEN v END, '')

tr_split_part(v STRING, separator STRING, part INT) STRING: nullif(CASE WHEN separator = ''
  THEN substr(v, part, 1) ELSE split_part(v, separator, part) END, '')

tr_replace(v STRING, old STRING, new STRING) STRING: nullif(replace(v, old, new), '')

tr_matches(v STRING, pattern STRING) BOOLEAN: v RLIKE pattern

tr_extract(v STRING, pattern STRING) STRING: nullif(regexp_extract(v, pattern, 1), '')

tr_length(v STRING) STRING: CAST(char_length(v) AS STRING)

tr_contains(v STRING, part STRING) BOOLEAN: contains(v, part)

tr_starts_with(v STRING, part STRING) BOOLEAN: startswith(v, part)

tr_ends_with(v STRING, part STRING) BOOLEAN: endswith(v, part)

tr_from(v STRING, place INT) INT: CASE WHEN place < 0 THEN greatest(char_length(v) + place, 0)
  ELSE place END

tr_substring(v STRING, start INT, stop INT) STRING: nullif(
  substr(v, tr_from(v, start) + 1, greatest(tr_from(v, stop) - tr_from(v, start), 0)), '')

tr_chomp(v STRING, ending STRING) STRING: nullif(CASE WHEN endswith(v, ending)
  THEN left(v, char_length(v) - char_length(ending))
    WHEN NOT endswith(v, ending) THEN v END, '')

tr_translate(v STRING, old STRING, new STRING) STRING: nullif(translate(v, old, new), '')

tr_split(v STRING, separator STRING) ARRAY<STRING>:
  split(v, r'\Q' || replace(separator, r'\E', r'\E\\E\Q') || r'\E', -1)

tr_part_of(parts ARRAY<STRING>, number INT) STRING: nullif(try_element_at(parts, number), '')

tr_join(parts ARRAY<STRING>, separator STRING) STRING: nullif(array_join(parts, separator), '')

tr_count(parts ARRAY<STRING>) STRING: CAST(array_size(parts) AS STRING)

tr_has(parts ARRAY<STRING>, v STRING) BOOLEAN: array_contains(parts, v)

tr_slug(v STRING) STRING: nullif(trim(BOTH '-' FROM regexp_replace(regexp_replace(
  tr_lower(translate(v, '{ACCENTED}', '{PLAIN}')), r'[^\x00-\x7F]', ''), '[^a-z0-9]+', '-')), '')

tr_upper_url(v STRING) STRING: CASE WHEN tr_upper(v) RLIKE r'\AHTTPS?://' THEN tr_upper(v)
  ELSE 'HTTP://' || tr_upper(v) END

tr_day_text(t TIMESTAMP_NTZ) STRING: CASE
  WHEN t >= TIMESTAMP_NTZ'0001-01-01' AND t < TIMESTAMP_NTZ'10000-01-01'
  THEN date_format(t, 'yyyy-MM-dd') END

tr_local_text(t TIMESTAMP_NTZ) STRING: left(tr_moment(t), char_length(tr_moment(t)) - 1)

tr_plain_text(v STRING) STRING: CASE WHEN v RLIKE r'\A{_EXPONENT}\z' THEN tr_double(v)
  ELSE v END

tr_real(c STRING) DOUBLE: try_cast(c AS DOUBLE)

tr_signed(v STRING) STRING: CASE WHEN v RLIKE r'(?d)\A[0-9].*-\z'
  THEN '-' || left(v, char_length(v) - 1) ELSE v END

tr_ungrouped(v STRING, mark STRING) STRING: CASE
  WHEN mark = ',' AND v RLIKE r'{_GROUPED.format(group="[.]", mark=",")}'
  THEN replace(v, '.', '')
  WHEN mark = '.' AND v RLIKE r'{_GROUPED.format(group=",", mark=".")}'
  THEN replace(v, ',', '')
  WHEN v RLIKE r'{_GROUPED.format(group=_GROUP, mark=".,")}'
  THEN regexp_replace(v, r'{_GROUP}', '')
  ELSE v END

tr_marked(v STRING, mark STRING) STRING: CASE WHEN mark = '.' THEN v
  WHEN NOT contains(v, '.') THEN replace(v, ',', '.') END

tr_scale(c STRING) INT: char_length(split_part(c, '.', 2))

tr_scale_of_both(c STRING, f STRING) INT: tr_scale(c) + tr_scale(f)

tr_whole(c STRING) DECIMAL(38, 0): CASE WHEN tr_scale(c) <= {VALUE_DIGITS}
  AND char_length(trim(LEADING '0' FROM replace(replace(c, '-', ''), '.', ''))) <= {VALUE_DIGITS}
  THEN try_cast(replace(c, '.', '') AS DECIMAL(38, 0)) END

tr_times(n DECIMAL(38, 0), m DECIMAL(38, 0)) DECIMAL(38, 0): try_multiply(n, m)

tr_size(n DECIMAL(38, 0)) STRING: CAST(abs(n) AS STRING)

tr_with_sign(n DECIMAL(38, 0), v STRING) STRING: CASE WHEN n < 0 THEN '-' || v ELSE v END

tr_point(digits STRING, scale INT) STRING: CASE WHEN scale <= 0 THEN digits || repeat('0', -scale)
  WHEN char_length(digits) > scale THEN left(digits, char_length(digits) - scale) || '.'
    || right(digits, scale)
  ELSE '0.' || lpad(digits, scale, '0') END

tr_unit_code(v STRING) STRING: regexp_replace(v, r'\Ahttps?://qudt\.org/vocab/unit/', 'unit:')

tr_setting(packed STRING, number INT) DECIMAL(38, 0):
  try_cast(split_part(packed, ' ', number) AS DECIMAL(38, 0))

tr_numerator(n DECIMAL(38, 0), scale INT, packed STRING) DECIMAL(38, 0): try_add(
  try_multiply(n, tr_setting(packed, 1)),
  try_multiply(tr_setting(packed, 2), try_cast('1' || repeat('0', scale) AS DECIMAL(38, 0))))

tr_is_exact(n DECIMAL(38, 0), packed STRING) BOOLEAN: n = 0
  OR (split_part(packed, ' ', 5) = 'exact' AND n % tr_setting(packed, 4) = 0)

tr_padding(packed STRING) INT: char_length(split_part(packed, ' ', 4))
  + {ROUNDED_DIGITS + 2}

tr_floor(n DECIMAL(38, 0), d DECIMAL(38, 0)) DECIMAL(38, 0):
  CAST(try_divide(n - n % d, d) AS DECIMAL(38, 0))

tr_joined(high DECIMAL(38, 0), low DECIMAL(38, 0)) DECIMAL(38, 0):
  try_add(try_multiply(high, CAST('1000000000000000000' AS DECIMAL(38, 0))), low)

tr_divided(high DECIMAL(38, 0), low DECIMAL(38, 0), d DECIMAL(38, 0)) STRING:
  CAST(tr_joined(tr_floor(high, d), tr_floor(tr_joined(high % d, low), d)) AS STRING)

tr_over(size STRING, d DECIMAL(38, 0)) STRING: tr_divided(
  try_cast('0' || left(size, greatest(char_length(size) - 18, 0)) AS DECIMAL(38, 0)),
  try_cast(right(size, 18) AS DECIMAL(38, 0)), d)

tr_quotient(size STRING, is_exact BOOLEAN, packed STRING) STRING: tr_over(
  CASE WHEN is_exact THEN size ELSE rpad(size, tr_padding(packed), '0') END,
  tr_setting(packed, 4))

tr_rounded(q STRING, is_exact BOOLEAN) STRING: CASE WHEN is_exact THEN q
  ELSE CAST(try_cast(left(q, {ROUNDED_DIGITS}) AS BIGINT)
    + CASE WHEN substr(q, {ROUNDED_DIGITS + 1}, 1) >= '5' THEN 1 ELSE 0 END AS STRING) END

tr_result_scale(scale INT, size STRING, q STRING, is_exact BOOLEAN, packed STRING) INT:
  scale + try_cast(split_part(packed, ' ', 3) AS INT) + CASE WHEN is_exact THEN 0
    ELSE tr_padding(packed) - char_length(size) - char_length(q) + {ROUNDED_DIGITS} END
"""
"""Definitions after those of `kg.lift.spark_functions`, which they may call."""
