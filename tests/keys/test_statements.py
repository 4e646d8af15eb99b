"""The four signed documents beside the manifest: enrolment, acceptance, receipt, baseline."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from joserfc import jws as jose
from joserfc.jwk import OKPKey

from keys import acceptance, baseline, enrolment, receipt
from keys.acceptance import Action, sign_acceptance, verify_acceptance
from keys.baseline import Baseline, sign_baseline, verify_baseline
from keys.enrolment import sign_enrolment, verify_enrolment
from keys.errors import (
    BadSignature,
    KeyRefused,
    KeysError,
    Malformed,
    NotCanonical,
    UnknownKey,
    WrongGroup,
    WrongIssuer,
    WrongNonce,
)
from keys.head import Head
from keys.jwk import load_jwk
from keys.jws import read_compact, sign_compact
from keys.receipt import Receipt, sign_receipt, verify_receipt
from keys.ring import KeyState, Ring, RingKey
from keys.signer import Signer, generate_key_file

MEMBER = "identity--11111111-1111-4111-8111-111111111111"
OTHER = "identity--22222222-2222-4222-8222-222222222222"
GROUP = "33333333-3333-4333-8333-333333333333"
DIGEST, DIGEST_2 = "ab" * 32, "cd" * 32
HUB = "https://hub.example"
AT = 1_795_000_000_123_000  # microseconds since the epoch, a whole millisecond

RECEIPT = Receipt(
    manifest="publication-manifest--44444444-4444-4444-8444-444444444444",
    payload=DIGEST,
    iss=MEMBER,
    group=GROUP,
    agreement=DIGEST_2,
    first=AT - 999,
    last=AT,
    received=AT,
)
BASELINE = Baseline(
    group=GROUP,
    member=MEMBER,
    agreement=DIGEST_2,
    starts={"clear": 0, "green": 0, "amber": AT + 1},
    heads={(OTHER, "amber"): Head(7, DIGEST), (OTHER, "clear"): Head(1, DIGEST_2), (MEMBER, "green"): Head(2, DIGEST)},
    agreements=(DIGEST, DIGEST_2),
    iat=AT,
)


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return generate_key_file(tmp_path / "key.pem", None)


@pytest.fixture
def other(tmp_path: Path) -> Signer:
    return generate_key_file(tmp_path / "other.pem", None)


def enrol(signer: Signer, **changed: str) -> str:
    return sign_enrolment(**{"hub": HUB, "iss": MEMBER, "nonce": "n-0123456789", **changed}, iat=AT, signer=signer)


def accept(signer: Signer, **changed: str) -> str:
    fields = {"group": GROUP, "agreement": DIGEST, "iss": MEMBER, **changed}
    return sign_acceptance(**fields, action=Action.ACCEPT, n=3, iat=AT, signer=signer)


def ring(signer: Signer, member: str = MEMBER, state: KeyState = KeyState.CONFIRMED) -> Ring:
    key = load_jwk(dict(signer.jwk))
    return Ring({key.kid: RingKey(key, member, AT, AT + 10, None, state)})


READ: Mapping[str, tuple[Callable[[Signer], str], Callable[[str], object]]] = {
    "enrol+jws": (enrol, enrolment.read_enrolment),
    "accept+jws": (accept, acceptance.read_acceptance),
    "receipt+jws": (lambda signer: sign_receipt(RECEIPT, signer), receipt.read_receipt),
    "baseline+jws": (lambda signer: sign_baseline(BASELINE, signer), baseline.read_baseline),
}


@pytest.mark.parametrize("typ", READ)
def test_the_independent_judge_reads_all_four(signer: Signer, typ: str) -> None:
    """Red if a statement is no JWS of its type, or lacks `v` = 1."""
    made = READ[typ][0](signer)
    judged = jose.deserialize_compact(made, OKPKey.import_key(dict(signer.jwk)), algorithms=["Ed25519"])
    assert judged.headers()["typ"] == typ
    assert json.loads(judged.payload)["v"] == 1


@pytest.mark.parametrize("typ", READ)
def test_each_statement_in_its_own_place_only(signer: Signer, typ: str) -> None:
    """T-48: red if one reader takes another's type."""
    made = READ[typ][0](signer)
    for other_typ, (_, read) in READ.items():
        if other_typ == typ:
            read(made)
        else:
            with pytest.raises(Malformed, match="stands where"):
                read(made)


WRONG: tuple[object, ...] = (None, True, [], {}, [[]], {"x": 1}, -1, "", "x y", "A" * 64, 2**53)
WELCOME: list[tuple[str, object]] = [("starts", {}), ("heads", {}), ("hub", "A" * 64), ("nonce", "A" * 64)]


