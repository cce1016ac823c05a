"""QTI 1.2: what platforms write becomes questions of our own types, with what is lost."""

import io
from decimal import Decimal
from importlib import import_module

import pytest
from lxml import etree

from examhall.plugins import (
    Fidelity,
    FormatError,
    MediaFile,
    PortableExam,
    PortableItem,
    PortableQuestion,
    PortableSection,
    QuestionBundle,
    Response,
)
from examhall.plugins.formats.qti12 import Qti12Format
from examhall.plugins.testing import FormatContract
from tests.plugins.formats.archives import unzipped, zipped

QTI12 = Qti12Format()


class TestQti12(FormatContract):
    plugin = Qti12Format()


def without_our_own(data):
    """Return the files that a package has for other programs."""
    return {name: text for name, text in unzipped(data).items() if "native" not in name}


def read(data):
    return QTI12.import_(io.BytesIO(data if isinstance(data, bytes) else data.encode()))


def lid(ident, *choices, cardinality="Single", label=""):
    shown = "".join(
        f'<response_label ident="{name}"><material><mattext>{text}</mattext></material>'
        "</response_label>"
        for name, text in choices
    )
    told = f"<material><mattext>{label}</mattext></material>" if label else ""
    return (
        f'<response_lid ident="{ident}" rcardinality="{cardinality}">{told}<render_choice>{shown}'
        "</render_choice></response_lid>"
    )


def blank(ident, kind="String"):
    return (
        f'<response_str ident="{ident}" rcardinality="Single"><render_fib fibtype="{kind}">'
        '<response_label ident="a"/></render_fib></response_str>'
    )


def rule(condition, points="100", action="Set", more=""):
    return (
        f"<respcondition><conditionvar>{condition}</conditionvar>"
        f'<setvar action="{action}" varname="SCORE">{points}</setvar>{more}</respcondition>'
    )


def equal(ident, text, attributes=""):
    return f'<varequal respident="{ident}" {attributes}>{text}</varequal>'


def item(stem, responses="", rules="", kind="", ident="q1", more=""):
    field = (
        "<itemmetadata><qtimetadata><qtimetadatafield><fieldlabel>question_type</fieldlabel>"
        f"<fieldentry>{kind}</fieldentry></qtimetadatafield><qtimetadatafield><fieldlabel>"
        "points_possible</fieldlabel><fieldentry>2.5</fieldentry></qtimetadatafield></qtimetadata>"
        "</itemmetadata>"
    )
    return (
        f'<item ident="{ident}" title="T">{field}<presentation><material>'
        f'<mattext texttype="text/html">{stem}</mattext></material>{responses}</presentation>'
        '<resprocessing><outcomes><decvar maxvalue="100" varname="SCORE"/></outcomes>'
        f"{rules}</resprocessing>{more}</item>"
    )


def document(*items):
    return (
        '<questestinterop xmlns="http://www.imsglobal.org/xsd/ims_qtiasiv1p2">'
        f"{''.join(items)}</questestinterop>"
    )


def only(*arguments, **more):
    (entry,) = read(document(item(*arguments, **more))).questions
    return entry


def score(question, raw):
    kind = import_module(f"examhall.question_types.{question.type}").examhall_question_types()[0]
    schema = kind.content_schema()
    content = schema().dump(schema().load(dict(question.content)))
    assert [issue for issue in kind.validate(content) if issue.severity == "error"] == []
    variant = kind.prepare(content, 1, "en")
    response = kind.parse(variant, raw(variant) if callable(raw) else raw)
    assert isinstance(response, Response)
    return kind.score(variant, response).fraction


CHOICES = (("11", "red"), ("22", "green"), ("33", "blue"))


def test_a_choice_keeps_what_each_option_is_worth_and_its_feedback():
    told = '<displayfeedback linkrefid="22_fb"/>'
    feedback = (
        "<itemfeedback ident='22_fb'><material><mattext>Half.</mattext></material></itemfeedback>"
    )
    entry = only(
        "Which?",
        lid("r", *CHOICES),
        rule(equal("r", "11")) + rule(equal("r", "22"), "50", more=told),
        more=feedback,
    )
    assert entry.fidelity is Fidelity.EXACT
    assert entry.question.type == "choice"
    assert entry.question.points == Decimal("2.5")
    options = entry.question.content["options"]
    assert [option["correct"] for option in options] == [True, False, False]
    assert options[1]["fraction"] == "0.5"
    assert options[1]["feedback"] == "Half."
    raw = [
        QTI12.read_responses(entry.question, variant_of(entry), {"r": [n]}) for n in ("11", "22")
    ]
    assert [score(entry.question, one) for one in raw] == [1, Decimal("0.5")]


