"""People sign in on a page, get where they wanted to go, and leave a trace."""

import html
import re
from importlib.metadata import EntryPoint
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select

from examhall.core.accounts.models import User
from examhall.core.audit.models import AuditEntry
from tests.web.people import PASSWORD, csrf_token, session_token, sign_in


def entries(platform, action):
    with platform.db.reading() as session:
        return session.scalars(select(AuditEntry).where(AuditEntry.action == action)).all()


def post(client, **form):
    form = {"csrf_token": csrf_token(client), "login": "author", "password": PASSWORD, **form}
    return client.post("/sign-in/password", data=form)


def test_page_shows_the_methods(client):
    page = client.get("/sign-in").get_data(as_text=True)
    assert 'action="/sign-in/password"' in page
    assert 'type="password"' in page


def test_page_wanted_is_the_page_reached(client, people):
    answer = client.get("/questions?search=a&x=1")
    assert answer.status_code == 302
    location = answer.headers["Location"]
    assert location.startswith("/sign-in?next=")
    page = client.get(location).get_data(as_text=True)
    assert 'value="/questions?search=a&amp;x=1"' in page
    answer = post(client, next="/questions?search=a&x=1")
    assert answer.headers["Location"] == "/questions?search=a&x=1"


@pytest.mark.parametrize(
    "page",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\/evil.example",
        "/ok\\x",
        "javascript:alert(1)",
        "evil",
        "http:evil",
        "/\t/evil.example",
        "/\n/evil.example",
    ],
)
def test_nobody_is_sent_to_another_site(client, people, page):
    location = post(client, next=page).headers["Location"]
    assert location.startswith("/")
    assert "evil" not in location or location.count("/") == 1
    assert not location.startswith(("//", "/\\"))


@pytest.mark.parametrize(
    ("role", "page"),
    [
        ("admin", "/admin/users"),
        ("author", "/exams"),
        ("proctor", "/proctor"),
        ("reviewer", "/proctor"),
        ("grader", "/marking"),
        ("auditor", "/admin/health"),
        ("candidate", "/home"),
    ],
)
def test_everybody_begins_where_their_work_is(app, people, role, page):
    client = sign_in(app, role)
    assert client.get("/").headers["Location"] == page


@pytest.mark.parametrize("form", [{"password": "wrong"}, {"login": "nobody"}, {"password": ""}])
def test_refusal_never_says_which_part(client, people, form):
    answer = post(client, **form)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 401
    assert "Sign-in failed. Check what you typed and try again." in page
    assert "password is wrong" not in page
    assert client.get("/api/v1/me").status_code == 401


def test_trace_of_sign_in(client, people, platform):
    post(client, password="wrong")
    post(client, login="my secret password")
    post(client)
    failed = entries(platform, "user.sign_in_failed")
    assert [entry.object_id for entry in failed] == [str(people.users["author"].id), "unknown"]
    assert "secret" not in repr([(entry.actor, entry.details) for entry in failed])
    assert [entry.actor_id for entry in entries(platform, "user.signed_in")] == [
        people.users["author"].id
    ]


def test_session_is_new_after_sign_in(app, client, people):
    """A planted session cookie does not become somebody's session."""
    planted = session_token(app, client)
    with client.session_transaction() as session:
        session["planted"] = True
    post(client)
    with client.session_transaction() as session:
        assert "planted" not in session
    answer = client.post("/sign-out", headers={"X-CSRF-Token": planted})
    assert answer.status_code == 400


def test_signed_in_people_need_no_form(app, people):
    client = sign_in(app, "author")
    assert client.get("/sign-in").headers["Location"] == "/exams"


def test_sign_out_leaves_nothing(app, people, platform):
    client = sign_in(app, "author")
    client.post("/sign-out", headers={"X-CSRF-Token": session_token(app, client)})
    with client.session_transaction() as session:
        assert "_user_id" not in session
    assert len(entries(platform, "user.signed_out")) == 1


@pytest.mark.parametrize("version", ["99", "0", "", "x", "1:1"])
def test_cookie_of_another_version_is_nobody(app, people, version):
    client = sign_in(app, "author")
    with client.session_transaction() as session:
        session["_user_id"] = f"{people.users['author'].id}:{version}"
    assert client.get("/api/v1/me").status_code == 401


def test_unknown_method(client, people):
    form = {"csrf_token": csrf_token(client)}
    assert client.post("/sign-in/nonsense", data=form).status_code == 404
    assert client.get("/sign-in/password/callback?state=x").status_code == 400
    assert client.get("/sign-in/password/callback").status_code == 400


def test_hash_is_not_shown(app, people, platform):
    with platform.db.reading() as session:
        assert session.scalars(select(User)).first().password_hash.startswith("$argon2id$")


@pytest.fixture
def state(client, people, platform):
    """The state with which a browser is sent to another site's sign-in."""
    platform.plugins.load([EntryPoint("sign_in.elsewhere", "tests.web.elsewhere", "examhall")])
    platform.plugins.refresh()
    answer = client.post("/sign-in/elsewhere", data={"csrf_token": csrf_token(client)})
    # A redirect of a form to another site is refused by browsers that obey our `form-action`.
    assert answer.status_code == 200
    found = re.search(r'<meta http-equiv="refresh" content="0; url=([^"]+)">', answer.text)
    assert found
    address = urlsplit(html.unescape(found[1]))
    assert f'href="{found[1]}"' in answer.text
    assert (address.scheme, address.netloc) == ("https", "id.example")
    query = parse_qs(address.query)
    assert query["back"] == ["http://127.0.0.1:8000/sign-in/elsewhere/callback"]
    [value] = query["state"]
    return value


def test_another_site_says_who_it_is(client, state):
    back = f"/sign-in/elsewhere/callback?code=good&state={state}"
    assert client.get(back).headers["Location"] == "/exams"
    assert client.get("/api/v1/me").json["data"]["login"] == "author"


def test_what_was_not_begun_here_is_refused(app, client, state):
    assert app.test_client().get(f"/sign-in/elsewhere/callback?state={state}").status_code == 400
    assert client.get("/sign-in/elsewhere/callback?code=good&state=\u00e9").status_code == 400
    # Each state is good once.
    assert client.get(f"/sign-in/elsewhere/callback?code=good&state={state}").status_code == 400
    assert client.get("/api/v1/me").status_code == 401


def test_a_state_is_good_for_the_method_that_it_was_made_for(client, state):
    answer = client.get(
        f"/sign-in/password/callback?login=author&password={PASSWORD}&state={state}"
    )
    assert answer.status_code == 400
    assert client.get("/api/v1/me").status_code == 401
