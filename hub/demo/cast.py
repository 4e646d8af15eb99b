"""Who plays in the demo, and what do they publish? The samples of the three rooms, read where they lie."""

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

from keys.member import MemberDocument, read_member
from policies.agreement import Agreement, read_agreement

OPERATORS: Final = ("operator-1", "operator-2")
"""Two, since one alone approves nothing."""

_MEMBERS: Final = ("norvandia", "sahlira", "quelmar", "lantern-sea")
_AGREEMENTS: Final = ("early-warning", "rapid-response")


@dataclass(frozen=True, slots=True)
class Publication:
    """An incident that one team publishes.

    Attributes:
        file: the bundle among the samples of `feeds`.
        publisher: the team's alias.
        group: the agreement's alias.
        title: the incident in a few words.
    """

    file: str
    publisher: str
    group: str
    title: str

    @property
    def path(self) -> Path:
        """Where the bundle lies."""
        return _folder("feeds") / self.file


PUBLICATIONS: Final = (
    Publication("vulnerability-remedy.json", "norvandia", "early-warning", "vulnerability, remedy"),
    Publication("registry-ddos.json", "sahlira", "early-warning", "DDoS on a registry"),
    Publication("spam-botnet.json", "quelmar", "early-warning", "spam botnet"),
    Publication("bank-phishing.json", "norvandia", "rapid-response", "bank phishing wave"),
    Publication("phishing-sightings.json", "quelmar", "rapid-response", "the wave elsewhere"),
)
"""In the order in which they are published: the last one passes on an object of the one before it."""


def member_files() -> list[Path]:
    """The members' documents, in the order of the tables."""
    return [_folder("keys") / f"{name}.toml" for name in _MEMBERS]


def agreement_files() -> list[Path]:
    """The agreements' documents."""
    return [_folder("policies") / f"{name}.toml" for name in _AGREEMENTS]


def members() -> list[MemberDocument]:
    """The teams."""
    return [read_member(path.read_bytes()) for path in member_files()]


def agreements() -> list[Agreement]:
    """What they have agreed."""
    return [read_agreement(path.read_bytes()) for path in agreement_files()]


def groups_of(member: str) -> list[Agreement]:
    """The agreements to which the member (its id) is a party."""
    return [agreement for agreement in agreements() if agreement.party(member) is not None]


def _folder(room: str) -> Path:
    return Path(str(files(room))) / "samples"
