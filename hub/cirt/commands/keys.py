"""`cirt keys`: the reader's own ring. First sight pins a key; a fingerprint read over another channel confirms it."""

import click

from hub.cirt import show
from hub.cirt.faults import CirtError
from hub.cirt.link import text_of
from hub.cirt.reception import candidates
from hub.cirt.rotating import rotate as rotate_key
from hub.cirt.run import Run, command
from keys.algorithms import ALGORITHMS
from keys.jwk import fingerprint as fingerprint_of
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


@command("revoke")
@click.argument("identity")
@click.argument("fingerprint")
def revoke(run: Run, identity: str, fingerprint: str) -> None:
    """Believe the key of IDENTITY with this FINGERPRINT no more, whatever it signed and whenever; all 52 characters.

    For a key that its owner says was stolen. It cannot be undone: who stole a key can date backwards.
    """
    profile = run.profile()
    with run.state():
        ring = profile.ring()
        held = [key for key in ring.of_member(identity) if same_fingerprint(key.key.fingerprint, fingerprint)]
        if not held:
            raise CirtError(f"your ring has no key of {identity} with this fingerprint", code="unknown-key")
        profile.keep_ring(ring.revoke(held[0].kid, run.clock()))
    if run.json:
        show.answer_json({"member": identity, "kid": held[0].kid, "state": "revoked"})
    else:
        show.answer(f"revoked: {held[0].key.fingerprint}")


@command("rotate")
@click.option("--alg", type=click.Choice(list(ALGORITHMS)), help="Algorithm of the new key; else Ed25519.")
def rotate(run: Run, alg: str | None) -> None:
    """Change your own key: to be run twice.

    The first run makes a new key, enrols it and prints its fingerprint, to be read to the hub's operator over another
    channel; the old key goes on signing. The next run after it was confirmed takes the new key into use.
    """
    with run.state():
        done = rotate_key(run, alg)
    mark = fingerprint_of(done.signer.kid)
    if run.json:
        answer = {"kid": done.signer.kid, "alg": done.signer.alg, "fingerprint": mark}
        show.answer_json({**answer, "state": done.state, "switched": done.switched})
        return
    show.answer(mark)
    if done.switched:
        show.say("the new key signs from now on; your partners pin it by the fingerprint above. The old one still")
        show.say("proves what it signed: keep its file, and have it revoked only if somebody else may have it")
    else:
        show.say("read the fingerprint above to the hub's operator over another channel; once it was confirmed, run")
        show.say("`cirt keys rotate` again. Until then the old key goes on signing")


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
keys.add_command(revoke)
keys.add_command(rotate)
