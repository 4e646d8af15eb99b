"""Was the failure one too many? What ended in an error goes through here before it is answered.

The one place, whatever the method, the address or the spelling of what was sent.
"""

from hub.acts import BadInvitation
from hub.limits import TooMany
from hub.running import Hub

from . import authentication
from .answers import Environ
from .authentication import Unauthenticated


def of_failure(hub: Hub, error: Exception, environ: Environ) -> Exception:
    """The error to answer: `TooMany` in place of a bad credential where its source has sent too many of them."""
    bad = isinstance(error, Unauthenticated) and authentication.was_sent(environ)
    if not bad and not isinstance(error, BadInvitation):
        return error
    try:
        hub.limits.check_failure(environ.get("REMOTE_ADDR"))
    except TooMany as limited:
        return limited
    return error
