"""Writes the table of settings into docs/operations.md; a test checks that it is up to date."""

from __future__ import annotations

from pathlib import Path

from marshmallow import missing

from examhall.core.settings import PREFIX, SettingsSchema

START = "<!-- settings: written by `python -m examhall.core.settings_reference` -->"
END = "<!-- end of settings -->"


def settings_table() -> str:
    """Return the settings as a Markdown table: name, default, meaning."""
    rows = ["| setting | default | meaning |", "|---|---|---|"]
    for name, field in SettingsSchema().fields.items():
        default = "" if field.load_default is missing else field.load_default
        shown = f"`{str(default).lower() if isinstance(default, bool) else default}`"
        rows.append(
            f"| `{PREFIX}{name.upper()}` | {shown if default != '' else ''} "
            f"| {field.metadata['doc']} |"
        )
    return "\n".join(rows)


def insert_table(document: str) -> str:
    """Return the document with today's table between the two marks."""
    before, _, rest = document.partition(START)
    _, _, after = rest.partition(END)
    return f"{before}{START}\n{settings_table()}\n{END}{after}"


def main() -> None:
    """Rewrite the table in docs/operations.md below the current folder."""
    path = Path("docs/operations.md")
    path.write_text(insert_table(path.read_text()))


if __name__ == "__main__":
    main()
