"""Members who came in as members do: invited, joined by the real command, their fingerprint confirmed."""

import uuid

from hub.acts import Actor
from hub.cirt.profile import load_profile
from hub.credentials import add_operator, confirm_key, invite
from hub.store import members, operators, tokens
from hub.store.registry import bump
from keys.member import MemberDocument
from policies.life import State
from support.members import Neighbourhood, Team, run_cirt
from support.papers import SHELL
from support.world import Cirt, World

OLIVIA = Actor("olivia", "root")


def invitation(world: World, name: str) -> str:
    """An invitation for a member of this name, who is there and approved from now on."""
    with world.hub.database.writing() as tx:
        identity = f"identity--{uuid.uuid5(uuid.NAMESPACE_DNS, name)}"
        if members.find(tx, identity) is None:
            document = MemberDocument(identity, name, f"CIRT {name}", "", (), "", "", uuid.uuid4().hex * 2, b"")
            members.add(tx, document, state=State.APPROVED, at=world.clock())
        if not operators.exists(tx, "olivia"):
            add_operator(tx, world.hub.secret, "olivia", SHELL, at=world.clock())
        bump(tx)
        url = world.hub.settings.public_url
        return str(invite(tx, world.hub.secret, url, name, SHELL, at=world.clock())["invitation"])


def confirm(world: World, name: str, fingerprint: str) -> None:
    """An operator confirms a fingerprint that was read over another channel."""
    with world.hub.database.writing() as tx:
        confirm_key(tx, name, fingerprint, OLIVIA, at=world.clock())


def joined(hood: Neighbourhood, name: str, *options: str) -> Team:
    """A member who joined by `cirt join` with these options, and was confirmed."""
    world, home = hood.world, hood.folder / name
    told = run_cirt(home, world.clock, "join", invitation(world, name), *options, "--json").json
    confirm(world, name, told["fingerprint"])
    profile = load_profile(home)
    with world.hub.database.reading() as tx:
        account = world.hub.registries.of(tx).accounts[tokens.token_digest(world.hub.secret, profile.token)]
    cirt = Cirt(world, name, profile.member, profile.signer(None), profile.token, account)
    hood.teams[name] = Team(cirt, home, world.clock)
    return hood.teams[name]
