"""Receipt: does the hub state that it took this manifest in, and where it stands?"""

from dataclasses import dataclass

from keys.errors import Malformed
from keys.instants import format_ms
from keys.jwk import PublicKey
from keys.jws import Compact, verify_compact
from keys.shapes import DIGEST, IDENTITY, MANIFEST, UUID
from keys.signer import Signer
from keys.statement import read_statement, sign_statement

TYP = "receipt+jws"
_FIELDS = frozenset({"manifest", "payload", "iss", "group", "agreement", "first", "last", "received"})


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the hub acknowledged. A claim until `verify_receipt`.

    Attributes:
        manifest: STIX id of the manifest.
        payload: SHA-256 of the manifest's decoded payload, which is its identity.
        iss: STIX identity id of the publisher.
        group: the agreement's UUID.
        agreement: digest of the agreement version in force when it was taken in.
        first: position of the first row it wrote, microseconds since the epoch.
        last: position of the last row it wrote, likewise; not below `first`.
        received: the hub's clock, microseconds since the epoch, whole milliseconds.
    """

    manifest: str
    payload: str
    iss: str
    group: str
    agreement: str
    first: int
    last: int
    received: int


def sign_receipt(receipt: Receipt, signer: Signer) -> str:
    """The receipt as a compact JWS by the hub's receipt key."""
    fields = {
        "manifest": receipt.manifest,
        "payload": receipt.payload,
        "iss": receipt.iss,
        "group": receipt.group,
        "agreement": receipt.agreement,
        "first": receipt.first,
        "last": receipt.last,
        "received": format_ms(receipt.received),
    }
    return sign_statement(fields, TYP, signer)


def read_receipt(raw: str) -> tuple[Receipt, Compact]:
    """A receipt and its JWS, the shape checked, the signature not; raises Malformed."""
    compact, fields = read_statement(raw, TYP, _FIELDS)
    receipt = Receipt(
        manifest=fields.text("manifest", MANIFEST),
        payload=fields.text("payload", DIGEST),
        iss=fields.text("iss", IDENTITY),
        group=fields.text("group", UUID),
        agreement=fields.text("agreement", DIGEST),
        first=fields.count("first"),
        last=fields.count("last"),
        received=fields.instant("received"),
    )
    if receipt.last < receipt.first:
        raise Malformed("the last position is before the first", path="$.last")
    return receipt, compact


def verify_receipt(raw: str, key: PublicKey) -> Receipt:
    """A receipt proven to be by the hub's receipt key; raises Malformed, BadSignature."""
    receipt, compact = read_receipt(raw)
    verify_compact(compact, key)
    return receipt