def variant_of(entry):
    module = import_module(f"examhall.question_types.{entry.question.type}")
    return module.examhall_question_types()[0].prepare(entry.question.content, 1, "en")


def test_several_options_together_or_each_for_itself():
    together = rule(
        "<and>"
        + equal("r", "11")
        + "<not>"
        + equal("r", "22")
        + "</not>"
        + equal("r", "33")
        + "</and>"
    )
    choices = lid("r", *CHOICES, cardinality="Multiple")
    whole = only("Which?", choices, together).question
    apart = only(
        "Which?", choices, rule(equal("r", "11"), "50", "Add") + rule(equal("r", "33"), "50", "Add")
    ).question
    assert [o["correct"] for o in whole.content["options"]] == [True, False, True]
    assert score(whole, {"choice": ["1", "3"]}) == 1
    assert score(whole, {"choice": ["1"]}) == 0
    assert score(apart, {"choice": ["1"]}) == Decimal("0.5")


def test_texts_and_numbers_keep_their_worth_case_and_ranges():
    text = only(
        "Who?",
        blank("r"),
        rule(equal("r", "York", 'case="Yes"')) + rule(equal("r", "Hull", 'case="Yes"'), "25"),
    ).question
    assert (text.type, text.content["case_sensitive"]) == ("text_entry", True)
    assert [score(text, {"text": word}) for word in ("York", "Hull", "york")] == [
        1,
        Decimal("0.25"),
        0,
    ]
    both = (
        "<or>" + equal("r", "5") + '<and><vargte respident="r">4</vargte>'
        '<varlte respident="r">6</varlte></and></or>'
    )
    number = only("How many?", blank("r", "Decimal"), rule(both)).question
    assert number.type == "numeric"
    assert [score(number, {"value": word}) for word in ("5", "6", "6.1")] == [1, 1, 0]


def test_the_end_of_an_open_range_is_told():
    bounds = '<vargt respident="r">4</vargt><varlte respident="r">6</varlte>'
    assert only("n", blank("r", "Decimal"), rule(bounds)).fidelity is Fidelity.APPROXIMATED


def test_lists_in_a_text_become_gaps_with_groups():
    entry = only(
        "&lt;p&gt;Roses are [c1], violets [c2].&lt;/p&gt;",
        lid("r1", ("1", "red"), ("2", "plaid"), label="c1")
        + lid("r2", ("3", "grey"), ("4", "blue"), label="c2"),
        rule(equal("r1", "1"), "50", "Add") + rule(equal("r2", "4"), "50", "Add"),
        kind="multiple_dropdowns_question",
    )
    content = entry.question.content
    assert content["stem"] == "<p>Roses are [[1]], violets [[4]].</p>"
    assert [choice["group"] for choice in content["choices"]] == [1, 1, 2, 2]


def test_blanks_in_a_text_become_a_cloze():
    listed = only(
        "It is [c1].",
        lid("r1", ("1", "red"), ("2", "Red"), label="c1"),
        rule(equal("r1", "1"), "100", "Add"),
        kind="fill_in_multiple_blanks_question",
    ).question
    assert listed.content["stem"] == "It is {#1}."
    assert [answer["text"] for answer in listed.content["parts"][0]["answers"]] == ["red", "Red"]
    mixed = only(
        "Now is the ",
        blank("a") + "<material><mattext> of our </mattext></material>" + blank("b"),
        rule(equal("a", "Winter") + equal("b", "discontent"), "3", "Add"),
    )
    assert mixed.question.type == "cloze"
    assert mixed.question.content["stem"] == "Now is the {#1} of our {#2}"
    assert "together" in mixed.notes[0]


