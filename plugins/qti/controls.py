"""What a page needs to know of an interaction to draw native controls for it.

Each becomes a JSON object with `form` (which controls), `name` (the first part of their names) and
what they show. Choices go by codes `1`, `2`, ... in the order in which they are shown, so that no
identifier of an author can give the key away; `Codes` turns them back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from examhall.plugins.qti.body import Writer
from examhall.plugins.qti.declarations import Declaration
from examhall.plugins.qti.item import Interaction
from examhall.plugins.qti.shapes import draw_area, parse_area
from examhall.plugins.qti.values import Cardinality
from examhall.plugins.qti.xml import local_name

MOST_ROWS = 20
MOST_LIMIT = 1000
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@dataclass
class Codes:
    """The codes of an interaction's choices, with the identifiers that they stand for."""

    identifiers: dict[str, str] = field(default_factory=dict)

    def add(self, element: etree._Element) -> str:
        """Return a new code for a choice."""
        code = str(len(self.identifiers) + 1)
        self.identifiers[code] = element.get("identifier", "")
        return code


Control = dict[str, Any]


@dataclass(frozen=True)
class Drawing:
    """What all interactions are drawn with."""

    writer: Writer
    interaction: Interaction
    declaration: Declaration
    name: str
    codes: Codes

    @property
    def element(self) -> etree._Element:
        """The interaction's element."""
        return self.interaction.element

    def start(self, form: str, **more: Any) -> Control:
        """Return what all controls have."""
        prompt = self.element.find("prompt")
        html = "" if prompt is None else self.writer.inner(prompt)
        return {"form": form, "name": self.name, "prompt": html, "picture": None, **more}

    def number(self, attribute: str, fallback: int = 0) -> int:
        """Return a whole number from an attribute; what is none counts as the fallback."""
        return read_count(self.element.get(attribute), fallback)

    def choices(self, elements: Sequence[etree._Element]) -> list[Control]:
        """Return choices with their codes, HTML and how often each can be used."""
        return [
            {
                "value": self.codes.add(element),
                "text": self.writer.inner(element),
                "label": "",
                "most": read_count(element.get("matchMax"), 1),
            }
            for element in elements
        ]

    def shuffled(self, *tags: str) -> list[Control]:
        """Return the choices of these elements in a candidate's order."""
        found = [child for child in self.element if local_name(child) in tags]
        return self.choices(self.writer.shuffled(self.element, found))

    def is_many(self) -> bool:
        """Say whether more than one value can be given."""
        return self.declaration.cardinality is not Cardinality.SINGLE


def read_count(text: str | None, fallback: int = 0) -> int:
    """Return a count from an attribute; 0 stands for no limit."""
    words = (text or "").strip()
    return min(int(words), MOST_LIMIT) if words.isdigit() and len(words) < 9 else fallback


def draw_control(
    writer: Writer, interaction: Interaction, declaration: Declaration, number: int
) -> tuple[Control, dict[str, str]]:
    """Return the control of an interaction, and the codes of its choices."""
    codes = Codes()
    drawing = Drawing(writer, interaction, declaration, f"i{number}", codes)
    control = _DRAWERS[interaction.kind](drawing)
    return control, codes.identifiers


def _choice(drawing: Drawing) -> Control:
    limit = drawing.number("maxChoices", 1)
    return drawing.start(
        "choice", many=drawing.is_many(), limit=limit, choices=drawing.shuffled("simpleChoice")
    )


def _inline_choice(drawing: Drawing) -> Control:
    return drawing.start("select", choices=drawing.shuffled("inlineChoice"))


def _order(drawing: Drawing) -> Control:
    choices = drawing.shuffled("simpleChoice")
    return drawing.start("order", choices=choices, partial=_may_be_partial(drawing))


def _may_be_partial(drawing: Drawing) -> bool:
    return bool({"minChoices", "maxChoices"} & set(drawing.element.attrib))


def _associate(drawing: Drawing) -> Control:
    choices = drawing.shuffled("simpleAssociableChoice")
    return drawing.start("pairs", choices=choices, **_pair_rows(drawing, choices))


