"""Tables that are only ever added to

Revision ID: m0002_append_only
Revises: m0001_initial

Whatever the program does wrong, what was published, answered, timed, scored, receipted or noted for
auditors cannot be changed or taken away afterwards: triggers refuse it. A later migration that has to
rebuild one of these tables takes its triggers off first and puts them on again (SQLite loses
them with the old table).
"""

from alembic import op

revision = "m0002_append_only"
down_revision = "m0001_initial"
branch_labels = None
depends_on = None

APPEND_ONLY = (
    "question_versions",
    "exam_versions",
    "exam_version_items",
    "attempt_transitions",
    "time_ledger",
    "response_revisions",
    "item_steps",
    "receipts",
    "scores",
    "item_scores",
    "marks",
    "outcomes",
    "decisions",
    "purge_receipts",
    "erasure_receipts",
)

# Sealing fills in the link of an audit entry, once.
AUDIT_CONTENT = (
    "id",
    "at",
    "actor_id",
    "actor",
    "action",
    "object_type",
    "object_id",
    "details",
    "address",
)


def upgrade() -> None:
    statements = _postgresql() if op.get_bind().dialect.name == "postgresql" else _sqlite()
    for statement in statements:
        op.execute(statement)


def downgrade() -> None:
    postgresql = op.get_bind().dialect.name == "postgresql"
    for table in (*APPEND_ONLY, "audit_entries"):
        for event in ("update", "delete", "truncate", "seal"):
            on_table = f" on {table}" if postgresql else ""
            op.execute(f"drop trigger if exists {table}_no_{event}{on_table}")
    if postgresql:
        op.execute("drop function if exists examhall_refuse_change()")


def _sqlite() -> list[str]:
    statements = [
        _sqlite_trigger(table, event, event)
        for table in APPEND_ONLY
        for event in ("update", "delete")
    ]
    content = ", ".join(AUDIT_CONTENT)
    return [
        *statements,
        _sqlite_trigger("audit_entries", "update", f"update of {content}"),
        _sqlite_trigger("audit_entries", "delete", "delete"),
        _sqlite_trigger(
            "audit_entries",
            "seal",
            "update of link_number, link_hash, link_mac",
            "when old.link_number is not null",
        ),
    ]


def _sqlite_trigger(table: str, name: str, event: str, condition: str = "") -> str:
    return (
        f"create trigger {table}_no_{name} before {event} on {table} for each row {condition} "
        f"begin select raise(abort, 'rows of {table} are only ever added'); end"
    )


def _postgresql() -> list[str]:
    refuse = (
        "create function examhall_refuse_change() returns trigger language plpgsql as $$ begin "
        "raise exception 'rows of % are only ever added', tg_table_name "
        "using errcode = 'integrity_constraint_violation'; end $$"
    )
    statements = [refuse]
    statements += [
        _postgresql_trigger(table, event, event)
        for table in APPEND_ONLY
        for event in ("update", "delete")
    ]
    content = ", ".join(AUDIT_CONTENT)
    statements += [
        _postgresql_trigger("audit_entries", "update", f"update of {content}"),
        _postgresql_trigger("audit_entries", "delete", "delete"),
        _postgresql_trigger(
            "audit_entries",
            "seal",
            "update of link_number, link_hash, link_mac",
            "when (old.link_number is not null)",
        ),
    ]
    statements += [
        f"create trigger {table}_no_truncate before truncate on {table} "
        "for each statement execute function examhall_refuse_change()"
        for table in (*APPEND_ONLY, "audit_entries")
    ]
    return statements


def _postgresql_trigger(table: str, name: str, event: str, condition: str = "") -> str:
    return (
        f"create trigger {table}_no_{name} before {event} on {table} for each row {condition} "
        "execute function examhall_refuse_change()"
    )