@pytest.mark.parametrize("typ", READ)
def test_fields_are_exactly_these(signer: Signer, typ: str) -> None:
    """Red if a field may be missing, added, null, of another type, or another version, though well signed."""
    write, read = READ[typ]
    good = json.loads(read_compact(write(signer), typ).payload)

    def resigned(value: object) -> str:
        payload = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
        return sign_compact(payload, typ, signer)

    read(resigned(good))
    for name in good:
        with pytest.raises(Malformed):
            read(resigned({key: value for key, value in good.items() if key != name}))
        for wrong in WRONG:
            if (name, wrong) in WELCOME:
                continue
            with pytest.raises((Malformed, KeyRefused)):
                read(resigned({**good, name: wrong}))
    for bad in ({**good, "x": 1}, {**good, "v": 2}, {**good, "v": "1"}, {**good, "v": True}, [good], None, 5):
        with pytest.raises(Malformed):
            read(resigned(bad))


@pytest.mark.parametrize("typ", READ)
def test_the_payload_is_canonical(signer: Signer, typ: str) -> None:
    """T-48: red if the payload's spelling is free: one word would have many digests."""
    write, read = READ[typ]
    payload = read_compact(write(signer), typ).payload
    good = json.loads(payload)
    for spelled in (
        json.dumps(good, sort_keys=True).encode(),
        json.dumps(dict(sorted(good.items(), reverse=True)), separators=(",", ":")).encode(),
        payload + b"\n",
        payload.replace(b'"v":1', b'"v":1.0'),
        payload.replace(b'"group"', b'"gr\\u006fup"').replace(b'"hub"', b'"h\\u0075b"'),
    ):
        with pytest.raises(NotCanonical):
            read(sign_compact(spelled, typ, signer))
    with pytest.raises(Malformed):
        read(sign_compact(payload.replace(b'"v":1', b'"v":1,"v":1'), typ, signer))


def test_an_enrolment_proves_possession(signer: Signer) -> None:
    """Red if a field does not survive, or the hub's final slash matters."""
    read = verify_enrolment(enrol(signer), hub=HUB + "/", iss=MEMBER, nonce="n-0123456789")
    assert (read.key.kid, read.iss, read.nonce, read.hub, read.iat) == (signer.kid, MEMBER, "n-0123456789", HUB, AT)


def test_nobody_enrols_a_key_he_does_not_hold(signer: Signer, other: Signer) -> None:
    """Red if the signature is checked under the header's key, or `kid` is not compared with `jwk`."""
    payload = read_compact(enrol(signer), "enrol+jws").payload
    with pytest.raises(Malformed, match="thumbprint"):
        verify_enrolment(sign_compact(payload, "enrol+jws", other), hub=HUB, iss=MEMBER, nonce="n-0123456789")
    header, body, _ = enrol(signer).split(".")
    signature = sign_compact(payload, "enrol+jws", other).split(".")[2]
    with pytest.raises(BadSignature):
        verify_enrolment(f"{header}.{body}.{signature}", hub=HUB, iss=MEMBER, nonce="n-0123456789")


def test_an_enrolment_is_for_one_hub_member_and_invitation(signer: Signer) -> None:
    """T-48: red if an enrolment seen by one hub can be replayed to another, or for another invitation."""
    good = {"hub": HUB, "iss": MEMBER, "nonce": "n-0123456789"}
    refused = (
        ({"hub": "https://evil.example"}, WrongIssuer),
        ({"hub": HUB + "/x"}, WrongIssuer),
        ({"hub": "http://hub.example"}, WrongIssuer),
        ({"iss": OTHER}, WrongIssuer),
        ({"nonce": "n-012345678"}, WrongNonce),
    )
    for changed, error in refused:
        with pytest.raises(error):
            verify_enrolment(enrol(signer, **changed), **good)


def test_a_weak_key_cannot_be_enrolled(signer: Signer) -> None:
    """Red if the offered key skips the checks: the identity point would sign for everybody."""
    good = json.loads(read_compact(enrol(signer), "enrol+jws").payload)
    good["jwk"]["x"] = "AQ" + "A" * 41
    payload = json.dumps(good, sort_keys=True, separators=(",", ":")).encode()
    with pytest.raises(KeyRefused, match="small order"):
        enrolment.read_enrolment(sign_compact(payload, "enrol+jws", signer))


