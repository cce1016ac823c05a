"""A film for Chromium's fake camera, made of photographs that are shown one after the other."""

from collections.abc import Sequence
from pathlib import Path

WIDTH, HEIGHT = 640, 480
RATE = 5
"""Pictures a second: enough for detectors, and little work for the machine."""


def write_film(path: Path, scenes: Sequence[tuple[Path, float]]) -> Path:
    """Write a y4m film; each scene is a photograph and how many seconds it is shown.

    Chromium starts a film anew whenever a page opens the camera, and repeats it at its end.
    """
    with path.open("wb") as film:
        film.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{RATE}:1 Ip A1:1 C420jpeg\n".encode())
        for photograph, seconds in scenes:
            picture = b"FRAME\n" + _fit(photograph)
            for _ in range(round(seconds * RATE)):
                film.write(picture)
    return path


def _fit(photograph: Path) -> bytes:
    """Return a photograph as planes of 640x480, whole, on a grey ground."""
    import cv2
    import numpy as np

    picture = cv2.imread(str(photograph))
    scale = min(WIDTH / picture.shape[1], HEIGHT / picture.shape[0])
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    ground = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    top, left = (HEIGHT - small.shape[0]) // 2, (WIDTH - small.shape[1]) // 2
    ground[top : top + small.shape[0], left : left + small.shape[1]] = small
    return cv2.cvtColor(ground, cv2.COLOR_BGR2YUV_I420).tobytes()
