"""Declared variables: responses, outcomes, templates, with their mappings and tables."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from lxml import etree

from examhall.plugins.qti.errors import QtiError
from examhall.plugins.qti.shapes import Area, parse_area
from examhall.plugins.qti.values import (
    BaseType,
    Cardinality,
    Scalar,
    Value,
    make_value,
    parse_scalar,
    scalar_key,
)


class Kind(StrEnum):
    """What a variable is for."""

    RESPONSE = "response"
    OUTCOME = "outcome"
    TEMPLATE = "template"


@dataclass(frozen=True, slots=True)
class MapEntry:
    """A key and its worth."""

    key: Scalar
    value: float
    case_sensitive: bool = True


@dataclass(frozen=True, slots=True)
class Bounds:
    """How low and how high a mapped total can be."""

    lower: float | None = None
    upper: float | None = None

    def clamp(self, total: float) -> float:
        """Return a total within the bounds."""
        if self.lower is not None and total < self.lower:
            return self.lower
        return self.upper if self.upper is not None and total > self.upper else total


@dataclass(frozen=True, slots=True)
class Mapping:
    """What each value of a response is worth."""

    entries: tuple[MapEntry, ...]
    default: float = 0.0
    bounds: Bounds = Bounds()

    def find(self, base_type: BaseType | None, data: Scalar) -> float:
        """Return what a value is worth: the sum of the entries for it, or the default."""
        worth = [entry.value for entry in self.entries if _is_key(entry, base_type, data)]
        return sum(worth) if worth else self.default


def _is_key(entry: MapEntry, base_type: BaseType | None, data: Scalar) -> bool:
    if data is None:
        return base_type is BaseType.STRING and entry.key == ""
    if isinstance(data, str) and not entry.case_sensitive:
        return str(entry.key).lower() == data.lower()
    return bool(scalar_key(base_type, entry.key) == scalar_key(base_type, data))


@dataclass(frozen=True, slots=True)
class AreaMapping:
    """What a point in each area is worth."""

    entries: tuple[tuple[Area, float], ...]
    default: float = 0.0
    bounds: Bounds = Bounds()


@dataclass(frozen=True, slots=True)
class TableEntry:
    """A row of a lookup table; `inclusive` says whether the source itself belongs to it."""

    source: float
    target: Value | None
    inclusive: bool = True


@dataclass(frozen=True, slots=True)
class LookupTable:
    """A match table (equal to the source) or an interpolation table (at least the source)."""

    interpolates: bool
    entries: tuple[TableEntry, ...]
    default: Value | None = None

    def find(self, source: float) -> Value | None:
        """Return the target of the first row that matches, or the default."""
        for entry in self.entries:
            if self._matches(entry, source):
                return entry.target
        return self.default

    def _matches(self, entry: TableEntry, source: float) -> bool:
        if (not self.interpolates or entry.inclusive) and source == entry.source:
            return True
        return self.interpolates and source > entry.source


@dataclass(frozen=True, slots=True)
class Declaration:
    """A declared variable; records have no base type."""

    identifier: str
    kind: Kind
    cardinality: Cardinality
    base_type: BaseType | None
    default: Value | None = None
    correct: Value | None = None
    mapping: Mapping | None = None
    area_mapping: AreaMapping | None = None
    table: LookupTable | None = None
    normal_maximum: float | None = None
    normal_minimum: float | None = None
    mastery: float | None = None
    external: bool = False
    math: bool = False


def parse_declaration(element: etree._Element, kind: Kind) -> Declaration:
    """Read a declaration; raises QtiError for a bad one."""
    identifier = element.get("identifier", "").strip()
    if not identifier:
        raise QtiError("A variable is declared without an identifier.")
    cardinality = _read_cardinality(element)
    base_type = _read_base_type(element, cardinality)
    return Declaration(
        identifier=identifier,
        kind=kind,
        cardinality=cardinality,
        base_type=base_type,
        default=_read_values(element.find("defaultValue"), cardinality, base_type),
        correct=_read_values(element.find("correctResponse"), cardinality, base_type),
        mapping=_read_mapping(element.find("mapping"), base_type),
        area_mapping=_read_area_mapping(element.find("areaMapping")),
        table=_read_table(element, base_type),
        normal_maximum=_read_number(element, "normalMaximum"),
        normal_minimum=_read_number(element, "normalMinimum"),
        mastery=_read_number(element, "masteryValue"),
        external=element.get("externalScored", "none") != "none",
        math=element.get("mathVariable") == "true",
    )


def _read_cardinality(element: etree._Element) -> Cardinality:
    try:
        return Cardinality(element.get("cardinality", "single"))
    except ValueError as error:
        raise QtiError(f"Unknown cardinality {element.get('cardinality')!r:.60}.") from error


def read_base_type(text: str | None) -> BaseType:
    """Return the base type of this name; raises QtiError for others."""
    try:
        return BaseType(text or "")
    except ValueError as error:
        raise QtiError(f"Unknown base type {text!r:.60}.") from error


def _read_base_type(element: etree._Element, cardinality: Cardinality) -> BaseType | None:
    text = element.get("baseType")
    if cardinality is Cardinality.RECORD and text is None:
        return None
    return read_base_type(text)


def _read_values(
    element: etree._Element | None, cardinality: Cardinality, base_type: BaseType | None
) -> Value | None:
    if element is None:
        return None
    values = element.findall("value")
    if cardinality is Cardinality.RECORD:
        fields = {
            value.get("fieldIdentifier", ""): Value(
                Cardinality.SINGLE, kind, parse_scalar(kind, (value.text or "").strip())
            )
            for value in values
            for kind in [read_base_type(value.get("baseType") or "string")]
        }
        return Value(cardinality, None, fields) if fields else None
    if base_type is None:
        return None
    return make_value(cardinality, base_type, read_scalars(values, base_type))


def read_scalars(values: Iterable[etree._Element], base_type: BaseType) -> list[Scalar]:
    """Read `value` elements without white space around; empty ones are strings only."""
    return [
        parse_scalar(base_type, (value.text or "").strip())
        for value in values
        if base_type is BaseType.STRING or (value.text or "").strip()
    ]


def _read_number(element: etree._Element, name: str, fallback: float | None = None) -> float | None:
    text = element.get(name)
    if text is None or not text.strip():
        return fallback
    return float(parse_scalar(BaseType.FLOAT, text))


def _read_bounds(element: etree._Element) -> Bounds:
    return Bounds(_read_number(element, "lowerBound"), _read_number(element, "upperBound"))


def _read_mapping(element: etree._Element | None, base_type: BaseType | None) -> Mapping | None:
    if element is None or base_type is None:
        return None
    entries = tuple(
        MapEntry(
            _read_key(entry, base_type),
            _read_number(entry, "mappedValue", 0.0) or 0.0,
            entry.get("caseSensitive", "true") not in {"false", "0"},
        )
        for entry in element.findall("mapEntry")
    )
    return Mapping(
        entries, _read_number(element, "defaultValue", 0.0) or 0.0, _read_bounds(element)
    )


def _read_key(entry: etree._Element, base_type: BaseType) -> Scalar:
    return parse_scalar(base_type, entry.get("mapKey", ""))


def _read_area_mapping(element: etree._Element | None) -> AreaMapping | None:
    if element is None:
        return None
    entries = tuple(
        (
            parse_area(entry.get("shape", "default"), entry.get("coords", "")),
            _read_number(entry, "mappedValue", 0.0) or 0.0,
        )
        for entry in element.findall("areaMapEntry")
    )
    default = _read_number(element, "defaultValue", 0.0) or 0.0
    return AreaMapping(entries, default, _read_bounds(element))


def _read_table(element: etree._Element, base_type: BaseType | None) -> LookupTable | None:
    for name, interpolates in (("matchTable", False), ("interpolationTable", True)):
        table = element.find(name)
        if table is not None and base_type is not None:
            entries = tuple(
                TableEntry(
                    _read_number(entry, "sourceValue", 0.0) or 0.0,
                    _read_target(entry.get("targetValue"), base_type),
                    entry.get("includeBoundary", "true") not in {"false", "0"},
                )
                for entry in table.findall(f"{name}Entry")
            )
            default = _read_target(table.get("defaultValue"), base_type)
            return LookupTable(interpolates, entries, default)
    return None


def _read_target(text: str | None, base_type: BaseType) -> Value | None:
    if text is None:
        return None
    return make_value(Cardinality.SINGLE, base_type, [parse_scalar(base_type, text)])
