"""Queries that nobody would write: nested, huge, twisted, cast, cut, and glued from all of it."""

from __future__ import annotations

from random import Random

VARIABLES = ("?s", "?p", "?o", "?x", "?y", "$z")
NODES = ("<x:a>", "<job/1001>", "<>", "rdfs:label", "<http://[::1]/>", "<\\u0061:b>", "[]")
VERBS = ("tr:ofJob", "tr:onMachine", "rdfs:label", "a", "<x:p>", "rdf:type", "tr:startedAt")
LITERALS = (
    *("1", "-1.5e308", "true", '"x"@en-x-y', '"\\uD7FF"', "'''a'b'''", '""', "1e99999"),
    *('"NaN"^^xsd:double', '"24:00:00"^^xsd:time', '"-P9999999999Y"^^xsd:duration'),
    *('"9"^^xsd:date', '"99999-12-31T23:59:59.999999999Z"^^xsd:dateTime', '"a"^^<x:t>'),
    *("170141183460469231731687303715884105728", '"1"^^xsd:integer', '"\\n\\t\\""'),
)
CALLS = (
    *("STR", "LANG", "DATATYPE", "IRI", "BNODE", "ABS", "CEIL", "FLOOR", "ROUND", "STRLEN"),
    *("UCASE", "LCASE", "ENCODE_FOR_URI", "YEAR", "MONTH", "SECONDS", "TIMEZONE", "TZ", "MD5"),
    *("SHA1", "SHA256", "SHA512", "isIRI", "isNumeric", "xsd:integer", "xsd:decimal"),
    *("xsd:double", "xsd:dateTime", "xsd:boolean", "xsd:duration", "xsd:date", "<x:f>"),
)
PAIRS = ("CONTAINS", "STRSTARTS", "STRAFTER", "STRBEFORE", "STRDT", "STRLANG", "sameTerm", "REGEX")
SIGNS = ("+", "-", "*", "/", "=", "!=", "<", ">=", "&&", "||")
PATHS = ("{a}/{b}", "{a}|{b}", "^{a}", "({a})*", "({a})+", "({a})?", "!({a}|^{b})", "!{a}")
GROUPS = (
    "OPTIONAL {{ {0} }}", "{{ {0} }} UNION {{ {1} }}", "MINUS {{ {0} }}", "GRAPH ?g {{ {0} }}",
    "FILTER EXISTS {{ {0} }}", "FILTER NOT EXISTS {{ {0} }}", "{{ SELECT * {{ {0} }} LIMIT 3 }}",
    "{{ SELECT (COUNT(*) AS ?n) {{ {0} }} GROUP BY ?s HAVING (COUNT(*) > 1) }}", "{{ {0} }}",
)  # fmt: skip
HEADS = (
    "SELECT * {{ {0} }}", "SELECT DISTINCT ?s {{ {0} }} ORDER BY {1} LIMIT 5",
    "SELECT ({1} AS ?v) {{ {0} }} LIMIT 5", "ASK {{ {0} }}", "CONSTRUCT {{ ?s ?p ?o }} {{ {0} }}",
    "DESCRIBE ?s {{ {0} }} LIMIT 2", "SELECT (SUM({1}) AS ?v) {{ {0} }} GROUP BY ?p",
    "SELECT (GROUP_CONCAT({1}; separator='|') AS ?v) {{ {0} }}", "SELECT ?s FROM <x:g> {{ {0} }}",
)  # fmt: skip
BREAKS = ("{", "}", "(", ")", '"', "'", "<", "#", "\\", "\0", ";", ".", "^^", "@", "\u202e", "é")


