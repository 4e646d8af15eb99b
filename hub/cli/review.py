"""`cirt-hub import`, `approve`, `reject`: documents come in, and operators decide about their very words."""

from pathlib import Path

import click

from hub import review
from hub.acts import BadText
from hub.documents import KINDS, read_document
from hub.running import Hub
from hub.store.engine import Tx

from .shell import actor_of, answering, by, by_needed, doing

kind_of_text = click.argument("kind", type=click.Choice(KINDS))
its_id = click.argument("name", metavar="ID")


def _bytes(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as fault:
        raise BadText(f"{path}: cannot be read: {fault.strerror}") from fault


@click.command("import")
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=click.Path())
@by
@answering
def import_files(files: tuple[str, ...], by: str) -> list[dict[str, object]]:
    """Take member and agreement documents in as *proposed*: all of them, or none if one is at fault."""
    documents = [read_document(path, _bytes(path)) for path in files]
    actor = actor_of(by)

    def act(_hub: Hub, tx: Tx, at: int) -> list[dict[str, object]]:
        return [review.propose(tx, document, actor, at=at) for document in documents]

    return doing(actor, "import", " ".join(document.id for document in documents), act)


@click.command()
@kind_of_text
@its_id
@by_needed
@click.option("--digest", help="Approve this text only: the digest of what was read.")
@answering
def approve(kind: str, name: str, by: str, digest: str | None) -> dict[str, object]:
    """Approve the text of a member or agreement (id or alias) that is under review."""
    actor = actor_of(by)
    return doing(
        actor,
        "approve",
        name,
        lambda hub, tx, at: review.approve(tx, kind, name, actor, at=at, needed=hub.settings.approvals, digest=digest),
    )


@click.command()
@kind_of_text
@its_id
@by_needed
@click.option("--digest", help="Reject this text only: the digest of what was read.")
@click.option("--reason", default="", help="Why; told to the audit trail.")
@answering
def reject(kind: str, name: str, by: str, digest: str | None, reason: str) -> dict[str, object]:
    """Reject the text of a member or agreement that is under review; one operator is enough."""
    actor = actor_of(by)
    return doing(
        actor,
        "reject",
        name,
        lambda _hub, tx, at: review.reject(tx, kind, name, actor, at=at, reason=reason, digest=digest),
    )
