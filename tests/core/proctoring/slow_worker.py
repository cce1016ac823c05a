"""A worker that analyses one session slowly, to be killed in the middle."""

import time
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any
from uuid import UUID

from examhall.core.platform import open_platform
from examhall.core.settings import load_settings
from examhall.worker import detection
from tests.core.proctoring.watching import load_scripted


def analyse_slowly(database_url: str, data_dir: Path, session_id: UUID, ready: Event) -> None:
    platform = open_platform(load_settings({}, database_url=database_url, data_dir=data_dir))
    load_scripted(platform)
    judge = detection.judge_session

    def slowly(*arguments: Any) -> Any:
        time.sleep(0.1)
        return judge(*arguments)

    detection.judge_session = slowly
    ready.set()
    detection.analyse_session(platform, session_id)
    time.sleep(60)
