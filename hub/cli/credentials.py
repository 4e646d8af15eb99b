"""`cirt-hub operator`, `key`, `token`: what is handed out, confirmed and taken back. Secrets are shown once."""

import click

from hub import credentials

from .shell import actor_of, answering, by, by_needed, doing, reading


@click.group()
def operator() -> None:
    """Operators, whose names stand behind approvals."""


@operator.command("add")
@click.argument("name")
@answering
def operator_add(name: str) -> dict[str, object]:
    """Make an operator account; its secret is shown once."""
    actor = actor_of()
    return doing(
        actor, "operator-add", name, lambda hub, tx, at: credentials.add_operator(tx, hub.secret, name, actor, at=at)
    )


@click.group()
def key() -> None:
    """Members' keys: a key works only once its fingerprint, read over another channel, was confirmed."""


@key.command("list")
@click.argument("member")
@answering
def key_list(member: str) -> list[dict[str, object]]:
    """List a member's keys, oldest first."""
    return reading(lambda _hub, tx: credentials.keys_of(tx, member))


@key.command("confirm")
@click.argument("member")
@click.option("--fingerprint", required=True, help="All 52 characters, as the member read them out; blanks are free.")
@by_needed
@answering
def key_confirm(member: str, fingerprint: str, by: str) -> dict[str, object]:
    """Confirm the pending key that has this fingerprint."""
    actor = actor_of(by)
    return doing(
        actor,
        "key-confirm",
        member,
        lambda _hub, tx, at: credentials.confirm_key(tx, member, fingerprint, actor, at=at),
    )


@key.command("revoke")
@click.argument("member")
@click.argument("kid")
@click.option("--reason", required=True, help="Why; told to the audit trail.")
@by
@answering
def key_revoke(member: str, kid: str, reason: str, by: str) -> dict[str, object]:
    """Revoke a key for good, and the tokens that were enrolled with it."""
    actor = actor_of(by)
    return doing(
        actor, "key-revoke", member, lambda _hub, tx, at: credentials.revoke_key(tx, member, kid, reason, actor, at=at)
    )


@click.group()
def token() -> None:
    """API tokens of members."""


@token.command("add")
@click.argument("member")
@click.option("--label", default="", help="What it is for.")
@click.option("--redistributes", is_flag=True, help="What is read with it is passed on: the agreement's cap applies.")
@by
@answering
def token_add(member: str, label: str, by: str, *, redistributes: bool) -> dict[str, object]:
    """Make a further token for a member; it is shown once."""
    actor = actor_of(by)
    return doing(
        actor,
        "token-add",
        member,
        lambda hub, tx, at: credentials.add_token(
            tx, hub.secret, member, actor, at=at, label=label, redistributes=redistributes
        ),
    )


@token.command("list")
@click.argument("member", required=False)
@answering
def token_list(member: str | None) -> list[dict[str, object]]:
    """List tokens, without what they open; of one member if given."""
    return reading(lambda _hub, tx: credentials.tokens_of(tx, member))


@token.command("revoke")
@click.argument("token_id")
@by
@answering
def token_revoke(token_id: str, by: str) -> dict[str, object]:
    """Revoke a token at once."""
    actor = actor_of(by)
    return doing(
        actor, "token-revoke", token_id, lambda _hub, tx, at: credentials.revoke_token(tx, token_id, actor, at=at)
    )
