"""The first tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make them."""
    op.create_table(
        "school",
        sa.Column("urn", sa.String(6), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
    )
    op.create_table(
        "text",
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("content", sa.Text, nullable=False),
    )
    op.create_table(
        "bundle",
        sa.Column("urn", sa.String(6), sa.ForeignKey("school.urn"), primary_key=True),
        sa.Column("run", sa.String(25), primary_key=True),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("file_sha256", sa.String(64)),
        sa.Column("previous", sa.String(64)),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("baseline", sa.Text, nullable=False),
        sa.Column("finished", sa.String(25)),
        sa.Column("broken_off", sa.Boolean, nullable=False),
        sa.Column("expected", sa.String(64), sa.ForeignKey("text.digest"), nullable=False),
        sa.Column("expected_count", sa.Integer, nullable=False),
        sa.Column("points", sa.Text, nullable=False),
    )
    op.create_table(
        "device",
        sa.Column("urn", sa.String(6), sa.ForeignKey("school.urn"), primary_key=True),
        sa.Column("asset", sa.String(64), primary_key=True),
        sa.Column("run", sa.String(25), nullable=False),
        sa.Column("device", sa.Text, nullable=False),
        sa.Column("problem", sa.Text, nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("changes", sa.Text, nullable=False),
        sa.Column("observed_run", sa.String(25)),
        sa.Column("seen", sa.String(25)),
        sa.Column("identity", sa.String(16)),
        sa.Column("observation", sa.Text),
        sa.Column("findings", sa.Text),
    )
    op.create_table(
        "span",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("urn", sa.String(6), sa.ForeignKey("school.urn"), nullable=False),
        sa.Column("asset", sa.String(64), nullable=False),
        sa.Column("control", sa.String(16), nullable=False),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("mode", sa.String(16), nullable=False),
        sa.Column("since", sa.String(25), nullable=False),
        sa.Column("until", sa.String(25)),
    )
    op.create_index("span_device", "span", ["urn", "asset", "control"])