@pytest.mark.parametrize("action", Action)
def test_an_acceptance_comes_back(signer: Signer, action: Action) -> None:
    """Red if accept and withdraw are confused or a field is lost."""
    made = sign_acceptance(group=GROUP, agreement=DIGEST, action=action, n=3, iss=MEMBER, iat=AT, signer=signer)
    read = verify_acceptance(made, ring(signer), member=MEMBER, group=GROUP, at=AT)
    assert (read.group, read.agreement, read.action, read.n, read.iss, read.iat) == (
        GROUP,
        DIGEST,
        action,
        3,
        MEMBER,
        AT,
    )


def test_an_acceptance_is_by_a_valid_key_of_the_party(signer: Signer, other: Signer) -> None:
    """T-48: red if another member's, a pending, expired or unknown key speaks for the party."""
    made = accept(signer)
    refused = (
        (Ring(), AT),
        (ring(other), AT),
        (ring(signer, OTHER), AT),
        (ring(signer, state=KeyState.PENDING), AT),
        (ring(signer).revoke(signer.kid, AT), AT),
        (ring(signer), AT - 1),
        (ring(signer), AT + 10),
    )
    for keys, at in refused:
        with pytest.raises(UnknownKey):
            verify_acceptance(made, keys, member=MEMBER, group=GROUP, at=at)
    header, payload, _ = made.split(".")
    with pytest.raises(BadSignature):
        verify_acceptance(
            f"{header}.{payload}.{accept(other).split('.')[2]}", ring(signer), member=MEMBER, group=GROUP, at=AT
        )


def test_an_acceptance_is_for_one_member_and_group(signer: Signer) -> None:
    """T-48: red if `iss` or `group` is not compared: a word on one agreement would bind in another."""
    with pytest.raises(WrongIssuer):
        verify_acceptance(accept(signer, iss=OTHER), ring(signer), member=MEMBER, group=GROUP, at=AT)
    elsewhere = GROUP.replace("3", "4")
    with pytest.raises(WrongGroup):
        verify_acceptance(accept(signer, group=elsewhere), ring(signer), member=MEMBER, group=GROUP, at=AT)


def test_a_receipt_and_a_baseline_come_back(signer: Signer) -> None:
    """Red if a field is lost, a stream filed under another publisher, or a position rounded to milliseconds."""
    key = load_jwk(dict(signer.jwk))
    assert verify_receipt(sign_receipt(RECEIPT, signer), key) == RECEIPT
    assert verify_baseline(sign_baseline(BASELINE, signer), key) == BASELINE
    empty = replace(BASELINE, starts={}, heads={})
    assert verify_baseline(sign_baseline(empty, signer), key) == empty


def test_only_the_hubs_key_signs_receipts_and_baselines(signer: Signer, other: Signer) -> None:
    """T-48: red if the key given is not the one that has to verify."""
    key = load_jwk(dict(other.jwk))
    with pytest.raises(BadSignature):
        verify_receipt(sign_receipt(RECEIPT, signer), key)
    with pytest.raises(BadSignature):
        verify_baseline(sign_baseline(BASELINE, signer), key)


def test_senseless_receipts_and_baselines_are_refused(signer: Signer) -> None:
    """Red if positions may run backwards, red may be started, or a head may lack its digest."""
    with pytest.raises(Malformed, match="before the first"):
        receipt.read_receipt(sign_receipt(replace(RECEIPT, last=RECEIPT.first - 1), signer))
    for changed in (
        replace(BASELINE, starts={"red": 0}),
        replace(BASELINE, starts={"amber": -1}),
        replace(BASELINE, heads={(OTHER, "red"): Head(1, DIGEST)}),
        replace(BASELINE, heads={("somebody", "clear"): Head(1, DIGEST)}),
        replace(BASELINE, heads={(OTHER, "clear"): Head(0, DIGEST)}),
        replace(BASELINE, heads={(OTHER, "clear"): Head(1, "")}),
        replace(BASELINE, agreements=(DIGEST,)),
        replace(BASELINE, agreements=(DIGEST_2, DIGEST_2)),
    ):
        with pytest.raises(KeysError):
            baseline.read_baseline(sign_baseline(changed, signer))


def test_a_head_in_a_baseline_is_seq_and_digest(signer: Signer) -> None:
    """Red if a head may carry more, less or something else, in a table that is otherwise well formed."""
    good = json.loads(read_compact(sign_baseline(BASELINE, signer), "baseline+jws").payload)
    heads: tuple[object, ...] = ({"seq": 1}, {"digest": DIGEST}, {"seq": 1, "digest": DIGEST, "x": 1}, [1, DIGEST], 1)
    for head in heads:
        good["heads"] = {OTHER: {"clear": head}}
        payload = json.dumps(good, sort_keys=True, separators=(",", ":")).encode()
        with pytest.raises(Malformed):
            baseline.read_baseline(sign_compact(payload, "baseline+jws", signer))
