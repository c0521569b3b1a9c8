"""Sparkplug B payloads (Sparkplug 3.0, section 6.4): protobuf by field numbers, cells of it."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass

from kg.sources.cells import to_scalar
from kg.times import format_time

if TYPE_CHECKING:
    from collections.abc import Mapping

    from google.protobuf.descriptor_pb2 import DescriptorProto

    from kg.records import Scalar

_PACKAGE = "sparkplug"
# Section 6.4, the schema: for each message its fields by number; "*" repeats, "|" is one of the
# values. What the specification leaves to extensions is skipped, as protobuf does by itself.
_VALUES = (
    *("uint32 int_value", "uint64 long_value", "float float_value", "double double_value"),
    *("bool boolean_value", "string string_value"),
)
_MESSAGES: dict[str, dict[int, str]] = {
    "Payload": {
        1: "uint64 timestamp",
        2: "*Metric metrics",
        3: "uint64 seq",
        4: "string uuid",
        5: "bytes body",
    },
    "Metric": {
        1: "string name",
        2: "uint64 alias",
        3: "uint64 timestamp",
        4: "uint32 datatype",
        5: "bool is_historical",
        6: "bool is_transient",
        7: "bool is_null",
        8: "MetaData metadata",
        9: "PropertySet properties",
        **{number: f"|{value}" for number, value in enumerate(_VALUES, start=10)},
        16: "|bytes bytes_value",
        17: "|DataSet dataset_value",
        18: "|Template template_value",
    },
    "MetaData": {
        1: "bool is_multi_part",
        2: "string content_type",
        3: "uint64 size",
        4: "uint64 seq",
        5: "string file_name",
        6: "string file_type",
        7: "string md5",
        8: "string description",
    },
    "PropertySet": {1: "*string keys", 2: "*PropertyValue values"},
    "PropertySetList": {1: "*PropertySet propertyset"},
    "PropertyValue": {
        1: "uint32 type",
        2: "bool is_null",
        **{number: f"|{value}" for number, value in enumerate(_VALUES, start=3)},
        9: "|PropertySet propertyset_value",
        10: "|PropertySetList propertysets_value",
    },
    "DataSet": {
        1: "uint64 num_of_columns",
        2: "*string columns",
        3: "*uint32 types",
        4: "*Row rows",
    },
    "Row": {1: "*DataSetValue elements"},
    "DataSetValue": {number: f"|{value}" for number, value in enumerate(_VALUES, start=1)},
    "Template": {
        1: "string version",
        2: "*Metric metrics",
        3: "*Parameter parameters",
        4: "string template_ref",
        5: "bool is_definition",
    },
    "Parameter": {
        1: "string name",
        2: "uint32 type",
        **{number: f"|{value}" for number, value in enumerate(_VALUES, start=3)},
    },
}
BOOLEAN, _DATE_TIME = 11, 13
_SIGNED_BITS = {1: 8, 2: 16, 3: 32, 4: 64}
_TYPES = [
    *("Unknown", "Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64"),
    *("Float", "Double", "Boolean", "String", "DateTime", "Text", "UUID", "DataSet", "Bytes"),
    *("File", "Template", "PropertySet", "PropertySetList", "Int8Array", "Int16Array"),
    *("Int32Array", "Int64Array", "UInt8Array", "UInt16Array", "UInt32Array", "UInt64Array"),
    *("FloatArray", "DoubleArray", "BooleanArray", "StringArray", "DateTimeArray"),
]
_QUALITIES = {0: "bad", 192: "good", 500: "stale"}
"""The codes of the property ``Quality``; any other is written as its number."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class BadPayload(ValueError):
    """Bytes that are no payload of Sparkplug B."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric as it was sent: by name, by alias, or both; times are ISO 8601 in UTC.

    ``datatype`` is 0 where a message leaves it to the birth certificate.
    """

    name: str
    alias: int | None
    datatype: int
    value: Scalar
    timestamp: str
    quality: str
    is_historical: bool


@dataclass(frozen=True, slots=True)
class Payload:
    """What a message says; ``seq`` is None in a death certificate of a node."""

    seq: int | None
    timestamp: str
    metrics: tuple[Metric, ...]

    def value_of(self, name: str) -> Scalar:
        """Give a metric's value; None where it is not here."""
        return next((metric.value for metric in self.metrics if metric.name == name), None)


