"""A picture is judged by its parts, before anything decodes it."""

import io
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from examhall.core.errors import InvalidError, TooLargeError
from examhall.core.proctoring.jpeg import MAX_METADATA, check_jpeg
from tests.core.proctoring.scripted import picture

PLAIN = picture(160)


def save(
    kind: str = "jpeg", size: tuple[int, int] = (160, 120), mode: str = "RGB", **options: Any
) -> bytes:
    buffer = io.BytesIO()
    Image.effect_noise(size, 60).convert(mode).save(buffer, kind, **options)
    return buffer.getvalue()


def segment(marker: int, content: bytes) -> bytes:
    return bytes([0xFF, marker]) + (len(content) + 2).to_bytes(2, "big") + content


def put_in(data: bytes, *segments: bytes) -> bytes:
    return data[:2] + b"".join(segments) + data[2:]


def scan_again(data: bytes, times: int) -> bytes:
    """Return a picture whose last scan comes many times."""
    at = data.rindex(b"\xff\xda")
    return data[:at] + data[at:-2] * times + data[-2:]


@pytest.mark.parametrize(
    "data",
    [
        PLAIN,
        save(quality=40),
        save(mode="L"),
        save(progressive=True),
        save(optimize=True),
        save(restart_marker_rows=1),
        save(icc_profile=b"p" * 3000),
        save(size=(3840, 2160), mode="L"),
        put_in(PLAIN, b"\xff\xff\xff" + segment(0xFE, b"fill bytes before a marker")),
    ],
    ids=["plain", "small", "grey", "progressive", "optimized", "restarts", "icc", "4k", "fill"],
)
def test_what_cameras_and_browsers_make_is_taken(data: bytes) -> None:
    check_jpeg(data)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (save("png"), InvalidError),
        (save("gif", mode="P"), InvalidError),
        (save("webp"), InvalidError),
        (save(mode="CMYK"), InvalidError),
        (PLAIN + PLAIN, InvalidError),
        (PLAIN[:-2] + save("png") + PLAIN[-2:], InvalidError),
        (PLAIN[: PLAIN.index(b"\xff\xda")] + b"\xff\xd9", InvalidError),
        (PLAIN[:2] + b"\xff\xd9", InvalidError),
        (put_in(PLAIN, segment(0xCC, b"\0\0")), InvalidError),
        (put_in(PLAIN, segment(0xDE, b"\0" * 15)), InvalidError),
        (PLAIN.replace(b"\xff\xc0", b"\xff\xc9"), InvalidError),
        (PLAIN.replace(b"\xff\xc0", b"\xff\xc3"), InvalidError),
        (put_in(PLAIN, PLAIN[PLAIN.index(b"\xff\xc0") :][:19]), InvalidError),
        (put_in(PLAIN, *[segment(0xE1, b"Exif\0\0" + b"\0" * 60000)] * 3), TooLargeError),
        (put_in(PLAIN, *[segment(0xE2, b"ICC_PROFILE\0")] * (MAX_METADATA // 4)), TooLargeError),
        (put_in(PLAIN, *[segment(0xDD, b"\0\0")] * 1000), TooLargeError),
        (scan_again(PLAIN, 21), TooLargeError),
        (scan_again(save(progressive=True), 5000), TooLargeError),
        (scan_again(save(size=(3000, 2000), mode="L", progressive=True), 8), TooLargeError),
    ],
    ids=[
        "png",
        "gif",
        "webp",
        "four colours",
        "two pictures",
        "a picture behind",
        "no scan",
        "nothing",
        "arithmetic tables",
        "hierarchical",
        "arithmetic",
        "lossless",
        "two frames",
        "exif bomb",
        "profile in crumbs",
        "segments",
        "scans",
        "thousands of scans",
        "large and often",
    ],
)
def test_bombs_and_strangers_are_refused(data: bytes, error: type[Exception]) -> None:
    with pytest.raises(error):
        check_jpeg(data)


@pytest.mark.parametrize("cut", [3, 20, 160, 400, 600])
def test_a_picture_that_was_cut_is_seen_or_decodes_in_part(cut: int) -> None:
    """Data that is missing inside a scan cannot be told from a dark corner."""
    data = PLAIN[:cut] + b"\xff\xd9"
    if cut < PLAIN.index(b"\xff\xda") + 10:
        with pytest.raises(InvalidError):
            check_jpeg(data)
    else:
        check_jpeg(data)


@given(st.data())
def test_any_bytes_are_judged(data: st.DataObject) -> None:
    """Whatever is changed in a picture: a verdict, and never another error."""
    changed = bytearray(save(progressive=True)[:1500] + b"\xff\xd9")
    for _ in range(data.draw(st.integers(1, 8))):
        changed[data.draw(st.integers(3, len(changed) - 3))] = data.draw(st.integers(0, 255))
    with suppress(InvalidError, TooLargeError):
        check_jpeg(bytes(changed))


def test_a_run_of_ff_takes_no_time() -> None:
    at = PLAIN.rindex(b"\xff\xda") + 14
    check_jpeg(PLAIN[:at] + b"\xff" * 1_900_000 + b"\xff\xd9")


def test_pictures_of_real_cameras_are_taken(shared: Path) -> None:
    paths = (shared / "media").rglob("*.jpg")
    found = list(islice(paths, 40))
    assert found
    for path in found:
        data = path.read_bytes()
        try:
            check_jpeg(data)
        except TooLargeError:
            assert len(data) > 400_000, path
