"""Tables of exams and the question bank."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import CheckConstraint, ForeignKey, Index, Numeric, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from examhall.core.db import Base


class Question(Base):
    """A question in the bank; what it says stands in its versions.

    `words` is what a search looks through: title, tags, type and stem in small letters. `points`
    is what it is worth where an exam says nothing else.
    """

    __tablename__ = "questions"
    __table_args__ = (
        Index("ix_questions_created", "created_at", "id"),
        CheckConstraint("points >= 0", name="points_not_negative"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    title: Mapped[str] = mapped_column(String(300))
    type: Mapped[str] = mapped_column(String(100))
    points: Mapped[Decimal] = mapped_column(Numeric(12, 4), default=Decimal(1))
    words: Mapped[str] = mapped_column(Text, default="")
    archived: Mapped[bool] = mapped_column(default=False)
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
    latest_number: Mapped[int] = mapped_column(default=0)

    versions: Mapped[list[QuestionVersion]] = relationship(
        back_populates="question", order_by="QuestionVersion.number"
    )
    labels: Mapped[list[QuestionTag]] = relationship(
        order_by="QuestionTag.tag", cascade="all, delete-orphan", lazy="selectin"
    )

    @property
    def tags(self) -> tuple[str, ...]:
        """The question's tags in the order of the alphabet."""
        return tuple(sorted(label.tag for label in self.labels))


class QuestionTag(Base):
    """A word by which a question is found, and drawn at random."""

    __tablename__ = "question_tags"
    __table_args__ = (Index("ix_question_tags_tag", "tag", "question_id"),)

    question_id: Mapped[UUID] = mapped_column(
        ForeignKey("questions.id", ondelete="CASCADE"), primary_key=True
    )
    tag: Mapped[str] = mapped_column(String(100), primary_key=True)


