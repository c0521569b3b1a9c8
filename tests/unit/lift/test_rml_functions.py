"""Functions in RML, in every spelling that was published, and what YARRRML makes of the same."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yatter
from ruamel.yaml import YAML

from kg.errors import MappingError
from kg.lift import lift_file

PREFIXES = """
@prefix rml: <http://w3id.org/rml/> .
@prefix rr: <http://www.w3.org/ns/r2rml#> .
@prefix old: <http://semweb.mmlab.be/ns/rml#> .
@prefix ql: <http://semweb.mmlab.be/ns/ql#> .
@prefix fnml: <http://semweb.mmlab.be/ns/fnml#> .
@prefix fno: <https://w3id.org/function/ontology#> .
@prefix grel: <http://users.ugent.be/~bjdmeest/function/grel.ttl#> .
@prefix idlab-fn: <https://w3id.org/imec/idlab/function#> .
@prefix older: <http://example.com/idlab/function/> .
@prefix trf: <https://w3id.org/traveler/function/> .
@prefix ex: <http://x.org/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
NEW = (
    PREFIXES
    + """
<#Job> rml:logicalSource [ rml:source [ a rml:RelativePathSource ; rml:path "job.csv" ] ;
    rml:referenceFormulation rml:CSV ] ;
"""
)
OLD = (
    PREFIXES
    + """
<#Job> old:logicalSource [ old:source "job.csv" ; old:referenceFormulation ql:CSV ] ;
"""
)
SUBJECT = '  rml:subjectMap [ rml:template "http://x.org/job/{id}" ] ;\n'
OLD_SUBJECT = '  rr:subjectMap [ rr:template "http://x.org/job/{id}" ] ;\n'
CSV = "id,name,lang,code,size,unit\n1,ab cd,SV,a;b,2,[in_i]\n2,,en,,x,mm\n3,Ö,de,c,7,furlong\n"


def lift(folder: Path, text: str, name: str = "job.ttl") -> list[str]:
    (folder / "job.csv").write_text(CSV, encoding="utf-8")
    (folder / "codes.csv").write_text("a;b,http://x.org/code/ab\nc,http://x.org/code/c\n")
    (folder / name).write_text(text, encoding="utf-8")
    return list(lift_file(folder / name, "http://x.org/", is_sorted=True).lines)


def objects(lines: list[str]) -> list[str]:
    return [line.split(" ", 2)[2].removesuffix(" .") for line in lines]


UPPER = """
  rml:predicateObjectMap [ rml:predicate ex:name ; rml:objectMap [
    rml:functionExecution [ rml:function grel:toUpperCase ; rml:input [
      rml:parameter grel:valueParameter ; rml:inputValueMap [ rml:reference "name" ] ] ] ] ] .
"""
LONG_UPPER = """
  rml:predicateObjectMap [ rml:predicate ex:name ; rml:objectMap [
    rml:functionExecution <#Upper> ; rml:returnMap [ rml:constant grel:stringOut ] ] ] .
<#Upper> a rml:FunctionExecution ;
  rml:functionMap [ a rml:FunctionMap ; rml:constant grel:toUppercase ] ;
  rml:input [ a rml:Input ; rml:parameterMap [ rml:constant grel:valueParam ] ;
    rml:inputValueMap [ a rml:TermMap ; rml:reference "name" ] ] .
"""
FNML_UPPER = """
  rr:predicateObjectMap [ rr:predicate ex:name ; rr:objectMap [ a fnml:FunctionMap ;
    fnml:functionValue [
      rr:predicateObjectMap [ rr:predicate fno:executes ; rr:object grel:toUpperCase ] ;
      rr:predicateObjectMap [ rr:predicateMap [ rr:constant grel:valueParameter ] ;
        rr:objectMap [ old:reference "name" ] ] ] ; fnml:return grel:stringOut ] ] .
"""
WHOLE_UPPER = FNML_UPPER.replace(
    "fnml:functionValue [",
    """fnml:functionValue [
      old:logicalSource [ old:source "job.csv" ; old:referenceFormulation ql:CSV ] ;
      rr:subjectMap [ rr:termType rr:BlankNode ; rr:class fno:Execution ] ;""",
)
BETWEEN_UPPER = """
  rr:predicateObjectMap [ rr:predicate ex:name ; rr:objectMap [ fnml:execution <#Upper> ] ] .
<#Upper> a fnml:Execution ; fnml:function grel:toUpperCase ; fnml:input [ a fnml:Input ;
  fnml:parameter grel:valueParam ; fnml:valueMap [ old:reference "name" ] ] .
"""


