"""The pages for people: one blueprint a noun, templates in web/templates/<noun>/."""

from __future__ import annotations

from importlib import import_module

from flask import Flask

from examhall.core.permissions import Permission
from examhall.web.context import principal
from examhall.web.forms.filters import init_forms

PAGES = (
    "root",
    "sign_in",
    "docs",
    "candidate",
    "room_camera",
    "proctor",
    "review",
    "review_report",
    "review_statistics",
    "review_rules",
    "decision",
    "exams",
    "exam_settings",
    "candidates",
    "results",
    "analysis",
    "regrades",
    "questions",
    "question_versions",
    "media",
    "exchange",
    "marking",
    "users",
    "people",
    "evidence",
    "plugins",
    "detectors",
    "connections",
    "health",
    # Add the name of your module in examhall.web.pages here; it holds `blueprint`.
)


def init_pages(app: Flask) -> None:
    """Register all pages and what every template may use."""
    for name in PAGES:
        app.register_blueprint(import_module(f"examhall.web.pages.{name}").blueprint)
    init_forms(app)
    app.jinja_env.globals.update(principal=principal, Permission=Permission)
