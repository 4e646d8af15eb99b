"""Status resources: the answer to each publication, kept for those who lost it (TAXII 2.1 §4.3)."""

from .engine import Database, Tx

DAY = 86_400_000_000
#: Most statuses dropped in one transaction: publications wait for it.
MOST_SWEPT = 1_000


def keep(tx: Tx, *, identity: str, member: str, group: str, at: int, refused: bool, body: bytes) -> None:
    """Keep a status resource; `body` is the JSON that was answered."""
    tx.run(
        "INSERT INTO statuses (id, member, group_id, at, refused, body)"
        " VALUES (:id, :member, :group_id, :at, :refused, :body)",
        id=identity,
        member=member,
        group_id=group,
        at=at,
        refused=refused,
        body=body,
    )


def read(tx: Tx, identity: str, member: str) -> bytes | None:
    """The status a member was given, or None: other members' statuses do not exist for it."""
    row = tx.row("SELECT body FROM statuses WHERE id = :id AND member = :member", id=identity, member=member)
    return None if row is None else bytes(row[0])


def sweep(database: Database, at: int, days: int) -> int:
    """Drop statuses older than `days` that no manifest needs for answering a retry; how many there were."""
    dropped = 0
    while True:
        with database.writing() as tx:
            now = _sweep_some(tx, at - days * DAY)
        dropped += now
        if now < MOST_SWEPT:
            return dropped


def _sweep_some(tx: Tx, before: int) -> int:
    # NOT IN is looked up in a list made once; manifests have no index by status for a NOT EXISTS
    return tx.run(
        "DELETE FROM statuses WHERE id IN (SELECT id FROM statuses WHERE at < :before"
        " AND id NOT IN (SELECT status FROM manifests) LIMIT :most)",
        before=before,
        most=MOST_SWEPT,
    )
