"""Names and values that files hold in earnest or by accident, by what they are tried as."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from .mapping import XSD


def _words(text: str) -> list[str]:
    return text.split()


NAMES = [
    *_words("id name part 名 a A raw0 raw1 c0 k0 row_number position line batch parent value"),
    *_words("select order é e\u0301 a.b (p) $(x) $.id $ 100% it's q\"uote br{ace} back\\slash 😀"),
    *_words("a,b;c a[*] @id %41 _ 1"),
    "a b",
    " lead",
    "new\nline",
]
TEXTS = [
    *_words("1 2 007 +1 -0 1.50 1e3 INF true t - NULL a A b a,b a;b a|b a%b %41 100% a:b b'c"),
    *_words('{a} $(a) #N/A a"b " \' "a a\\b \\ é e\u0301 漢字 😀\u200d👧 a/b?c#d 2024-02-29'),
    "",
    " ",
    " a ",
    "a\tb",
    "a\nb",
    "\n",
    "a\rb",
    "a\r\nb",
    "\x00",
    "a\x01b\x02",
    "\x08\x0c\x1f",
    "\x7f",
    "\x85",
    "\u2028",
    "\ufeff",
    "\ue000",
    "\ufdd0",
    "\ufffe",
    "\uffff",
    "\U0010ffff",
    "x" * 3000,
    "é" * 500,
]
IRIS = [
    *_words("http://x.org/a HTTP://x.org/é?q=%41#f urn:x:y a a/b /a //a/b ?q #f ../a a/./b ... a%"),
    *_words(
        "%zz a%41 http://x.org/#a#b http://u@h@i/ http://x:y/ http://x:80/a;b=c,d!e$f&g'h(i)*+"
    ),
    *_words("http://[::1]/a http://[::g]/a http://x/[a] http://x/a|b http://x/\ue000 <a> 漢字"),
    *_words("http://x/?\ue000 http://x/\ufdd0 mailto:a@b a: :a 1:a http://x/a\\b http://x/^`{}"),
    "http://x/\x80",
    "a b",
    "a:b c",
    "a\nb",
]
NUMBERS = _words(
    "0 1 -1 +01 1.0 .5 5. 1e3 -1E-3 1e400 INF -INF +INF NaN 0x1 1,5 ١ 1_0 12345678901234567890 . -"
)
MOMENTS = [
    *_words("2024-02-29 2023-02-29 1900-02-29 2024-13-01 2024-1-1 2024-01-01Z 2024-01-01+14:00"),
    *_words("2024-01-01+14:01 2024-01-01T00:00:00 2024-01-01T24:00:00 2024-01-01T24:00:01"),
    *_words("2024-01-01T12:00:00.500-05:00 2024-01-01T12:00 0000-01-01 -0044-03-15 12024-01-01"),
    *_words("012024-01-01 12:30:00 24:00:00 25:00:00 12:30:00.25Z 12:30:60"),
    "2024-01-01 12:00:00",
]
FLAGS = _words("true false 1 0 t f TRUE yes")
BYTES = ["", *_words("CAFE cafe CAF xy")]
TAGS = [
    *_words("en EN sv-SE zh-Hant-TW de-1996 x-klingon i-klingon en-x-twain de-u-co-phonebk"),
    *_words("e en_US en- -en toolongword 12 é"),
    "en us",
]
TYPES = _words("string integer decimal double boolean date dateTime time hexBinary int float token")

ROLES: dict[str, list[str]] = {
    "text": [],
    "iri": IRIS,
    "number": NUMBERS,
    "moment": MOMENTS,
    "flag": FLAGS,
    "bytes": BYTES,
    "tag": TAGS,
    "type": [*TYPES, *(XSD + name for name in TYPES), "http://x.org/type", "a b", ""],
}
"""What a field of text is meant to hold; one of ``text`` takes the case's own texts."""

SOUND: dict[str, list[str]] = {
    "iri": _words("http://x.org/a http://x.org/é?q=%41#f urn:x:y a a/b ?q 漢字"),
    "number": _words("0 1 -1 +01 12345678901234567890"),
    "moment": _words("2024-02-29 0999-12-31 2024-01-01Z"),
    "flag": _words("true false 1 0"),
    "bytes": _words("CAFE cafe"),
    "tag": _words("en EN sv-SE zh-Hant-TW x-klingon"),
    "type": _words("string token int"),
}
"""Values that do what their role asks: most cells have one, or no row would make anything."""

_DAY = datetime.fromisoformat
TYPED: dict[str, st.SearchStrategy[Any]] = {
    "integer": st.sampled_from([0, 1, 7, -1, 2**53 + 1, -(2**63)]) | st.integers(-9, 9),
    "float": st.sampled_from([0.5, -1.25, 1e21, 1e-7, 123456.75, 100.0, -0.0])
    | st.floats(allow_nan=False, allow_infinity=False),
    "boolean": st.booleans(),
    "binary": st.binary(max_size=3),
    "decimal": st.decimals(-1000, 1000, places=3).map(Decimal),
    "datetime": st.datetimes(_DAY("0001-01-01"), _DAY("9999-12-31")),
    "instant": st.datetimes(_DAY("1902-01-01"), _DAY("2100-01-01"), timezones=st.just(UTC)),
    "date": st.dates(date.min, date.max),
    "time": st.times(time.min, time.max),
    "small": st.integers(-999, 999),
    "quarter": st.integers(-40, 40).filter(lambda number: number % 4).map(lambda n: n / 4),
    "second": st.datetimes(_DAY("1950-01-01"), _DAY("2050-01-01")).map(
        lambda moment: moment.replace(microsecond=0)
    ),
}
"""Values of types that a field may have instead."""

TYPED_IN = {
    "json": ["integer", "float", "boolean"],
    "jsonl": ["integer", "float", "boolean"],
    "sql": ["integer", "float", "binary"],
    "parquet": [*_words("integer float boolean binary decimal datetime instant date time")],
    "xlsx": ["small", "quarter", "boolean", "second"],
}
"""The types that a form has; a sheet's numbers are no wider than what it shows."""
