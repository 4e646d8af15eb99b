"""Who may enter, and in which spelling? Rows on TLS, authentication, methods and paths."""

from __future__ import annotations

from typing import Final

from feeds.conformance.exchanges import Exchange, Notes
from feeds.conformance.rows import (
    Judge,
    Judgement,
    Level,
    Row,
    Verdict,
    judge_each,
    like_plain,
    not_applicable,
    ok,
    status_in,
    unseen,
)

_UNAUTHORIZED: Final = 401


def https(notes: Notes) -> Judgement:
    """Row 1."""
    if notes.origin.startswith("https://"):
        return Judgement(Verdict.OK, notes.origin, "https")
    return unseen("plain http on this machine's own loopback; check the public address too")


def spoken(version: str) -> Judge:
    """Rows 2 and 3."""

    def judge(notes: Notes) -> Judgement:
        if version not in notes.handshakes:
            return unseen("no handshake was tried: there is no TLS here, or no direct way to it")
        failure = notes.handshakes[version]
        asked = f"a TLS {version} handshake with {notes.origin}"
        return Judgement(Verdict.BROKEN if failure else Verdict.OK, asked, failure or "it succeeded")

    return judge


def challenge(notes: Notes) -> Judgement:
    """Row 8."""
    refused = [each for each in notes.answered().values() if each.status == _UNAUTHORIZED]
    if not refused:
        return not_applicable("no question was answered 401: the server asks nobody who they are, or hides it")
    return judge_each(refused, _no_challenge, "")


def _no_challenge(exchange: Exchange) -> str | None:
    return None if exchange.headers.get("www-authenticate") else "401 without WWW-Authenticate"


def stranger(notes: Notes) -> Judgement:
    """Row 9."""
    anonymous = notes.get("collections nobody")
    if anonymous is not None and anonymous.ok:
        return not_applicable("the collections are open to everybody")
    return judge_each(
        (notes.get("collections nobody"), notes.get("collections stranger")), status_in(401, 404), "nothing was asked"
    )


def scheme_in_lower_case(notes: Notes) -> Judgement:
    """Row 10."""
    if not notes.given:
        return not_applicable("no credentials were given")
    return like_plain(["collections lower"], status_in(200))(notes)


def head(notes: Notes) -> Judgement:
    """Row 25."""
    return judge_each([notes.exchanges.get("head")], status_in(200, 405), "nothing was asked")


def unrouted(notes: Notes) -> Judgement:
    """Row 27."""
    found = notes.get("nowhere")
    if found is None:
        return unseen("nothing was asked")
    if not found.is_taxii or not isinstance(found.value, dict) or "title" not in found.value:
        return Judgement(Verdict.BROKEN, found.asked, f"{found.came}, no TAXII error")
    return ok(found)


_MUST, _SHOULD, _TRAP = Level.MUST, Level.SHOULD, Level.TRAP
ROWS: Final = (
    Row(1, _MUST, "TAXII 2.1 §8.2.2", "HTTPS", "Serve the API over HTTPS.", https),
    Row(
        2,
        _MUST,
        "TAXII 2.1 §8.2.2",
        "a TLS 1.2 handshake succeeds",
        "Accept TLS 1.2: every client has it, and not every one has 1.3.",
        spoken("1.2"),
    ),
    Row(
        3,
        _SHOULD,
        "TAXII 2.1 §8.2.2",
        "a TLS 1.3 handshake succeeds",
        "Accept TLS 1.3 as well.",
        spoken("1.3"),
    ),
    Row(
        8,
        _MUST,
        "RFC 9110 §15.5.2; TAXII 2.1 §3.2",
        "a 401 carries WWW-Authenticate",
        "Name at least one scheme in WWW-Authenticate on every 401; clients cannot choose without it.",
        challenge,
    ),
    Row(
        9,
        _MUST,
        "TAXII 2.1 §5.1-5.8",
        "failed authentication is 401 or 404",
        "Answer failed authentication on collection endpoints with 401 or 404, nothing else.",
        stranger,
    ),
    Row(
        10,
        _TRAP,
        "RFC 9110 §11.1",
        "the scheme in Authorization is matched in any case",
        "Match the scheme's name without regard to case: MISP sends `basic`.",
        scheme_in_lower_case,
    ),
    Row(
        12,
        _SHOULD,
        "TAXII 2.1 §8.2.1",
        "a request without User-Agent is served",
        "Do not refuse requests that name no User-Agent.",
        like_plain(["no agent"], status_in(200)),
    ),
    Row(
        23,
        _TRAP,
        "TAXII 2.1 §3.1",
        "a path without its final slash is served or redirected",
        "Serve it, or redirect it by 308: Splunk's app and others leave the slash out.",
        like_plain(["no slash"], status_in(200)),
    ),
    Row(
        25,
        _SHOULD,
        "RFC 9110 §9.3.2",
        "HEAD is answered as GET without a body, or 405",
        "Support HEAD or refuse it with 405 and Allow.",
        head,
    ),
    Row(
        27,
        _SHOULD,
        "TAXII 2.1 §3.6",
        "an unknown path is a TAXII error too",
        "Answer unrouted paths with the TAXII content type and an error resource, not with a page for people.",
        unrouted,
    ),
)
