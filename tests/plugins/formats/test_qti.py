"""QTI files in and out: exact round trips, exams, media, reports of losses, hostile packages."""

import io
import json
import stat
import zipfile
from decimal import Decimal

import pytest

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
from examhall.plugins.formats.qti import QtiFormat
from examhall.plugins.qti.errors import QtiError
from examhall.plugins.qti.item import parse_item
from examhall.plugins.qti.session import ItemSession, read_response
from examhall.plugins.qti.writing.package import WRITERS, write_item
from examhall.plugins.qti.writing.version3 import to_version3
from examhall.plugins.testing import FormatContract
from examhall.question_types.qti_item import EXAMPLE, QtiItem
from tests.plugins.formats.archives import unzipped, zipped

QTI = QtiFormat()
PICTURE = MediaFile(b"\x89PNG\r\n\x1a\n picture", "image/png", "map.png")
MULTIPLE = {
    "stem": f'<p>Which are <b>even</b>? <img src="{PICTURE.reference}"></p>',
    "mode": "multiple",
    "partial_credit": True,
    "options": [
        {"id": "a", "text": "2", "correct": True},
        {"id": "b", "text": "3 &lt; 4"},
        {"id": "c", "text": "4", "correct": True},
        {"id": "d", "text": "5"},
    ],
}
CONTENTS = {
    "choice": MULTIPLE,
    "text_entry": {
        "stem": "<p>Richard of ...?</p>",
        "answers": [
            {"text": "York", "fraction": "1"},
            {"text": "Yor*", "fraction": "0.5", "match": "wildcard"},
            {"text": "[LM].*", "fraction": "0.25", "match": "regex"},
        ],
    },
    "numeric": {
        "stem": "Give pi.",
        "answers": [
            {"value": "3.14", "tolerance": "0.01"},
            {"value": "3", "tolerance": "0.1", "tolerance_kind": "relative", "fraction": "0.5"},
            {"value": "*", "fraction": "0.1"},
        ],
    },
    "essay": {"stem": "<p>Why does ice float?</p>"},
    "match": {
        "stem": "<p>Where?</p>",
        "stems": [
            {"id": "s1", "text": "Paris", "answer_id": "fr"},
            {"id": "s2", "text": "Rome", "answer_id": "it"},
        ],
        "answers": [
            {"id": "fr", "text": "France"},
            {"id": "it", "text": "Italy"},
            {"id": "es", "text": "Spain"},
        ],
    },
    "order": {
        "stem": "<p>By size</p>",
        "grading": "absolute_position",
        "items": [
            {"id": "x", "text": "big"},
            {"id": "y", "text": "mid"},
            {"id": "z", "text": "low"},
        ],
    },
    "gap_match": {
        "stem": "<p>The [[1]] jumps over the [[2]].</p>",
        "choices": [{"text": "fox"}, {"text": "dog"}, {"text": "hen", "infinite": True}],
    },
    "inline_choice": {
        "stem": "<p>[[1]] is wet, [[3]] is hot.</p>",
        "choices": [
            {"text": "Water", "group": 1},
            {"text": "Sand", "group": 1},
            {"text": "Fire", "group": 2},
        ],
    },
    "hot_text": {"stem": "<p>Verbs</p>", "text": "<p>The [[old]] fox [[=runs]] home.</p>"},
    "associate": {
        "stem": "<p>Pairs</p>",
        "choices": [{"id": n, "text": n} for n in ("cow", "calf", "sheep", "lamb")],
        "pairs": [{"first": "cow", "second": "calf"}, {"first": "sheep", "second": "lamb"}],
    },
    "matrix": {
        "stem": "<p>Which?</p>",
        "columns": [{"id": "m", "text": "Mammal"}, {"id": "b", "text": "Bird"}],
        "rows": [
            {"id": "whale", "text": "Whale", "columns": ["m"]},
            {"id": "hen", "text": "Hen", "columns": ["b"]},
        ],
    },
    "hotspot": {
        "stem": "<p>Where?</p>",
        "image": PICTURE.reference,
        "width": 200,
        "height": 100,
        "areas": [
            {"id": "a", "shape": "circle", "coords": "20,30;9"},
            {"id": "b", "shape": "rectangle", "coords": "50,10;30,20", "correct": True},
        ],
    },
    "cloze": {
        "stem": "<p>Water boils at {#2} °C at the {#1}; it is {#3}.</p>",
        "parts": [
            {
                "kind": "choice",
                "options": [{"text": "sea", "fraction": "1"}, {"text": "peak", "fraction": "0.5"}],
            },
            {"kind": "numeric", "weight": "2", "numbers": [{"value": "100", "tolerance": "0.5"}]},
            {"kind": "text", "answers": [{"text": "steam"}, {"text": "gas*", "match": "wildcard"}]},
        ],
    },
    "position_object": {
        "stem": "<p>Mark</p>",
        "image": PICTURE.reference,
        "width": 200,
        "height": 100,
        "markers": [{"id": "b", "text": "Bridge", "limit": 2}, {"id": "c", "text": "Church"}],
        "zones": [
            {"shape": "circle", "coords": "20,20;9", "marker": "b"},
            {"shape": "circle", "coords": "60,20;9", "marker": "b"},
            {"shape": "rectangle", "coords": "90,10;20,20", "marker": "c"},
        ],
    },
    "slider": {
        "stem": "<p>How warm?</p>",
        "minimum": "0",
        "maximum": "30",
        "answers": [{"value": "4"}, {"value": "4", "tolerance": "1", "fraction": "0.5"}],
    },
    "description": {"stem": "<p>Read this.</p>"},
    "qti_item": {
        "xml": EXAMPLE.replace("What is water?", "Wasser: <img src='../pics/a b.png'/> ü?"),
        "files": [{"href": "../pics/a b.png", "media": PICTURE.reference}],
        "documents": [],
    },
}
QUESTIONS = tuple(
    PortableQuestion(kind, f"A {kind} & more", content, Decimal("1.50"), kind, ("tag", kind))
    for kind, content in CONTENTS.items()
)
EXAM = PortableExam(
    "Spring",
    (
        PortableSection(
            "First",
            (PortableItem("choice", Decimal("2.5")), PortableItem("essay", Decimal(4))),
            pick=1,
            shuffle=True,
        ),
        PortableSection("Second", (PortableItem("qti_item", Decimal("0.3")),)),
    ),
)


