"""Files come in with a report, are checked without being stored, and go out with their exam."""

from decimal import Decimal
from types import MethodType

import pytest

from examhall.core.contracts.formats import (
    Fidelity,
    FormatError,
    ImportedQuestion,
    ImportReport,
    PortableExam,
    PortableItem,
    PortableQuestion,
    PortableSection,
)
from examhall.core.errors import ForbiddenError, InvalidError, NotFoundError, TooLargeError
from examhall.core.exams.bank import list_questions
from examhall.core.exams.queries import get_exam_with_structure
from examhall.core.exams.reading import MAX_FILE
from examhall.core.exams.reports import get_report, keep_report, list_reports, read_report
from examhall.core.exams.structure import DrawPlan, ItemPlan, SectionPlan, replace_structure
from examhall.core.exams.transfer import (
    check_questions,
    export_exam,
    export_questions,
    import_questions,
)
from examhall.core.permissions import Principal, Role
from tests.exam_house import CHOICE, TEXT, House


def portable(name: str, **more: object) -> ImportedQuestion:
    given = {"type": "text_entry", "title": name, "content": TEXT, "identifier": name, **more}
    return ImportedQuestion(name, Fidelity.EXACT, PortableQuestion(**given))  # type: ignore[arg-type]


def say(house: House, monkeypatch: pytest.MonkeyPatch, report: ImportReport) -> None:
    """Let the JSON format read this, whatever the file says."""
    plugin = house.platform.plugins.format("json")
    monkeypatch.setattr(plugin, "import_", MethodType(lambda self, stream: report, plugin))


def count(house: House, author: Principal) -> int:
    with house.platform.db.reading() as session:
        return len(list_questions(session, author).items)


