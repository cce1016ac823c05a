"""The one HTTP session for partners: it reaches public addresses only, unless the operator says so.

A name is resolved once, every address that comes back is judged, and the judged address is dialled,
so that a second answer of the DNS cannot lead elsewhere. Redirects are not followed unless a
provider asks, and then each step is judged in the same way. Nothing is taken from the environment.
"""

from __future__ import annotations

import logging
import socket
import time
from collections.abc import Iterable, Mapping
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NewConnectionError

from examhall.core.contracts.provider import ConfigError, TransientError
from examhall.core.settings import Settings

log = logging.getLogger(__name__)

CONNECT_SECONDS = 5.0
READ_SECONDS = 15.0
TOTAL_SECONDS = 30.0
LARGEST_RESPONSE = 5 * 1024 * 1024
MOST_REDIRECTS = 3
USER_AGENT = "examhall"

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
SocketAddress = tuple[socket.AddressFamily, Any]


class BlockedError(ConfigError):
    """The address is not one that examhall may call. No OSError: urllib3 would try again."""


class QuietFilter(logging.Filter):
    """Keeps queries, which may hold secrets, out of urllib3's log lines."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Cut every argument at its question mark."""
        if isinstance(record.args, tuple):
            record.args = tuple(
                one.split("?")[0] if isinstance(one, str) else one for one in record.args
            )
        return True


_quiet = QuietFilter()


def is_allowed(address: Address, networks: Iterable[Network]) -> bool:
    """Say whether an address is public, or in one of the operator's networks.

    An IPv4 address inside an IPv6 one (mapped, 6to4, NAT64) is judged as what it leads to.
    """
    inner = _inner_address(address)
    judged = {address, inner} if inner is not None else {address}
    if any(one in network for one in judged for network in networks):
        return True
    public = inner if inner is not None else address
    # Site-local addresses (RFC 3879) are out of use, but some networks still have them inside.
    inside = isinstance(public, IPv6Address) and public.is_site_local
    return public.is_global and not (public.is_multicast or public.is_reserved or inside)


_NAT64 = IPv6Network("64:ff9b::/96")


def _inner_address(address: Address) -> IPv4Address | None:
    if isinstance(address, IPv4Address):
        return None
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def resolve(host: str, port: int, networks: Iterable[Network]) -> list[SocketAddress]:
    """Return where to dial; raise BlockedError if a single one of the addresses is not allowed."""
    answers = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)
    allowed = tuple(networks)
    for *_, where in answers:
        if not is_allowed(ip_address(str(where[0]).split("%")[0]), allowed):
            raise BlockedError(
                f"{host} leads to {where[0]}, which is not a public address. If that is right, add "
                "its network to EXAMHALL_OUTBOUND_NETWORKS."
            )
    return [(family, where) for family, _, _, _, where in answers]


def _dial(connection: HTTPConnection, networks: tuple[Network, ...]) -> socket.socket:
    """Connect to the first address of the host that answers."""
    problem: Exception | None = None
    try:
        addresses = resolve(connection.host, connection.port, networks)
    except (OSError, UnicodeError) as error:
        raise NewConnectionError(connection, f"no address: {error}") from error
    for family, where in addresses:
        line = socket.socket(family, socket.SOCK_STREAM)
        try:
            for option in connection.socket_options or ():
                line.setsockopt(*option)
            if connection.timeout is None or isinstance(connection.timeout, int | float):
                line.settimeout(connection.timeout)
            line.connect(where)
        except OSError as error:
            line.close()
            problem = error
        else:
            return line
    raise NewConnectionError(connection, f"no connection: {problem}")


def _pool_classes(networks: tuple[Network, ...]) -> dict[str, type[HTTPConnectionPool]]:
    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return _dial(self, networks)

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return _dial(self, networks)

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}


