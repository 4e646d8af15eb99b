"""Is this text an invitation, and what does it carry? Written by the hub, read by the member who joins and by the hub.

What makes an invitation good is the nonce, which the hub knows by a keyed digest; the rest tells the member's command
where to go, and is not believed.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from keys import base64url
from keys.errors import Malformed, NotAnInvitation
from keys.shapes import IDENTITY, VISIBLE, mapping, matching
from keys.strict_json import canonical, parse

_FIELDS = frozenset({"hub", "member", "nonce"})


@dataclass(frozen=True, slots=True)
class Invitation:
    """What an invitation carries.

    Attributes:
        hub: public URL of the hub that invites, without a slash at its end.
        member: STIX identity id of the member who is invited.
        nonce: good once.
    """

    hub: str
    member: str
    nonce: str

    def text(self) -> str:
        """The invitation as it is handed over: base64url of JSON."""
        return base64url.encode(canonical({"hub": self.hub, "member": self.member, "nonce": self.nonce}))


def read_invitation(text: str) -> Invitation:
    """The invitation behind its text; blanks around it, from copying, do no harm. Raises `NotAnInvitation`."""
    try:
        return _carried(mapping(parse(base64url.decode(text.strip())), "$"))
    except Malformed as fault:
        raise NotAnInvitation(
            "this is not an invitation: copy the whole text, or ask the hub's operator for a new one"
        ) from fault


def _carried(value: Mapping[str, object]) -> Invitation:
    if value.keys() != _FIELDS:
        raise Malformed("not the three fields of an invitation", path="$")
    hub, nonce = (matching(value[name], VISIBLE, f"$.{name}") for name in ("hub", "nonce"))
    return Invitation(hub.rstrip("/"), matching(value["member"], IDENTITY, "$.member"), nonce)
