"""What can be wrong with a QTI document, and with the processing of one."""

from __future__ import annotations


class QtiError(ValueError):
    """A document that cannot be used; the text says why, for its author."""


class ProcessingError(QtiError):
    """Processing came to something that the standard gives no meaning to."""