def test_matching_ordering_sorting_and_others():
    answers = (("x", "France"), ("y", "Italy"))
    match = only(
        "Where?",
        lid("r1", *answers, label="Paris") + lid("r2", *answers, label="Rome"),
        rule(equal("r1", "x"), "50", "Add") + rule(equal("r2", "y"), "50", "Add"),
        kind="matching_question",
    ).question
    assert [stem["answer_id"] for stem in match.content["stems"]] == ["a1", "a2"]
    order = only(
        "Sort", lid("r", *CHOICES, cardinality="Ordered"),
        rule(equal("r", "22") + equal("r", "33") + equal("r", "11")),
    ).question  # fmt: skip
    assert [thing["text"] for thing in order.content["items"]] == ["green", "blue", "red"]
    table = only(
        "Sort", lid("r1", *CHOICES, label="A") + lid("r2", *CHOICES, label="B"),
        rule(equal("r1", "11"), "50", "Add") + rule(equal("r2", "22"), "50", "Add"),
        kind="categorization_question",
    )  # fmt: skip
    assert table.question.type == "matrix"
    assert len(table.question.content["rows"]) == 2
    assert table.fidelity is Fidelity.APPROXIMATED
    assert only("Why?", blank("r")).question.type == "essay"
    assert only("Read this.").question.type == "description"


def test_what_cannot_be_is_refused_with_the_reason():
    assert "key" in only("n", blank("r", "Decimal")).notes[0]
    place = '<response_xy ident="r"/>'
    assert "picture" in only("n", place, kind="hot_spot_question").notes[0]
    assert "order" in only("n", lid("r", *CHOICES, cardinality="Ordered")).notes[0]
    inside = "<calculated><formulas><formula>y=x</formula></formulas></calculated>"
    formula = f"<itemproc_extension>{inside}</itemproc_extension>"
    assert only("n", blank("r"), kind="calculated_question", more=formula).question is None


def test_a_calculated_question_keeps_its_sets_of_numbers():
    calculated = """<itemproc_extension><calculated><answer_tolerance>10%</answer_tolerance>
    <formulas><formula>2*x+1</formula></formulas><vars><var name="x" scale="1"><min>1</min>
    <max>9</max></var></vars><var_sets><var_set><var name="x">3.5</var></var_set></var_sets>
    </calculated></itemproc_extension>"""
    entry = only("Twice [x]?", blank("r"), kind="calculated_question", more=calculated)
    content = entry.question.content
    assert content["stem"] == "Twice {x}?"
    assert content["answers"][0]["formula"] == "2*{x}+1"
    assert content["answers"][0]["tolerance_kind"] == "relative"
    assert content["wildcards"][0]["values"] == ["3.5"]


QUIZ = document(
    '<assessment ident="a" title="Quiz"><section ident="root"><section ident="g" title="Group">'
    "<selection_ordering><selection><selection_number>1</selection_number><selection_extension>"
    "<points_per_item>3</points_per_item></selection_extension></selection></selection_ordering>"
    + item("one", lid("r", *CHOICES), rule(equal("r", "11")), ident="i1")
    + item("two", lid("r", *CHOICES), rule(equal("r", "11")), ident="i2")
    + "</section>"
    + item("three", blank("r"), ident="i3")
    + "</section></assessment>"
)


def test_an_assessment_becomes_an_exam():
    report = read(QUIZ)
    assert report.exam == PortableExam(
        "Quiz",
        (
            PortableSection("Quiz", (PortableItem("i3", Decimal("2.5")),)),
            PortableSection(
                "Group", (PortableItem("i1", Decimal(3)), PortableItem("i2", Decimal(3))), 1
            ),
        ),
    )


def test_a_package_brings_its_pictures_once_and_each_quiz_once():
    picture = '&lt;img src="$IMS-CC-FILEBASE$/Up%20loads/a.png"&gt;'
    quiz = document(item(f"{picture} Why?", blank("r")))
    other = document(item("the poorer copy", blank("r")))
    data = zipped(
        {
            "imsmanifest.xml": "<manifest/>",
            "non_cc_assessments/g1.xml.qti": quiz,
            "g1/assessment_qti.xml": other,
            "g1/assessment_meta.xml": "<quiz/>",
            "web_resources/Up loads/a.png": b"png",
        }
    )
    report = read(data)
    assert len(report.questions) == 1
    assert report.media[0].data == b"png"
    assert report.media[0].reference in report.questions[0].question.content["stem"]
    lost = read(zipped({"q.xml": quiz})).questions[0]
    assert "not there" in lost.notes[0]