class QuestionVersion(Base):
    """One state of a question, never changed after it was written."""

    __tablename__ = "question_versions"
    __table_args__ = (
        UniqueConstraint("question_id", "number", name="uq_question_versions_question_number"),
        CheckConstraint("number >= 1", name="number_positive"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    question_id: Mapped[UUID] = mapped_column(ForeignKey("questions.id"))
    number: Mapped[int]
    type: Mapped[str] = mapped_column(String(100))
    content: Mapped[dict[str, Any]]
    content_version: Mapped[int]
    plugin_version: Mapped[str] = mapped_column(String(50))
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]

    question: Mapped[Question] = relationship(back_populates="versions")


class Exam(Base):
    """An exam as its authors see it. `settings` is checked by ExamSettingsSchema.

    `revision` grows with every change, so that two authors cannot overwrite one another.
    """

    __tablename__ = "exams"
    __table_args__ = (
        CheckConstraint("state in ('draft','published','archived')", name="state_known"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    title: Mapped[str] = mapped_column(String(300))
    course_id: Mapped[str] = mapped_column(String(100), default="")
    state: Mapped[str] = mapped_column(String(20), default="draft")
    settings: Mapped[dict[str, Any]]
    revision: Mapped[int] = mapped_column(default=1)
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]

    sections: Mapped[list[Section]] = relationship(
        back_populates="exam", order_by="Section.position", cascade="all, delete-orphan"
    )


class Section(Base):
    """A part of an exam: `pick` of its items for each candidate (all where it is NULL), and draws.

    With `shuffle` each candidate has what is left in an order of their own.
    """

    __tablename__ = "sections"
    __table_args__ = (
        Index("ix_sections_exam", "exam_id", "position"),
        CheckConstraint("pick >= 1", name="pick_positive"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    exam_id: Mapped[UUID] = mapped_column(ForeignKey("exams.id", ondelete="CASCADE"))
    position: Mapped[int]
    title: Mapped[str] = mapped_column(String(300), default="")
    pick: Mapped[int | None]
    shuffle: Mapped[bool] = mapped_column(default=False)

    exam: Mapped[Exam] = relationship(back_populates="sections")
    items: Mapped[list[Item]] = relationship(
        back_populates="section", order_by="Item.position", cascade="all, delete-orphan"
    )
    draws: Mapped[list[Draw]] = relationship(
        back_populates="section", order_by="Draw.position", cascade="all, delete-orphan"
    )


class Item(Base):
    """A question's place in an exam, with the points that it gives there."""

    __tablename__ = "items"
    __table_args__ = (
        Index("ix_items_section", "section_id", "position"),
        CheckConstraint("points >= 0", name="points_not_negative"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    section_id: Mapped[UUID] = mapped_column(ForeignKey("sections.id", ondelete="CASCADE"))
    position: Mapped[int]
    question_id: Mapped[UUID] = mapped_column(ForeignKey("questions.id"))
    points: Mapped[Decimal] = mapped_column(Numeric(12, 4))

    section: Mapped[Section] = relationship(back_populates="items")
    question: Mapped[Question] = relationship()


class Draw(Base):
    """A random pick from the bank: `count` questions with all `tags`, of one type where given.

    It is resolved when the exam is published, to the versions that the questions have then.
    """

    __tablename__ = "draws"
    __table_args__ = (
        Index("ix_draws_section", "section_id", "position"),
        CheckConstraint("count >= 1", name="count_positive"),
        CheckConstraint("points >= 0", name="points_not_negative"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    section_id: Mapped[UUID] = mapped_column(ForeignKey("sections.id", ondelete="CASCADE"))
    position: Mapped[int]
    count: Mapped[int]
    tags: Mapped[list[Any]] = mapped_column(default=list)
    type: Mapped[str] = mapped_column(String(100), default="")
    points: Mapped[Decimal] = mapped_column(Numeric(12, 4))

    section: Mapped[Section] = relationship(back_populates="draws")


class ExamVersion(Base):
    """A published exam, frozen with all that it needs; attempts are tied to one.

    `content` holds title, settings and sections with what is picked and drawn in each, by the
    places of its items; `digest` is the sha256 of content and items.
    """

    __tablename__ = "exam_versions"
    __table_args__ = (
        UniqueConstraint("exam_id", "number", name="uq_exam_versions_exam_number"),
        CheckConstraint("number >= 1", name="number_positive"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    exam_id: Mapped[UUID] = mapped_column(ForeignKey("exams.id"))
    number: Mapped[int]
    content: Mapped[dict[str, Any]]
    digest: Mapped[str] = mapped_column(String(64))
    published_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    published_at: Mapped[datetime]

    items: Mapped[list[ExamVersionItem]] = relationship(
        back_populates="exam_version", order_by="ExamVersionItem.position"
    )


class ExamVersionItem(Base):
    """An item of a published exam, with the question version that it shows."""

    __tablename__ = "exam_version_items"
    __table_args__ = (
        UniqueConstraint("exam_version_id", "position", name="uq_exam_version_items_position"),
        CheckConstraint("points >= 0", name="points_not_negative"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    exam_version_id: Mapped[UUID] = mapped_column(ForeignKey("exam_versions.id"))
    position: Mapped[int]
    section: Mapped[str] = mapped_column(String(300), default="")
    question_version_id: Mapped[UUID] = mapped_column(ForeignKey("question_versions.id"))
    points: Mapped[Decimal] = mapped_column(Numeric(12, 4))

    exam_version: Mapped[ExamVersion] = relationship(back_populates="items")
    question_version: Mapped[QuestionVersion] = relationship()


class ImportRecord(Base):
    """The report of an import, for whoever made it; `report` is an ImportedFile in JSON."""

    __tablename__ = "import_reports"
    __table_args__ = (Index("ix_import_reports_created", "created_by", "created_at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    created_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id"))
    created_at: Mapped[datetime]
    filename: Mapped[str] = mapped_column(String(300), default="")
    format: Mapped[str] = mapped_column(String(100))
    exam_id: Mapped[UUID | None] = mapped_column(ForeignKey("exams.id"))
    report: Mapped[dict[str, Any]]


class Registration(Base):
    """A candidate's place in an exam, with the allowances that apply to them."""

    __tablename__ = "registrations"
    __table_args__ = (
        UniqueConstraint("exam_id", "user_id", name="uq_registrations_exam_user"),
        CheckConstraint("multiplier >= 1", name="multiplier_at_least_one"),
        CheckConstraint("extra_seconds >= 0", name="extra_seconds_not_negative"),
        CheckConstraint("max_attempts >= 1", name="max_attempts_positive"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=uuid4)
    exam_id: Mapped[UUID] = mapped_column(ForeignKey("exams.id"))
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    candidate_number: Mapped[str] = mapped_column(String(40), default="")
    multiplier: Mapped[Decimal] = mapped_column(Numeric(6, 3), default=Decimal(1))
    extra_seconds: Mapped[int] = mapped_column(default=0)
    max_attempts: Mapped[int] = mapped_column(default=1)
    waived_detectors: Mapped[list[Any]] = mapped_column(default=list)
    waived_rules: Mapped[list[Any]] = mapped_column(default=list)
    waiver_reason: Mapped[str] = mapped_column(String(500), default="")
    created_at: Mapped[datetime]

    exam: Mapped[Exam] = relationship()
