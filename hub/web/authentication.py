"""Who calls? One credential in the headers, in any of the spellings that clients use; anything else is a 401.

RFC 9110 §11, RFC 7617 (Basic: the token as password with any user, or as user with an empty password), RFC 6750
(Bearer), `Token` and `X-API-Key` as several TAXII clients send it. A token in a query string is refused: addresses are
logged everywhere. Without any of these, the TLS certificate counts that the trusted proxy passed on; beside a token it
does not.
"""

import base64
import binascii
import re
from typing import Final

from hub.running import Hub
from hub.store.engine import Tx
from hub.store.registry import Account, Registry
from hub.store.tokens import PREFIX, token_digest
from keys.certificate import fingerprint_of

from .answers import Environ, Field
from .forwarding import CERTIFICATE, NoCertificate, certificate_of
from .validators import READER, reader_key

REALM: Final = "cirt-hub"
CHALLENGES: Final[tuple[Field, ...]] = (
    ("WWW-Authenticate", f'Basic realm="{REALM}", charset="UTF-8"'),
    ("WWW-Authenticate", f'Bearer realm="{REALM}"'),
)

#: Where the door leaves in the environ who calls.
ACCOUNT: Final = "cirt-hub.account"

_IN_QUERY: Final = re.compile(
    rf"(?:^|&)(?:(?:access|auth|api)[_-]?token|token|(?:x[_-])?api[_-]?key|authorization)=|{PREFIX}", re.IGNORECASE
)


class Unauthenticated(Exception):
    """No credential, more than one, an unreadable one, or one that nobody has: the same answer."""


def account_of(hub: Hub, tx: Tx, environ: Environ) -> tuple[Registry, Account]:
    """The registry as `tx` sees it, and the account that calls. Raises `Unauthenticated`, `TooMany`."""
    registry = hub.registries.of(tx)
    if CERTIFICATE in environ and not _has_token(environ):
        account = _certified(registry, environ, hub.clock())
    else:
        account = registry.accounts.get(token_digest(hub.secret, presented(environ)))
    if account is None:
        raise Unauthenticated("no account has this token or certificate")
    if ACCOUNT not in environ:  # a door may ask again in a later transaction: it is one request all the same
        environ[ACCOUNT] = account
        hub.limits.check_account(account.token)
    environ[READER] = reader_key(hub.secret, account)
    return registry, account


def was_sent(environ: Environ) -> bool:
    """Whether the request brought a credential at all: one without is a client that asks how to send it."""
    sent = _has_token(environ) or CERTIFICATE in environ
    return sent or _IN_QUERY.search(environ.get("QUERY_STRING", "")) is not None


def _has_token(environ: Environ) -> bool:
    return "HTTP_AUTHORIZATION" in environ or "HTTP_X_API_KEY" in environ


def _certified(registry: Registry, environ: Environ, at: int) -> Account | None:
    """The account to which the certificate is bound, while it is good. Raises `Unauthenticated`."""
    _check_query(environ)
    try:
        found = registry.certificates.get(fingerprint_of(certificate_of(environ)))
    except NoCertificate as error:
        raise Unauthenticated(str(error)) from error
    return found.account if found is not None and found.valid_from <= at <= found.valid_until else None


def _check_query(environ: Environ) -> None:
    if (query := environ.get("QUERY_STRING")) and _IN_QUERY.search(query):
        raise Unauthenticated("a token in the query string")


def presented(environ: Environ) -> str:
    """What the request's headers give as a token, whatever it is; two fields joined by a comma are none that is known.

    Raises `Unauthenticated`.
    """
    _check_query(environ)
    if ("HTTP_AUTHORIZATION" in environ) == ("HTTP_X_API_KEY" in environ):
        raise Unauthenticated("no credential, or two")
    header = environ.get("HTTP_AUTHORIZATION")
    return str(environ["HTTP_X_API_KEY"].strip(" \t") if header is None else _of_header(header))


def _of_header(header: str) -> str:
    scheme, _, rest = header.strip(" \t").partition(" ")
    scheme, rest = scheme.lower(), rest.strip(" \t")
    if scheme in {"bearer", "token"}:
        return rest
    if scheme != "basic":
        raise Unauthenticated("an unknown scheme")
    try:
        user, colon, password = base64.b64decode(rest, validate=True).decode().partition(":")
    except (binascii.Error, ValueError) as error:
        raise Unauthenticated("an unreadable Basic credential") from error
    if not colon:
        raise Unauthenticated("a Basic credential without colon")
    return password or user