class TestQti(FormatContract):
    plugin = QtiFormat()


def read(data):
    return QTI.import_(io.BytesIO(data))


def make_bundle(questions=QUESTIONS, exam=EXAM):
    return QuestionBundle(tuple(questions), exam, {PICTURE.reference: PICTURE})


def test_questions_exam_and_media_come_back_as_they_were():
    report = read(QTI.export(make_bundle()))
    assert report.problems == ()
    assert [entry.question for entry in report.questions] == list(QUESTIONS)
    assert report.exam == EXAM
    assert [(file.data, file.content_type) for file in report.media] == [
        (PICTURE.data, PICTURE.content_type)
    ]


def test_without_our_own_file_the_items_and_the_exam_are_still_there():
    files = unzipped(QTI.export(make_bundle()))
    del files["examhall/native.json"]
    report = read(zipped(files))
    assert {entry.fidelity for entry in report.questions} <= {Fidelity.EXACT}
    assert [entry.question.type for entry in report.questions] == ["qti_item"] * len(QUESTIONS)
    assert [(s.title, s.pick, s.shuffle) for s in report.exam.sections] == [
        ("First", 1, True),
        ("Second", None, False),
    ]
    points = [item.points for section in report.exam.sections for item in section.items]
    assert points == [Decimal("2.5"), Decimal(4), Decimal("0.3")]
    assert report.media[0].data == PICTURE.data


def test_an_item_that_another_program_changed_is_read_as_it_is_now():
    files = unzipped(QTI.export(make_bundle(QUESTIONS[:2], None)))
    name = "items/q00001/item.xml"
    files[name] = files[name].replace(b"even", b"odd")
    first, second = read(zipped(files)).questions
    assert first.question.type == "qti_item"
    assert "odd" in first.question.content["xml"]
    assert second.question == QUESTIONS[1]


@pytest.mark.parametrize("question", QUESTIONS[:-1], ids=lambda question: question.type)
def test_an_item_that_we_write_runs_and_gives_its_key_full_marks(question):
    item = parse_item(write_item(question, "q", {PICTURE.reference: "../media/map.png"}))
    session = ItemSession(item)
    correct = session.correct_responses()
    session.submit(correct)
    if any(correct.values()):
        assert session.score() == pytest.approx(1)


SCORES = [
    ("choice", ["a"], 0.5),
    ("choice", ["a", "b"], 0),
    ("text_entry", ["york"], 1),
    ("text_entry", ["YORKSHIRE"], 0.5),
    ("text_entry", ["London"], 0.25),
    ("text_entry", ["Hull"], 0),
    ("numeric", ["3.145"], 1),
    ("numeric", ["2.8"], 0.5),
    ("numeric", ["9"], 0.1),
    ("match", ["s1 fr"], 0.5),
    ("order", ["x", "z", "y"], 1 / 3),
    ("slider", ["5"], 0.5),
]


def score_of(kind, **given):
    question = next(question for question in QUESTIONS if question.type == kind)
    item = parse_item(write_item(question, "q", {}))
    session = ItemSession(item)
    session.submit(
        {name: read_response(item.declarations[name], texts) for name, texts in given.items()}
    )
    return session.score()


