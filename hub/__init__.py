"""Walk it through: doors, paths and shelves between the three rooms.

Downwards only: `cli` → `app` → `web` → paths (`publish`, `poll`, `review`) → `store` → rooms. Flask lives in
`hub/web/` and `hub/app.py` alone, SQLAlchemy in `hub/store/` alone; `hub/cirt/` uses the three rooms only.
"""
