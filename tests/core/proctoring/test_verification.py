"""A sealed session proves itself, and whatever is changed afterwards is found."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Executable, delete, insert, text, update

from examhall.core.audit.models import AuditEntry
from examhall.core.audit.operations import seal_entries
from examhall.core.errors import ForbiddenError, NotFoundError
from examhall.core.permissions import SYSTEM, Role
from examhall.core.proctoring.manifest import get_manifest
from examhall.core.proctoring.models import Chunk, Evidence, ProctoringSession
from examhall.core.proctoring.verification import Damage, Verification, verify_session
from examhall.core.retention.models import PurgeReceipt
from tests.core.attempts.world import World
from tests.core.proctoring.scripted import ALONE, EMPTY
from tests.core.proctoring.watching import Watched
from tests.core.retention.sealed import end, path_of, pieces, seal


def verify(watched: Watched) -> Verification:
    return verify_session(watched.platform, SYSTEM, watched.session_id)


def change(watched: Watched, *statements: Executable) -> None:
    with watched.platform.db.transaction() as session:
        for statement in statements:
            session.execute(statement)


def test_a_sealed_session_is_whole_and_every_change_is_found(watched: Watched) -> None:
    watched.show([ALONE, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY])
    open_one = verify(watched)
    assert (open_one.ok, open_one.length, open_one.sealed_at) == (True, 6, None)
    end(watched)
    found = verify(watched)
    assert (found.ok, found.problems, found.checked, found.state) == (True, [], 6, "sealed")
    assert found.size == sum(row.size for row in pieces(watched))

    cases: list[tuple[Any, str, str]] = [
        (pieces(watched)[2], "content_type", "text/html"),
        (watched.chunks()[0], "digest", "0" * 64),
        (watched.findings()[0], "explanation", "Nothing was seen."),
    ]
    for row, column, value in cases:
        table, before = type(row), getattr(row, column)
        change(watched, update(table).where(table.id == row.id).values({column: value}))
        [problem] = verify(watched).problems
        assert "manifest is not the one that was sealed" in problem
        change(watched, update(table).where(table.id == row.id).values({column: before}))
    assert verify(watched).ok


def test_missing_and_altered_objects_are_named(watched: Watched) -> None:
    seal(watched)
    rows = pieces(watched)
    path_of(watched, rows[1]).unlink()
    path_of(watched, rows[3]).write_bytes(b"something else")
    change(watched, update(Evidence).where(Evidence.id == rows[4].id).values(size=7))
    found = verify(watched)
    assert [(one.number, one.damage) for one in found.objects] == [
        (2, Damage.MISSING),
        (4, Damage.ALTERED),
        (5, Damage.ALTERED),
    ]
    assert not found.ok
    assert "The chain does not fit at link 5." in found.problems
    assert "1 object is missing in the evidence store, the first at link 2." in found.problems


def test_a_cut_or_forged_chain_does_not_fit_the_audit_trail(watched: Watched) -> None:
    seal(watched)
    last = pieces(watched)[-1]
    change(watched, delete(Evidence).where(Evidence.id == last.id))
    assert "6 links were sealed, 5 are there." in verify(watched).problems
    _take_off_triggers(watched)
    sealed = AuditEntry.action == "proctoring.sealed"
    chain = verify(watched)
    details = {
        "length": 5,
        "head": chain.head,
        "ok": True,
        "manifest": chain.manifest_digest,
    }
    change(watched, update(AuditEntry).where(sealed).values(details=details))
    cut = "The chain has no link for 1 of the samples that came in."
    [first, problem] = verify(watched).problems
    assert first == cut
    assert "its audit entry was changed" in problem
    change(watched, update(AuditEntry).values(link_number=None, link_hash="", link_mac=""))
    with watched.platform.db.transaction() as session:
        seal_entries(session)
    [first, problem] = verify(watched).problems
    assert first == cut
    assert "its audit entry is not signed with our key" in problem


def test_a_chunk_without_its_samples_is_found(watched: Watched) -> None:
    seal(watched, 2)
    rubbish: list[Any] = [[], [{}], ["x"], [{"sha256": "x"}], [{"sha256": 5}], {"a": 1}]
    for samples in rubbish:
        change(watched, update(Chunk).values(samples=samples))
        [problem] = verify(watched).problems
        assert "manifest is not the one that was sealed" in problem


def test_a_link_that_is_no_hash_is_found_like_any_other(watched: Watched) -> None:
    seal(watched)
    second = pieces(watched)[1]
    change(watched, update(Evidence).where(Evidence.id == second.id).values(link_hash="\u00e9"))
    assert "The chain does not fit at link 2." in verify(watched).problems


def test_a_chain_that_was_cut_before_the_sealing_misses_what_came_in(watched: Watched) -> None:
    watched.show([ALONE] * 6)
    watched.analyse()
    last = pieces(watched)[-2:]
    change(watched, delete(Evidence).where(Evidence.id.in_([row.id for row in last])))
    end(watched)
    problem = "The chain has no link for 2 of the samples that came in."
    assert verify(watched).problems == [problem]


def test_what_was_taken_away_is_no_purge_for_a_receipt_alone(watched: Watched) -> None:
    seal(watched)
    taken = pieces(watched)[2]
    path_of(watched, taken).unlink()
    now = watched.session().started_at
    change(
        watched,
        update(Evidence).where(Evidence.id == taken.id).values(purged_at=now),
        insert(PurgeReceipt).values(
            session_id=watched.session_id,
            reason="retention",
            count=1,
            size=taken.size,
            chain_length=6,
            chain_head="0" * 64,
            actor="system",
            at=now,
        ),
    )
    [problem] = verify(watched).problems
    assert problem.startswith("The audit trail does not vouch for the purge receipt")


def _take_off_triggers(watched: Watched) -> None:
    """Do as somebody who owns the database could."""
    with watched.platform.db.transaction() as session:
        if watched.platform.db.is_sqlite:
            for name in ("update", "delete", "seal"):
                session.execute(text(f"drop trigger audit_entries_no_{name}"))
        else:
            session.execute(text("alter table audit_entries disable trigger user"))


def test_a_session_cannot_be_opened_again_unseen(watched: Watched) -> None:
    seal(watched)
    change(watched, update(ProctoringSession).values(state="open"))
    problems = verify(watched).problems
    assert "The session was sealed, and its state was changed afterwards." in problems


def test_the_manifest_is_one_text_with_one_digest(world: World, watched: Watched) -> None:
    seal(watched, 4)
    reviewer = world.person(Role.REVIEWER, watched.exam_id)
    manifest = get_manifest(watched.platform, reviewer, watched.session_id)
    assert hashlib.sha256(manifest.text.encode()).hexdigest() == manifest.digest
    assert manifest.digest == verify(watched).manifest_digest
    body = json.loads(manifest.text)
    assert body["candidate"] == str(watched.candidate.user_id)
    assert body["chain"] == {"length": 4, "head": manifest.head}
    assert [link["sha256"] for link in body["links"]] == [row.sha256 for row in pieces(watched)]
    sample = watched.chunks()[0].samples[0]
    assert body["links"][0]["captured_at"] == sample["at"]
    assert len(body["chunks"]) == 2
    assert watched.world.platform.settings.data_dir.name not in manifest.text


@pytest.mark.parametrize("look", [get_manifest, verify_session])
def test_only_those_who_may_see_the_evidence_can_ask(
    world: World, watched: Watched, look: Callable[..., object]
) -> None:
    elsewhere = world.person(Role.REVIEWER, world.exam())
    with pytest.raises(NotFoundError):
        look(watched.platform, elsewhere, watched.session_id)
    for role in (Role.ADMIN, Role.AUDITOR, Role.CANDIDATE):
        with pytest.raises(ForbiddenError):
            look(watched.platform, world.person(role), watched.session_id)
