"""What does the stix2 library say? A second opinion on a copy, for authors; the one typed wrapper of stix2.

Its answer never decides: the library raises TypeError, AttributeError or RecursionError on bad input, accepts what the
standard refuses, and rewrites what it reads. Nothing it returns is ever published.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import stix2

from feeds.errors import clipped

_WHO = "the library stix2, with which many receivers read,"


def second_opinion(value: Mapping[str, Any]) -> list[str]:
    """What stix2 finds wrong with a copy of the object, as sentences; nothing found is an empty list."""
    try:
        stix2.parse(deepcopy(dict(value)), allow_custom=True, version="2.1")
    except RecursionError:
        return [
            f"{_WHO} gives up on it: it, or its pattern, is nested too deep or too long. Make it shorter if you can."
        ]
    except Exception as error:  # noqa: BLE001 - the library raises TypeError, AttributeError and more on bad content
        return [clipped(f"{_WHO} refuses it ({type(error).__name__}): {error}")]
    return []
