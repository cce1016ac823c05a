"""A log line is one line, whatever people send."""

import structlog

from examhall.core.logs import escape_controls


def test_what_people_send_cannot_move_the_cursor_or_begin_a_line() -> None:
    entry = {"event": "request.failed", "path": "/a\nb\r\x1b[2Jc\u2028d\x85\u00e9", "code": 5}
    render = structlog.processors.LogfmtRenderer(key_order=["event"])
    line = render(None, "", escape_controls(None, "", entry))
    assert line == r"event=request.failed path=/a\nb\x0d\x1b[2Jc\u2028d\x85é code=5"
