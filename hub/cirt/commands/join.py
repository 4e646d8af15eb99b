"""`cirt join`: become a member of a hub by an invitation, with a key of one's own."""

from pathlib import Path

import click

from hub.cirt import show
from hub.cirt.faults import CirtError
from hub.cirt.link import Link, receipt_key_of, text_of
from hub.cirt.profile import CONFIG, KEY, Profile
from hub.cirt.run import Run, command
from hub.durable import make_folder
from keys.algorithms import ALGORITHMS, ED25519
from keys.enrolment import sign_enrolment
from keys.invitation import read_invitation
from keys.jwk import fingerprint
from keys.signer import Signer, generate_key_file, open_signer, path_of


@command("join")
@click.argument("invitation")
@click.option(
    "--ca", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Certificate authorities' file."
)
@click.option("--alg", type=click.Choice(list(ALGORITHMS)), help="Algorithm of a new key; else Ed25519.")
def join(run: Run, invitation: str, ca: Path | None, alg: str | None) -> None:
    """Join the hub that sent this INVITATION.

    Makes a key pair if there is none, proves that you hold it, and stores the token. Then read the fingerprint to the
    hub's operator over another channel: the key works only once it was confirmed.
    """
    offered = read_invitation(invitation)
    authorities = str(ca.resolve()) if ca else None
    make_folder(run.home)
    key = run.home / KEY
    if (run.home / CONFIG).exists():
        known = run.profile()
        if (known.hub, known.member) != (offered.hub, offered.member):
            raise CirtError(
                f"{run.home} is the profile of {known.alias} at {known.hub}; name another folder by CIRT_HOME",
                code="other-profile",
            )
        key = path_of(known.key)  # it may have been rotated since
    signer = _signer(run, key, alg)
    enrolment = sign_enrolment(hub=offered.hub, iss=offered.member, nonce=offered.nonce, iat=run.clock(), signer=signer)
    with Link.to(offered.hub, ca=authorities) as link:
        receipt_key = receipt_key_of(link.about().get("receipt_key"))
        welcome = link.join(invitation.strip(), enrolment)
    profile = Profile(
        run.home,
        hub=offered.hub,
        member=offered.member,
        alias=text_of(welcome, "alias"),
        name=text_of(welcome, "name"),
        key=f"file:{key.absolute()}",
        token=text_of(welcome, "token"),
        receipt_key=receipt_key,
        ca=authorities,
    )
    profile.keep_ring(profile.own_key_in(profile.ring(), signer))
    profile.save()
    _told(run, profile, signer, str(welcome.get("state")))


def _signer(run: Run, path: Path, alg: str | None) -> Signer:
    """The key that is there, or a new one; it is on disk before anything is sent."""
    if not path.exists():
        return generate_key_file(path, run.new_passphrase(), alg or ED25519.name)
    signer = open_signer(f"file:{path.absolute()}", run.passphrase())
    if alg is not None and signer.alg != alg:
        raise CirtError(f"the key in {path} is for {signer.alg}; move it away to make one for {alg}", code="other-key")
    return signer


def _told(run: Run, profile: Profile, signer: Signer, state: str) -> None:
    mark = fingerprint(signer.kid)
    if run.json:
        answer = {"member": profile.member, "alias": profile.alias, "hub": profile.hub, "kid": signer.kid}
        show.answer_json({**answer, "fingerprint": mark, "state": state, "receipt_key": profile.receipt_key.kid})
        return
    show.answer(mark)
    show.say(f"joined {profile.hub} as {profile.alias} ({profile.member}); the key is {state}")
    if state == "pending":
        show.say("read the fingerprint above to the hub's operator over another channel, a telephone for example;")
        show.say("nothing works until it was confirmed there. Then: cirt agreements")