def test_what_the_bank_cannot_keep_is_changed_and_told(
    house: House, author: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    questions = (
        portable("a", tags=("x", "x ", "y" * 101), points=Decimal("1.5")),
        portable("b", title="", content={**TEXT, "stem": "<p>Which <b>city</b>?</p>"}),
        portable("c", title="t" * 301, points=Decimal("1.00001")),
        portable("d", points=Decimal(-1)),
        portable("e", content={"stem": ""}),
        ImportedQuestion("f", Fidelity.REFUSED, notes=("It is a crossword.",)),
    )
    say(house, monkeypatch, ImportReport(questions))
    checked = check_questions(house.platform, author, "json", b"x")
    assert count(house, author) == 0
    found = import_questions(house.platform, author, "json", b"x")
    assert [(one.fidelity, one.title, one.notes) for one in checked.questions] == [
        (one.fidelity, one.title, one.notes) for one in found.questions
    ]
    kinds = [one.fidelity for one in found.questions]
    assert kinds == ["approximated", "exact", "approximated", "approximated", "refused", "refused"]
    assert [one.title[:11] for one in found.questions[:3]] == ["a", "Which city?", "t" * 11]
    assert found.questions[5].notes == ("It is a crossword.",)
    assert [one.question_id is None for one in found.questions] == [False] * 4 + [True] * 2
    with house.platform.db.reading() as session:
        kept = {one.title[:3]: one for one in list_questions(session, author).items}
    assert (kept["a"].tags, kept["a"].points) == (("x",), Decimal("1.5"))
    assert kept["ttt"].points == kept["d"].points == 1


def test_an_exam_in_a_file_becomes_a_draft(
    house: House, author: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    items = tuple(PortableItem(name, Decimal(2)) for name in ("a", "b", "gone"))
    sections = (PortableSection("One", items, 2, shuffle=True), PortableSection("Two", (), 1))
    report = ImportReport((portable("a"), portable("b")), exam=PortableExam(" My  exam ", sections))
    say(house, monkeypatch, report)
    assert check_questions(house.platform, author, "json", b"x").exam_title == "My exam"
    plain = import_questions(house.platform, author, "json", b"x", make_exam=False)
    assert plain.exam_id is None
    made = import_questions(house.platform, author, "json", b"x")
    assert made.exam_id is not None
    assert made.exam_notes[0] == "One lacks the question “gone”, which was not taken."
    with house.platform.db.reading() as session:
        exam = get_exam_with_structure(session, author, made.exam_id)
    one, two = exam.sections
    assert (exam.title, one.pick, one.shuffle, two.pick) == ("My exam", 2, True, None)
    assert [(item.question.title, item.points) for item in one.items] == [("a", 2), ("b", 2)]


def test_an_exam_goes_out_with_its_sections_and_comes_back(
    house: House, author: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    exam = house.exam(author, [("choice", CHOICE, "2"), ("text_entry", TEXT, "3")])
    inside = [item.question_id for item in exam.sections[0].items]
    pool = [house.question(author, "text_entry", TEXT).id for _ in range(2)]
    plan = [
        SectionPlan("A", [ItemPlan(one, Decimal(2)) for one in inside], 1, shuffle=True),
        SectionPlan("B", draws=[DrawPlan(1, (), "text_entry", Decimal(5))]),
    ]
    with house.platform.db.transaction() as session:
        replace_structure(session, author, exam.id, exam.revision, plan)
    seen = []
    plugin = house.platform.plugins.format("json")
    write = plugin.export
    monkeypatch.setattr(plugin, "export", lambda bundle: seen.append(bundle) or write(bundle))
    file = export_exam(house.platform, author, exam.id, "json")
    assert file.filename == "exam.json"
    [bundle] = seen
    one, two = bundle.exam.sections
    assert (one.title, one.pick, one.shuffle) == ("A", 1, True)
    assert [item.question for item in one.items] == [str(qid) for qid in inside]
    assert (two.title, two.pick, {item.points for item in two.items}) == ("B", 1, {Decimal(5)})
    assert {item.question for item in two.items} == {str(qid) for qid in pool}
    assert {question.identifier for question in bundle.questions} == {
        str(qid) for qid in [*inside, *pool]
    }
    assert len(import_questions(house.platform, author, "json", file.content).questions) == 4


def test_a_format_that_cannot_hold_a_question_says_which(
    house: House, author: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.question(author, "choice", CHOICE)

    def object_to_it(bundle: object) -> bytes:
        raise FormatError("“A choice” has pictures.")

    monkeypatch.setattr(house.platform.plugins.format("json"), "export", object_to_it)
    for _ in range(6):
        with pytest.raises(InvalidError, match="“A choice” has pictures"):
            export_questions(house.platform, author, "json")


def test_the_format_is_found_out_from_name_and_content(house: House, author: Principal) -> None:
    house.question(author, "choice", CHOICE)
    data = export_questions(house.platform, author, "json").content
    for name in ("mine.json", "MINE.JSON", "mine", "mine.txt", "x.xml"):
        found = check_questions(house.platform, author, "", data, name)
        assert (found.format, len(found.questions)) == ("json", 1)
    with pytest.raises(InvalidError, match="Choose the format yourself"):
        check_questions(house.platform, author, "", b"\x00\x01\x02", "mine.bin")
    assert check_questions(house.platform, author, "", b"{", "mine.json").problems


@pytest.mark.parametrize("name", ["broken.xml", "broken"])
def test_broken_xml_is_not_taken_for_a_text(house: House, author: Principal, name: str) -> None:
    broken = b'<quiz><question type="multichoice"><name>'
    found = check_questions(house.platform, author, "", broken, name)
    assert not found.questions
    assert "not XML" in str(found.problems)
    assert "<string>" not in str(found.problems)


def test_who_may_and_what_is_too_large(house: House, author: Principal) -> None:
    grader = house.person(Role.GRADER)
    for read in (check_questions, import_questions):
        with pytest.raises(ForbiddenError):
            read(house.platform, grader, "json", b"{}")
        with pytest.raises(NotFoundError):
            read(house.platform, author, "stone", b"{}")
        with pytest.raises(TooLargeError):
            read(house.platform, author, "json", b" " * (MAX_FILE + 1))
    exam = house.exam(author, [("choice", CHOICE, "1")])
    with pytest.raises(ForbiddenError):
        export_exam(house.platform, grader, exam.id, "json")


def test_a_report_is_kept_for_its_maker(
    house: House, author: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    say(house, monkeypatch, ImportReport((portable("a"),), ("A problem.",)))
    found = import_questions(house.platform, author, "json", b"x")
    with house.platform.db.transaction() as session:
        row = keep_report(session, author, found, filename="mine\0.json")
    with house.platform.db.reading() as session:
        assert read_report(get_report(session, author, row.id)) == found
        assert [one.id for one in list_reports(session, author)] == [row.id]
        assert row.filename == ""
        other = house.person(Role.AUTHOR)
        assert list_reports(session, other) == []
        with pytest.raises(NotFoundError):
            get_report(session, other, row.id)