QUESTIONS = (
    PortableQuestion(
        "choice",
        "Several",
        {
            "stem": "Which?",
            "mode": "multiple",
            "options": [{"text": "a", "correct": True}, {"text": "b"}],
        },
        identifier="one",
    ),
    PortableQuestion(
        "numeric", "Pi", {"stem": "Pi?", "answers": [{"value": "3.14", "tolerance": "0.01"}]},
        identifier="two",
    ),
    PortableQuestion(
        "match",
        "Pairs",
        {
            "stem": "Where?",
            "stems": [{"id": "s", "text": "Paris", "answer_id": "f"}],
            "answers": [{"id": "f", "text": "France"}, {"id": "i", "text": "Italy"}],
        },
        identifier="three",
    ),
    PortableQuestion(
        "order", "Order", {"stem": "Sort", "items": [{"text": "a"}, {"text": "b"}]},
        identifier="four",
    ),
    PortableQuestion(
        "text_entry", "Text", {"stem": "Who?", "answers": [{"text": "York"}]}, identifier="five"
    ),
)  # fmt: skip


def test_what_we_write_is_read_as_the_same_kind_without_our_own_file():
    exam = PortableExam("E", (PortableSection("S", (PortableItem("one"), PortableItem("two")), 1),))
    data = QTI12.export(QuestionBundle(QUESTIONS, exam))
    report = read(data)
    assert [entry.question for entry in report.questions] == list(QUESTIONS)
    assert report.exam == exam
    files = without_our_own(data)
    again = read(zipped(files)).questions
    assert [entry.question.type for entry in again] == [question.type for question in QUESTIONS]
    assert {entry.fidelity for entry in again} == {Fidelity.EXACT}
    numbers = again[1].question
    assert [score(numbers, {"value": word}) for word in ("3.15", "3.2")] == [1, 0]


def test_a_question_that_it_cannot_hold_is_refused_by_its_title():
    with pytest.raises(FormatError, match="Spot"):
        QTI12.export(QuestionBundle((PortableQuestion("hotspot", "Spot", {"stem": "x"}),)))


@pytest.mark.parametrize(
    "data",
    [
        document("<item/>"),
        document("<item><presentation><response_lid/></presentation></item>"),
        document(item("n", lid("r", *CHOICES), rule("<and>" * 100 + "</and>" * 100))),
        document(item("n", lid("r", *CHOICES), rule(equal("r", "11"), "many"))),
        document("<assessment>" + "<section>" * 60 + "</section>" * 60 + "</assessment>"),
        '<!DOCTYPE q [<!ENTITY a "b">]><questestinterop>&a;</questestinterop>',
        "<assessmentItem/>",
    ],
)  # fmt: skip
def test_hostile_documents_make_a_report(data):
    report = read(data)
    assert all(entry.question is None for entry in report.questions)
    assert report.problems or report.questions


def test_the_questions_of_other_platforms_are_valid_here(shared):
    items = shared / "interop" / "qti" / "items" / "mit_instructure_qti" / "spec" / "fixtures"
    taken = 0
    for path in sorted((items / "items_1.2").glob("*.xml")):
        for entry in read(path.read_bytes()).questions:
            if entry.question is None:
                assert entry.notes
                continue
            kind = import_module(f"examhall.question_types.{entry.question.type}")
            schema = kind.examhall_question_types()[0].content_schema()
            assert schema().validate(dict(entry.question.content)) == {}, path.name
            taken += 1
    assert taken > 35


def choice_with(declared, *rules):
    shown = item("Which?", lid("r", ("A", "red"), ("B", "blue")), "".join(rules))
    old = '<decvar maxvalue="100" varname="SCORE"/>'
    assert old in shown
    (entry,) = read(document(shown.replace(old, declared))).questions
    return [
        (option["correct"], option.get("fraction")) for option in entry.question.content["options"]
    ]


RIGHT, WRONG = (True, None), (False, None)


