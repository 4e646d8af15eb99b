"""Do the sample agreements say what the demo shows?"""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from policies.agreement import Agreement, read_agreement
from policies.explain import audience
from policies.labels import Label
from support.agreements import group_of, micros

SAMPLES = sorted(Path(__file__).resolve().parents[2].joinpath("policies", "samples").glob("*.toml"))
AT = micros(datetime(2026, 11, 20, tzinfo=UTC))


def agreement(name: str) -> Agreement:
    """Return the sample of this alias."""
    return {each.alias: each for each in [read_agreement(path.read_bytes()) for path in SAMPLES]}[name]


def test_the_sample_agreements_are_read() -> None:
    """Red if the two share an id, or a key is misspelt."""
    read = [read_agreement(path.read_bytes()) for path in SAMPLES]
    assert [each.alias for each in read] == ["early-warning", "rapid-response"] == [path.stem for path in SAMPLES]
    assert len({name for each in read for name in (each.id, each.proofs)}) == 4
    assert [each.terms.ceiling for each in read] == [Label.GREEN, Label.AMBER_STRICT]


@pytest.mark.parametrize(
    ("name", "label", "receivers"),
    [
        ("early-warning", Label.CLEAR, 4),
        ("early-warning", Label.GREEN, 3),
        ("rapid-response", Label.GREEN, 4),
        ("rapid-response", Label.AMBER, 3),
        ("rapid-response", Label.AMBER_STRICT, 2),
    ],
)
def test_who_would_receive_what(name: str, label: Label, receivers: int) -> None:
    """Red if the regional partner of `rapid-response` no longer `redistributes`: AMBER would reach four."""
    told = audience(group_of(agreement(name)), label, AT)
    assert len([each for each in told if each.received]) == receivers
    assert all(each.reasons for each in told)
