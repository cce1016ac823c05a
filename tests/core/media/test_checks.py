"""Files are what their bytes say; what would harm is refused."""

import struct
import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from examhall.core.errors import ExamhallError, InvalidError, TooLargeError
from examhall.core.media import checks
from examhall.core.media.checks import check_drawable, check_media, clean_name, spell_size
from examhall.core.media.sniffing import sniff
from tests.core.media.files import KINDS, OTHERS, picture


@pytest.mark.parametrize(("data", "content_type"), KINDS + OTHERS)
def test_a_file_is_what_its_bytes_say(data: bytes, content_type: str) -> None:
    assert sniff(data) == content_type


@pytest.mark.parametrize(("data", "content_type"), KINDS)
def test_questions_take_what_browsers_show(data: bytes, content_type: str) -> None:
    assert check_media(data) == content_type


@pytest.mark.parametrize("data", [data for data, _ in OTHERS])
def test_questions_take_nothing_else(data: bytes) -> None:
    with pytest.raises(InvalidError):
        check_media(data)


def test_a_text_full_of_comments_is_told_apart_at_once() -> None:
    """Twenty comments took twenty seconds, each further one twice as long."""
    comments = b"<!-- -->" * 60
    assert sniff(comments + b"x") == "text/plain"
    assert sniff(comments + b"<!DOCTYPE svg>" + comments + b"<svg/>") == "image/svg+xml"


def bomb(width: int, height: int) -> bytes:
    """Return a PNG of a few bytes that says it is large."""

    def chunk(name: bytes, body: bytes) -> bytes:
        crc = struct.pack(">I", zlib.crc32(name + body))
        return struct.pack(">I", len(body)) + name + body + crc

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(99))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


@pytest.mark.parametrize(("width", "height"), [(60_000, 60_000), (20_000, 1), (7_000, 7_000)])
def test_pictures_that_would_fill_a_memory_are_refused(width: int, height: int) -> None:
    with pytest.raises(TooLargeError):
        check_media(bomb(width, height))


def test_a_film_of_pictures_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "MAX_PIXELS", 100)
    check_media(picture("GIF", (10, 10), frames=9))
    with pytest.raises(TooLargeError):
        check_media(picture("GIF", (10, 10), frames=11))


def test_a_film_of_tiny_pictures_is_not_read_to_its_end() -> None:
    """A million of them fit into a file that may be handed in, and took twenty seconds."""
    head = b"GIF89a" + struct.pack("<HHBBB", 1, 1, 0x80, 0, 0) + bytes(6)
    control = b"!\xf9\x04\x00\x05\x00\x00\x00"
    frame = b"\0" + control + b"," + struct.pack("<HHHHB", 0, 0, 1, 1, 0x80) + bytes(6)
    frame += b"\x02\x02\x44\x01\x00"
    check_media(head + frame * 50 + b";")
    with pytest.raises(TooLargeError):
        check_media(head + frame * (checks.MAX_FRAMES + 1) + b";")


@pytest.mark.parametrize("filling", [b"\0", b"!\xfe\0", b"!\xfe" + b"\x01a" * 9 + b"\0"])
def test_a_gif_of_many_tiny_pieces_is_not_read_to_its_end(
    filling: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "MAX_PIECES", 100)
    good = picture("GIF", (10, 10))
    check_media(good[:-1] + filling * 5 + b";")
    with pytest.raises(TooLargeError):
        check_media(good[:-1] + filling * 100 + b";")


@pytest.mark.parametrize(
    "data",
    [
        b"\x89PNG\r\n\x1a\n",
        picture("PNG")[:20],
        b"\xff\xd8\xff" + bytes(40),
        b"GIF89a",
        b"RIFF\x00\x00\x00\x00WEBPVP8 ",
        b"\x00\x00\x00\x10ftypavif\x00\x00\x00\x00",
        b"<svg><g></svg>",
    ],
)
def test_broken_pictures_are_refused(data: bytes) -> None:
    with pytest.raises(InvalidError):
        check_media(data)


def test_entities_of_an_svg_are_refused() -> None:
    with pytest.raises(InvalidError):
        check_drawable(b'<!DOCTYPE svg [<!ENTITY a "aaaa">]><svg>&a;</svg>', "image/svg+xml")


@given(st.sampled_from([data[:12] for data, _ in KINDS + OTHERS]), st.binary(max_size=200))
def test_hostile_bytes_are_judged_never_an_error(head: bytes, rest: bytes) -> None:
    with suppress(ExamhallError):
        check_media(head + rest)


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\a.png", "a.png"),
        ("a\r\nSet-Cookie: x", "aSet-Cookie: x"),
        ("..", ""),
        ("Übung 1.pdf", "Übung 1.pdf"),
        ("x" * 300 + ".png", "x" * 196 + ".png"),
        ("\ud800\0.png", "png"),
    ],
)
def test_names_lead_nowhere(name: str, clean: str) -> None:
    assert clean_name(name) == clean


def test_sizes_are_for_people() -> None:
    assert [spell_size(n) for n in (1, 5000, 1_572_864, 20_971_520)] == [
        "1 kB", "4 kB", "1.5 MB", "20 MB"
    ]  # fmt: skip