@pytest.mark.parametrize(
    "text",
    [
        NEW + SUBJECT + UPPER,
        NEW + SUBJECT + LONG_UPPER,
        OLD + OLD_SUBJECT + FNML_UPPER,
        OLD + OLD_SUBJECT + WHOLE_UPPER,
        OLD + OLD_SUBJECT + BETWEEN_UPPER,
    ],
    ids=["shortcuts", "maps", "FNML function value", "with its source", "FNML execution"],
)
def test_every_spelling_of_a_function_makes_the_same(tmp_path: Path, text: str) -> None:
    assert lift(tmp_path, text) == [
        '<http://x.org/job/1> <http://x.org/name> "AB CD" .',
        '<http://x.org/job/3> <http://x.org/name> "Ö" .',
    ]


NESTED_NEW = """
  rml:predicateObjectMap [ rml:predicate ex:name ; rml:objectMap [ rml:functionExecution [
    rml:function idlab-fn:toUpperCaseURL ; rml:input [ rml:parameter idlab-fn:_str ;
      rml:inputValueMap [ rml:functionExecution [ rml:function grel:string_replace ;
        rml:input [ rml:parameter grel:valueParam ; rml:inputValueMap [ rml:reference "name" ] ] ,
          [ rml:parameter grel:param_find ; rml:inputValue " " ] ,
          [ rml:parameter grel:param_replace ; rml:inputValue "-" ] ] ;
        rml:return grel:stringOut ] ] ] ;
    rml:termType rml:IRI ; rml:return idlab-fn:_stringOut ] ] .
"""
NESTED_OLD = """
  rr:predicateObjectMap [ rr:predicate ex:name ; rr:objectMap [ rr:termType rr:IRI ;
    fnml:functionValue [
      rr:predicateObjectMap [ rr:predicate fno:executes ;
        rr:objectMap [ rr:constant older:toUpperCaseURL ] ] ;
      rr:predicateObjectMap [ rr:predicate older:str ; rr:objectMap [ fnml:functionValue [
        rr:predicateObjectMap [ rr:predicate fno:executes ; rr:object grel:string_replace ] ;
        rr:predicateObjectMap [ rr:predicate grel:valueParameter ;
          rr:objectMap [ old:reference "name" ] ] ;
        rr:predicateObjectMap [ rr:predicate grel:p_string_find ; rr:object " " ] ;
        rr:predicateObjectMap [ rr:predicate grel:p_string_replace ; rr:object "-" ] ] ] ] ] ] ] .
"""


@pytest.mark.parametrize("text", [NEW + SUBJECT + NESTED_NEW, OLD + OLD_SUBJECT + NESTED_OLD])
def test_functions_nest_in_every_spelling(tmp_path: Path, text: str) -> None:
    assert objects(lift(tmp_path, text)) == ["<HTTP://AB-CD>", "<HTTP://Ö>"]