class GuardedAdapter(HTTPAdapter):
    """Sends requests through judged connections; refuses http:// unless the operator allows it."""

    def __init__(self, networks: tuple[Network, ...], allow_plain_http: bool) -> None:
        self._networks = networks
        self._allow_plain_http = allow_plain_http
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """Make pools of guarded connections."""
        self.poolmanager = PoolManager(num_pools=10, maxsize=4)
        self.poolmanager.pool_classes_by_scheme = _pool_classes(self._networks)

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # type: ignore[override]
        """Send one request; each step of a redirect comes through here as well."""
        if not (request.url or "").lower().startswith("https://") and not self._allow_plain_http:
            raise BlockedError(
                "Only https:// addresses may be called; EXAMHALL_ALLOW_PLAIN_HTTP changes that."
            )
        options["proxies"] = {}
        return super().send(request, **options)


class GuardedSession:
    """The HttpSession that core hands to providers; see the contract."""

    def __init__(self, settings: Settings) -> None:
        networks = parse_networks(settings.outbound_networks)
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.max_redirects = MOST_REDIRECTS
        self._session.headers["User-Agent"] = USER_AGENT
        self._session.adapters.clear()
        adapter = GuardedAdapter(networks, settings.allow_plain_http)
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, adapter)
        logging.getLogger("urllib3.connectionpool").addFilter(_quiet)

    def request(self, method: str, url: str, **options: Any) -> requests.Response:
        """Send a request.

        Takes the options of `requests`, with time limits and without redirects unless said
        otherwise. Raises TransientError when the partner cannot be reached or answers too much or
        too slowly, BlockedError (a ConfigError) for an address that may not be called.
        """
        sent: dict[str, Any] = {
            "timeout": (CONNECT_SECONDS, READ_SECONDS),
            "allow_redirects": False,
            **options,
            "stream": True,
            "verify": options.get("verify") or True,
        }
        began = time.monotonic()
        try:
            with self._session.request(method, url, **sent) as response:
                _read_body(response, began + TOTAL_SECONDS)
        except (
            requests.exceptions.InvalidURL,
            requests.exceptions.InvalidSchema,
            requests.exceptions.MissingSchema,
        ) as error:
            raise ConfigError("The address cannot be called: it is not a web address.") from error
        except requests.RequestException as error:
            raise TransientError(f"The partner could not be reached: {_reason(error)}.") from error
        log.info(
            "%s %s: %d in %.3f s",
            method,
            urlsplit(response.url).hostname,
            response.status_code,
            time.monotonic() - began,
        )
        return response

    def close(self) -> None:
        """Close all connections."""
        self._session.close()


def parse_networks(words: Iterable[str]) -> tuple[Network, ...]:
    """Read the operator's networks; raise ConfigError for one that is none."""
    try:
        return tuple(ip_network(word, strict=False) for word in words)
    except ValueError as error:
        raise ConfigError(f"EXAMHALL_OUTBOUND_NETWORKS: {error}") from error


def _read_body(response: requests.Response, deadline: float) -> None:
    """Read the body within bounds of size (after decompression) and time."""
    parts = []
    size = 0
    for part in response.iter_content(65536):
        size += len(part)
        if size > LARGEST_RESPONSE:
            raise TransientError(f"The answer is larger than {LARGEST_RESPONSE} bytes.")
        if time.monotonic() > deadline:
            raise TransientError(f"The answer took longer than {TOTAL_SECONDS:.0f} seconds.")
        parts.append(part)
    response._content = b"".join(parts)


_REASONS = {
    "NewConnectionError": "no connection could be made",
    "ConnectTimeoutError": "it did not answer in time",
    "ReadTimeoutError": "it did not answer in time",
    "ReadTimeout": "it did not answer in time",
    "SSLError": "its certificate cannot be trusted",
    "ProtocolError": "it broke off the connection",
}


def _reason(error: Exception) -> str:
    """Return what went wrong without the address, which may hold a secret."""
    cause = error.args[0] if error.args else error
    reason = getattr(cause, "reason", cause)
    name = type(reason if isinstance(reason, Exception) else error).__name__
    return _REASONS.get(name, name)


def redact(text: str, secrets: Mapping[str, Any] | Iterable[str]) -> str:
    """Replace every secret value in a text that people will read."""
    values = secrets.values() if isinstance(secrets, Mapping) else secrets
    for secret in sorted((v for v in values if isinstance(v, str) and v), key=len, reverse=True):
        text = text.replace(secret, "[secret]")
    return text
