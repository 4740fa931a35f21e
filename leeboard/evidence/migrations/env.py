"""Run by alembic: the migrations, in the transaction of the connection that `leeboard.evidence.upgrade` passes in."""

from __future__ import annotations

from alembic import context

from leeboard.evidence.db_schema import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transactional_ddl=False,  # the caller's transaction is around it
    render_as_batch=True,
)
context.run_migrations()
