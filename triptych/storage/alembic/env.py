"""Where Alembic finds its connection: in the transaction of `triptych.storage.upgrading`."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