def _pair_rows(drawing: Drawing, choices: Sequence[Control]) -> dict[str, int]:
    limit = drawing.number("maxAssociations", 1)
    uses = sum(choice["most"] or len(choices) - 1 for choice in choices) // 2
    rows = 1 if not drawing.is_many() else limit or max(uses, 1)
    return {"limit": limit, "rows": min(rows, MOST_ROWS)}


def _match(drawing: Drawing) -> Control:
    sets = drawing.element.findall("simpleMatchSet")
    rows, columns = (
        drawing.choices(drawing.writer.shuffled(drawing.element, list(one))) for one in sets[:2]
    )
    limit = drawing.number("maxAssociations", 1)
    return drawing.start("match", rows=rows, columns=columns, limit=limit)


def _gap_match(drawing: Drawing) -> Control:
    choices = drawing.shuffled("gapText", "gapImg")
    places: list[Control] = []
    for gap in drawing.element.iter("gap"):
        code = drawing.codes.add(gap)
        drawing.writer.parts[gap] = f"{drawing.name[1:]}.{code}"
        places.append({"value": code, "label": f"Gap {len(places) + 1}"})
    hidden = {"gapText", "gapImg", "prompt"}
    shown = [child for child in drawing.element if local_name(child) not in hidden]
    flow = "".join(drawing.writer.node(child) for child in shown)
    return drawing.start("gaps", choices=choices, places=places, flow=flow)


def _text(drawing: Drawing) -> Control:
    element, kind = drawing.element, drawing.interaction.kind
    many = drawing.is_many() and drawing.declaration.cardinality is not Cardinality.RECORD
    rows = drawing.number("maxStrings", 0) or drawing.number("minStrings", 0) or 5
    inline = kind == "textEntryInteraction"
    return drawing.start(
        "text",
        inline=inline,
        rows=min(rows, MOST_ROWS) if many else 1,
        lines=min(drawing.number("expectedLines", 5) or 5, 40),
        size=min(max(drawing.number("expectedLength", 20), 4), 60),
        numeric=str(drawing.declaration.base_type) in {"integer", "float"},
        hint=element.get("placeholderText", ""),
    )


def _hottext(drawing: Drawing) -> Control:
    choices = []
    for hot in drawing.element.iter("hottext"):
        if drawing.writer.is_called(hot, "templateIdentifier"):
            code = drawing.codes.add(hot)
            choices.append({"value": code, "text": drawing.writer.inner(hot), "most": 1})
            drawing.writer.parts[hot] = f"{drawing.name[1:]}.{code}"
    flow = drawing.writer.inner(drawing.element)
    limit = drawing.number("maxChoices", 1)
    return drawing.start("hottext", many=drawing.is_many(), limit=limit, choices=choices, flow=flow)


def _picture(drawing: Drawing, areas: Sequence[tuple[etree._Element, str, str]] = ()) -> Control:
    """Return the picture of a graphic interaction, with its areas."""
    holder, parent = drawing.element, drawing.element.getparent()
    if parent is not None and local_name(parent) == "positionObjectStage":
        holder = parent
    image = next((child for child in holder if local_name(child) in {"object", "img"}), None)
    if image is None:
        return {"source": "", "width": 0, "height": 0, "areas": []}
    return {
        "source": drawing.writer.address(image.get("data") or image.get("src") or ""),
        "width": read_count(image.get("width")),
        "height": read_count(image.get("height")),
        "areas": [
            {
                **draw_area(parse_area(area.get("shape", ""), area.get("coords", ""))),
                "label": label,
                "value": code,
            }
            for area, label, code in areas
            if area.get("shape", "default") != "default"
        ],
    }


def _label(element: etree._Element, place: int) -> str:
    """Call an area by what the author says to screen readers, and by a letter."""
    letter = _LETTERS[place] if place < len(_LETTERS) else str(place + 1)
    told = element.get("hotspotLabel") or element.get("aria-label") or ""
    return f"{letter}: {told}" if told else letter


