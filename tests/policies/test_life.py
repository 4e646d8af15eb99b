"""The life of a version: every move that is legal, and all that are not."""

from itertools import product

import pytest

from policies.life import IllegalMove, State, Verb, approve, move

LEGAL = {
    (State.PROPOSED, Verb.APPROVE): State.APPROVED,
    (State.PROPOSED, Verb.REJECT): State.REJECTED,
    (State.APPROVED, Verb.SUSPEND): State.SUSPENDED,
    (State.APPROVED, Verb.END): State.ENDED,
    (State.SUSPENDED, Verb.RESUME): State.APPROVED,
    (State.SUSPENDED, Verb.END): State.ENDED,
}


@pytest.mark.parametrize(("state", "verb"), list(product(State, Verb)), ids=str)
def test_every_move(state: State, verb: Verb) -> None:
    """Red if a move is missing from the table, leads elsewhere, or an illegal one is let through."""
    if (state, verb) in LEGAL:
        assert move(state, verb) is LEGAL[state, verb]
    else:
        with pytest.raises(IllegalMove, match=f"{verb} is not possible, this version is {state}"):
            move(state, verb)


def test_two_different_operators_approve() -> None:
    """Red if one approval is enough where two are needed."""
    assert approve(State.PROPOSED, [], "amina") is State.PROPOSED
    assert approve(State.PROPOSED, ["amina"], "boubacar") is State.APPROVED


@pytest.mark.parametrize("again", ["amina", "Amina", " amina", "\uff21mina"])
def test_t22_the_same_operator_counts_once(again: str) -> None:
    """T-22, T-27. Red if another spelling of a name passes for another operator."""
    with pytest.raises(IllegalMove, match="another operator"):
        approve(State.PROPOSED, ["amina"], again)


def test_a_hub_with_one_operator() -> None:
    """Red if the number of approvals is not the one asked for."""
    assert approve(State.PROPOSED, [], "amina", needed=1) is State.APPROVED


def test_an_approved_version_is_not_approved_again() -> None:
    """Red if an approval of a decided version is taken."""
    with pytest.raises(IllegalMove):
        approve(State.APPROVED, ["amina", "boubacar"], "chipo")
