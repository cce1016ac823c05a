"""A worker that analyses one session slowly, to be killed in the middle."""

import sys
import time
from pathlib import Path
from typing import Any
from uuid import UUID

from examhall.core.platform import open_platform
from examhall.core.settings import load_settings
from examhall.worker import detection
from tests.core.proctoring.watching import load_scripted


def main(database_url: str, data_dir: str, session_id: str) -> None:
    platform = open_platform(load_settings({}, database_url=database_url, data_dir=Path(data_dir)))
    load_scripted(platform)
    judge = detection.judge_session

    def slowly(*arguments: Any) -> Any:
        time.sleep(0.1)
        return judge(*arguments)

    detection.judge_session = slowly
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    detection.analyse_session(platform, UUID(session_id))
    time.sleep(60)


if __name__ == "__main__":
    main(*sys.argv[1:])