def test_several_responses_add_up():
    assert score_of("cloze", RESPONSE1=["c2"], RESPONSE2=["100.4"]) == pytest.approx(0.625)
    assert score_of("cloze", RESPONSE3=["Gases"]) == pytest.approx(0.25)
    assert score_of("position_object", RESPONSE1=["21 21", "99 99"]) == pytest.approx(1 / 3)
    assert score_of("position_object", RESPONSE2=["95 15"]) == pytest.approx(1 / 3)


@pytest.mark.parametrize(("kind", "given", "score"), SCORES)
def test_what_we_write_scores_as_our_own_type_does(kind, given, score):
    assert score_of(kind, RESPONSE=given) == pytest.approx(score)


def test_a_question_that_qti_cannot_hold_is_refused_by_its_title():
    for question in (
        PortableQuestion("calculated", "Sums", {"stem": "x"}),
        PortableQuestion("match", "Broken", {"stem": "x"}),
        PortableQuestion(
            "text_entry",
            "Odd",
            {"stem": "x", "answers": [{"text": "(?=a)", "match": "regex"}]},
        ),
    ):
        with pytest.raises(FormatError, match=question.title):
            QTI.export(QuestionBundle((question,)))


@pytest.mark.parametrize("question", QUESTIONS[:-1], ids=lambda question: question.type)
def test_qti_3_says_the_same(question):
    old = write_item(question, "q", {PICTURE.reference: "map.png"})
    new = to_version3(old)
    assert b"qti-assessment-item" in new
    first, second = parse_item(old), parse_item(new)
    assert first.declarations == second.declarations
    assert [i.kind for i in first.interactions] == [i.kind for i in second.interactions]
    session = ItemSession(second)
    session.submit(session.correct_responses())
    assert session.score() == (pytest.approx(1) if any(session.correct_texts().values()) else 0)


def test_a_package_of_version_3_comes_back_with_and_without_our_own_file():
    subject = QTI.configured({"version": "3.0"})
    data = subject.export(make_bundle())
    assert [entry.question for entry in read(data).questions] == list(QUESTIONS)
    files = unzipped(data)
    assert b"imsqti_item_xmlv3p0" in files["imsmanifest.xml"]
    del files["examhall/native.json"]
    again = read(zipped(files))
    assert len(again.questions) == len(QUESTIONS)
    assert [section.title for section in again.exam.sections] == ["First", "Second"]


def test_every_writer_is_for_a_type_with_a_test():
    assert {"graphic_order", "graphic_associate", "select_point"} < set(WRITERS)


def package(items, test="", **files):
    named = {f"items/{name}.xml": xml for name, xml in items.items()}
    return zipped({"test.xml": test, **named, **files} if test else {**named, **files})


TEST = """<assessmentTest xmlns="http://www.imsglobal.org/xsd/imsqti_v2p1" identifier="t" title="T">
<testPart identifier="p" navigationMode="linear" submissionMode="individual">
<assessmentSection identifier="s" title="Outer" visible="true">
<assessmentSection identifier="a" title="A" visible="true"><selection select="1"/>
<assessmentItemRef identifier="i1" href="items/one.xml"><weight identifier="W" value="2"/>
</assessmentItemRef><assessmentItemRef identifier="i2" href="items/two.xml"/></assessmentSection>
<assessmentSection identifier="b" title="B" visible="true"><ordering shuffle="true"/>
<assessmentItemRef identifier="i3" href="items/gone.xml"/>
<assessmentItemRef identifier="i4" href="./items/two.xml"><preCondition><baseValue
 baseType="boolean">true</baseValue></preCondition></assessmentItemRef></assessmentSection>
</assessmentSection></testPart></assessmentTest>"""


def test_a_test_of_another_program_becomes_an_exam_and_its_losses_are_told():
    report = read(package({"one": EXAMPLE, "two": EXAMPLE}, TEST))
    assert [entry.identifier for entry in report.questions] == ["water", "water-2"]
    assert report.exam == PortableExam(
        "T",
        (
            PortableSection(
                "A", (PortableItem("water", Decimal(2)), PortableItem("water-2", Decimal(1))), 1
            ),
            PortableSection("B", (PortableItem("water-2", Decimal(1)),), shuffle=True),
        ),
    )
    told = " ".join(report.problems)
    assert "Conditions" in told
    assert "i3" in told


def test_what_is_lost_is_told_and_what_cannot_run_is_refused():
    body = "<itemBody><p><img src='gone.png' alt=''/><img src='http://example.org/x.png'/></p>"
    lossy = EXAMPLE.replace("<itemBody>", body)
    custom = EXAMPLE.replace("<itemBody>", "<itemBody><customInteraction/>")
    first, second = read(package({"one": lossy, "two": custom})).questions
    assert first.fidelity is Fidelity.APPROXIMATED
    assert any("gone.png" in note for note in first.notes)
    assert any("example.org" in note for note in first.notes)
    assert second.fidelity is Fidelity.REFUSED
    assert "custom" in second.notes[0]


