"""What does the request ask for, and in which form? Query parameters and media types, as they came."""

from functools import lru_cache
from typing import Final
from urllib.parse import parse_qsl

from feeds.accept import MEDIA_TYPE, acceptable, check_content_type, media_ranges
from feeds.errors import BadQuery, WrongContentType
from feeds.taxii_query import Query, parse_query

from .answers import Environ

#: Longest `Accept` that is worth remembering, characters.
SHORT: Final = 200
TAXII_TYPE: Final = "application/taxii+json"
MOST_PARAMETERS: Final = 100
NOTHING_ASKED: Final = Query()


def check_accept(environ: Environ) -> None:
    """See that TAXII 2.1 may be answered; absent and `*/*` are served. Raises `NotAcceptable`."""
    header = environ.get("HTTP_ACCEPT")
    if header is None or header == MEDIA_TYPE:
        return
    if len(header) <= SHORT:
        _acceptable(header)
    else:
        acceptable(header)


_acceptable = lru_cache(maxsize=256)(acceptable)


def check_taxii_body(environ: Environ) -> None:
    """See that the body says it is TAXII 2.1. Raises `WrongContentType`."""
    check_content_type(environ.get("CONTENT_TYPE") or None)


def check_body(environ: Environ, *types: str) -> None:
    """See that the body says it is of one of these types. Raises `WrongContentType`."""
    ranges = list(media_ranges(environ.get("CONTENT_TYPE", "")))
    if len(ranges) != 1 or f"{ranges[0].kind}/{ranges[0].subtype}" not in types or not ranges[0].is_utf8():
        raise WrongContentType(f"Send the body with `Content-Type: {types[0]}`.")


def pairs(environ: Environ) -> list[tuple[str, str]]:
    """The query parameters, decoded, every one, in order. Raises `BadQuery`."""
    text = environ.get("QUERY_STRING", "")
    try:
        if not text.isascii():
            text = text.encode("latin-1").decode(errors="replace")  # PEP 3333: bytes come as Latin-1
        return parse_qsl(text, keep_blank_values=True, errors="replace", max_num_fields=MOST_PARAMETERS)
    except ValueError as error:
        raise BadQuery(f"The query has more than {MOST_PARAMETERS} parameters, or is no text.") from error


def query_of(environ: Environ, allowed: frozenset[str]) -> Query:
    """The TAXII query of the request (TAXII 2.1 §3.4). Raises `BadQuery`."""
    return parse_query(pairs(environ), allowed) if environ.get("QUERY_STRING") else NOTHING_ASKED
