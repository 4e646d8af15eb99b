"""`cirt check`: does a TAXII 2.1 server do what the standard asks? Seen from outside, by reading alone."""

import re
from base64 import b64encode
from collections.abc import Callable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import click

from feeds.addresses import is_local, is_plain, same_server
from feeds.conformance.asking import Caller, Stated
from feeds.conformance.rows import Result, Verdict, counts
from feeds.conformance.survey import survey
from feeds.conformance.table import judge
from feeds.errors import Unreachable, shown
from hub.cirt import show
from hub.cirt.faults import CirtError, Exit, NotJoined, Told
from hub.cirt.profile import Profile
from hub.cirt.run import Run, command

_TOKEN = re.compile(rb"[!-~]+")


class ToldUnreachable(Told):
    """As `Told`, of a server that left questions without an answer."""

    exit = Exit.UNREACHABLE


@command("check")
@click.argument("url")
@click.option("--user", help="Send this name and the secret of --token-file by HTTP Basic; else the secret as Bearer.")
@click.option(
    "--token-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File that holds the token or password; with --user alone it is asked for.",
)
@click.option(
    "--ca", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Certificate authorities' file."
)
def check(run: Run, url: str, user: str | None, token_file: Path | None, ca: Path | None) -> None:
    """Check the TAXII 2.1 server at URL against the standard, row by row.

    URL is the server's, its discovery's or an API root's. Nothing is written there: only GET and HEAD are sent, about
    ninety of them. The hub of your profile is asked with your own token; any other server with what you name here.
    """
    _see_that_it_is_an_address(url)
    credentials = _credentials(url, user, token_file)
    own = _profile(run, url) if credentials is None else None
    if own is not None:
        credentials = Stated(f"Bearer {own.token}")
    authorities = str(ca) if ca else own.ca if own else None
    with show.progress("asking") as steps, _caller(url, credentials, authorities, steps.on) as caller:
        notes = survey(caller, url)
    results = judge(notes)
    _tell(run, notes.origin, results)
    told = counts(results)
    if told["broken must"]:
        raise Told(f"{told['broken must']} rows that the standard demands are broken", code="not-conformant")
    if notes.lost:
        raise ToldUnreachable("some questions got no answer, so not everything was seen; try again", code="unreachable")


def _see_that_it_is_an_address(url: str) -> None:
    """Refuse what cannot be asked before anything is sent."""
    try:
        plain = is_plain(url) and not is_local(url)
    except Unreachable as error:
        raise click.UsageError(error.sentence) from error
    if "@" in urlsplit(url).netloc:
        raise click.UsageError("name credentials by --user and --token-file, not in the address")
    if plain:
        raise click.UsageError(f"{shown(url)} is plain http: nothing is asked in clear over a network; use https")


def _caller(url: str, credentials: Stated | None, authorities: str | None, step: Callable[[], None]) -> Caller:
    return Caller(url, credentials, authorities, step=step)


def _credentials(url: str, user: str | None, token_file: Path | None) -> Stated | None:
    """What the options name; None where they name nothing."""
    if user is None and token_file is None:
        return None
    secret = _password(url, user) if token_file is None else token_file.read_bytes().strip()
    if user is not None:
        if ":" in user:
            raise click.UsageError("a user's name holds no colon (RFC 7617)")
        return Stated("Basic " + b64encode(user.encode() + b":" + secret).decode("ascii"))
    if not _TOKEN.fullmatch(secret):
        raise click.UsageError(f"{token_file} holds no token: one line of visible letters is expected")
    return Stated(f"Bearer {secret.decode('ascii')}")


def _password(url: str, user: str | None) -> bytes:
    if not show.on_terminal():
        raise click.UsageError("--user needs --token-file here, since nobody can be asked for the password")
    asked: str = click.prompt(f"Password of {show.plain(user)} at {show.plain(url)}", hide_input=True, err=True)
    return asked.encode()


def _profile(run: Run, url: str) -> Profile | None:
    """This member's profile, if the address is its hub's: its token is never sent anywhere else."""
    try:
        profile = run.profile()
    except NotJoined:
        return None
    except CirtError as fault:
        show.say(f"your profile is left aside: {fault.sentence}")
        return None
    return profile if same_server(profile.hub, url) else None


def _tell(run: Run, origin: str, results: Sequence[Result]) -> None:
    """The answer: as JSON, or as a table and a sentence for each row that is broken."""
    told = counts(results)
    if run.json:
        good = not told["broken must"]
        show.answer_json({"server": origin, "good": good, "counts": dict(told), "rows": [r.view() for r in results]})
        return
    show.table(("row", "level", "asked for", "verdict", "what came"), [_line(each) for each in results])
    for each in results:
        if each.judgement.verdict is Verdict.BROKEN:
            show.say(f"{each.row.number} ({each.row.level}, {each.row.clause}): {each.row.claim}")
            show.say(f"  asked: {each.judgement.asked}\n  came: {each.judgement.came}\n  to mend: {each.row.mend}")
    seen = ", ".join(f"{number} {word}" for word, number in told.items() if word != "broken must")
    show.say(f"{origin}: {seen}; {told['broken must']} of the broken ones are MUSTs")


def _line(result: Result) -> tuple[object, ...]:
    row, found = result.row, result.judgement
    return row.number, row.level, row.claim, found.verdict, found.came
