"""Films for Chromium's fake camera, made of photographs and clips shown one after the other."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any

WIDTH, HEIGHT = 640, 480
RATE = 5
"""Pictures a second: enough for detectors, and little work for the machine."""


@dataclass(frozen=True, slots=True)
class Scene:
    """A photograph or a part of a clip, and how many seconds it is shown.

    Of a clip, the seconds from `begin` to `end` are shown, again and again.
    """

    source: Path
    seconds: float
    begin: float = 0.0
    end: float = 0.0


def write_film(path: Path, scenes: Sequence[Scene]) -> Path:
    """Write a y4m film.

    Chromium starts a film anew whenever a page opens the camera, and repeats it at its end.
    """
    with path.open("wb") as film:
        film.write(f"YUV4MPEG2 W{WIDTH} H{HEIGHT} F{RATE}:1 Ip A1:1 C420jpeg\n".encode())
        for scene in scenes:
            pictures = [_fit(picture) for picture in _read(scene)]
            for picture in islice(cycle(pictures), round(scene.seconds * RATE)):
                film.write(b"FRAME\n" + picture)
    return path


def _read(scene: Scene) -> Iterator[Any]:
    import cv2

    if scene.source.suffix != ".mp4":
        yield cv2.imread(str(scene.source))
        return
    clip = cv2.VideoCapture(str(scene.source))
    for number in range(round((scene.end - scene.begin) * RATE)):
        clip.set(cv2.CAP_PROP_POS_MSEC, 1000 * (scene.begin + number / RATE))
        is_read, picture = clip.read()
        if is_read:
            yield picture
    clip.release()


def _fit(picture: Any) -> bytes:
    """Return a picture as planes of 640x480, whole, on a grey ground."""
    import cv2
    import numpy as np

    scale = min(WIDTH / picture.shape[1], HEIGHT / picture.shape[0])
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    ground = np.full((HEIGHT, WIDTH, 3), 90, np.uint8)
    top, left = (HEIGHT - small.shape[0]) // 2, (WIDTH - small.shape[1]) // 2
    ground[top : top + small.shape[0], left : left + small.shape[1]] = small
    return bytes(cv2.cvtColor(ground, cv2.COLOR_BGR2YUV_I420).tobytes())
