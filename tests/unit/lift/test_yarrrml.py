from __future__ import annotations

import re
from pathlib import Path

import pytest

from kg.errors import MappingError
from kg.lift import lift_file
from kg.lift.mapping import Constant, FunctionCall, Reference, Template, TermType
from kg.lift.yarrrml import read_yarrrml

HEAD = "mappings:\n  job:\n    sources: [[job~table]]\n    s: job/$(id)\n    po:\n"


def read(folder: Path, text: str):
    file = folder / "job.yml"
    file.write_text(text, encoding="utf-8")
    return read_yarrrml(file)


def rules(folder: Path, po: str):
    (triples_map,) = read(folder, HEAD + po).triples_maps
    return triples_map.predicate_objects


def test_a_mapping_keeps_the_line_of_every_rule(tmp_path: Path) -> None:
    made = rules(tmp_path, "      - [a, tr:Job]\n      - [tr:identifier, $(number)]\n")
    assert [rule.line for rule in made] == [6, 7]
    assert [rule.objects[0].line for rule in made] == [6, 7]


def test_the_long_and_the_short_form_are_the_same(tmp_path: Path) -> None:
    short = rules(tmp_path, "      - [tr:dueDate, $(due), xsd:date]\n")
    long = rules(
        tmp_path,
        "      - predicates: tr:dueDate\n        objects:\n"
        "          value: $(due)\n          datatype: xsd:date\n",
    )
    assert short == long


def test_an_iri_is_one_by_its_mark_its_type_or_after_a(tmp_path: Path) -> None:
    made = rules(
        tmp_path,
        "      - [tr:makes, part/$(part)~iri]\n"
        "      - {p: tr:makes, o: {value: part/$(part), type: iri}}\n"
        "      - [a, tr:Job]\n"
        "      - [tr:text, tr:Job]\n",
    )
    terms = [rule.objects[0] for rule in made]
    assert terms[0] == terms[1]
    assert terms[0].expression == Template(("part/", Reference("part")))
    assert terms[2].expression == Constant("https://w3id.org/traveler/ontology/Job")
    assert terms[3].expression == Constant("tr:Job")
    assert [term.term_type for term in terms] == [TermType.IRI] * 3 + [TermType.LITERAL]


def test_several_predicates_and_objects_are_combined(tmp_path: Path) -> None:
    (rule,) = rules(
        tmp_path, "      - {p: [tr:a, tr:b], o: [$(x), [$(y), xsd:integer], [$(z), sv~lang]]}\n"
    )
    assert len(rule.predicates) == 2
    assert [term.datatype is not None for term in rule.objects] == [False, True, False]
    language = rule.objects[2].language
    assert language is not None
    assert language.expression == Constant("sv")


def test_a_pair_is_a_value_with_its_datatype_only_where_it_says_so(tmp_path: Path) -> None:
    made = rules(
        tmp_path,
        "      - {p: tr:x, o: [$(x), xsd:integer]}\n"
        "      - {p: tr:x, o: [$(x), $(y)]}\n"
        "      - {p: a, o: [tr:Job, xsd:Job]}\n",
    )
    assert [len(rule.objects) for rule in made] == [1, 2, 2]


def test_functions_nest_and_keep_type_and_condition(tmp_path: Path) -> None:
    (rule,) = rules(
        tmp_path,
        "      - p: tr:status\n"
        "        o:\n"
        "          function: trf:lookup\n"
        "          type: iri\n"
        "          parameters:\n"
        "            - [trf:value, {function: grel:string_trim(valueParameter = $(state))}]\n"
        "            - {parameter: trf:table, value: state}\n"
        "        condition:\n"
        "          function: trf:notNull(value = $(state))\n",
    )
    call = rule.objects[0].expression
    assert isinstance(call, FunctionCall)
    assert [name for name, _ in call.parameters] == ["value", "table"]
    assert isinstance(call.parameters[0][1], FunctionCall)
    assert rule.objects[0].term_type is TermType.IRI
    assert isinstance(rule.condition, FunctionCall)


def test_named_sources_bases_and_blank_subjects_are_read(tmp_path: Path) -> None:
    document = read(
        tmp_path,
        "base: http://b/\nsources:\n  jobs: {access: j.csv, referenceFormulation: csv}\n"
        "mappings:\n  job:\n    sources: jobs\n    s: _:$(id)\n    graphs: g/$(id)\n"
        "    po: [tr:x, $(x)]\n",
    )
    (triples_map,) = document.triples_maps
    assert triples_map.source.name == "j.csv"
    assert triples_map.base == "http://b/"
    assert triples_map.subject.term_type is TermType.BLANK_NODE
    assert len(triples_map.graphs) == 1