def decode_payload(content: bytes, types: Mapping[int | str, int]) -> Payload:
    """Read a payload; ``types`` are the datatypes that births gave, by alias and by name.

    Raises:
        BadPayload: it is none.
    """
    message = _payload_class()
    try:
        message.ParseFromString(content)
        at = _time(message.timestamp) if message.HasField("timestamp") else ""
        metrics = tuple(_metric(metric, at, types) for metric in message.metrics)
    except (DecodeError, ValueError, OverflowError, RecursionError) as error:
        raise BadPayload(str(error)) from error
    return Payload(message.seq if message.HasField("seq") else None, at, metrics)


def rebirth_command(now: datetime) -> bytes:
    """Write the command by which a node sends its births again (NCMD)."""
    message = _payload_class()
    message.timestamp = round((now - _EPOCH) / timedelta(milliseconds=1))
    message.metrics.add(
        name="Node Control/Rebirth",
        timestamp=message.timestamp,
        datatype=BOOLEAN,
        boolean_value=True,
    )
    written: bytes = message.SerializeToString()
    return written


def type_name(datatype: int) -> str:
    """Give a datatype's name."""
    return _TYPES[datatype] if datatype < len(_TYPES) else _TYPES[0]


def _metric(metric: Any, at: str, types: Mapping[int | str, int]) -> Metric:
    alias = metric.alias if metric.HasField("alias") else None
    known = types.get(alias) if alias is not None and not metric.name else types.get(metric.name)
    datatype = metric.datatype or known or 0
    return Metric(
        name=_text(metric.name),
        alias=alias,
        datatype=datatype,
        value=None if metric.is_null else _value(metric, datatype),
        timestamp=_time(metric.timestamp) if metric.HasField("timestamp") else at,
        quality=_quality(metric),
        is_historical=metric.is_historical,
    )


def _value(holder: Any, datatype: int) -> Scalar:
    kind = holder.WhichOneof("value")
    if kind is None:
        return None
    value = getattr(holder, kind)
    if kind in {"int_value", "long_value"}:
        return _integer(value, datatype)
    if kind == "bytes_value":
        return b64encode(value).decode()
    if kind == "dataset_value":
        return json.dumps(_table(value), ensure_ascii=False)
    if kind == "template_value":
        members = {metric.name: _value(metric, metric.datatype) for metric in value.metrics}
        return json.dumps(members, ensure_ascii=False)
    return to_scalar(_text(value) if kind == "string_value" else value)


def _text(value: str | bytes) -> str:
    """Refuse text that is no UTF-8: protobuf gives it as bytes."""
    return value.decode() if isinstance(value, bytes) else value


def _integer(value: int, datatype: int) -> Scalar:
    """Read what is written without a sign, in two's complement, and times."""
    if datatype == _DATE_TIME:
        return _time(value)
    bits = _SIGNED_BITS.get(datatype)
    if bits is not None:
        value &= (1 << bits) - 1
        value -= (value >> (bits - 1)) << bits
    return to_scalar(value)


def _table(dataset: Any) -> list[dict[str, Scalar]]:
    pairs = list(zip(dataset.columns, dataset.types, strict=True))
    return [
        {
            name: _value(cell, datatype)
            for (name, datatype), cell in zip(pairs, row.elements, strict=True)
        }
        for row in dataset.rows
    ]


def _quality(metric: Any) -> str:
    properties = metric.properties
    for key, value in zip(properties.keys, properties.values, strict=False):
        if key == "Quality":
            code = value.int_value or value.long_value
            return _QUALITIES.get(code, str(code))
    return "good"


def _time(milliseconds: int) -> str:
    return format_time(_EPOCH + timedelta(milliseconds=milliseconds))


def _describe() -> FileDescriptorProto:
    file = FileDescriptorProto(name="sparkplug_b.proto", package=_PACKAGE, syntax="proto2")
    for name, fields in _MESSAGES.items():
        message = file.message_type.add(name=name)
        if any(written.startswith("|") for written in fields.values()):
            message.oneof_decl.add(name="value")
        for number, written in fields.items():
            _add_field(message, number, written)
    return file


def _add_field(message: DescriptorProto, number: int, written: str) -> None:
    kind, name = written.lstrip("*|").split()
    field = message.field.add(name=name, number=number)
    is_repeated = written.startswith("*")
    field.label = (
        FieldDescriptorProto.LABEL_REPEATED if is_repeated else FieldDescriptorProto.LABEL_OPTIONAL
    )
    if written.startswith("|"):
        field.oneof_index = 0
    if kind in _MESSAGES:
        field.type = FieldDescriptorProto.TYPE_MESSAGE
        field.type_name = f".{_PACKAGE}.{kind}"
    else:
        field.type = FieldDescriptorProto.Type.Value(f"TYPE_{kind.upper()}")


def _make_class() -> Any:
    pool = DescriptorPool()
    pool.Add(_describe())
    return GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.Payload"))


_payload_class = _make_class()