@pytest.mark.parametrize(
    ("declared", "rules", "options"),
    [
        (
            '<decvar varname="SCORE"/><decvar varname="OTHER"/>',
            (
                rule(equal("r", "A"), "1"),
                rule(equal("r", "B"), "9").replace('"SCORE"', '"OTHER"'),
            ),
            [RIGHT, WRONG],
        ),
        (
            '<decvar varname="points"/>',
            (rule(equal("r", "B"), "1").replace('"SCORE"', '"points"'),),
            [WRONG, RIGHT],
        ),
        (
            '<decvar varname="SCORE" minvalue="0"/>',
            (rule(equal("r", "A"), "1"), rule(equal("r", "B"), "-1")),
            [RIGHT, WRONG],
        ),
        (
            '<decvar varname="SCORE"/>',
            (rule(equal("r", "A"), "1"), rule(equal("r", "B"), "-1")),
            [RIGHT, (False, "-1")],
        ),
        (
            '<decvar varname="SCORE" defaultval="1"/>',
            (rule(equal("r", "B"), "1", "Subtract"),),
            [RIGHT, WRONG],
        ),
    ],
)
def test_points_are_those_of_the_variable_that_holds_them(declared, rules, options):
    assert choice_with(declared, *rules) == options


@pytest.mark.parametrize("points", ["NaN", "INF", "1e400", "many"])
def test_a_rule_that_gives_no_number_of_points_refuses_its_question_alone(points):
    rules = rule(equal("r", "A"), points)
    broken = item("Which?", lid("r", ("A", "red"), ("B", "blue")), rules)
    first, second = read(document(broken, item("Why?", blank("r"), ident="q2"))).questions
    assert first.fidelity is Fidelity.REFUSED
    assert "as points" in first.notes[0]
    assert second.question.type == "essay"


def test_the_least_is_for_the_whole_of_a_question_with_several_answers():
    worth = {"A": "1", "B": "1", "C": "-1"}
    rules = [rule(equal("r", name), points, "Add") for name, points in worth.items()]
    shown = lid("r", *((name, name) for name in "ABC"), cardinality="Multiple")
    xml = item("Which?", shown, "".join(rules)).replace("<decvar ", '<decvar minvalue="0" ')
    (entry,) = read(document(xml)).questions
    assert [o.get("fraction") for o in entry.question.content["options"]] == ["0.5", "0.5", "-0.5"]


def test_what_takes_points_off_still_does_once_it_was_written():
    wrong = {"id": "b", "text": "2", "fraction": "-1"}
    options = [{"id": "a", "text": "1", "correct": True}, wrong]
    content = {"stem": "<p>?</p>", "mode": "single", "options": options}
    question = PortableQuestion("choice", "T", content, Decimal(1), "q")
    data = QTI12.export(QuestionBundle((question,), None, {}))
    files = without_our_own(data)
    (entry,) = read(zipped(files)).questions
    assert [o.get("fraction") for o in entry.question.content["options"]] == [None, "-1"]


def test_our_package_says_what_is_in_it_and_the_exam_is_there_without_our_own_file():
    picture = MediaFile(b"png", "image/png", "p.png")
    questions = tuple(
        PortableQuestion("essay", name, {"stem": f"<p>{stem}</p>"}, Decimal(2), name)
        for name, stem in (("a", f'<img src="{picture.reference}">'), ("b", "Why?"))
    )
    items = tuple(PortableItem(name, Decimal(2)) for name in "ba")
    exam = PortableExam("E", (PortableSection("S", items, 1),))
    data = QTI12.export(QuestionBundle(questions, exam, {picture.reference: picture}))
    files = without_our_own(data)
    manifest = etree.fromstring(files["imsmanifest.xml"])
    named = {
        resource.get("href"): [file.get("href") for file in resource.iterfind("{*}file")]
        for resource in manifest.iter("{*}resource")
    }
    media = f"media/{picture.reference.removeprefix('media:')}.png"
    assert {"imsmanifest.xml", *named} == set(files)
    assert named["items/q00001.xml"] == ["items/q00001.xml", media]
    assert named["items/q00002.xml"] == ["items/q00002.xml"]
    report = read(zipped(files))
    assert report.problems == ()
    assert report.exam == exam