EVERYWHERE = """
<#Job> rml:logicalSource [ rml:source [ a rml:RelativePathSource ; rml:path "job.csv" ] ;
    rml:referenceFormulation rml:CSV ] ;
  rml:subjectMap [ rml:functionExecution [ rml:function trf:concat ;
      rml:input [ rml:parameter trf:value ; rml:inputValue "job/" ] ,
        [ rml:parameter trf:value2 ; rml:inputValueMap [ rml:reference "id" ] ] ] ;
    rml:graphMap [ rml:functionExecution [ rml:function trf:concat ;
      rml:input [ rml:parameter trf:value ; rml:inputValue "graph/" ] ,
        [ rml:parameter trf:value2 ; rml:inputValueMap [ rml:reference "lang" ] ] ] ] ] ;
  rml:predicateObjectMap [
    rml:predicateMap [ rml:functionExecution [ rml:function trf:concat ;
      rml:input [ rml:parameter trf:value ; rml:inputValue "name-" ] ,
        [ rml:parameter trf:value2 ; rml:inputValueMap [ rml:reference "lang" ] ] ] ] ;
    rml:objectMap [ rml:reference "name" ; rml:languageMap [
      rml:functionExecution [ rml:function grel:toLowerCase ; rml:input [
        rml:parameter grel:valueParam ; rml:inputValueMap [ rml:reference "lang" ] ] ] ] ] ,
      [ rml:reference "name" ; rml:datatypeMap [
        rml:functionExecution [ rml:function trf:concat ;
          rml:input [ rml:parameter trf:value ; rml:inputValue "type/" ] ,
          [ rml:parameter trf:value2 ; rml:inputValueMap [ rml:reference "lang" ] ] ] ] ] ] .
"""
EVERYWHERE_YARRRML = """
prefixes: {ex: "http://x.org/"}
mappings:
  job:
    sources: [[job.csv~csv]]
    s: {function: "trf:concat(value = 'job/', value2 = $(id))"}
    graphs: {fn: trf:concat, pms: [[value, graph/], [value2, $(lang)]]}
    po:
      - p: {f: "trf:concat(value = 'name-', value2 = $(lang))"}
        o:
          - value: $(name)
            language: {function: "grel:toLowerCase(valueParameter = $(lang))"}
          - value: $(name)
            datatype: {function: trf:concat, parameters: [[value, type/], [value2, $(lang)]]}
"""


def test_a_function_stands_wherever_a_term_is_made(tmp_path: Path) -> None:
    made = lift(tmp_path, PREFIXES + EVERYWHERE)
    assert [line.removesuffix(" .").replace("http://x.org/", "") for line in made] == [
        '<job/1> <name-SV> "ab cd"@sv <graph/SV>',
        '<job/1> <name-SV> "ab cd"^^<type/SV> <graph/SV>',
        '<job/3> <name-de> "Ö"@de <graph/de>',
        '<job/3> <name-de> "Ö"^^<type/de> <graph/de>',
    ]
    assert lift(tmp_path, EVERYWHERE_YARRRML, "job.yml") == made


CONDITION = """
  rml:predicateObjectMap [ rml:predicate ex:name ; rml:objectMap [
    rml:condition [ rml:functionExecution [ rml:function idlab-fn:notEqual ;
      rml:input [ rml:parameter grel:valueParam ; rml:inputValueMap [ rml:reference "lang" ] ] ,
        [ rml:parameter grel:valueParam2 ; rml:inputValue "en" ] ] ;
      rml:return idlab-fn:_boolOut ] ;
    rml:template "http://x.org/of/{lang}" ] ] .
"""


def test_a_term_map_makes_something_only_where_its_condition_holds(tmp_path: Path) -> None:
    made = ["<http://x.org/of/SV>", "<http://x.org/of/de>"]
    assert objects(lift(tmp_path, NEW + SUBJECT + CONDITION)) == made
    yarrrml = """
prefixes: {ex: "http://x.org/"}
mappings:
  job:
    sources: [[job.csv~csv]]
    s: ex:job/$(id)
    po:
      - p: ex:name
        o:
          value: ex:of/$(lang)~iri
          condition:
            function: idlab-fn:notEqual
            parameters: [[grel:valueParameter, $(lang)], [grel:valueParameter2, en]]
"""
    assert objects(lift(tmp_path, yarrrml, "job.yml")) == made


def test_what_repeats_keeps_the_order_of_the_file(tmp_path: Path) -> None:
    inputs = " ,\n".join(
        f"[ rml:parameter grel:p_any_rep_e ; rml:inputValueMap [ {value} ] ]"
        for value in ('rml:reference "name"', 'rml:reference "code"', 'rml:constant "none"')
    )
    text = f"""
  rml:predicateObjectMap [ rml:predicate ex:x ; rml:objectMap [ rml:functionExecution [
    rml:function grel:other_coalesce ; rml:input
      {inputs} ] ] ] .
"""
    assert objects(lift(tmp_path, NEW + SUBJECT + text)) == ['"ab cd"', '"none"', '"Ö"']


def test_a_lookup_reads_a_file_beside_the_mapping(tmp_path: Path) -> None:
    call = "idlab-fn:lookup(str = $(code), inputFile = codes.csv, fromColumn = 0, toColumn = 1)"
    text = f"""
prefixes: {{ex: "http://x.org/"}}
mappings:
  job:
    sources: [[job.csv~csv]]
    s: ex:job/$(id)
    po: [{{p: ex:code, o: {{function: "{call}", type: iri}}}}]
"""
    assert objects(lift(tmp_path, text, "job.yml")) == [
        "<http://x.org/code/ab>", "<http://x.org/code/c>",
    ]  # fmt: skip


