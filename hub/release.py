"""Which release is this? What both commands and the small API say of themselves."""

from importlib import metadata
from typing import Final


def _installed() -> str:
    try:
        return metadata.version("cirt-hub")
    except metadata.PackageNotFoundError:
        return "0+source"


#: The version that was installed; `0+source` where nothing was and the program runs from its source.
VERSION: Final = _installed()
