"""Are the sample members readable, distinct, and public?"""

import re
from pathlib import Path

from keys.member import read_member

SAMPLES = sorted(Path(__file__).resolve().parents[2].joinpath("keys", "samples").glob("*.toml"))


def test_the_sample_members_are_read() -> None:
    """Red if an id is written in upper case, or an alias stands twice."""
    members = [read_member(path.read_bytes()) for path in SAMPLES]
    assert len({member.id for member in members}) == len({member.alias for member in members}) == len(SAMPLES) == 4
    assert [member.alias for member in members] == [path.stem for path in SAMPLES]


def test_they_cannot_be_reached() -> None:
    """Red if a contact is an address that somebody might have (RFC 2606)."""
    texts = "\n".join(path.read_text(encoding="utf-8") for path in SAMPLES)
    hosts = re.findall(r"@([\w.-]+)", texts)
    assert len(hosts) == len(SAMPLES)
    assert [host for host in hosts if not host.endswith(".example")] == []
