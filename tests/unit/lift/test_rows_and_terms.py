"""What `lift_file` makes of single rows: defects that the random cases of `by_hand` found."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kg.errors import MappingError
from kg.lift import lift_file

X = "http://x.org/"
XSD = "http://www.w3.org/2001/XMLSchema#"
PREFIXES = (
    "@prefix rml: <http://w3id.org/rml/> . @prefix csvw: <http://www.w3.org/ns/csvw#> .\n"
    "@prefix ex: <http://x.org/> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> .\n"
)
Lifted = tuple[list[str], list[tuple[str, str]]]


def lift(folder: Path, mapping: str, **files: str | bytes) -> Lifted:
    """Lift by Turtle, files by their names with ``_`` for the dot; lines, and what was rejected."""
    for name, data in files.items():
        path = folder / name.replace("_", ".")
        path.write_bytes(data.encode() if isinstance(data, str) else data)
    (folder / "m.ttl").write_text(PREFIXES + mapping, encoding="utf-8")
    lifted = lift_file(folder / "m.ttl", X)
    lines = [line.replace(X, "").removesuffix(" .") for line in lifted.lines]
    return sorted(lines), sorted((bad.position, bad.code) for bad in lifted.rejected)


def of(file: str, *rules: str, subject: str = 'rml:template "{id}"') -> str:
    """Write a triples map over a file; a rule is an object map, of the predicate ``p``."""
    form = "JSONPath" if file.endswith("json") else "CSV"
    iterator = ' ; rml:iterator "$[*]"' if form == "JSONPath" else ""
    made = "".join(
        f" ;\n  rml:predicateObjectMap [ rml:predicate ex:p ; rml:objectMap [ {rule} ] ]"
        for rule in rules
    )
    return (
        f'<#{file.partition(".")[0]}> rml:logicalSource [ rml:source "{file}" ; '
        f"rml:referenceFormulation rml:{form}{iterator} ] ;\n"
        f"  rml:subjectMap [ {subject} ]{made} .\n"
    )


def test_subjects_that_repeat_once_beside_an_empty_one_are_seen_to_repeat(tmp_path: Path) -> None:
    rows = "id,name\n1,a\n1,a\n,b\n"
    assert lift(tmp_path, of("f.csv", 'rml:reference "name"'), f_csv=rows)[0] == ['<1> <p> "a"']


def test_a_language_that_is_none_rejects_its_row_alone(tmp_path: Path) -> None:
    rule = 'rml:reference "name" ; rml:languageMap [ rml:reference "tag" ]'
    made = lift(tmp_path, of("f.csv", rule), f_csv="id,name,tag\n1,a,en\n2,b,en_US\n")
    assert made == (['<1> <p> "a"@en'], [("f.csv:3", "bad-literal")])


def test_rows_that_make_nothing_make_no_empty_line(tmp_path: Path) -> None:
    assert lift(tmp_path, of("f.csv", 'rml:reference "name"'), f_csv="id,name\n1,\n") == ([], [])


def test_a_language_or_datatype_of_no_value_is_not_looked_at(tmp_path: Path) -> None:
    spoken = 'rml:reference "name" ; rml:languageMap [ rml:reference "tag" ]'
    typed = 'rml:reference "name" ; rml:datatypeMap [ rml:reference "tag" ]'
    rows = "id,name,tag\n1,,en_US<>\n"
    assert lift(tmp_path, of("f.csv", spoken, typed, 'rml:reference "id"'), f_csv=rows) == (
        ['<1> <p> "1"'],
        [],
    )


def test_times_bytes_and_days_of_any_year_are_checked_as_the_standard_has_them(
    tmp_path: Path,
) -> None:
    kinds = {"t": "time", "b": "hexBinary", "d": "date"}
    rules = [f'rml:reference "{c}" ; rml:datatype xsd:{kind}' for c, kind in kinds.items()]
    rows = "id,t,b,d\n1,24:00:00,cafe,-0044-02-29\n2,25:00:00,,\n3,,xy,\n4,,,2023-02-29\n"
    lines, rejected = lift(tmp_path, of("f.csv", *rules), f_csv=rows)
    assert len(lines) == 3
    assert rejected == [(f"f.csv:{line}", "bad-literal") for line in (3, 4, 5)]


def test_a_constant_keeps_the_form_that_the_mapping_writes(tmp_path: Path) -> None:
    constants = [
        '"01"^^xsd:integer',
        "1e0",
        "1.50",
        "true",
        '"1"^^xsd:boolean',
        '"24:00:00.00"^^xsd:time',
    ]
    rules = [f"rml:constant {constant}" for constant in constants]
    lines, _ = lift(tmp_path, of("f.csv", *rules), f_csv="id\n1\n")
    made = {line.split('"')[1] for line in lines}
    assert made == {"01", "1e0", "1.50", "true", "1", "24:00:00.00"}


def test_a_parent_of_the_same_rows_keeps_its_own_base(tmp_path: Path) -> None:
    link = "rml:parentTriplesMap <#g>"
    parent = of("f.csv", subject='rml:template "part/{id}"').replace("<#f>", "<#g>")
    base = "rml:baseIRI <http://y.org/> ; rml:logicalSource"
    lines, _ = lift(
        tmp_path, of("f.csv", link) + parent.replace("rml:logicalSource", base, 1), f_csv="id\n1\n"
    )
    assert lines == ["<1> <p> <http://y.org/part/1>"]
    lines, _ = lift(tmp_path, of("f.csv", link).replace("rml:logicalSource", base, 1) + parent)
    assert lines == ["<http://y.org/1> <p> <part/1>"]


def test_an_iri_may_have_a_host_of_numbers_and_letters_of_private_use(tmp_path: Path) -> None:
    iris = ["http://[fe80::1]:80/a", "http://x/?\ue000", "urn:a:b"]
    wrong = ["http://[fe80::g]/a", "http://x/\ue000", "http://u@h@i/", "a:b#c#d"]
    rows = "id,iri\n" + "".join(f"{n},{iri}\n" for n, iri in enumerate([*iris, *wrong], 2))
    rule = 'rml:reference "iri" ; rml:termType rml:IRI'
    lines, rejected = lift(tmp_path, of("f.csv", rule), f_csv=rows)
    assert lines == [f"<{n}> <p> <{iri}>" for n, iri in enumerate(iris, 2)]
    assert rejected == [(f"f.csv:{n}", "bad-iri") for n in range(5, 9)]


def test_a_template_whose_values_name_scheme_or_port_is_looked_at_row_by_row(
    tmp_path: Path,
) -> None:
    rules = [
        f'rml:template "{text}" ; rml:termType rml:IRI' for text in ("{a}:{b}", "http://h:{b}/")
    ]
    lines, rejected = lift(tmp_path, of("f.csv", *rules), f_csv="id,a,b\n1,urn,2\n2,3,4\n3,urn,x\n")
    assert lines == [
        "<1> <p> <http://h:2/>",
        "<1> <p> <urn:2>",
        "<2> <p> <3:4>",
        "<2> <p> <http://h:4/>",
    ]
    assert rejected == [("f.csv:4", "bad-iri")]


@pytest.mark.parametrize("written", ["http://x/[{id}]", "a#{id}#", "http://u@{id}@h/", "a b{id}"])
def test_a_template_that_no_value_makes_an_iri_is_an_error_of_the_mapping(
    tmp_path: Path, written: str
) -> None:
    with pytest.raises(MappingError, match=r"m\.ttl:\d+: .* is no IRI"):
        lift(tmp_path, of("f.csv", subject=f'rml:template "{written}"'), f_csv="id\n1\n")


def test_a_table_may_be_named_as_a_query_begins(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "t.sqlite") as database:
        database.execute('CREATE TABLE "select id" (id)')
        database.execute("INSERT INTO \"select id\" VALUES ('1'), ('a b')")
    database.close()
    mapping = of("f.csv", subject='rml:reference "id" ; rml:class ex:C').replace(
        "CSV", "SQL2008Table"
    )
    mapping = mapping.replace('"f.csv"', '"sqlite:///t.sqlite" ; rml:iterator "select id"')
    lines, rejected = lift(tmp_path, mapping)
    assert (len(lines), rejected) == (1, [('"select id"#2', "bad-iri")])


def test_a_column_of_parquet_may_have_no_value_at_all(tmp_path: Path) -> None:
    pq.write_table(pa.table({"id": ["1"], "none": pa.nulls(1)}), tmp_path / "f.parquet")
    rules = ['rml:reference "id"', 'rml:reference "none"']
    assert lift(tmp_path, of("f.parquet", *rules)) == (['<1> <p> "1"'], [])


def test_a_literal_may_be_said_to_be_a_type(tmp_path: Path) -> None:
    mapping = of("f.csv", 'rml:constant "a b"').replace("ex:p", "rdf:type")
    rdf = "@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .\n"
    lines, _ = lift(tmp_path, rdf + mapping, f_csv="id\n1\n")
    assert lines == ['<1> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> "a b"']


def test_text_of_sqlite_that_is_no_text_rejects_its_row_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "t.sqlite") as database:
        database.execute("CREATE TABLE t (id, name)")
        database.execute("INSERT INTO t VALUES ('1', 'a'), ('2', CAST(X'C3' AS TEXT)), ('3', 'c')")
    database.close()
    mapping = of("f.csv", 'rml:reference "name"').replace("CSV", "SQL2008Table")
    mapping = mapping.replace('"f.csv"', '"sqlite:///t.sqlite" ; rml:iterator "t"')
    assert lift(tmp_path, mapping) == (
        ['<1> <p> "a"', '<3> <p> "c"'],
        [("t#2", "bad-encoding")],
    )


def test_a_value_is_checked_by_the_datatype_that_its_row_names(tmp_path: Path) -> None:
    rule = 'rml:reference "name" ; rml:datatypeMap [ rml:template "{kind}" ]'
    base = of("f.csv", rule).replace(
        "rml:logicalSource", f"rml:baseIRI <{XSD}> ; rml:logicalSource", 1
    )
    rows = "id,name,kind\n1,7,integer\n2,x,integer\n3,x,string\n4,x,token\n5,x,\n"
    assert lift(tmp_path, base, f_csv=rows) == (
        [
            f'<{XSD}1> <p> "7"^^<{XSD}integer>',
            f'<{XSD}3> <p> "x"',
            f'<{XSD}4> <p> "x"^^<{XSD}token>',
        ],
        [("f.csv:3", "bad-literal")],
    )


def test_terms_of_the_same_list_combine_in_every_way(tmp_path: Path) -> None:
    items = json.dumps([{"tags": ["a", "b"]}])
    link = 'rml:parentTriplesMap <#f> ; rml:joinCondition [ rml:child "{0}" ; rml:parent "{0}" ]'
    subject = 'rml:template "{$.tags[*]}"'
    mapping = of("f.json", 'rml:reference "$.tags[*]"', subject=subject)
    assert lift(tmp_path, mapping, f_json=items)[0] == [
        f'<{mine}> <p> "{theirs}"' for mine in "ab" for theirs in "ab"
    ]
    mapping = of("f.json", link.replace("{0}", "$.tags[*]"), subject=subject)
    assert lift(tmp_path, mapping, f_json=items)[0] == [
        f"<{mine}> <p> <{theirs}>" for mine in "ab" for theirs in "ab"
    ]


def test_a_row_of_text_that_a_join_cannot_read_is_left_out_of_all(tmp_path: Path) -> None:
    link = 'rml:parentTriplesMap <#f> ; rml:joinCondition [ rml:child "part" ; rml:parent "part" ]'
    rows = b"id,part\n1,\xff\n2,b\n"
    nameless = "rml:termType rml:BlankNode ; rml:class ex:C"
    for subject in ('rml:template "{id}" ; rml:class ex:C', nameless):
        lines, rejected = lift(tmp_path, of("f.csv", link, subject=subject), f_csv=rows)
        assert rejected == [("f.csv:2", "bad-encoding")]
        assert len(lines) == 2
        assert len({line.split()[0] for line in lines}) == 1


def test_what_means_nothing_is_no_bad_value_beside_one(tmp_path: Path) -> None:
    rule = 'rml:reference "name" ; rml:datatype xsd:integer'
    mapping = of("f.csv", rule).replace('"f.csv"', '[ csvw:url "f.csv" ; csvw:null "-" ]')
    rows = "id,name\n1,-\n2,x\n3,7\n"
    made = lift(tmp_path, mapping, f_csv=rows)
    assert made == ([f'<3> <p> "7"^^<{XSD}integer>'], [("f.csv:3", "bad-literal")])


def test_a_bad_value_is_reported_beside_text_that_is_not_asked_for(tmp_path: Path) -> None:
    rule = 'rml:reference "name" ; rml:datatype xsd:integer'
    rows = b"id,name,note\n1,x,\xff\n2,7,\xff\n"
    made = lift(tmp_path, of("f.csv", rule), f_csv=rows)
    assert made == ([f'<2> <p> "7"^^<{XSD}integer>'], [("f.csv:2", "bad-literal")])


def test_a_bad_value_is_reported_beside_nameless_nodes(tmp_path: Path) -> None:
    rule = 'rml:reference "name" ; rml:datatype xsd:integer'
    mapping = of("f.csv", rule, subject="rml:termType rml:BlankNode")
    lines, rejected = lift(tmp_path, mapping, f_csv="id,name\n1,x\n2,7\n")
    assert [line.split(maxsplit=1)[1] for line in lines] == [f'<p> "7"^^<{XSD}integer>']
    assert rejected == [("f.csv:2", "bad-literal")]
