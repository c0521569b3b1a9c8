"""The words of EPCIS 2.0 and its Core Business Vocabulary as JSON-LD terms, written down here.

Contexts are never fetched: an event that names the context of the standard is read by this one.
Codes (``shipping``) mean another IRI in each place; `kg.epcis.triples` writes them out before.
"""

from __future__ import annotations

from typing import Any

EPCIS = "https://ref.gs1.org/epcis/"
CBV = "https://ref.gs1.org/cbv/"
GS1 = "https://gs1.org/voc/"
CONTEXT_URL = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
KNOWN_CONTEXTS = frozenset(
    {
        CONTEXT_URL,
        "https://ref.gs1.org/standards/epcis/2.0.1/epcis-context.jsonld",
        "https://ref.gs1.org/standards/epcis/epcis-context.jsonld",
    }
)
"""The addresses by which documents name the context of the standard."""

EVENTS = (
    "ObjectEvent", "AggregationEvent", "TransactionEvent", "TransformationEvent",
    "AssociationEvent",
)  # fmt: skip
_CLASSES = (*EVENTS, "EPCISDocument", "EPCISQueryDocument", "SensorElement")
_LINKS = (
    "bizLocation", "bizRules", "bizStep", "bizTransactionList", "certificationInfo", "childEPCs",
    "chemicalSubstance", "component", "coordinateReferenceSystem", "correctiveEventIDs",
    "dataProcessingMethod", "deviceID", "deviceMetadata", "disposition", "epcClass", "epcList",
    "exception", "inputEPCList", "measurementType", "microorganism", "outputEPCList", "parentID",
    "rawData", "readPoint", "reason", "set", "transformationID", "unset", "uriValue",
    "bizTransactionType", "sourceOrDestination", "sourceOrDestinationType",
)  # fmt: skip
_STAMPS = ("declarationTime", "endTime", "eventTime", "recordTime", "startTime", "time")
NUMBERS = (
    "maxValue", "meanValue", "minValue", "percRank", "percValue", "quantity", "sDev", "value",
)  # fmt: skip
_PLAIN = (
    "action", "childQuantityList", "destinationList", "epcisBody", "errorDeclaration",
    "eventList", "eventTimeZoneOffset", "ilmd", "inputQuantityList", "outputQuantityList",
    "persistentDisposition", "quantityList", "sensorElementList", "sensorMetadata",
    "sensorReport", "sourceList", "stringValue", "uom", "queryResults", "resultsBody",
    "queryName", "subscriptionID",
)  # fmt: skip

XSD = "http://www.w3.org/2001/XMLSchema#"
CONTEXT: dict[str, Any] = {
    "@version": 1.1,
    "epcis": EPCIS,
    "cbv": CBV,
    "gs1": GS1,
    "xsd": XSD,
    "id": "@id",
    "type": "@type",
    "eventID": "@id",
    "creationDate": {"@id": "http://purl.org/dc/terms/created", "@type": f"{XSD}dateTime"},
    "schemaVersion": "http://www.w3.org/2002/07/owl#versionInfo",
    "booleanValue": {"@id": f"{EPCIS}booleanValue", "@type": f"{XSD}boolean"},
    "hexBinaryValue": {"@id": f"{EPCIS}hexBinaryValue", "@type": f"{XSD}hexBinary"},
    **{name: f"{EPCIS}{name}" for name in (*_CLASSES, *_PLAIN)},
    **{name: {"@id": f"{EPCIS}{name}", "@type": "@id"} for name in _LINKS},
    **{name: {"@id": f"{EPCIS}{name}", "@type": f"{XSD}dateTimeStamp"} for name in _STAMPS},
    **{name: {"@id": f"{EPCIS}{name}", "@type": f"{XSD}double"} for name in NUMBERS},
}
"""A JSON-LD 1.1 context that reads what EPCIS 2.0, section 10, and CBV 2.0 define."""

CODES: dict[str, str] = {
    "bizStep": f"{CBV}BizStep-",
    "disposition": f"{CBV}Disp-",
    "set": f"{CBV}Disp-",
    "unset": f"{CBV}Disp-",
    "reason": f"{CBV}ER-",
    "component": f"{CBV}Comp-",
    "exception": GS1,
}
"""What a code without a colon begins with, by the property that has it."""
TYPES: dict[str, tuple[str, str]] = {
    "bizTransactionList": ("bizTransactionType", f"{CBV}BTT-"),
    "sourceList": ("sourceOrDestinationType", f"{CBV}SDT-"),
    "destinationList": ("sourceOrDestinationType", f"{CBV}SDT-"),
    "sensorReport": ("measurementType", GS1),
}
"""What ``type`` is called in the items of a list, and what a code in it begins with."""
THINGS: dict[str, str] = {
    "bizTransaction": "@id",
    "source": "sourceOrDestination",
    "destination": "sourceOrDestination",
}
"""What these are called in RDF."""
UNDEFINED = frozenset({("sensorReport", "bizRules")})
"""Words that the standard defines elsewhere only: where a report has them they mean nothing."""