def test_a_unit_of_a_row_that_is_unknown_puts_the_row_aside(tmp_path: Path) -> None:
    call = "trf:convertUnit(value = $(size), from = $(unit), to = mm)"
    text = f"""
prefixes: {{ex: "http://x.org/"}}
mappings:
  job:
    sources: [[job.csv~csv]]
    s: ex:job/$(id)
    po: [{{p: ex:size, o: {{function: "{call}", datatype: xsd:decimal}}}}]
"""
    (tmp_path / "job.csv").write_text(CSV)
    (tmp_path / "job.yml").write_text(text)
    lifted = lift_file(tmp_path / "job.yml", "")
    assert objects(list(lifted.lines)) == ['"50.8"^^<http://www.w3.org/2001/XMLSchema#decimal>']
    assert [(bad.position, bad.code) for bad in lifted.rejected] == [
        ("job.csv:3", "bad-number"),
        ("job.csv:4", "bad-unit"),
    ]
    assert "'unit' = 'furlong' is no unit that becomes mm (job.yml:7)" in lifted.rejected[1].message


YARRRML = """
prefixes:
  ex: http://x.org/
  grel: http://users.ugent.be/~bjdmeest/function/grel.ttl#
  idlab-fn: https://w3id.org/imec/idlab/function#
mappings:
  job:
    sources:
      - ["job.csv~csv"]
    s: ex:job/$(id)
    po:
      - p: ex:name
        o:
          function: grel:toUpperCase
          parameters:
            - [grel:valueParameter, $(name)]
      - p: ex:code
        o:
          function: grel:string_replace
          parameters:
            - parameter: grel:valueParameter
              value:
                function: grel:toLowerCase
                parameters:
                  - [grel:valueParameter, $(code)]
            - [grel:p_string_find, ";"]
            - [grel:p_string_replace, "+"]
      - p: ex:short
        o:
          function: grel:toUpperCase(grel:valueParameter = $(code))
"""


def test_functions_mean_what_yatter_makes_of_them(tmp_path: Path) -> None:
    ours = lift(tmp_path, YARRRML, "job.yml")
    turtle = yatter.translate(YAML(typ="safe", pure=True).load(YARRRML))
    assert "fnml:execution" in turtle
    assert len(ours) == 6
    assert lift(tmp_path, turtle, "job.ttl") == ours


FIRST = """
  rml:predicateObjectMap [ rml:predicate ex:a ; rml:objectMap [ rml:functionExecution [
    rml:function grel:string_chomp ;
    rml:input [ rml:parameter grel:valueParam ; rml:inputValueMap [ rml:reference "lang" ] ] ,
      [ rml:parameter grel:param_string_sep ; rml:inputValue "V" ] ] ] ] ;
"""
SECOND = """  rml:predicateObjectMap [ rml:predicate ex:x ; rml:objectMap [ rml:functionExecution [
    rml:function grel:string_chomp ;
    rml:input [ rml:parameter grel:valueParam ; rml:inputValueMap [ rml:reference "code" ] ] ,
      [ rml:parameter grel:param_string_sep ; rml:inputValue ";b" ] ] ; rml:return grel:stringOut
  ] ] .
"""
HEAD_LINES = (NEW + SUBJECT + FIRST).count("\n")
UNTESTED = """ex:x ; rml:objectMap [ rml:reference "id" ; rml:languageMap [
  rml:constant "en" ; rml:condition [ rml:constant "true" ] ] ] ,"""


def test_a_function_is_found_where_it_stands_a_second_time(tmp_path: Path) -> None:
    made = objects(lift(tmp_path, NEW + SUBJECT + FIRST + SECOND))
    assert made == ['"S"', '"a"', '"en"', '"de"', '"c"']


