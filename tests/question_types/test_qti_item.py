"""QTI items as questions: every interaction, no key in the browser, scores by their own rules."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from examhall.plugins import FormatErrors, ScoreState, Variant, View
from examhall.plugins.qti.public import write_raw
from examhall.plugins.testing import QuestionTypeContract
from examhall.question_types.qti_item import QtiItem

QTI = QtiItem()
MEDIA = "media:" + "a" * 64
NS = 'xmlns="http://www.imsglobal.org/xsd/imsqti_v2p2"'


def response(correct, cardinality="single", base_type="identifier", extra="", name="RESPONSE"):
    values = "".join(f"<value>{value}</value>" for value in correct)
    key = f"<correctResponse>{values}</correctResponse>" if correct else ""
    return (
        f'<responseDeclaration identifier="{name}" cardinality="{cardinality}" '
        f'baseType="{base_type}">{key}{extra}</responseDeclaration>'
    )


def item(declarations, body, rules="match_correct", more=""):
    processing = f'<responseProcessing template="x/{rules}"/>' if rules else ""
    return {
        "xml": f'<assessmentItem {NS} identifier="i" title="T">{declarations}'
        '<outcomeDeclaration identifier="SCORE" cardinality="single" baseType="float"/>'
        f"<itemBody>{body}</itemBody>{processing}{more}</assessmentItem>",
        "files": [{"href": "map.png", "media": MEDIA}],
        "documents": [],
    }


def named(tag, attributes="", identifiers="ABC", inner="Words {}"):
    return "".join(
        f'<{tag} identifier="key_{i}" {attributes}>{inner.format(i)}</{tag}>' for i in identifiers
    )


IMAGE = '<object data="map.png" type="image/png" width="200" height="100">Map</object>'
START = 'responseIdentifier="RESPONSE"'
SPOTS = "".join(
    f'<{{0}} identifier="key_{name}" matchMax="1" shape="circle" coords="{x},50,9"/>'
    for name, x in (("A", 20), ("B", 60), ("C", 90))
)
CONTENTS = {
    "choice": item(
        response(["key_A", "key_C"], "multiple"),
        f'<choiceInteraction {START} maxChoices="0" shuffle="true"><prompt>Which?</prompt>'
        + named("simpleChoice")
        + "</choiceInteraction>",
    ),
    "order": item(
        response(["key_C", "key_A", "key_B"], "ordered"),
        f'<orderInteraction {START} shuffle="true">{named("simpleChoice")}</orderInteraction>',
    ),
    "associate": item(
        response(["key_A key_B"], "multiple", "pair"),
        f'<associateInteraction {START} maxAssociations="2">'
        + named("simpleAssociableChoice", 'matchMax="1"', "ABCD")
        + "</associateInteraction>",
    ),
    "match": item(
        response(["key_A key_E", "key_B key_D"], "multiple", "directedPair"),
        f'<matchInteraction {START} maxAssociations="0"><simpleMatchSet>'
        + named("simpleAssociableChoice", 'matchMax="1"', "AB")
        + "</simpleMatchSet><simpleMatchSet>"
        + named("simpleAssociableChoice", 'matchMax="0"', "DE")
        + "</simpleMatchSet></matchInteraction>",
    ),
    "gap_match": item(
        response(["key_B gap_1", "key_A gap_2"], "multiple", "directedPair"),
        f"<gapMatchInteraction {START}>"
        + named("gapText", 'matchMax="1"')
        + '<p>One <gap identifier="gap_1"/> two <gap identifier="gap_2"/>.</p>'
        "</gapMatchInteraction>",
    ),
    "inline_choice": item(
        response(["key_B"]),
        f'<p>It is <inlineChoiceInteraction {START} shuffle="true">{named("inlineChoice")}'
        "</inlineChoiceInteraction> here.</p>",
    ),
    "text_entry": item(
        response(
            ["York"],
            base_type="string",
            extra='<mapping defaultValue="0"><mapEntry mapKey="York" mappedValue="2" '
            'caseSensitive="false"/><mapEntry mapKey="Yorkshire" mappedValue="1"/></mapping>',
        ),
        f'<p>Richard of <textEntryInteraction {START} expectedLength="9"/></p>',
        "map_response",
    ),
    "number": item(
        response(["42"], base_type="integer"), f"<p><textEntryInteraction {START}/></p>"
    ),
    "hottext": item(
        response(["key_B"]),
        f'<hottextInteraction {START} maxChoices="1"><p>Say {named("hottext")} now</p>'
        "</hottextInteraction>",
    ),
    "hotspot": item(
        response(["key_B"]),
        f'<hotspotInteraction {START} maxChoices="1">{IMAGE}{SPOTS.format("hotspotChoice")}'
        "</hotspotInteraction>",
    ),
    "select_point": item(
        response(
            ["102 50"],
            base_type="point",
            extra='<areaMapping defaultValue="0"><areaMapEntry shape="circle" coords="102,50,9" '
            'mappedValue="1"/></areaMapping>',
        ),
        f'<selectPointInteraction {START} maxChoices="1">{IMAGE}</selectPointInteraction>',
        "map_response_point",
    ),
    "graphic_order": item(
        response(["key_C", "key_B", "key_A"], "ordered"),
        f"<graphicOrderInteraction {START}>{IMAGE}{SPOTS.format('hotspotChoice')}"
        "</graphicOrderInteraction>",
    ),
    "graphic_associate": item(
        response(["key_A key_B"], "multiple", "pair"),
        f'<graphicAssociateInteraction {START} maxAssociations="3">{IMAGE}'
        + SPOTS.format("associableHotspot")
        + "</graphicAssociateInteraction>",
    ),
    "graphic_gap_match": item(
        response(["img_1 key_B"], "multiple", "directedPair"),
        f"<graphicGapMatchInteraction {START}>{IMAGE}"
        '<gapImg identifier="img_1" matchMax="1"><object data="map.png" type="image/png">One'
        '</object></gapImg><gapImg identifier="img_2" matchMax="1"><object data="map.png" '
        'type="image/png">Two</object></gapImg>'
        + SPOTS.format("associableHotspot")
        + "</graphicGapMatchInteraction>",
    ),
    "position_object": item(
        response(["10 20"], "multiple", "point"),
        f"<positionObjectStage>{IMAGE}<positionObjectInteraction {START} "
        'maxChoices="2"><object data="map.png" type="image/png"/></positionObjectInteraction>'
        "</positionObjectStage>",
    ),
    "slider": item(
        response(["16"], base_type="integer"),
        f'<sliderInteraction {START} lowerBound="0" upperBound="100" step="1"/>',
    ),
    "media": item(
        response(["1"], base_type="integer"),
        f'<mediaInteraction {START} autostart="false"><object data="map.png" type="video/mp4"/>'
        "</mediaInteraction>",
    ),
    "end_attempt": item(
        response(["true"], base_type="boolean"),
        f'<p><endAttemptInteraction {START} title="Show a hint"/></p>',
    ),
}
ESSAY = item(
    response([], base_type="string"),
    f'<extendedTextInteraction {START} expectedLines="4"><prompt>Why?</prompt>'
    "</extendedTextInteraction>",
    "",
)


class TestQtiItem(QuestionTypeContract):
    plugin = QtiItem()
    contents = tuple(
        CONTENTS[kind] for kind in ("order", "match", "gap_match", "graphic_gap_match")
    )
    seeds = (7,)


@pytest.mark.parametrize("kind", CONTENTS)
def test_every_interaction_has_controls_by_which_the_right_answer_can_be_given(kind):
    variant = QTI.prepare(CONTENTS[kind], 3, "en")
    raw = QTI.correct_response(variant)
    assert not any(name.startswith("=") for name in raw)
    html = QTI.render(variant, View.ANSWER, {}, name="q").html
    for name in raw:
        assert f'name="{name}"' in html


@pytest.mark.parametrize("kind", CONTENTS)
def test_no_identifier_or_key_of_the_author_reaches_the_browser(kind):
    variant = QTI.prepare(CONTENTS[kind], 3, "en")
    shown = json.dumps(variant.public) + QTI.render(variant, View.ANSWER, {}, name="q").html
    for word in ("key_", "gap_1", "img_1", "correctResponse", "mappedValue", "York", "102"):
        assert word not in shown.replace("Words", "")


def test_an_essay_waits_for_a_marker():
    variant = QTI.prepare(ESSAY, 0, "en")
    score = QTI.score(variant, QTI.parse(variant, {"i0": "Because."}))
    assert score.state is ScoreState.NEEDS_MANUAL
    assert QTI.score(variant, QTI.parse(variant, {})).state is ScoreState.UNANSWERED


def test_a_file_is_handed_in_and_waits_for_a_marker():
    upload = item(
        response([], base_type="file"), f"<uploadInteraction {START} type='image/png'/>", ""
    )
    variant = QTI.prepare(upload, 0, "en")
    assert '<eh-files name="i0"' in QTI.render(variant, View.ANSWER, {}, name="q").html
    line = f"{MEDIA} 1234 image/png my work.png"
    score = QTI.score(variant, QTI.parse(variant, {"i0": [line]}))
    assert score.state is ScoreState.NEEDS_MANUAL
    assert "my work.png" in QTI.render(variant, View.GRADE, {"i0": [line]}, name="q").html
    assert isinstance(QTI.parse(variant, {"i0": "/etc/passwd"}), FormatErrors)


def test_a_mapping_gives_part_of_the_points():
    variant = QTI.prepare(CONTENTS["text_entry"], 0, "en")
    score = QTI.score(variant, QTI.parse(variant, {"i0": "Yorkshire"}))
    assert (score.fraction, score.state) == (Decimal("0.5"), ScoreState.PARTIAL)
    assert score.outcomes == {"SCORE": ["1"], "completionStatus": ["completed"]}


FEEDBACK = item(
    response(["A"])
    + '<outcomeDeclaration identifier="F" cardinality="single" baseType="identifier"/>'
    + '<templateDeclaration identifier="N" cardinality="single" baseType="integer" '
    'mathVariable="true"/>',
    '<p>Is <printedVariable identifier="N"/> odd? <math xmlns="http://www.w3.org/1998/Math/MathML">'
    "<mi>N</mi></math></p>"
    '<feedbackInline outcomeIdentifier="F" identifier="yes" showHide="show">secret praise'
    "</feedbackInline>"
    f'<choiceInteraction {START} maxChoices="1"><simpleChoice identifier="A">y'
    '<feedbackInline outcomeIdentifier="F" identifier="yes" showHide="show">well</feedbackInline>'
    '</simpleChoice><simpleChoice identifier="B">n</simpleChoice></choiceInteraction>'
    '<rubricBlock view="scorer">for markers</rubricBlock><script>alert(1)</script>',
    "",
    "<responseProcessing><responseCondition><responseIf><match><variable identifier='RESPONSE'/>"
    "<correct identifier='RESPONSE'/></match><setOutcomeValue identifier='F'>"
    "<baseValue baseType='identifier'>yes</baseValue></setOutcomeValue><setOutcomeValue "
    "identifier='SCORE'><baseValue baseType='float'>1</baseValue></setOutcomeValue></responseIf>"
    "</responseCondition></responseProcessing><modalFeedback outcomeIdentifier='F' "
    "identifier='yes' showHide='show'>modal <b>praise</b></modalFeedback>"
    "<templateProcessing><setTemplateValue identifier='N'><randomInteger min='3' max='3'/>"
    "</setTemplateValue></templateProcessing>",
)


def test_feedback_is_shown_after_scoring_only_and_templates_are_filled_in():
    variant = QTI.prepare(FEEDBACK, 0, "en")
    text = json.dumps(variant.public)
    assert "praise" not in text
    assert "well" not in text
    assert "markers" not in text
    assert "alert" not in text
    assert "Is 3 odd?" in text
    assert "<mn>3</mn>" in text
    score = QTI.score(variant, QTI.parse(variant, {"i0": "1"}))
    assert "modal <b>praise</b>" in score.feedback
    assert "secret praise" in score.feedback
    assert QTI.score(variant, QTI.parse(variant, {"i0": "2"})).feedback == ""


def test_a_browser_cannot_go_beyond_the_limits_nor_send_identifiers():
    variant = QTI.prepare(CONTENTS["hotspot"], 0, "en")
    for raw in (
        {"i0": ["1", "2"]},
        {"=RESPONSE": ["key_B"]},
        {"=": "guess", "=RESPONSE": ["key_B"]},
        {"=": "guess"},
        {"i0": "key_B"},
    ):
        assert isinstance(QTI.parse(variant, raw), FormatErrors)


def test_what_other_systems_recorded_is_scored_whatever_the_controls_are():
    variant = QTI.prepare(CONTENTS["choice"], 5, "en")
    raw = write_raw(variant.public, variant.secret, {"RESPONSE": ["key_A", "elsewhere"]})
    response_ = QTI.parse(variant, raw)
    assert response_.data == {"responses": {"RESPONSE": ["key_A", "elsewhere"]}}
    assert QTI.score(variant, response_).state is ScoreState.WRONG


def test_a_number_is_asked_for_in_words():
    variant = QTI.prepare(CONTENTS["number"], 0, "en")
    assert QTI.parse(variant, {"i0": "many"}) == FormatErrors(
        ("The answer is not a whole number.",)
    )


def test_an_item_that_cannot_run_is_told_to_its_author():
    broken = item(response(["A"]), "<customInteraction/>")
    assert "custom" in QTI.validate(broken)[0].message


STIMULUS = """<qti-assessment-stimulus xmlns="http://www.imsglobal.org/xsd/imsqtiasi_v3p0"
 identifier="s"><qti-stimulus-body><p>A shared text.</p></qti-stimulus-body>
