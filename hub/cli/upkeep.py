"""`cirt-hub backup`, `restore`, `doctor`: keep a hub, make it again, and see what ails it."""

from collections.abc import Callable
from pathlib import Path

import click

from hub.backups import back_up
from hub.config import load_settings
from hub.doctor import examine
from hub.findings import Level
from hub.restoring import Wish, restore
from hub.running import wall_clock

from .errors import FAILED
from .shell import actor_of, answering
from .showing import show

_MEBIBYTE = 1 << 20
_STEP = 10  # percent


def _progress(what: str) -> Callable[[int, int | None], None]:
    """Tell on stderr how far a copy has come: every tenth of it, or every mebibyte where the end is not known."""
    last = -1

    def told(done: int, total: int | None) -> None:
        nonlocal last
        step = done * 100 // total // _STEP * _STEP if total else done // _MEBIBYTE
        if step > last:
            last = step
            click.echo(f"{what}: {f'{step} %' if total else f'{step} MiB'}", err=True)

    return told


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--with-secrets", is_flag=True, help="Put the hub's secret and its receipt key into it as well.")
@answering
def backup(file: Path, *, with_secrets: bool) -> dict[str, object]:
    """Copy the hub into one new FILE, as of one instant, while it runs.

    The file is for its owner alone. Keep it, the digest that is told, and, in another place, the secret and the receipt
    key: without these two a restored hub cannot be opened.
    """
    told = _progress("copied")
    return back_up(load_settings(), file, actor_of(), secrets=with_secrets, clock=wall_clock, told=told)


@click.command("restore")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--verify", is_flag=True, help="Check every object, manifest and signature before the hub is opened.")
@click.option("--replace", is_flag=True, help="Replace the hub that is there; a SQLite file is put aside.")
@click.option("--digest", default="", metavar="SHA256", help="The digest that `backup` told.")
@answering
def restore_command(file: Path, digest: str, *, verify: bool, replace: bool) -> dict[str, object]:
    """Make the hub of a backup FILE again; every server process of it must be stopped.

    Readers lose nothing: their page tokens are refused and they go on by `added_after`. Members who published since
    the backup are told `rewound`, and post again what they kept.
    """
    wish = Wish(replace=replace, verify=verify, digest=digest)
    answer = restore(load_settings(), file, actor_of(), wish, clock=wall_clock, told=_progress("restored"))
    click.echo(
        "restored; page tokens of before end now, and pollers go on by `added_after`. Tell the members: what was"
        " published since this backup is gone until its publishers post it again (docs/operate.md, Restore)",
        err=True,
    )
    return answer


@click.command()
@click.option(
    "--tls-cert", "certificates", multiple=True, type=click.Path(path_type=Path), help="A certificate in use."
)
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
def doctor(certificates: tuple[Path, ...], *, as_json: bool) -> int:
    """Look at files, disk, database, clock, certificates and what waits for people; nothing is changed.

    Ends with 1 if anything is an error; every finding names the command that mends it.
    """
    findings = examine(load_settings(), wall_clock(), certificates)
    rows = [finding.view() for finding in findings]
    if as_json:
        show({"findings": rows}, as_json=True)
    for row in () if as_json else rows:
        show(f"{row['level']}: {row['what']}\n  {row['mend']}", as_json=False)
    if not rows and not as_json:
        show("nothing is amiss", as_json=False)
    return FAILED if any(finding.level is Level.ERROR for finding in findings) else 0
