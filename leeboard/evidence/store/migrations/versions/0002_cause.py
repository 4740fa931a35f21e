"""What a span's verdict came from. Spans from before have none: what made them so was not kept."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the column."""
    op.add_column("span", sa.Column("cause", sa.String(16)))
