"""`cirt`, the members' command: signs and publishes, polls and verifies. Every ending is a code and a sentence."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

import click

from hub.release import VERSION

from . import show
from .commands.accept import accept, withdraw
from .commands.agreements import agreements
from .commands.check import check
from .commands.explain import explain
from .commands.join import join
from .commands.keys import keys
from .commands.poll import poll
from .commands.publish import publish
from .commands.sign import sign
from .commands.status import status
from .commands.verify import verify
from .commands.whoami import whoami
from .faults import Ending, Exit, Faulty, Told, ending
from .run import Run


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option(
    "--home",
    envvar="CIRT_HOME",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the profile; else CIRT_HOME, else ~/.config/cirt.",
)
@click.option(
    "--passphrase-file",
    envvar="CIRT_PASSPHRASE_FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File that holds the passphrase of your key; else CIRT_PASSPHRASE_FILE.",
)
@click.version_option(VERSION, prog_name="cirt")
@click.pass_context
def cirt(context: click.Context, home: Path | None, passphrase_file: Path | None) -> None:
    """Share incident information: signed by you, checked by whoever receives it.

    Exit codes: 0 done, 1 failed, 2 usage, 3 not authenticated, 4 refused, 5 unreachable (try again).
    """
    run = context.find_object(Run) or Run(Path())
    run.home = (home or Path("~/.config/cirt")).expanduser()
    run.passphrase_file = passphrase_file
    context.obj = run


for each in (join, agreements, accept, withdraw, publish, sign, poll, verify, explain, status, whoami, keys, check):
    cirt.add_command(each)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run one command and end the process with its code."""
    code = execute(arguments)
    try:
        sys.stdout.flush()
    except OSError:  # whoever read the answer has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        code = code or int(Exit.FAILED)
    sys.exit(code)


def execute(arguments: Sequence[str] | None = None, run: Run | None = None) -> int:
    """Run one command; its exit code. Nothing is raised.

    Args:
        arguments: without the program's name; None: those of the process.
        run: what to run it with; None: the wall clock.
    """
    run = run or Run(Path())
    try:
        answered = cirt.main(arguments, prog_name="cirt", standalone_mode=False, obj=run)
    except click.ClickException as error:
        if run.json:
            show.answer_json({"error": {"code": "usage", "message": error.format_message()}})
        show.usage(error)
        return int(Exit.USAGE if isinstance(error, click.UsageError) else Exit.FAILED)
    except (click.Abort, KeyboardInterrupt):
        show.say("stopped; what is on disk is whole, and the next run goes on from there")
    except BrokenPipeError:
        pass  # whoever read the answer has gone
    except Exception as error:  # noqa: BLE001 - the last resort: a member's terminal is no place for a traceback
        return _ended(error, run)
    else:
        return answered if isinstance(answered, int) else int(Exit.DONE)
    return int(Exit.FAILED)


def _ended(error: Exception, run: Run) -> int:
    """Tell how a command ended that raised."""
    end = ending(error) or Ending(
        Exit.FAILED, "internal", f"{type(error).__name__}: {error}. This is a fault of cirt itself; report it"
    )
    failures = [failure.view() for failure in error.failures] if isinstance(error, Faulty) else []
    if run.json and not isinstance(error, Told):
        told = {"error": {"code": end.code, "message": end.sentence}}
        give = show.answer_line if run.lines else show.answer_json
        give(told | ({"publications": [], "failures": failures} if failures else {}))
    else:
        show.failures(failures)
    show.say(f"cirt: {end.code}: {end.sentence}")
    return int(end.exit)
