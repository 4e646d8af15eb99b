"""The way in for `cirt-hub`: an installation without the server's libraries says so instead of failing."""

import sys

try:
    from hub.cli.main import commands, main
except ModuleNotFoundError as missing:
    if (missing.name or "").partition(".")[0] in {"hub", "keys", "feeds", "policies"}:
        raise  # ours: not a matter of what was installed
    sys.stderr.write(
        f"cirt-hub: {missing.name} is not installed: this installation has the members' command `cirt` only;"
        " install the server with `pip install 'cirt-hub[server]'`, or from requirements/server.txt\n"
    )
    sys.exit(1)

__all__ = ["commands", "main"]
