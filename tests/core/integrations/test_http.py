"""The guarded session reaches public addresses alone, within bounds of time and size."""

import gzip
import logging
import socket
from ipaddress import ip_address, ip_network
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examhall.core.contracts.provider import ConfigError, TransientError
from examhall.core.integrations import http
from examhall.core.integrations.http import BlockedError, GuardedSession, is_allowed, redact
from examhall.core.settings import load_settings
from tests.partner import LOOPBACK, Answer, partner
from tests.services.process import free_port


def make_session(*networks: str, plain: bool = True) -> GuardedSession:
    return GuardedSession(
        load_settings({}, outbound_networks=list(networks), allow_plain_http=plain)
    )


def answer_names(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Let every name lead to these addresses; return the names that were asked for."""
    asked = []

    def getaddrinfo(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        asked.append(host)
        return [
            (
                socket.AF_INET6 if ":" in address else socket.AF_INET,
                socket.SOCK_STREAM,
                6,
                "",
                (address, port),
            )
            for address in addresses
        ]

    monkeypatch.setattr(http.socket, "getaddrinfo", getaddrinfo)
    return asked


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "localhost",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "255.255.255.255",
        "224.0.0.1",
        "[::1]",
        "[::]",
        "[fe80::1]",
        "[fd00::1]",
        "[fec0::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:169.254.169.254]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "2130706433",
        "0x7f.1",
        "127.1",
    ],
)
def test_addresses_that_are_not_public_are_refused(host: str) -> None:
    with pytest.raises(BlockedError):
        make_session().request("GET", f"http://{host}:9/")


def test_a_name_that_leads_inside_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    answer_names(monkeypatch, "10.0.0.5")
    with pytest.raises(BlockedError, match="EXAMHALL_OUTBOUND_NETWORKS"):
        make_session().request("GET", "http://partner.example/")


def test_one_bad_address_among_good_ones_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    answer_names(monkeypatch, "93.184.215.14", "127.0.0.1")
    with pytest.raises(BlockedError):
        make_session().request("GET", "http://partner.example/")


def test_the_judged_address_is_the_one_that_is_dialled(monkeypatch: pytest.MonkeyPatch) -> None:
    with partner() as server:
        asked = answer_names(monkeypatch, "127.0.0.1")
        response = make_session(LOOPBACK).request("GET", f"http://partner.example:{server.port}/a")
    assert response.status_code == 200
    assert asked == ["partner.example"]
    assert server.calls[0].headers["Host"] == f"partner.example:{server.port}"


def test_a_network_of_the_operator_is_allowed() -> None:
    with partner(Answer(body=b'{"a": 1}')) as server:
        response = make_session(LOOPBACK).request("POST", server.url, data=b"x")
    assert response.json() == {"a": 1}
    assert server.calls[0].body == b"x"


def test_plain_http_needs_a_setting() -> None:
    with partner() as server, pytest.raises(BlockedError, match="EXAMHALL_ALLOW_PLAIN_HTTP"):
        make_session(LOOPBACK, plain=False).request("GET", server.url)
    assert server.calls == []


def test_redirects_are_not_followed() -> None:
    with partner(Answer(302, {"Location": "/elsewhere"})) as server:
        response = make_session(LOOPBACK).request("GET", server.url)
    assert response.status_code == 302
    assert len(server.calls) == 1


def test_each_step_of_a_redirect_is_judged() -> None:
    inside = Answer(302, {"Location": "http://169.254.169.254/latest"})
    with partner(inside) as server, pytest.raises(BlockedError):
        make_session(LOOPBACK).request("GET", server.url, allow_redirects=True)
    file = Answer(302, {"Location": "file:///etc/passwd"})
    with partner(file) as server, pytest.raises(ConfigError):
        make_session(LOOPBACK).request("GET", server.url, allow_redirects=True)


def test_endless_redirects_end() -> None:
    with partner() as server:
        server.answer = lambda call: Answer(302, {"Location": "/again"})
        with pytest.raises(TransientError):
            make_session(LOOPBACK).request("GET", server.url, allow_redirects=True)
    assert len(server.calls) == http.MOST_REDIRECTS + 1


@pytest.mark.parametrize("url", ["", "partner", "ftp://example.org/", "http://", "http://[::1"])
def test_what_is_no_web_address_is_a_fault_of_the_configuration(url: str) -> None:
    with pytest.raises(ConfigError):
        make_session(LOOPBACK).request("GET", url)


def test_nobody_there_is_transient() -> None:
    with pytest.raises(TransientError, match=r": no connection could be made\.$"):
        make_session(LOOPBACK).request("GET", f"http://127.0.0.1:{free_port()}/?token=secret-word")


def test_an_unknown_name_is_transient(monkeypatch: pytest.MonkeyPatch) -> None:
    def getaddrinfo(*_: Any, **__: Any) -> list[Any]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(http.socket, "getaddrinfo", getaddrinfo)
    with pytest.raises(TransientError):
        make_session().request("GET", "https://partner.example/")


def test_a_slow_partner_is_transient() -> None:
    with (
        partner(Answer(wait=5)) as server,
        pytest.raises(TransientError, match=r": it did not answer in time\.$"),
    ):
        make_session(LOOPBACK).request("GET", server.url, timeout=0.2)


def test_a_trickling_partner_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "TOTAL_SECONDS", 0.0)
    with partner(Answer(body=b"x" * 200_000)) as server, pytest.raises(TransientError):
        make_session(LOOPBACK).request("GET", server.url)


def test_a_large_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "LARGEST_RESPONSE", 100_000)
    bomb = gzip.compress(b"0" * 10_000_000)
    assert len(bomb) < 100_000
    packed = Answer(headers={"Content-Encoding": "gzip"}, body=bomb)
    with partner(packed) as server, pytest.raises(TransientError, match="larger"):
        make_session(LOOPBACK).request("GET", server.url)


def test_proxies_of_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    with partner() as proxy, partner() as server:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.setenv("all_proxy", proxy.url)
        make_session(LOOPBACK).request("GET", server.url)
    assert proxy.calls == []
    assert len(server.calls) == 1


def test_secrets_in_addresses_are_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with partner() as server:
        make_session(LOOPBACK).request("GET", server.url + "/x?token=secret-word")
    assert "secret-word" not in caplog.text


def test_an_error_does_not_tell_the_address() -> None:
    with pytest.raises(TransientError) as caught:
        make_session(LOOPBACK).request("GET", f"http://127.0.0.1:{free_port()}/?token=secret-word")
    assert "secret-word" not in str(caught.value)


@given(st.ip_addresses(v=4))
def test_an_address_inside_another_is_judged_as_itself(address: Any) -> None:
    mapped = ip_address(f"::ffff:{address}")
    translated = ip_address(int(ip_address("64:ff9b::")) + int(address))
    assert is_allowed(mapped, ()) == is_allowed(address, ()) == is_allowed(translated, ())


def test_an_allowed_network_counts_for_mapped_addresses() -> None:
    networks = (ip_network("10.0.0.0/8"),)
    assert is_allowed(ip_address("::ffff:10.1.2.3"), networks)


def test_networks_that_are_none_are_refused() -> None:
    with pytest.raises(ConfigError):
        make_session("10.0.0.0/99")


def test_redaction_takes_the_longest_secret_first() -> None:
    assert redact("abc abcdef x", {"one": "abc", "two": "abcdef", "three": "", "n": 5}) == (
        "[secret] [secret] x"
    )
