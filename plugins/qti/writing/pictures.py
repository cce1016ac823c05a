"""Questions about pictures as QTI: areas to choose, order, join or fill, and points."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from examhall.plugins.qti.writing.draft import RESPONSE, Draft, Pair, set_score, share
from examhall.plugins.qti.writing.nodes import Node, name_of, node, number

_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")


def write_shape(shape: str, coords: str) -> tuple[str, str]:
    """Return QTI's shape and coordinates for ours, which may be in either form.

    Ours: circle x,y;r  rectangle x,y;width,height  polygon x,y;x,y  ellipse x,y;h,v.
    """
    numbers = [float(text) for text in _NUMBER.findall(coords)]
    kind = {"rectangle": "rect", "polygon": "poly", "whole": "default"}.get(shape, shape)
    if kind == "rect" and ";" in coords and len(numbers) == 4:
        numbers = [*numbers[:2], numbers[0] + numbers[2], numbers[1] + numbers[3]]
    return kind, ",".join(number(round(value)) for value in numbers)


def _image(draft: Draft, reference: str, alt: str = "") -> Node:
    content = draft.content
    kind = "image/png"
    name = draft.media.get(reference, reference)
    for ending, content_type in (("jpg", "image/jpeg"), ("svg", "image/svg+xml"),
                                 ("gif", "image/gif"), ("webp", "image/webp")):  # fmt: skip
        if name.endswith(f".{ending}"):
            kind = content_type
    return node(
        "object", alt, data=name, type=kind, width=content["width"], height=content["height"]
    )


def _picture(draft: Draft) -> Node:
    return _image(draft, str(draft.content["image"]), str(draft.content.get("image_alt", "")))


def _areas(
    tag: str, areas: Sequence[Mapping[str, Any]], names: Sequence[str], most: int | None = None
) -> list[Node]:
    found = []
    for area, name in zip(areas, names, strict=True):
        shape, coords = write_shape(str(area.get("shape") or "circle"), str(area["coords"]))
        label = area.get("label") or None
        found.append(
            node(
                tag, identifier=name, shape=shape, coords=coords, hotspotLabel=label, matchMax=most
            )
        )
    return found


def _names(areas: Sequence[Mapping[str, Any]]) -> list[str]:
    names = [name_of(str(area.get("id") or ""), f"a{n}") for n, area in enumerate(areas, 1)]
    return names if len(set(names)) == len(names) else [f"a{n}" for n in range(1, len(areas) + 1)]


def write_hotspot(draft: Draft) -> None:
    """Areas to choose."""
    areas = list(draft.content["areas"])
    names = _names(areas)
    right = [name for name, area in zip(names, areas, strict=True) if area.get("correct")]
    many = draft.content.get("mode") == "multiple"
    draft.respond("multiple" if many else "single", "identifier", right)
    draft.template = "match_correct"
    draft.body += [
        *draft.html("stem"),
        node(
            "hotspotInteraction",
            _picture(draft),
            _areas("hotspotChoice", areas, names),
            responseIdentifier=RESPONSE,
            maxChoices=0 if many else 1,
        ),
    ]


def write_graphic_order(draft: Draft) -> None:
    """Areas to put in order; those without a position are not part of it."""
    areas = list(draft.content["areas"])
    names = _names(areas)
    placed = [(a["position"], n) for a, n in zip(areas, names, strict=True) if a.get("position")]
    draft.respond("ordered", "identifier", [name for _, name in sorted(placed)])
    draft.template = "match_correct"
    draft.body += [
        *draft.html("stem"),
        node(
            "graphicOrderInteraction",
            _picture(draft),
            _areas("hotspotChoice", areas, names),
            responseIdentifier=RESPONSE,
        ),
    ]


def write_graphic_associate(draft: Draft) -> None:
    """Areas to join."""
    areas = list(draft.content["areas"])
    names = _names(areas)
    known = {area["id"]: name for area, name in zip(areas, names, strict=True)}
    pairs = [f"{known[p['first']]} {known[p['second']]}" for p in draft.content["pairs"]]
    worth: list[Pair] = [(pair, share(len(pairs))) for pair in pairs]
    draft.respond("multiple", "pair", pairs, worth, lower=0, upper=1)
    draft.template = "map_response"
    draft.body += [
        *draft.html("stem"),
        node(
            "graphicAssociateInteraction",
            _picture(draft),
            _areas("associableHotspot", areas, names, 0),
            responseIdentifier=RESPONSE,
            maxAssociations=len(pairs),
        ),
    ]


def write_graphic_gap_match(draft: Draft) -> None:
    """Texts or pictures for places."""
    choices, places = list(draft.content["choices"]), list(draft.content["places"])
    words = [name_of(str(choice.get("id") or ""), f"w{n}") for n, choice in enumerate(choices)]
    known = {choice["id"]: name for choice, name in zip(choices, words, strict=True)}
    names = [f"p{n}" for n in range(1, len(places) + 1)]
    pairs = [
        f"{known[p['choice']]} {name}"
        for p, name in zip(places, names, strict=True)
        if p.get("choice") in known
    ]
    worth: list[Pair] = [(pair, share(len(pairs))) for pair in pairs]
    draft.respond("multiple", "directedPair", pairs, worth, lower=0, upper=1)
    draft.template = "map_response"
    shaped = [place if place.get("coords") else {**place, **_box(place)} for place in places]
    draft.body += [
        *draft.html("stem"),
        node(
            "graphicGapMatchInteraction",
            _picture(draft),
            [_gap(draft, choice, name) for choice, name in zip(choices, words, strict=True)],
            _areas("associableHotspot", shaped, names, 1),
            responseIdentifier=RESPONSE,
        ),
    ]


def _box(place: Mapping[str, Any]) -> dict[str, str]:
    sizes = [place.get(name) or 10 for name in ("x", "y", "width", "height")]
    return {"shape": "rectangle", "coords": "{},{};{},{}".format(*sizes)}


def _gap(draft: Draft, choice: Mapping[str, Any], name: str) -> Node:
    most = 0 if choice.get("infinite") else 1
    if choice.get("image"):
        image = node("object", data=draft.media.get(choice["image"], ""), type="image/png")
        return node("gapImg", image, identifier=name, matchMax=most)
    return node("gapText", draft.words(str(choice["text"])), identifier=name, matchMax=most)


def write_position_object(draft: Draft) -> None:
    """Markers to put on the picture: a response for each, worth a share for each of its zones."""
    zones = list(draft.content["zones"])
    interactions, worth = [], []
    for place, marker in enumerate(draft.content["markers"], 1):
        identifier = f"{RESPONSE}{place}"
        own = [zone for zone in zones if zone.get("marker") == marker["id"]]
        draft.respond("multiple", "point", identifier=identifier)
        if own:
            draft.responses[-1].append(_zones(own, share(len(zones))))
            worth.append(node("mapResponsePoint", identifier=identifier))
        interactions.append(
            node(
                "positionObjectInteraction",
                node("object", draft.words(str(marker["text"])), type="text/plain"),
                responseIdentifier=identifier,
                maxChoices=marker.get("limit", 1),
            )
        )
    draft.rules.append(set_score(node("sum", worth)))
    draft.body += [
        *draft.html("stem"),
        node("positionObjectStage", _picture(draft), interactions),
    ]


def _zones(zones: Sequence[Mapping[str, Any]], worth: float) -> Node:
    entries = []
    for zone in zones:
        shape, coords = write_shape(str(zone.get("shape") or "circle"), str(zone["coords"]))
        entries.append(node("areaMapEntry", shape=shape, coords=coords, mappedValue=number(worth)))
    return node("areaMapping", entries, defaultValue="0")


def write_select_point(draft: Draft) -> None:
    """Points within areas; each area counts once."""
    areas = list(draft.content["areas"])
    draft.respond("multiple", "point")
    draft.responses[-1].append(_zones(areas, share(len(areas))))
    draft.template = "map_response_point"
    draft.body += [
        *draft.html("stem"),
        node(
            "selectPointInteraction",
            _picture(draft),
            responseIdentifier=RESPONSE,
            maxChoices=len(areas),
        ),
    ]
