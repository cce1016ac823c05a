"""Packages of QTI as other programs write them, and ours as other programs read them."""

import io
from decimal import Decimal
from urllib.parse import unquote

import pytest
from lxml import etree

from examhall.plugins import (
    Fidelity,
    MediaFile,
    PortableExam,
    PortableItem,
    PortableQuestion,
    PortableSection,
    QuestionBundle,
)
from examhall.plugins.formats.qti import QtiFormat
from examhall.plugins.formats.qti12 import Qti12Format
from examhall.plugins.qti.item import parse_item
from examhall.plugins.qti.public import draw_item
from examhall.plugins.qti.reading import find_free
from examhall.plugins.qti.session import ItemSession
from examhall.plugins.qti.writing.package import find_media
from examhall.question_types.qti_item import EXAMPLE
from tests.plugins.formats.archives import unzipped, zipped

QTI = QtiFormat()
MANIFEST = "<manifest><resources>{}</resources></manifest>"


def read(files):
    return QTI.import_(io.BytesIO(zipped(files)))


def shows(source):
    return EXAMPLE.replace("<itemBody>", f'<itemBody><p><img src="{source}" alt="x"/></p>')


def test_what_macos_adds_to_a_package_is_passed_over():
    report = read({"a.xml": EXAMPLE, "__MACOSX/._a.xml": b"\0\5\x16\7", "x/._b.xml": b"\0\5"})
    assert report.problems == ()
    assert len(report.questions) == 1


@pytest.mark.parametrize(
    ("kind", "found"), [("imsqti_item_xmlv2p1", 1), ("imsqti_item_xmlv3p0", 1), ("webcontent", 0)]
)
def test_an_item_may_have_any_name_where_the_manifest_names_it(kind, found):
    manifest = MANIFEST.format(f'<resource type="{kind}" href="items/a.qti"/>')
    report = read({"imsmanifest.xml": manifest, "items/a.qti": EXAMPLE})
    assert len(report.questions) == found


def test_a_name_is_decoded_once():
    names = {"Q#1 50%25/a.xml": shows("p%23%2541.png"), "Q#1 50%25/p#%41.png": b"png"}
    manifest = MANIFEST.format('<resource xml:base="Q%231%2050%2525/" href="a.xml"/>')
    report = read({"imsmanifest.xml": manifest, **names})
    assert report.questions[0].fidelity is Fidelity.EXACT
    assert [file.data for file in report.media] == [b"png"]


def test_the_bases_of_a_manifest_decide_the_order():
    inner = '<resource xml:base="b/" href="two.xml"/><resource xml:base="b/" href="one.xml"/>'
    manifest = f'<manifest xml:base="a/"><resources>{inner}</resources></manifest>'
    two = EXAMPLE.replace('identifier="water"', 'identifier="second"')
    report = read({"imsmanifest.xml": manifest, "a/b/one.xml": EXAMPLE, "a/b/two.xml": two})
    assert [entry.identifier for entry in report.questions] == ["second", "water"]


@pytest.mark.parametrize(
    "source", ["i/p.png", "./i/p.png", "i\\p.png", "i/%70.png", "../q/i/p.png"]
)
def test_a_picture_is_found_however_its_address_is_written(source):
    report = read({"q/a.xml": shows(source), "q/i/p.png": b"png"})
    assert report.questions[0].fidelity is Fidelity.EXACT
    assert [file.data for file in report.media] == [b"png"]


@pytest.mark.parametrize(
    ("source", "data"),
    [("data:image/png;base64,cG5n", b"png"), ("data:image/svg+xml,%3Csvg/%3E", b"<svg/>")],
)
def test_a_picture_within_the_text_is_shown_and_comes_back(source, data):
    report = read({"a.xml": shows(source)})
    question = report.questions[0].question
    assert [file.data for file in report.media] == [data]
    reference = report.media[0].reference
    files = {entry["href"]: entry["media"] for entry in question.content["files"]}
    public, _ = draw_item(ItemSession(parse_item(question.content["xml"])), files, 0)
    assert f'src="/media/{reference.removeprefix("media:")}"' in public["body"]
    bundle = QuestionBundle((question,), None, {reference: report.media[0]})
    again = QTI.import_(io.BytesIO(QTI.export(bundle)))
    assert again.questions[0].question == question


@pytest.mark.parametrize("source", ["data:text/html,x", "data:image/png;base64,c"])
def test_data_that_cannot_be_shown_is_told(source):
    entry = read({"a.xml": shows(source)}).questions[0]
    assert entry.fidelity is Fidelity.APPROXIMATED
    assert "within the text" in entry.notes[0]