</qti-assessment-stimulus>"""


def test_other_files_bring_stimulus_and_rules():
    content = item(
        response(["A"]) + '<assessmentStimulusRef identifier="s" href="./text.xml"/>',
        f"<p><textEntryInteraction {START}/></p>",
        "own_rules",
    )
    rules = (
        f"<responseProcessing {NS}><setOutcomeValue identifier='SCORE'><baseValue baseType='float'>"
        "1</baseValue></setOutcomeValue></responseProcessing>"
    )
    content["documents"] = [
        {"href": "text.xml", "xml": STIMULUS},
        {"href": "x/own_rules", "xml": rules},
    ]
    variant = QTI.prepare(content, 0, "en")
    assert "A shared text." in variant.public["body"]
    assert QTI.score(variant, QTI.parse(variant, {"i0": "x"})).fraction == 1


def test_included_rules_are_run_and_missing_ones_are_told():
    content = item(response(["A"]), f"<p><textEntryInteraction {START}/></p>", "")
    include = '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="rules.xml"/>'
    content["xml"] = content["xml"].replace(
        "</assessmentItem>", f"<responseProcessing>{include}</responseProcessing></assessmentItem>"
    )
    assert "another file" in QTI.validate(content)[0].message
    content["documents"] = [
        {
            "href": "rules.xml",
            "xml": f"<responseProcessingFragment {NS}><setOutcomeValue identifier='SCORE'>"
            "<baseValue baseType='float'>1</baseValue></setOutcomeValue>"
            "</responseProcessingFragment>",
        }
    ]
    variant = QTI.prepare(content, 0, "en")
    assert QTI.score(variant, QTI.parse(variant, {"i0": "x"})).fraction == 1


def test_all_items_at_hand_are_drawn_or_refused_with_a_reason(shared: Path):
    items = shared / "interop" / "qti" / "items"
    drawn = 0
    for path in sorted(items.rglob("*.xml"))[::9]:
        content = {"xml": path.read_text("utf-8", errors="replace"), "files": [], "documents": []}
        if len(content["xml"]) > 300_000:
            continue
        issues = [issue for issue in QTI.validate(content) if issue.severity == "error"]
        if issues:
            assert issues[0].message
            continue
        variant = QTI.prepare(content, 1, "en")
        keyless = QTI.render(Variant(variant.public), View.ANSWER, {}, name="q")
        assert keyless == QTI.render(variant, View.ANSWER, {}, name="q")
        drawn += 1
    assert drawn > 30
