"""OpenTAXII as a WSGI application; run by its own environment's Python, with the settings that OPENTAXII_CONFIG names.

The release 0.9.3 answers 500 wherever an id is told, since it hands UUIDs to Python's JSON writer (its issue 243,
mended after the release). With PEER_MENDED=1 that one mend is made here, so that the rest of the server can be seen.
"""

import json
import os
import uuid
from typing import Any

from opentaxii.http import app

__all__ = ["app"]

_plain = json.JSONEncoder.default


def _uuids_as_text(encoder: json.JSONEncoder, value: Any) -> Any:
    return str(value) if isinstance(value, uuid.UUID) else _plain(encoder, value)


if os.environ.get("PEER_MENDED") == "1":
    json.JSONEncoder.default = _uuids_as_text  # type: ignore[assignment, method-assign]