TEST = (
    '<assessmentTest identifier="t" title="T"><testPart identifier="p">{}</testPart>'
    "</assessmentTest>"
)
SECTION = '<assessmentSection identifier="s" title="S">{}</assessmentSection>'
BRING = '<assessmentSectionRef identifier="r{0}" href="{0}"/>'


def test_a_section_names_its_items_from_its_own_place():
    part = SECTION.format('<assessmentItemRef identifier="i" href="../items/one.xml"/>')
    files = {"t.xml": TEST.format(BRING.format("parts/s.xml")), "parts/s.xml": part}
    report = read({**files, "items/one.xml": EXAMPLE})
    assert report.problems == ()
    assert [item.question for item in report.exam.sections[0].items] == ["water"]


@pytest.mark.parametrize(
    ("select", "weight", "reason"),
    [
        ("1", "INF", "weight"),
        ("1", "NaN", "weight"),
        ("1", "-1", "negative"),
        ("1", "1e300", "weight"),
        ("0", "1", "none of its items"),
        ("-1", "1", "none of its items"),
    ],
)
def test_numbers_that_no_exam_can_have_are_told(select, weight, reason):
    refs = (
        f'<selection select="{select}"/><assessmentItemRef identifier="i" href="one.xml">'
        f'<weight identifier="W" value="{weight}"/></assessmentItemRef>'
        '<assessmentItemRef identifier="k" href="one.xml"/>'
    )
    report = read({"t.xml": TEST.format(SECTION.format(refs)), "one.xml": EXAMPLE})
    assert report.exam is None or report.exam.sections == ()
    assert any(reason in problem for problem in report.problems)


def test_a_maximum_without_end_is_none():
    endless = EXAMPLE.replace('baseType="float"/>', 'baseType="float" normalMaximum="INF"/>')
    assert read({"a.xml": endless}).questions[0].question.points == 1


@pytest.mark.parametrize(
    ("sections", "reason"),
    [
        ({"s.xml": BRING.format("s.xml")}, "too deep"),
        (
            {f"s{n}.xml".replace("s0", "s"): BRING.format(f"s{n + 1}.xml") * 8 for n in range(6)}
            | {"s6.xml": '<assessmentItemRef identifier="i" href="one.xml"/>'},
            "more than",
        ),
    ],
)
def test_sections_that_bring_in_one_another_are_told(sections, reason):
    files = {name: SECTION.format(inside) for name, inside in sections.items()}
    report = read({"t.xml": TEST.format(BRING.format("s.xml")), "one.xml": EXAMPLE, **files})
    assert report.exam is None
    assert any(reason in problem for problem in report.problems)
    assert len(report.questions) == 1


def test_identifiers_that_are_alike_get_numbers_at_once():
    taken = {}
    found = [find_free(name, taken) for name in ("a", "a-2", "a", "a", "b", "a-2")]
    assert found == ["a", "a-2", "a-3", "a-4", "b", "a-2-2"]
    many = [find_free("x", taken) for _ in range(20_000)]
    assert (len(set(many)), many[-1]) == (20_000, "x-20000")


def test_a_shared_text_names_its_pictures_from_its_own_place():
    shared = (
        "<assessmentStimulus identifier='s' title='t'><stimulusBody><p><img src='i/p.png' alt=''/>"
        "<a href='#top'>up</a></p></stimulusBody></assessmentStimulus>"
    )
    item = EXAMPLE.replace(
        "<itemBody>", "<assessmentStimulusRef identifier='s' href='../texts/s.xml'/><itemBody>"
    )
    files = {"items/a.xml": item, "texts/s.xml": shared, "texts/i/p.png": b"png"}
    (entry,) = read(files).questions
    assert (entry.fidelity, entry.notes) == (Fidelity.EXACT, ())
    assert [one["href"] for one in entry.question.content["files"]] == ["../texts/i/p.png"]
    del files["texts/s.xml"]
    assert "not there" in read(files).questions[0].notes[0]


def test_an_address_that_cannot_be_read_stops_no_import():
    broken = "http://[x"
    shared = (
        f"<assessmentStimulus><stimulusBody><p><img src='{broken}' alt=''/><img src='p.png' "
        "alt=''/></p></stimulusBody></assessmentStimulus>"
    )
    item = EXAMPLE.replace(
        "<itemBody>", "<assessmentStimulusRef identifier='s' href='t\\s.xml'/><itemBody>"
    )
    manifest = MANIFEST.format(
        f'<resource type="imsqti_item_xmlv2p1" href="{broken}"/>'
        f'<resource xml:base="{broken}" href="a.xml"/>'
    )
    files = {"imsmanifest.xml": manifest, "t/s.xml": shared, "t/p.png": b"png"}
    report = read({**files, "a.xml": item})
    (entry,) = report.questions
    assert [broken in note for note in entry.notes] == [True]
    assert [file.data for file in report.media] == [b"png"]


