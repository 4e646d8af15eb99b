"""The tables, as SQLAlchemy Core metadata: the one description both engines and the migrations are compared with.

Times and positions are microseconds since the epoch; `version_ns` is nanoseconds. `rank` is the effective TLP label
(0 clear … 3 amber+strict); 5 stands for "none". Objects lie on shelves: (grp, publisher, stix_id).
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData()

#: BIGINT keys that SQLite may still alias to its rowid.
Serial = BigInteger().with_variant(Integer, "sqlite")

hub = Table(
    "hub",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("epoch", Text, nullable=False),  # changes when a backup is restored: older cursors end
    Column("revision", BigInteger, nullable=False),  # rises with every change of members, keys, tokens, agreements
    Column("created_at", BigInteger, nullable=False),
)

operators = Table(
    "operators",
    metadata,
    Column("name", Text, primary_key=True),
    Column("secret_digest", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
)

members = Table(
    "members",
    metadata,
    Column("no", Serial, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("alias", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("document", LargeBinary, nullable=False),
    Column("next_digest", Text),  # an approved member's changed document, which waits for its own approvals
    Column("next_document", LargeBinary),
    Column("created_at", BigInteger, nullable=False),
)

keys = Table(
    "keys",
    metadata,
    Column("kid", Text, primary_key=True),
    Column("member", Text, nullable=False, index=True),
    Column("jwk", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("valid_from", BigInteger, nullable=False),
    Column("valid_until", BigInteger),
    Column("revoked_at", BigInteger),
    Column("reason", Text),
    Column("confirmed_by", Text),
    Column("created_at", BigInteger, nullable=False),
)

invitations = Table(
    "invitations",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("member", Text, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("used_at", BigInteger),
    Column("created_at", BigInteger, nullable=False),
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", Text, primary_key=True),
    Column("digest", Text, nullable=False, unique=True),
    Column("member", Text, nullable=False, index=True),
    Column("label", Text, nullable=False),
    Column("redistributes", Boolean, nullable=False),
    Column("kid", Text),  # the key that was enrolled with it: the token sleeps until that key is confirmed
    Column("revoked_at", BigInteger),
    Column("created_at", BigInteger, nullable=False),
)

certificates = Table(
    "certificates",
    metadata,
    Column("id", Text, primary_key=True),
    Column("fingerprint", Text, nullable=False, unique=True),  # SHA-256 of the DER form, lower-case hex
    Column("member", Text, nullable=False, index=True),
    Column("label", Text, nullable=False),
    Column("redistributes", Boolean, nullable=False),
    Column("subject", Text, nullable=False),
    Column("valid_from", BigInteger, nullable=False),
    Column("valid_until", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
    Column("created_at", BigInteger, nullable=False),
)

agreements = Table(
    "agreements",
    metadata,
    Column("group_id", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("digest", Text, nullable=False, unique=True),
    Column("document", LargeBinary, nullable=False),
    Column("state", Text, nullable=False),
    Column("proposed_at", BigInteger, nullable=False),
    Column("approved_at", BigInteger),
    Column("ended_at", BigInteger),  # ended before its first day: it never came into force
)

approvals = Table(
    "approvals",
    metadata,
    Column("digest", Text, primary_key=True),  # of the text read: an approval never outlives the words it approves
    Column("operator", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)

acceptances = Table(
    "acceptances",
    metadata,
    Column("group_id", Text, primary_key=True),
    Column("member", Text, primary_key=True),
    Column("n", BigInteger, primary_key=True, autoincrement=False),
    Column("action", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Column("jws", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
)

starts = Table(
    "starts",
    metadata,
    Column("group_id", Text, primary_key=True),
    Column("member", Text, primary_key=True),
    Column("rank", SmallInteger, primary_key=True, autoincrement=False),
    Column("position", BigInteger, nullable=False),
)

groups = Table(
    "groups",
    metadata,
    Column("no", Serial, primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("proofs", Text, nullable=False, unique=True),
    Column("alias", Text, nullable=False, unique=True),
    Column("last_position", BigInteger, nullable=False),  # the sequencer: taken last before commit
)

streams = Table(
    "streams",
    metadata,
    Column("grp", BigInteger, primary_key=True, autoincrement=False),
    Column("publisher", BigInteger, primary_key=True, autoincrement=False),
    Column("rank", SmallInteger, primary_key=True, autoincrement=False),
    Column("seq", BigInteger, nullable=False),
    Column("digest", Text, nullable=False),
)

manifests = Table(
    "manifests",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("grp", BigInteger, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("publisher", BigInteger, nullable=False),
    Column("rank", SmallInteger, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("digest", Text, nullable=False, unique=True),
    Column("agreement", Text, nullable=False),
    Column("stix_id", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("version_ns", BigInteger, nullable=False),
    Column("status", Text, nullable=False),  # the status resource it was answered with
    Column("body", LargeBinary, nullable=False),
    UniqueConstraint("grp", "publisher", "rank", "seq", name="uq_manifests_stream"),
    UniqueConstraint("grp", "publisher", "stix_id", name="uq_manifests_stix_id"),
    UniqueConstraint("grp", "position", name="uq_manifests_position"),
    Index("ix_manifests_page", "grp", "rank", "position"),
)

shelves = Table(
    "shelves",
    metadata,
    Column("grp", BigInteger, primary_key=True, autoincrement=False),
    Column("publisher", BigInteger, primary_key=True, autoincrement=False),
)

objects = Table(
    "objects",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("grp", BigInteger, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("publisher", BigInteger, nullable=False),
    Column("stix_id", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("version_ns", BigInteger, nullable=False),
    Column("versioned", Boolean, nullable=False),
    Column("created", Text),
    Column("revoked", Boolean, nullable=False),
    Column("marking_kind", Text),
    Column("rank", SmallInteger, nullable=False),
    Column("newer_rank", SmallInteger, nullable=False),
    Column("older_rank", SmallInteger, nullable=False),
    Column("repeat_rank", SmallInteger, nullable=False),
    Column("sha256", LargeBinary(32), nullable=False),
    Column("manifest", Text, nullable=False),  # payload digest of the manifest that brought the row
    Column("body", LargeBinary, nullable=False),
    Index("ix_objects_page", "grp", "rank", "position", "newer_rank", "older_rank", "repeat_rank"),
    Index("ix_objects_type", "grp", "type", "rank", "position", "newer_rank", "older_rank", "repeat_rank"),
    Index("ix_objects_shelf", "grp", "stix_id", "publisher", "version_ns", "rank", "position"),
)

statuses = Table(
    "statuses",
    metadata,
    Column("id", Text, primary_key=True),
    Column("member", Text, nullable=False),
    Column("group_id", Text, nullable=False),
    Column("at", BigInteger, nullable=False, index=True),
    Column("refused", Boolean, nullable=False),
    Column("body", LargeBinary, nullable=False),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("grp", BigInteger, primary_key=True, autoincrement=False),
    Column("member", Text, primary_key=True),
    Column("token", Text, primary_key=True),
    Column("proofs", Boolean, primary_key=True),
    Column("polled_at", BigInteger, nullable=False),
    Column("position", BigInteger, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("digest", Text),
    Column("detail", Text, nullable=False),
)