def _areas(drawing: Drawing, tag: str) -> tuple[list[Control], Control]:
    found = [
        child
        for child in drawing.element.iter(tag)
        if drawing.writer.is_called(child, "templateIdentifier")
    ]
    labels = [_label(element, place) for place, element in enumerate(found)]
    choices = [
        {**choice, "text": label}
        for choice, label in zip(drawing.choices(found), labels, strict=True)
    ]
    drawn = [
        (element, label.partition(":")[0], str(choice["value"]))
        for element, label, choice in zip(found, labels, choices, strict=True)
    ]
    return choices, _picture(drawing, drawn)


def _hotspot(drawing: Drawing) -> Control:
    choices, picture = _areas(drawing, "hotspotChoice")
    limit = drawing.number("maxChoices", 1)
    return drawing.start(
        "choice", many=drawing.is_many(), limit=limit, choices=choices, picture=picture
    )


def _graphic_order(drawing: Drawing) -> Control:
    choices, picture = _areas(drawing, "hotspotChoice")
    return drawing.start(
        "order", choices=choices, partial=_may_be_partial(drawing), picture=picture
    )


def _graphic_associate(drawing: Drawing) -> Control:
    choices, picture = _areas(drawing, "associableHotspot")
    return drawing.start("pairs", choices=choices, picture=picture, **_pair_rows(drawing, choices))


def _graphic_gap_match(drawing: Drawing) -> Control:
    found = [child for child in drawing.element if local_name(child) in {"gapImg", "gapText"}]
    choices = drawing.choices(found)
    for choice, element in zip(choices, found, strict=True):
        choice["label"] = _image_words(element) or f"Picture {choice['value']}"
    areas, picture = _areas(drawing, "associableHotspot")
    places = [
        {"value": area["value"], "label": area["text"], "most": area["most"]} for area in areas
    ]
    return drawing.start("gaps", choices=choices, places=places, flow="", picture=picture)


def _image_words(element: etree._Element) -> str:
    words = " ".join("".join(map(str, element.itertext())).split())
    image = element.find("img")
    alternative = "" if image is None else image.get("alt", "")
    return element.get("objectLabel", "") or words or alternative


def _points(drawing: Drawing) -> Control:
    limit = drawing.number("maxChoices", 1)
    rows = (limit or 10) if drawing.is_many() else 1
    return drawing.start(
        "points", rows=min(rows, MOST_ROWS), limit=limit, picture=_picture(drawing)
    )


def _slider(drawing: Drawing) -> Control:
    element = drawing.element
    bounds = {
        name: element.get(attribute, fallback)
        for name, attribute, fallback in (
            ("minimum", "lowerBound", "0"),
            ("maximum", "upperBound", "100"),
            ("step", "step", "1"),
        )
    }
    return drawing.start("number", **bounds)


def _media(drawing: Drawing) -> Control:
    inside = "".join(
        drawing.writer.node(child) for child in drawing.element if local_name(child) != "prompt"
    )
    return drawing.start("media", flow=inside)


def _upload(drawing: Drawing) -> Control:
    drawn = drawing.interaction.kind == "drawingInteraction"
    picture = _picture(drawing) if drawn else None
    kinds = "image/*" if drawn else drawing.element.get("type", "")
    return drawing.start("upload", kinds=kinds[:500], picture=picture)


def _end(drawing: Drawing) -> Control:
    return drawing.start("tick", title=drawing.element.get("title", "") or "Ask for help")


_DRAWERS: Mapping[str, Callable[[Drawing], Control]] = {
    "choiceInteraction": _choice,
    "orderInteraction": _order,
    "associateInteraction": _associate,
    "matchInteraction": _match,
    "gapMatchInteraction": _gap_match,
    "inlineChoiceInteraction": _inline_choice,
    "textEntryInteraction": _text,
    "extendedTextInteraction": _text,
    "hottextInteraction": _hottext,
    "hotspotInteraction": _hotspot,
    "selectPointInteraction": _points,
    "graphicOrderInteraction": _graphic_order,
    "graphicAssociateInteraction": _graphic_associate,
    "graphicGapMatchInteraction": _graphic_gap_match,
    "positionObjectInteraction": _points,
    "sliderInteraction": _slider,
    "mediaInteraction": _media,
    "drawingInteraction": _upload,
    "uploadInteraction": _upload,
    "endAttemptInteraction": _end,
}
