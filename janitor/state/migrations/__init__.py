"""Alembic's scripts; :mod:`janitor.state.upgrade` runs them.

The SQL of a version that was released is not changed any more.
"""