def test_a_single_item_is_a_file_as_well():
    report = read(EXAMPLE.encode())
    assert report.questions[0].question.content["xml"] == EXAMPLE
    assert report.questions[0].question.title == "Water"
    assert "qti12" in read(b"<questestinterop/>").problems[0]
    assert "package" in read(b"<assessmentTest/>").problems[0]


def test_responses_go_by_their_identifiers():
    question = read(EXAMPLE.encode()).questions[0].question
    question_type = QtiItem()
    variant = question_type.prepare(question.content, 4, "en")
    scores = []
    for given in (["molecule"], ["element"], None):
        raw = QTI.read_responses(question, variant, {"RESPONSE": given})
        response = question_type.parse(variant, raw)
        assert isinstance(response, Response)
        scores.append(question_type.score(variant, response).fraction)
    assert scores == [1, 0, 0]
    for wrong in ({"RESPONSE": "molecule"}, {"RESPONSE": [1]}):
        with pytest.raises(FormatError):
            QTI.read_responses(question, variant, wrong)
    with pytest.raises(FormatError):
        QTI.read_responses(QUESTIONS[0], variant, {})


def linked():
    info = zipfile.ZipInfo("items/link.xml")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(info, "/etc/passwd")
    return stream.getvalue()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (zipped({"../../evil.xml": "x"}), "out of the package"),
        (zipped({"/etc/evil.xml": "x"}), "out of the package"),
        (zipped({"C:\\evil.xml": "x"}), "out of the package"),
        (zipped({"a\\..\\..\\evil.xml": "x"}), "out of the package"),
        (linked(), "link"),
        (zipped({"bomb.xml": b"\0" * 30_000_000}), "far more"),
        (zipped({"readme.txt": "x"}), "no QTI items"),
        (b"PK\x03\x04 nothing", "no zip"),
    ],
)
def test_a_hostile_package_is_refused_with_the_reason(data, reason):
    report = read(data)
    assert report.questions == ()
    assert any(reason in problem for problem in report.problems)


ENTITIES = '<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>'


@pytest.mark.parametrize(
    "xml",
    [
        ENTITIES + "<assessmentItem>&b;</assessmentItem>",
        '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><assessmentItem>&x;</assessmentItem>',
        "<assessmentItem" * 1000,
        EXAMPLE.replace("UTF-8", "no-such-encoding"),
        EXAMPLE.replace('cardinality="single"', 'cardinality="all"'),
    ],
)
def test_a_hostile_item_in_a_package_is_a_problem_or_a_refusal(xml):
    report = read(package({"bad": xml, "good": EXAMPLE}))
    taken = [entry for entry in report.questions if entry.question is not None]
    assert [entry.identifier for entry in taken] == ["water"]
    assert report.problems or len(report.questions) == 2


@pytest.mark.parametrize(
    "native",
    [b"", b"[" * 100_000, b'{"format": 1}', b'{"questions": [{"content": "\\ud800"}]}', b"\xff"],
)
def test_a_damaged_file_of_our_own_is_passed_over(native):
    files = unzipped(QTI.export(make_bundle(QUESTIONS[:1], None)))
    report = read(zipped({**files, "examhall/native.json": native}))
    assert report.questions[0].question.type == "qti_item"


def test_media_are_taken_once_and_only_of_kinds_that_pages_show():
    item = EXAMPLE.replace("What", "<img src='../x/p.png'/><img src='../x/p.exe'/> What")
    report = read(package({"one": item, "two": item}, **{"x/p.png": b"png", "x/p.exe": b"MZ"}))
    assert [file.data for file in report.media] == [b"png"]
    assert any("p.exe" in note for note in report.questions[0].notes)


def test_the_manifest_decides_the_order():
    manifest = (
        "<manifest xmlns='http://www.imsglobal.org/xsd/imscp_v1p1'><resources>"
        "<resource href='items/two.xml'/><resource href='items/one.xml'/></resources></manifest>"
    )
    two = EXAMPLE.replace('identifier="water"', 'identifier="second"')
    report = read(package({"one": EXAMPLE, "two": two}, **{"imsmanifest.xml": manifest}))
    assert [entry.identifier for entry in report.questions] == ["second", "water"]


def test_a_package_of_another_program_is_read(shared):
    folder = shared / "interop" / "qti" / "items" / "gpl2_oat-sa_qti-sdk" / "test" / "samples"
    files = {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted((folder / "ims" / "tests" / "interaction_mix_sachsen").glob("*.xml"))
    }
    report = read(zipped(files))
    assert len(report.questions) > 10
    assert report.exam is not None
    assert json.dumps(report.problems)
    with pytest.raises(QtiError):
        parse_item("<assessmentTest/>")
