"""What of an item reaches a candidate, and what comes back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from examhall.plugins import clean_html
from examhall.plugins.qti import body
from examhall.plugins.qti.answers import (
    DIRECT,
    AnswerError,
    check_limits,
    check_values,
    control_names,
    decode,
    encode,
    number_record,
)
from examhall.plugins.qti.body import Writer
from examhall.plugins.qti.controls import draw_control
from examhall.plugins.qti.declarations import Declaration
from examhall.plugins.qti.errors import QtiError
from examhall.plugins.qti.item import Interaction, Item
from examhall.plugins.qti.session import ItemSession, read_response
from examhall.plugins.qti.state import Dice
from examhall.plugins.qti.values import Cardinality, Value
from examhall.plugins.qti.xml import local_name

UNKNOWN = "The answer has a form that this question does not know."
MOST_INTERACTIONS = 200
has_feedback = body.has_feedback


def draw_item(
    session: ItemSession, files: Mapping[str, str], seed: int
) -> tuple[dict[str, Any], list[dict[str, str]]]:
    """Return an item's public part, and the codes of each interaction's choices.

    `files` has the references of media by the addresses that the item has for them.
    """
    known = {body.file_name(href): reference for href, reference in files.items()}
    writer = Writer(session, known, Dice(seed))
    html = writer.inner(session.item.body)
    interactions: list[dict[str, Any]] = []
    codes: list[dict[str, str]] = []
    place = 0
    while place < len(writer.drawn):
        element, _ = writer.drawn[place]
        if place >= MOST_INTERACTIONS:
            raise QtiError(f"It has more than {MOST_INTERACTIONS} interactions.")
        response = element.get("responseIdentifier", "").strip()
        interaction = Interaction(local_name(element), response, element)
        declaration = session.item.declarations[response]
        control, known_codes = draw_control(writer, interaction, declaration, place)
        interactions.append({**_clean(control), "response": response})
        codes.append(known_codes)
        place += 1
    return {"body": clean_html(html), "interactions": interactions}, codes


def _clean(control: Any) -> Any:
    """Make all HTML in a control harmless."""
    if isinstance(control, Mapping):
        return {
            key: clean_html(value) if key in {"prompt", "text", "flow"} else _clean(value)
            for key, value in control.items()
        }
    return [_clean(value) for value in control] if isinstance(control, list) else control


def find_maximum(session: ItemSession) -> float | None:
    """Return what SCORE can be at most; None where the item does not say."""
    return session.maximum()


def show_feedback(session: ItemSession, files: Mapping[str, str]) -> str:
    """Return the feedback that a session's outcomes call for."""
    known = {body.file_name(href): reference for href, reference in files.items()}
    return clean_html(body.feedback_html(session, known))


def make_pass_word(xml: str, seed: int, codes: Sequence[Mapping[str, str]]) -> str:
    """Return what lets responses in QTI's own form in: nobody knows it who only has a browser."""
    text = json.dumps([xml, seed, codes], sort_keys=True)
    return sha256(text.encode()).hexdigest()


def read_raw(
    item: Item, public: Mapping[str, Any], secret: Mapping[str, Any], raw: Mapping[str, Any]
) -> dict[str, list[str]]:
    """Return responses by identifier, those without a value left out.

    Raises AnswerError for what neither the controls nor, with the pass word, another system can
    have given. What other systems recorded may go beyond an interaction's limits.
    """
    controls, codes = public["interactions"], secret["codes"]
    given = dict(raw)
    trusted = DIRECT in given
    if trusted and given.pop(DIRECT) != secret["pass_word"]:
        raise AnswerError(UNKNOWN)
    direct = {name[1:]: given.pop(name) for name in list(given) if trusted and name[:1] == DIRECT}
    if not set(given) <= {name for control in controls for name in control_names(control)}:
        raise AnswerError(UNKNOWN)
    responses: dict[str, list[str]] = {}
    for control, known in zip(controls, codes, strict=True):
        name = control["response"]
        texts = [] if name in direct else decode(control, known, given)
        if texts:
            check_limits(control, known, texts)
            texts = _as_record(item.declarations[name], texts)
            responses[name] = [*responses.get(name, []), *texts]
    for name, told in direct.items():
        if texts := _read_direct(item, name, told):
            responses[name] = texts
    _check(item, responses)
    return responses


def write_raw(
    public: Mapping[str, Any],
    secret: Mapping[str, Any],
    responses: Mapping[str, Sequence[str] | None],
) -> dict[str, Any]:
    """Return what a browser would send for responses in QTI's form, by their identifiers.

    A response that no control can give is sent in its own form, with the pass word.
    """
    raw: dict[str, Any] = {}
    controls = public["interactions"]
    for name, given in responses.items():
        texts = list(given or ())
        places = [place for place, control in enumerate(controls) if control["response"] == name]
        fields = None
        if len(places) == 1 and texts:
            fields = encode(controls[places[0]], secret["codes"][places[0]], texts)
        if fields is not None:
            raw.update(fields)
        elif texts:
            raw |= {DIRECT: secret["pass_word"], f"{DIRECT}{name}": texts}
    return raw


def _as_record(declaration: Declaration, texts: list[str]) -> list[str]:
    return number_record(texts[0]) if declaration.cardinality is Cardinality.RECORD else texts


def _read_direct(item: Item, name: str, given: Any) -> list[str]:
    if name not in item.declarations or not isinstance(given, list):
        raise AnswerError(UNKNOWN)
    if not all(isinstance(text, str) and "\0" not in text for text in given):
        raise AnswerError(UNKNOWN)
    if any("\ud800" <= character <= "\udfff" for text in given for character in text):
        raise AnswerError(UNKNOWN)
    return given


def _check(item: Item, responses: Mapping[str, list[str]]) -> None:
    for name, texts in responses.items():
        try:
            check_values(item.declarations[name], texts)
            value_of(item, name, texts)
        except AnswerError:
            raise
        except QtiError as error:
            raise AnswerError(str(error)) from error


def value_of(item: Item, name: str, texts: Sequence[str]) -> Value | None:
    """Return a response's value; raises QtiError for what cannot be one."""
    declaration = item.declarations.get(name)
    return None if declaration is None else read_response(declaration, list(texts))
