"""Permissions: the default is no, an exam's grant covers that exam alone."""

from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examhall.core.errors import ForbiddenError, SignInRequiredError
from examhall.core.permissions import (
    NOBODY,
    ROLE_PERMISSIONS,
    SYSTEM,
    Permission,
    Principal,
    Role,
)

EXAM, OTHER_EXAM = uuid4(), uuid4()


def person(*grants) -> Principal:
    return Principal(user_id=uuid4(), name="Ada", grants=frozenset(grants))


@given(st.sampled_from(Permission), st.sampled_from([None, EXAM]))
def test_nobody_may_do_anything(permission, exam):
    assert not NOBODY.may(permission, exam)
    with pytest.raises(SignInRequiredError):
        NOBODY.require(permission, exam)


@given(st.sampled_from(Permission))
def test_a_person_without_a_role_may_do_nothing(permission):
    with pytest.raises(ForbiddenError):
        person().require(permission, EXAM)


@given(st.sampled_from(Role), st.sampled_from(Permission))
def test_a_role_gives_exactly_its_permissions(role, permission):
    assert person((role, None)).may(permission, EXAM) == (permission in ROLE_PERMISSIONS[role])


@given(st.sampled_from(Role), st.sampled_from(Permission))
def test_a_grant_for_one_exam_says_nothing_about_others(role, permission):
    someone = person((role, EXAM))
    assert someone.may(permission, EXAM) == (permission in ROLE_PERMISSIONS[role])
    assert not someone.may(permission, OTHER_EXAM)
    assert not someone.may(permission)


def test_lists_are_narrowed_to_the_granted_exams():
    assert person((Role.PROCTOR, None)).exams_with(Permission.PROCTORING_WATCH) is None
    assert list(person((Role.PROCTOR, EXAM)).exams_with(Permission.PROCTORING_WATCH)) == [EXAM]
    assert list(person().exams_with(Permission.PROCTORING_WATCH)) == []


def test_no_role_but_the_candidates_can_take_an_exam():
    takers = [role for role, held in ROLE_PERMISSIONS.items() if Permission.ATTEMPTS_TAKE in held]
    assert takers == [Role.CANDIDATE]


def test_the_system_may_do_everything():
    assert all(SYSTEM.may(permission) for permission in Permission)
