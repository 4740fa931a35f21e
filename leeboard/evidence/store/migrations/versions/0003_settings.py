"""Spans by setting, places in an order that no clock decides, bodies and findings kept once.

What the older tables held is not carried over: the bundles have all of it, and the next load makes it anew. Which runs
were known stays written down, so that one whose bundle is not there any more is named.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Make the tables anew."""
    op.create_table(
        "unloaded",
        sa.Column("urn", sa.String(6), primary_key=True),
        sa.Column("run", sa.String(25), primary_key=True),
    )
    op.execute("INSERT INTO unloaded (urn, run) SELECT urn, run FROM bundle")
    for table in ("span", "device", "bundle"):
        op.drop_table(table)
    op.execute("DELETE FROM text")
    op.create_table(
        "part",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "bundle",
        sa.Column("urn", sa.String(6), sa.ForeignKey("school.urn"), primary_key=True),
        sa.Column("place", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("run", sa.String(25), nullable=False),
        sa.Column("started", sa.String(25), nullable=False),
        sa.Column("finished", sa.String(25)),
        sa.Column("writer", sa.String(32), nullable=False),
        sa.Column("turn", sa.Integer, nullable=False),
        sa.Column("heads", sa.Text, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("file_sha256", sa.String(64), nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("baseline", sa.Text, nullable=False),
        sa.Column("broken_off", sa.Boolean, nullable=False),
        sa.Column("expected", sa.String(64), sa.ForeignKey("text.digest"), nullable=False),
        sa.Column("expected_count", sa.Integer, nullable=False),
        sa.Column("points", sa.Text, nullable=False),
    )
    op.create_table(
        "device",
        sa.Column("urn", sa.String(6), sa.ForeignKey("school.urn"), primary_key=True),
        sa.Column("asset", sa.String(64), primary_key=True),
        sa.Column("device", sa.Text, nullable=False),
        sa.Column("problem", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("changes", sa.Text, nullable=False),
        sa.Column("identity", sa.String(16)),
        sa.Column("envelope", sa.Text),
        sa.Column("body", sa.String(64)),
        sa.Column("judged", sa.String(64)),
        sa.Column("texts", sa.String(64)),
        sa.Column("since", sa.Text, nullable=False),
    )
    for part in ("body", "judged", "texts"):
        op.create_index(f"device_{part}", "device", [part])
    op.create_table(
        "visit",
        sa.Column("urn", sa.String(6), sa.ForeignKey("school.urn"), primary_key=True),
        sa.Column("asset", sa.String(64), primary_key=True),
        sa.Column("place", sa.Integer, nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("observed", sa.Integer),
        sa.Column("seen", sa.String(25)),
        sa.Column("observed_at", sa.Text),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "span",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("urn", sa.String(6), sa.ForeignKey("school.urn"), nullable=False),
        sa.Column("asset", sa.String(64), nullable=False),
        sa.Column("control", sa.String(16), nullable=False),
        sa.Column("setting", sa.Text, nullable=False),
        sa.Column("element", sa.Text, nullable=False),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("since", sa.Integer, nullable=False),
        sa.Column("until", sa.Integer),
        sa.Column("late", sa.Boolean, nullable=False),
    )
    op.create_index("span_device", "span", ["urn", "asset", "control"])
    op.create_index("span_open", "span", ["urn", "until"])
