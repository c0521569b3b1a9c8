"""The functions that mappings call (RML-FNML) as DuckDB macros, named ``tr_…`` like the others.

Numbers are text, and reckoned with in whole numbers of 38 digits: `kg.lift.conversion`.
"""

from __future__ import annotations

from kg.lift.conversion import ROUNDED_DIGITS, VALUE_DIGITS
from kg.lift.letters import ACCENTED, PLAIN

_EXPONENT = r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)[eE][+-]?\d+"
_GROUP = "[ \u00a0\u202f''’]"
_GROUPED = "[+-]?[0-9]{{1,3}}(?:{group}[0-9]{{3}})+(?:[{mark}][0-9]*)?"

_TEXT = f"""
tr_strip_zeros(v) AS CASE WHEN ltrim(v, '0') = '' THEN '0' ELSE ltrim(v, '0') END

tr_strip_prefix(v, prefix) AS nullif(
  CASE WHEN starts_with(v, prefix) THEN substr(v, length(prefix) + 1)
    WHEN NOT starts_with(v, prefix) THEN v END, '')

tr_split_part(v, separator, part) AS nullif(split_part(v, separator, part), '')

tr_replace(v, old, new) AS nullif(replace(v, old, new), '')

tr_matches(v, pattern) AS regexp_matches(v, pattern)

tr_extract(v, pattern) AS nullif(regexp_extract(v, pattern, 1), '')

tr_length(v) AS length(v)::VARCHAR

tr_contains(v, part) AS contains(v, part)

tr_starts_with(v, part) AS starts_with(v, part)

tr_ends_with(v, part) AS suffix(v, part)

tr_from(v, place) AS CASE WHEN place < 0 THEN greatest(length(v) + place, 0) ELSE place END

tr_substring(v, start, stop) AS nullif(
  substr(v, tr_from(v, start) + 1, greatest(tr_from(v, stop) - tr_from(v, start), 0)), '')

tr_chomp(v, ending) AS nullif(
  CASE WHEN suffix(v, ending) THEN left(v, length(v) - length(ending))
    WHEN NOT suffix(v, ending) THEN v END, '')

tr_translate(v, old, new) AS nullif(translate(v, old, new), '')

tr_split(v, separator) AS string_split(v, separator)

tr_part_of(parts, number) AS nullif(list_extract(parts, number), '')

tr_join(parts, separator) AS nullif(array_to_string(parts, separator), '')

tr_count(parts) AS len(parts)::VARCHAR

tr_has(parts, v) AS list_contains(parts, v)

tr_slug(v) AS nullif(trim(regexp_replace(regexp_replace(
  lower(translate(v, '{ACCENTED}', '{PLAIN}')), '[^\\x00-\\x7F]', '', 'g'),
  '[^a-z0-9]+', '-', 'g'), '-'), '')

tr_upper_url(v) AS CASE WHEN regexp_matches(upper(v), '^HTTPS?://') THEN upper(v)
  ELSE 'HTTP://' || upper(v) END

tr_day_text(t) AS CASE WHEN t >= TIMESTAMP '0001-01-01' AND t < TIMESTAMP '10000-01-01'
  THEN strftime(t, '%Y-%m-%d') END

tr_local_text(t) AS left(tr_moment(t), length(tr_moment(t)) - 1)

tr_plain_text(v) AS CASE WHEN regexp_full_match(v, '{_EXPONENT}') THEN tr_double(v) ELSE v END

tr_real(c) AS try_cast(c AS DOUBLE)

tr_signed(v) AS CASE WHEN regexp_full_match(v, '[0-9].*-') THEN '-' || left(v, length(v) - 1)
  ELSE v END

tr_ungrouped(v, mark) AS CASE
  WHEN mark = ',' AND regexp_full_match(v, '{_GROUPED.format(group="[.]", mark=",")}')
  THEN replace(v, '.', '')
  WHEN mark = '.' AND regexp_full_match(v, '{_GROUPED.format(group=",", mark=".")}')
  THEN replace(v, ',', '')
  WHEN regexp_full_match(v, '{_GROUPED.format(group=_GROUP, mark=".,")}')
  THEN regexp_replace(v, '{_GROUP}', '', 'g')
  ELSE v END

tr_marked(v, mark) AS CASE WHEN mark = '.' THEN v
  WHEN NOT contains(v, '.') THEN replace(v, ',', '.') END

tr_scale(c) AS length(split_part(c, '.', 2))::INT

tr_scale_of_both(c, f) AS tr_scale(c) + tr_scale(f)

tr_whole(c) AS CASE WHEN tr_scale(c) <= {VALUE_DIGITS}
  AND length(ltrim(replace(replace(c, '-', ''), '.', ''), '0')) <= {VALUE_DIGITS}
  THEN try_cast(replace(c, '.', '') AS HUGEINT) END

tr_times(n, m) AS n * m

tr_size(n) AS abs(n)::VARCHAR

tr_with_sign(n, v) AS CASE WHEN n < 0 THEN '-' || v ELSE v END

tr_point(digits, scale) AS CASE WHEN scale <= 0 THEN digits || repeat('0', -scale)
  WHEN length(digits) > scale THEN left(digits, length(digits) - scale) || '.'
    || right(digits, scale)
  ELSE '0.' || lpad(digits, scale, '0') END

tr_unit_code(v) AS regexp_replace(v, '^https?://qudt\\.org/vocab/unit/', 'unit:')

tr_setting(packed, number) AS try_cast(split_part(packed, ' ', number) AS HUGEINT)

tr_numerator(n, scale, packed) AS n * tr_setting(packed, 1)
  + tr_setting(packed, 2) * try_cast('1' || repeat('0', scale) AS HUGEINT)

tr_is_exact(n, packed) AS n = 0
  OR (split_part(packed, ' ', 5) = 'exact' AND n % tr_setting(packed, 4) = 0)

tr_padding(packed) AS (length(split_part(packed, ' ', 4)) + {ROUNDED_DIGITS + 2})::INT

tr_quotient(size, is_exact, packed) AS CASE
  WHEN is_exact THEN try_cast(size AS HUGEINT) // tr_setting(packed, 4)
  ELSE try_cast(rpad(size, tr_padding(packed), '0') AS HUGEINT) // tr_setting(packed, 4)
  END::VARCHAR

tr_rounded(q, is_exact) AS CASE WHEN is_exact THEN q
  ELSE (try_cast(left(q, {ROUNDED_DIGITS}) AS BIGINT)
    + CASE WHEN substr(q, {ROUNDED_DIGITS + 1}, 1) >= '5' THEN 1 ELSE 0 END)::VARCHAR END

tr_result_scale(scale, size, q, is_exact, packed) AS
  scale + try_cast(split_part(packed, ' ', 3) AS INT) + CASE WHEN is_exact THEN 0
    ELSE tr_padding(packed) - length(size)::INT - length(q)::INT + {ROUNDED_DIGITS} END
"""

FUNCTIONS = tuple(_TEXT.strip().split("\n\n"))
"""One definition each, as `kg.lift.duckdb_macros.MACROS`; they may call those."""
