"""The shelves: what the hub holds, on SQLite or PostgreSQL, and the one place that commits.

May import the rooms and SQLAlchemy; nothing of `hub` above it. The paths take the `Tx` it exports.
"""
