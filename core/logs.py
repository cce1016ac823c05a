"""Log lines: one a time, as `key=value` text, never with the values of local variables."""

from __future__ import annotations

import logging
import sys

import structlog

_ESCAPED = {
    code: f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"
    for code in [*range(9), *range(11, 32), *range(127, 160), 0x2028, 0x2029]
}
"""Control characters: a terminal would obey them, and some readers begin a new line at them."""


def configure_logs(level: str) -> None:
    """Send all log lines of this process to the standard error, from `level` on."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    renderer = structlog.processors.LogfmtRenderer(
        key_order=["timestamp", "level", "logger", "event"], drop_missing=True, bool_as_flag=False
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                escape_controls,
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # It tells of itself at each look at the schema.
    logging.getLogger("alembic.runtime.migration").setLevel(logging.WARNING)


def escape_controls(
    _logger: structlog.typing.WrappedLogger, _name: str, entry: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Spell out control characters, which addresses and logins may hold; the renderer spells LF."""
    return {
        key: value.translate(_ESCAPED) if isinstance(value, str) else value
        for key, value in entry.items()
    }