class Fuzz:
    """Makes queries, the same ones for the same seed; about one in four is no SPARQL at all."""

    def __init__(self, seed: int) -> None:
        self._draw = Random(seed)

    def query(self) -> str:
        """Make the next one."""
        kind = self._draw.random()
        if kind < 0.03:
            return self._nested()
        if kind < 0.05:
            return self._huge()
        text = self._choose(HEADS).format(self._group(3), self._expression(3))
        return self._broken(text) if kind > 0.75 else text

    def _choose(self, options: tuple[str, ...]) -> str:
        return self._draw.choice(options)

    def _group(self, depth: int) -> str:
        parts = [self._pattern() for _ in range(self._draw.randint(1, 3))]
        if depth and self._draw.random() < 0.6:
            inner = self._choose(GROUPS).format(self._group(depth - 1), self._group(depth - 1))
            parts.append(inner)
        if self._draw.random() < 0.3:
            parts.append(f"FILTER({self._expression(2)})")
        if self._draw.random() < 0.2:
            parts.append(f"BIND({self._expression(2)} AS ?b{self._draw.randint(0, 99)})")
        if self._draw.random() < 0.1:
            parts.append(f"VALUES (?s ?y) {{ ({self._choose(NODES[:3])} UNDEF) (UNDEF 1) }}")
        return " ".join(parts)

    def _pattern(self) -> str:
        value = self._choose((*VARIABLES, *NODES, *LITERALS))
        subject = self._choose((*VARIABLES, *NODES))
        verb = self._path(3) if self._draw.random() < 0.4 else self._choose((*VARIABLES, *VERBS))
        return f"{subject} {verb} {value} ."

    def _path(self, depth: int) -> str:
        if not depth:
            return self._choose(VERBS)
        form = self._choose(PATHS)
        if form.startswith("!"):  # what is none of: properties, and no paths
            depth = 1
        return form.format(a=self._path(depth - 1), b=self._path(depth - 1))

    def _expression(self, depth: int) -> str:
        if not depth or self._draw.random() < 0.3:
            return self._choose((*VARIABLES, *LITERALS))
        kind = self._draw.randint(0, 3)
        one, other = self._expression(depth - 1), self._expression(depth - 1)
        if kind == 0:
            return f"{self._choose(CALLS)}({one})"
        if kind == 1:
            return f"{self._choose(PAIRS)}({one}, {other})"
        if kind == 2:
            return f"({one} {self._choose(SIGNS)} {other})"
        return f"IF({one}, {other}, COALESCE({one}, {other}))"

    def _nested(self) -> str:
        depth = self._draw.choice((10, 60, 63, 64, 65, 500, 6_000))
        opening, closing = self._draw.choice(
            (("{", "}"), ("(", ")"), ("[ <x:p> ", "]"), ("!(", ")"), ("STR(", ")"), ("-(", ")"))
        )
        inner = opening * depth + ("1" if opening in "(STR(-(!(" else " ") + closing * depth
        where = inner if opening == "{" else f"FILTER({inner})"
        return f"SELECT * {{ {where} }}"

    def _huge(self) -> str:
        size = self._draw.choice((1_000, 30_000, 60_000, 65_400, 70_000))
        return self._draw.choice(
            (
                f'SELECT * {{ ?s ?p "{"x" * size}" }}',
                f"SELECT * {{ ?s ?p {'9' * size} }}",
                f"SELECT * {{ <x:{'y' * size}> ?p ?o }}",
                f"SELECT * {{ ?s {'/'.join(['<x:p>'] * (size // 6))} ?o }}",
                f"SELECT * {{ ?s ?p ?o FILTER({' || '.join(['?o'] * (size // 6))}) }}",
                f'ASK {{ FILTER(REGEX("{"a" * 40}", "{"(a*)*" * (size // 60)}b")) }}',
                f"SELECT ?{'v' * size} {{ ?s ?p ?o }}",
            )
        )

    def _broken(self, text: str) -> str:
        for _ in range(self._draw.randint(1, 4)):
            place = self._draw.randint(0, len(text))
            cut = self._draw.randint(0, 6) if self._draw.random() < 0.5 else 0
            text = text[:place] + self._choose((*BREAKS, "")) + text[place + cut :]
        return text
