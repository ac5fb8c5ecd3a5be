"""The PostgreSQL state: typed models, engine factory, migrations, :class:`Run`."""
