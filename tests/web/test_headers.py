"""Every answer carries the headers that keep a browser safe."""

import re

import pytest

PAGES = ["/sign-in", "/api/v1/docs", "/nowhere", "/"]
DATA = ["/api/v1/health/live", "/api/v1/nowhere"]


@pytest.mark.parametrize("path", PAGES)
def test_policy_of_pages(client, path):
    headers = client.get(path).headers
    policy = headers["Content-Security-Policy"]
    nonce = re.search(r"'nonce-([^']+)'", policy)[1]
    assert policy == (
        f"default-src 'none'; script-src 'self' 'nonce-{nonce}'; "
        f"style-src 'self' 'nonce-{nonce}'; img-src 'self' data: blob:; "
        "media-src 'self' blob:; connect-src 'self'; worker-src 'self' blob:; "
        "base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
    )


@pytest.mark.parametrize("path", DATA)
def test_data_may_do_nothing_at_all(client, path):
    assert client.get(path).headers["Content-Security-Policy"] == (
        "default-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'none'"
    )


@pytest.mark.parametrize("path", PAGES + DATA)
def test_headers(client, path):
    headers = client.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"
    for feature in ("camera", "microphone", "display-capture", "fullscreen"):
        assert f"{feature}=(self)" in headers["Permissions-Policy"]
    assert "Strict-Transport-Security" not in headers


def test_nonce_is_new_each_time(client):
    policies = {client.get("/sign-in").headers["Content-Security-Policy"] for _ in range(5)}
    assert len(policies) == 5


@pytest.mark.parametrize("path", ["/sign-in", "/api/v1/docs", "/nowhere"])
def test_pages_keep_to_the_policy(client, path):
    answer = client.get(path)
    nonce = re.search(r"'nonce-([^']+)'", answer.headers["Content-Security-Policy"])[1]
    page = answer.get_data(as_text=True)
    assert not re.search(r"<[^>]+\sstyle\s*=", page)
    assert not re.search(r"<[^>]+\son\w+\s*=", page)
    assert not re.search(r"""(?:src|href)=["']?(?:https?:)?//""", page)
    for tag in re.findall(r"<(?:script|style)\b[^>]*>", page):
        assert "src=" in tag or f'nonce="{nonce}"' in tag


def test_static_files_can_be_kept(client):
    with client.get("/static/css/eh.css") as answer:
        assert answer.status_code == 200
        assert "no-store" not in answer.headers["Cache-Control"]


def test_cookie_is_for_us_alone(app, people):
    client = app.test_client()
    cookie = client.get("/sign-in").headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie


def test_secure_cookies_and_https(make_platform):
    from examhall.web.app import create_app

    client = create_app(make_platform(secure_cookies=True)).test_client()
    answer = client.get("/sign-in", base_url="https://localhost")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-examhall=")
    assert "Secure" in cookie
    assert "max-age" in answer.headers["Strict-Transport-Security"]
