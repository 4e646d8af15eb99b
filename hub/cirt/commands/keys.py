"""`cirt keys`: the reader's own ring. First sight pins a key; a fingerprint read over another channel confirms it."""

import click

from hub.cirt import show
from hub.cirt.faults import CirtError
from hub.cirt.link import text_of
from hub.cirt.reception import candidates
from hub.cirt.run import Run, command
from keys.jwk import same_fingerprint
from keys.ring import RingKey


@click.group("keys")
def keys() -> None:
    """Show and pin the keys that you verify by."""


@command("list")
def list_keys(run: Run) -> None:
    """List the keys of your ring and how far each is trusted."""
    ring = run.profile().ring()
    held = sorted(ring.keys.values(), key=lambda key: (key.member, key.valid_from))
    if run.json:
        show.answer_json([_view(key) for key in held])
    else:
        show.table(("member", "state", "fingerprint"), [(k.member, k.state, k.key.fingerprint) for k in held])


@command("pin")
@click.argument("identity")
@click.argument("fingerprint")
def pin(run: Run, identity: str, fingerprint: str) -> None:
    """Confirm the key of IDENTITY with this FINGERPRINT, read to you over another channel; all 52 characters."""
    profile = run.profile()
    with run.state():
        ring = profile.ring()
        offered = [key for key in ring.of_member(identity) if same_fingerprint(key.key.fingerprint, fingerprint)]
        if not offered:
            with run.link(profile) as link:
                groups = [text_of(each, "group") for each in link.agreements()]
                every = [key for group in groups for key in candidates(link, group)]
            offered = [
                key for key in every if key.member == identity and same_fingerprint(key.key.fingerprint, fingerprint)
            ]
        if not offered:
            raise CirtError(
                f"neither your ring nor the hub has a key of {identity} with this fingerprint: compare all 52"
                " characters again, and do not go on if they differ",
                code="unknown-key",
            )
        profile.keep_ring(ring.pin(offered[0].key, identity, fingerprint, run.clock()))
    if run.json:
        show.answer_json({"member": identity, "kid": offered[0].kid, "state": "confirmed"})
    else:
        show.answer(f"confirmed: {offered[0].key.fingerprint}")


def _view(key: RingKey) -> dict[str, object]:
    return {
        "member": key.member,
        "kid": key.kid,
        "fingerprint": key.key.fingerprint,
        "state": str(key.state),
        "valid_from": key.valid_from,
        "valid_until": key.valid_until,
    }


keys.add_command(list_keys)
keys.add_command(pin)
