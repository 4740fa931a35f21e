"""Run by alembic: the migrations, in the transaction of the connection that the store's `upgrade` passes in."""

from __future__ import annotations

from alembic import context

from leeboard.evidence.store.tables import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transactional_ddl=False,  # the caller's transaction is around it
    render_as_batch=True,
)
context.run_migrations()