@pytest.mark.parametrize(
    ("old", "new", "line", "word"),
    [
        ("string_chomp", "string_chump", 2, "there is no function http"),
        ("param_string_sep", "param_string_sup", 2, "'param_string_sup' (RML-FNML, Parameter Map)"),
        ("grel:param_string_sep", "grel:valueParameter", 2, "twice has the parameter"),
        (
            '[ rml:reference "code" ]',
            '[ rml:reference "code" ] , [ rml:constant "x" ]',
            0,
            "'valueParam' has more than one value (RML-FNML, Input)",
        ),
        ('rml:inputValue ";b"', "rml:inputValueMap [ ]", 0, "has no template"),
        ('; rml:inputValue ";b"', "", 0, "has no value (RML-FNML, Input)"),
        (
            ' ,\n      [ rml:parameter grel:param_string_sep ; rml:inputValue ";b" ]',
            "",
            2,
            "is given no 'p_string_sep' (RML-FNML, Parameter Map)",
        ),
        ("rml:function grel:string_chomp ;", "", 0, "(Function Execution) has no rml:functionMap"),
        (
            "rml:function grel:string_chomp",
            'rml:functionMap [ rml:reference "code" ]',
            2,
            "(RML-FNML, Function Map)",
        ),
        ("grel:stringOut", "grel:output_bool", 2, "no 'output_bool' (RML-FNML, Return Map)"),
        (
            "rml:return grel:stringOut",
            'rml:returnMap [ rml:reference "code" ]',
            4,
            "(RML-FNML, Return Map)",
        ),
        (
            "rml:parameter grel:valueParam",
            'rml:parameterMap [ rml:reference "code" ]',
            3,
            "(RML-FNML, Parameter Map)",
        ),
        ("ex:x ; rml:objectMap", UNTESTED, 2, "(RML-FNML, Conditions)"),
    ],
)
def test_a_function_wrongly_used_is_refused_with_line_and_section(
    tmp_path: Path, old: str, new: str, line: int, word: str
) -> None:
    assert old in SECOND
    with pytest.raises(MappingError) as caught:
        lift(tmp_path, NEW + SUBJECT + FIRST + SECOND.replace(old, new))
    assert word in caught.value.message
    found = re.search(r"job\.ttl:(\d+): ", caught.value.message)
    assert found
    assert line in {0, int(found.group(1)) - HEAD_LINES}


@pytest.mark.parametrize("rule", ["", "rr:predicateObjectMap [ rr:predicate ex:y ; rr:object 1 ]"])
def test_a_function_value_must_say_what_it_executes(tmp_path: Path, rule: str) -> None:
    value = f"[ fnml:functionValue [ {rule} ] ]"
    text = f"  rr:predicateObjectMap [ rr:predicate ex:x ; rr:objectMap {value} ] ."
    with pytest.raises(MappingError, match=r"job\.ttl:\d+: .* fno:executes"):
        lift(tmp_path, OLD + OLD_SUBJECT + text)


def test_a_function_value_reads_no_other_rows(tmp_path: Path) -> None:
    text = WHOLE_UPPER.replace('"job.csv"', '"codes.csv"')
    with pytest.raises(MappingError, match=r"job\.ttl:\d+: a function value reads the rows"):
        lift(tmp_path, OLD + OLD_SUBJECT + text)


JOINED = """
  rml:predicateObjectMap [ rml:predicate ex:of ; rml:objectMap [ rml:parentTriplesMap <#Code> ;
    rml:joinCondition [ rml:parent "short" ; rml:childMap [ rml:functionExecution [
      rml:function grel:toUpperCase ; rml:input [ rml:parameter grel:valueParam ;
        rml:inputValueMap [ rml:functionExecution [ rml:function trf:splitPart ;
          rml:input [ rml:parameter trf:value ; rml:inputValueMap [ rml:reference "code" ] ] ,
            [ rml:parameter trf:separator ; rml:inputValue ";" ] ,
            [ rml:parameter trf:index ; rml:inputValue 1 ] ] ] ] ] ] ] ] ] .
<#Code> rml:logicalSource [ rml:source [ a rml:RelativePathSource ; rml:path "short.csv" ] ;
    rml:referenceFormulation rml:CSV ] ;
  rml:subjectMap [ rml:template "http://x.org/code/{short}" ] .
"""


def test_two_sources_are_joined_by_what_functions_make_of_their_values(tmp_path: Path) -> None:
    (tmp_path / "short.csv").write_text("short\nA\nC\nX\n")
    made = objects(lift(tmp_path, NEW + SUBJECT + JOINED))
    assert made == ["<http://x.org/code/A>", "<http://x.org/code/C>"]
