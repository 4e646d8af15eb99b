"""`cirt-hub cert`: TLS certificates that members show in the place of a token."""

from pathlib import Path

import click

from hub import certificates

from .shell import actor_of, answering, by, doing, reading


@click.group()
def cert() -> None:
    """Client certificates of members, as good as a token; the proxy of HUB_PROXY passes them on."""


@cert.command("add")
@click.argument("member")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--label", default="", help="What it is for.")
@click.option("--redistributes", is_flag=True, help="What is read with it is passed on: the agreement's cap applies.")
@by
@answering
def cert_add(member: str, file: Path, label: str, by: str, *, redistributes: bool) -> dict[str, object]:
    """Bind a certificate (PEM or DER) to a member, by its SHA-256 fingerprint."""
    actor, raw = actor_of(by), file.read_bytes()
    return doing(
        actor,
        "cert-add",
        member,
        lambda _hub, tx, at: certificates.add_certificate(
            tx, member, raw, actor, at=at, label=label, redistributes=redistributes
        ),
    )


@cert.command("list")
@click.argument("member", required=False)
@answering
def cert_list(member: str | None) -> list[dict[str, object]]:
    """List certificates; of one member if given."""
    return reading(lambda _hub, tx: certificates.certificates_of(tx, member))


@cert.command("revoke")
@click.argument("certificate")
@by
@answering
def cert_revoke(certificate: str, by: str) -> dict[str, object]:
    """Revoke a certificate at once, and for good."""
    actor = actor_of(by)
    return doing(
        actor,
        "cert-revoke",
        certificate,
        lambda _hub, tx, at: certificates.revoke_certificate(tx, certificate, actor, at=at),
    )
