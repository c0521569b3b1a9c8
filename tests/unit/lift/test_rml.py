from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
import yatter
from ruamel.yaml import YAML

from kg.errors import MappingError
from kg.lift import lift_file

HEAD = """
@prefix rml: <http://w3id.org/rml/> .
@prefix ex: <http://x.org/> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
<#Job> a rml:TriplesMap ;
  rml:logicalSource [ rml:source [ a rml:RelativePathSource ; rml:path "job.csv" ] ;
    rml:referenceFormulation rml:CSV ] ;
"""
SUBJECT = '  rml:subjectMap [ rml:template "http://x.org/job/{id}" ; rml:class ex:Job ] ;\n'
CSV = 'id,name,qty,link,when\n1,Åsa "A",007,http://x.org/a,2026-11-23\n2,,1.5,http://x.org/b,\n'


def lift(folder: Path, text: str, name: str = "job.ttl") -> list[str]:
    (folder / "job.csv").write_text(CSV, encoding="utf-8")
    (folder / name).write_text(text, encoding="utf-8")
    return list(lift_file(folder / name, "http://x.org/", is_sorted=True).lines)


def test_the_older_vocabularies_say_the_same(tmp_path: Path) -> None:
    new = (
        HEAD
        + SUBJECT
        + (
            "  rml:predicateObjectMap [ rml:predicate ex:name ; rml:objectMap ["
            ' rml:reference "name" ; rml:language "sv" ] ] .\n'
        )
    )
    old = """
        @prefix rr: <http://www.w3.org/ns/r2rml#> .
        @prefix rml: <http://semweb.mmlab.be/ns/rml#> .
        @prefix ql: <http://semweb.mmlab.be/ns/ql#> .
        @prefix ex: <http://x.org/> .
        <#Job> rml:logicalSource [ rml:source "job.csv" ; rml:referenceFormulation ql:CSV ] ;
          rr:subjectMap [ rr:template "http://x.org/job/{id}" ; rr:class ex:Job ] ;
          rr:predicateObjectMap [ rr:predicate ex:name ;
            rr:objectMap [ rml:reference "name" ; rr:language "sv" ] ] .
    """
    lines = lift(tmp_path, new)
    assert len(lines) == 3
    assert lift(tmp_path, textwrap.dedent(old)) == lines


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("<#Job> rml:x", 1, "no Turtle"),
        (HEAD[:-2] + ".\n", 5, "exactly one subject map"),
        (HEAD + '  rml:subjectMap [ rml:template "{{id}}" ] .\n', 8, "(Template)"),
        (
            HEAD + '  rml:subjectMap [ rml:template "{id}" ; rml:reference "id" ] .\n',
            8,
            "more than",
        ),
        (
            HEAD + '  rml:subjectMap [ rml:template "{id}" ; rml:termType rml:Thing ] .\n',
            8,
            "there is no term type Thing",
        ),
        (
            HEAD + '  rml:subjectMap [ rml:template "{id}" ; rml:termType rml:Literal ] .\n',
            8,
            "cannot be a literal",
        ),
        (HEAD + SUBJECT + "  rml:logicalTarget <#T> .\n", 9, "rml:logicalTarget is not supported"),
        (
            HEAD + SUBJECT + "  rml:predicateObjectMap [ rml:predicate ex:x ; rml:objectMap ["
            ' rml:parentTriplesMap <#Job> ; rml:joinCondition [ rml:child "a" ] ] ] .\n',
            9,
            "exactly one parent map (Join Condition)",
        ),
        (
            HEAD + SUBJECT + "  rml:predicateObjectMap [ rml:predicate ex:x ; rml:objectMap ["
            ' rml:reference "name" ; rml:language "a-english" ] ] .\n',
            9,
            "no language tag",
        ),
        (
            HEAD.replace("rml:CSV", "rml:XQuery") + SUBJECT[:-2] + ".\n",
            7,
            "XQuery is not supported",
        ),
        (
            HEAD + '  rml:subjectMap [ rml:reference "id" ; rml:strategy rml:append ] .\n',
            8,
            "belongs to rml:gather",
        ),
        (
            HEAD + SUBJECT + "  rml:predicateObjectMap [ rml:predicate ex:x ; rml:objectMap ["
            ' rml:reference "name" ; rml:language "en" ; rml:datatype xsd:string ] ] .\n',
            9,
            "one datatype or one language",
        ),
        (
            HEAD + SUBJECT + "  rml:predicateObjectMap [ rml:predicate ex:x ; rml:objectMap ["
            " rml:parentTriplesMap <#Other> ] ] .\n<#Other> rml:subject ex:other ;"
            ' rml:logicalSource [ rml:source "other.csv" ; rml:referenceFormulation rml:CSV ] .\n',
            9,
            "needs a join condition (Referencing Object Map)",
        ),
    ],
)
def test_what_is_no_rml_or_not_supported_yet_is_refused_by_name(
    tmp_path: Path, text: str, line: int, word: str
) -> None:
    with pytest.raises(MappingError) as caught:
        lift(tmp_path, text)
    assert word in caught.value.message
    assert f"job.ttl:{line}: " in caught.value.message


YARRRML = """
prefixes:
  ex: http://x.org/
  xsd: http://www.w3.org/2001/XMLSchema#
mappings:
  job:
    sources:
      - ["job.csv~csv"]
    s: ex:job/$(id)
    po:
      - [a, "ex:Job"]
      - ["ex:name", $(name)]
      - ["ex:label", "Job $(id): $(name)", sv~lang]
      - ["ex:link", $(link)~iri]
      - ["ex:part", "ex:part/$(name)~iri"]
      - ["ex:qty", $(qty), "xsd:decimal"]
      - p: ["ex:p", "ex:q"]
        o:
          - $(id)
          - value: "$(when)"
            datatype: "xsd:date"
"""


def test_our_reader_of_yarrrml_agrees_with_yatter_and_rml(tmp_path: Path) -> None:
    ours = lift(tmp_path, YARRRML, "job.yml")
    turtle = yatter.translate(YAML(typ="safe", pure=True).load(YARRRML))
    theirs = lift(tmp_path, turtle, "job.ttl")
    assert len(ours) == 15
    assert theirs == ours
