"""The members' command `cirt`: uses the three rooms only and installs without Flask or SQLAlchemy."""