def test_a_part_that_is_not_there_is_told():
    part = "<include xmlns='http://www.w3.org/2001/XInclude' href='part.xml'/>"
    item = EXAMPLE.replace("<itemBody>", f"<itemBody>{part}")
    assert read({"a.xml": item}).questions[0].notes == ("The part 'part.xml' is not there.",)
    there = read({"a.xml": item, "part.xml": "<p>Part</p>"}).questions[0]
    assert there.fidelity is Fidelity.EXACT


@pytest.mark.parametrize(
    ("times", "inside", "what"),
    [(300, "<br/>" * 999, "elements"), (30, "x" * 200_000, "characters")],
)
def test_a_part_that_is_brought_in_again_and_again_has_a_limit(times, inside, what):
    part = "<include xmlns='http://www.w3.org/2001/XInclude' href='part.xml'/>"
    item = EXAMPLE.replace("<itemBody>", f"<itemBody>{part * times}")
    (entry,) = read({"a.xml": item, "part.xml": f"<p>{inside}</p>"}).questions
    assert entry.fidelity is Fidelity.REFUSED
    assert what in entry.notes[0]


def test_scripts_are_told_to_be_lost():
    entry = read({"a.xml": EXAMPLE.replace("<itemBody>", "<itemBody><script>x()</script>")})
    assert entry.questions[0].notes == ("Its scripts are left out.",)


def test_our_manifest_says_what_each_document_needs_in_addresses():
    picture = MediaFile(b"png", "image/png", "p.png")
    choice = {"stem": f'<p><img src="{picture.reference}"></p>'}
    content = {
        "xml": shows("pictures/a b%23.png"),
        "files": [{"href": "pictures/a b%23.png", "media": picture.reference}],
        "documents": [],
    }
    questions = (
        PortableQuestion("description", "D", choice, Decimal(1), "d"),
        PortableQuestion("qti_item", "Q", content, Decimal(1), "q"),
    )
    items = tuple(PortableItem(one.identifier, Decimal(1)) for one in questions)
    exam = PortableExam("E", (PortableSection("S", items),))
    files = unzipped(QTI.export(QuestionBundle(questions, exam, {picture.reference: picture})))
    root = etree.fromstring(files["imsmanifest.xml"])
    resources = {one.get("identifier"): one for one in root.iter("{*}resource")}
    needs = {
        unquote(one.get("href")): [
            unquote(resources[need.get("identifierref")].get("href"))
            for need in one.iter("{*}dependency")
        ]
        for one in resources.values()
    }
    assert set(needs) <= set(files)
    media = f"media/{picture.reference.removeprefix('media:')}.png"
    assert needs["items/q00001/item.xml"] == [media]
    assert needs["items/q00002/item.xml"] == ["items/q00002/pictures/a b#.png"]
    assert needs["test.xml"] == ["items/q00001/item.xml", "items/q00002/item.xml"]
    assert not any(" " in one.get("href") or "#" in one.get("href") for one in resources.values())


def test_media_that_a_document_names_are_found_once_and_only_those_of_the_package():
    text = b'<img src="../media/b2.png"/><img src="media/a1.svg"/>media/b2.png media/c3.png'
    assert find_media(text, {"media/a1.svg", "media/b2.png"}) == ["media/a1.svg", "media/b2.png"]


@pytest.mark.parametrize(
    "base",
    ["$IMS-CC-FILEBASE$/", "$IMS_CC_FILEBASE$/", "$IMS_CC_FILE_BASE$", "%24IMS-CC-FILEBASE%24/"],
)
def test_a_cartridge_names_the_folder_of_its_files_in_several_ways(base):
    assert media_of_cartridge(f"{base}a/p.png") == [b"png"]


@pytest.mark.parametrize("source", ["data:image/png;base64,cG5n", "w%23%2541.png"])
def test_a_cartridge_shows_what_stands_in_its_text_and_decodes_names_once(source):
    assert media_of_cartridge(source) == [b"png"]


def media_of_cartridge(source):
    quiz = (
        '<questestinterop><item ident="i" title="t"><presentation><material><mattext '
        f'texttype="text/html">&lt;img src="{source}"&gt;</mattext></material>'
        "</presentation></item></questestinterop>"
    )
    data = zipped({"q.xml": quiz, "web_resources/a/p.png": b"png", "w#%41.png": b"png"})
    report = Qti12Format().import_(io.BytesIO(data))
    return [file.data for file in report.media]
