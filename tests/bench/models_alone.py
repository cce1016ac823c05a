"""The models alone on a folder of JPEG frames: `models_alone FRAMES MODELS` prints JSON.

Nothing of examhall runs here: OpenCV, mediapipe and ONNX Runtime as their makers' examples use
them, one after the other over all frames, each warmed by a few frames first.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

WARM = 3
SIDE = 416
FACE_SIZE = (320, 240)


def measure(call: Callable[[Any], Any], inputs: Sequence[Any]) -> dict[str, float]:
    """Return milliseconds an input, by the clock and of CPU."""
    for one in inputs[:WARM]:
        call(one)
    clock, cpu = time.perf_counter(), time.process_time()
    for one in inputs:
        call(one)
    count = len(inputs) / 1000
    return {
        "clock": (time.perf_counter() - clock) / count,
        "cpu": (time.process_time() - cpu) / count,
    }


def main(frames: Path, models: Path) -> None:
    """Measure decoding and each model."""
    cv2: Any = import_module("cv2")
    numpy: Any = import_module("numpy")
    cv2.setNumThreads(1)
    raw = [numpy.frombuffer(path.read_bytes(), numpy.uint8) for path in sorted(frames.iterdir())]
    pictures = [cv2.imdecode(data, cv2.IMREAD_COLOR) for data in raw]
    small = [cv2.resize(picture, FACE_SIZE) for picture in pictures]
    result = {
        "decode": measure(lambda data: cv2.imdecode(data, cv2.IMREAD_COLOR), raw),
        "yunet": measure(_yunet(cv2, models), small),
        "landmarker": _landmarker(cv2, models, pictures),
        "yolo": measure(_yolo(models), [_tensor(cv2, numpy, picture) for picture in pictures]),
    }
    sys.stdout.write(json.dumps(result))


def _yunet(cv2: Any, models: Path) -> Callable[[Any], Any]:
    path = models / "face_detection_yunet_2023mar.onnx"
    model = cv2.FaceDetectorYN.create(str(path), "", FACE_SIZE, 0.4, 0.3, 500)
    detect: Callable[[Any], Any] = model.detect
    return detect


def _landmarker(cv2: Any, models: Path, pictures: Sequence[Any]) -> dict[str, float]:
    mediapipe: Any = import_module("mediapipe")
    tasks: Any = import_module("mediapipe.tasks.python")
    options = tasks.vision.FaceLandmarkerOptions(
        base_options=tasks.BaseOptions(model_asset_path=str(models / "face_landmarker.task")),
        # As many as the detector of looking away asks for.
        num_faces=2,
        output_face_blendshapes=True,
        output_facial_transformation_matrixes=True,
    )
    images = [
        mediapipe.Image(
            image_format=mediapipe.ImageFormat.SRGB,
            data=cv2.cvtColor(picture, cv2.COLOR_BGR2RGB),
        )
        for picture in pictures
    ]
    with tasks.vision.FaceLandmarker.create_from_options(options) as model:
        return measure(model.detect, images)


def _yolo(models: Path) -> Callable[[Any], Any]:
    runtime: Any = import_module("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    path = models / "yolo11n_416.onnx"
    session = runtime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda tensor: session.run(None, {name: tensor})


def _tensor(cv2: Any, numpy: Any, picture: Any) -> Any:
    square = cv2.resize(picture, (SIDE, SIDE))[:, :, ::-1]
    return square.transpose(2, 0, 1)[None].astype(numpy.float32) / 255


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
