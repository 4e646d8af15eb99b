"""`cirt-hub`: what operators do at a shell. Commands stand in files of their own, one a group of them."""

import os
from collections.abc import Sequence

import click

from hub.release import VERSION

from . import agreements, certificates, credentials, founding, members, promotion, review, serving, upkeep
from .demo import demo
from .errors import FAILED, tell, tell_usage
from .explaining import explain

PROGRAM = "cirt-hub"
_FOR_ITS_OWNER = 0o077  # the database is made by its driver, in a directory that may have been there before


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(VERSION, prog_name=PROGRAM)
def commands() -> None:
    """Run an incident information-sharing hub, and review who may do what in it.

    Settings are HUB_* environment variables over hub.toml; docs/operate.md lists them. Every command answers on
    stdout, in JSON with --json. Exit codes: 0 done, 1 failed, 2 usage, 4 refused, 5 unreachable or busy.
    """


for command in (
    founding.init,
    serving.serve,
    review.import_files,
    review.approve,
    review.reject,
    credentials.operator,
    members.member,
    members.invite,
    credentials.key,
    credentials.token,
    certificates.cert,
    agreements.agreement,
    upkeep.backup,
    upkeep.restore_command,
    promotion.promoted_command,
    upkeep.doctor,
    explain,
    demo,
):
    commands.add_command(command)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; its exit code.

    Args:
        arguments: without the program's name; None: those of the process, whose files are for their owner from now on.
    """
    if arguments is None:
        os.umask(_FOR_ITS_OWNER)
    try:
        result = commands.main(args=arguments, prog_name=PROGRAM, standalone_mode=False)
    except click.ClickException as error:
        tell_usage(error)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt, BrokenPipeError):
        return FAILED
    except Exception as error:  # noqa: BLE001 - the last line of defence: a sentence and a code, never a traceback
        return tell(error, PROGRAM)
    return result if isinstance(result, int) else 0
