"""Has this machine the programs the tests start? Says so, installs nginx and openssl where it may, or fails plainly."""

import os
import shutil
import subprocess
import sys

from support.postgres import NoPostgres, binaries

APT = ("apt-get", "-o", "DPkg::Lock::Timeout=120")
SBIN = os.defpath + ":/usr/sbin:/usr/local/sbin"


def find(program: str) -> str | None:
    """Return the path of `program`, also where only root's PATH reaches."""
    return shutil.which(program) or shutil.which(program, path=SBIN)


def need(program: str) -> str:
    """Return the path of `program`, installing the Debian package of that name when root; exits when it is missing."""
    if (found := find(program)) is None and os.geteuid() == 0 and shutil.which("apt-get"):
        sys.stderr.write(f"{program}: missing, installing it with apt-get\n")
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for arguments in (("update", "-q"), ("install", "-q", "-y", "--no-install-recommends", program)):
            subprocess.run((*APT, *arguments), check=False, env=quiet, stdout=sys.stderr, stdin=subprocess.DEVNULL)
        found = find(program)
    if found is None:
        sys.exit(f"{program} is missing and the tests need it: install it (Debian: apt-get install {program}).")
    return found


def main() -> None:
    """Print where each program lies, one line each."""
    try:
        server = binaries()
    except NoPostgres as missing:
        sys.exit(str(missing))
    found = [f"{name}: {need(name)}" for name in ("nginx", "openssl", "strace")]
    print("\n".join([f"PostgreSQL: {server}", *found]))  # noqa: T201 - it is a command


if __name__ == "__main__":
    main()
