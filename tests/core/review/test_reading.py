"""What reviewers read, on each database: lists, the overview with its gaps, the figures."""

from datetime import timedelta
from pathlib import Path

from examhall.core.permissions import Role
from examhall.core.proctoring.models import ProctoringSession
from examhall.core.review.overview import make_overview
from examhall.core.review.queries import Show, Sort, get_review, list_reviews
from examhall.core.review.statistics import analyse_irregularities
from examhall.core.review.timeline import get_window
from tests.core.attempts.world import World
from tests.core.proctoring.scripted import ALONE
from tests.core.proctoring.watching import open_watching, watch
from tests.core.review.reviewing import Reviewed, add_incidents, close, mark_analysed, review


def with_a_gap(world: World) -> Reviewed:
    """Return a closed session whose camera was off for a minute."""
    watched = watch(world)
    watched.show([ALONE] * 4)
    watched.clock += timedelta(minutes=1)
    watched.show([ALONE] * 4)
    mark_analysed(watched)
    incidents, pieces = add_incidents(watched)
    close(watched)
    return Reviewed(watched, world.person(Role.REVIEWER), incidents, pieces)


def test_what_reviewers_read(database_url: str, tmp_path: Path) -> None:
    with open_watching(database_url, tmp_path) as world:
        reviewed = with_a_gap(world)
        other = review(world)
        weigh(other, "40.5")
        platform, watched = world.platform, reviewed.watched
        with platform.db.reading() as session:
            found = get_review(session, reviewed.reviewer, watched.session_id)
            overview = make_overview(session, platform, reviewed.reviewer, found.watched)
            by_score = list_reviews(session, reviewed.reviewer, limit=1)
            quiet = list_reviews(session, reviewed.reviewer, show=Show.QUIET)
            rest = list_reviews(session, reviewed.reviewer, sort=Sort.LATEST, page=1, limit=1)
        first, second = overview.coverage["camera"]
        assert timedelta(seconds=60) < second.start - first.end < timedelta(seconds=63)
        assert [one["severity"] for one in overview.incidents] == ["medium", "high", "technical"]
        [lowest] = by_score.items
        assert (lowest.session_id, lowest.integrity) == (other.watched.session_id, 40.5)
        assert by_score.has_more
        assert not quiet.items
        assert len(rest.items) == 1
        window = get_window(platform, reviewed.reviewer, watched.session_id)
        assert len(window.samples["camera"]) == 8
        reviewed.decide()
        with platform.db.reading() as session:
            title, figures = analyse_irregularities(session, reviewed.reviewer, watched.exam_id)
        assert title == "Geography"
        assert figures.outcomes == {"concern": 1}
        assert [one.kind for one in figures.technical] == ["technical.dark"]


def weigh(reviewed: Reviewed, score: str) -> None:
    with reviewed.watched.platform.db.transaction() as session:
        row = session.get_one(ProctoringSession, reviewed.watched.session_id)
        row.integrity = {"score": score, "contributions": {}}