@pytest.mark.parametrize(
    ("text", "line", "word", "hint"),
    [
        ("mappings: [", 1, "no YAML", "brackets"),
        ("", 1, "is empty", "mappings"),
        ("prefixes: {a: b}", 1, "no mappings", "mappings:"),
        ("mappings:\n  job:\n    sorces: x\n", 3, "'sorces'", "'sources'"),
        ("mappings:\n  job:\n    s: x\n", 3, "no sources", "sources:"),
        ("mappings:\n  job:\n    sources: [[x~table]]\n", 3, "no subjects", "subjects:"),
        ("mappings:\n  job:\n    s: a\n    s: b\n", 4, "'s' is given twice", "one"),
        ("mappings:\n  job:\n    sources: [x]\n    s: y\n", 3, "'x'", "~table"),
        (HEAD + "      - [tx:name, $(n)]\n", 6, "prefix 'tx'", "'tr'"),
        (HEAD + "      - [tr:name]\n", 6, "short", ""),
        (HEAD + "      - {p: tr:name}\n", 6, "no objects", "objects:"),
        (HEAD + "      - [tr:name, $(n]\n", 6, "$(", "$(column)"),
        (HEAD + "      - [tr:name, $(n), english~lang]\n", 6, "'english'", "en~lang"),
        (HEAD + "      - [tr:makes, x~iri, xsd:date]\n", 6, "only a literal", ""),
        (HEAD + "      - {p: tr:x, o: {value: $(x), type: uri}}\n", 6, "'uri'", "iri"),
        (HEAD + "      - {p: tr:x, o: {datatype: xsd:date}}\n", 6, "neither", "value:"),
        (HEAD + "      - {p: tr:x, o: {mapping: part}}\n", 6, "no mapping", "there are job"),
        (HEAD + "      - {p: tr:x, o: {function: trim}}\n", 6, "'trim' has no prefix", "trf:"),
        (HEAD + "      - {p: tr:x, o: {function: 'trf:x(a'}}\n", 6, "missing", "parameter ="),
        (HEAD + "      - {p: tr:x, o: {function: trf:x, pms: [[a, b, c]]}}\n", 6, "parameter", ""),
    ],
)
def test_what_cannot_be_read_names_line_term_and_remedy(
    tmp_path: Path, text: str, line: int, word: str, hint: str
) -> None:
    with pytest.raises(MappingError) as caught:
        read(tmp_path, text)
    assert f"job.yml:{line}: " in caught.value.message
    assert word in caught.value.message
    assert hint in caught.value.hint


JOINED = """
prefixes: {ex: "http://x.org/"}
mappings:
  job:
    sources: [[job.csv~csv]]
    s: ex:job/$(id)
    po:
      - p: ex:makes
        o:
          - mapping: part
            condition:
              function: equal
              parameters: [[str1, $(part), s], [str2, $(code), o]]
          - mapping: job
  part:
    sources: [[part.csv~csv]]
    s: ex:part/$(id)
    po: [[ex:code, $(code)]]
"""


def test_a_mapping_is_joined_to_another_by_what_is_equal(tmp_path: Path) -> None:
    (tmp_path / "job.csv").write_text("id,part\n1,A\n2,B\n3,\n")
    (tmp_path / "part.csv").write_text("id,code\n7,A\n8,A\n9,\n")
    (tmp_path / "m.yml").write_text(JOINED)
    made = [line for line in lift_file(tmp_path / "m.yml", "").lines if "makes" in line]
    ends = [re.findall(r"/(\w+/\d)>", line) for line in sorted(made)]
    assert ends == [
        ["job/1", "job/1"],
        ["job/1", "part/7"],
        ["job/1", "part/8"],
        ["job/2", "job/2"],
        ["job/3", "job/3"],
    ]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("mapping: job", "mapping: jab", "m.yml:14: there is no mapping 'jab'"),
        ("mapping: job", "mapping: part", "m.yml:14: a mapping of another source needs"),
        ("equal", "idlab-fn:notEqual", "m.yml:12: two mappings are joined by the function"),
    ],
)
def test_a_join_that_cannot_be_is_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    (tmp_path / "m.yml").write_text(JOINED.replace(old, new))
    with pytest.raises(MappingError) as caught:
        lift_file(tmp_path / "m.yml", "")
    assert message in caught.value.message
