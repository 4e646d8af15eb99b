"""Is a body of another type, charset or coding refused unread, at every door that takes one? T-51."""

import gzip
import zlib

import pytest
import requests
import zstandard

from support.served import Serving
from support.stage import Stage, told
from support.world import TAXII

TYPES = {"publish": TAXII, "dry run": TAXII, "accept": "application/jose", "join": "application/json"}
WRONG = (
    "multipart/form-data; boundary=x",
    "multipart/form-data",
    "text/plain",
    "text/plain; charset=utf-8",
    "application/x-www-form-urlencoded",
    "application/octet-stream",
    "",
    "{type};charset=utf-16",
    "{type};charset=iso-8859-1",
    '{type}; Charset="UTF-7"',
    "{type};charset=utf-8;charset=utf-16",
    "{type}, {type}",
)
ZEROS = bytes(50 * 1024 * 1024)


def place(stage: Stage, door: str) -> str:
    """The address of a door that takes a body."""
    return {
        "publish": stage.objects(),
        "dry run": f"/api/v1/dry-run/{stage.first.id}",
        "accept": f"/api/v1/agreements/{stage.first.id}/acceptances",
        "join": "/api/v1/join",
    }[door]


@pytest.mark.parametrize("door", TYPES)
@pytest.mark.parametrize("wrong", WRONG)
def test_t51_another_type_or_charset_is_415(stage: Stage, door: str, wrong: str) -> None:
    """RFC 8259 §8.1. Red if a form, a text or a charset that JSON has not is read as if it were right."""
    answer = stage.post(place(stage, door), b'{"objects":[]}', content_type=wrong.format(type=TYPES[door]))
    assert (answer.status_code, told(answer)["http_status"]) == (415, "415")


@pytest.mark.parametrize("door", TYPES)
@pytest.mark.parametrize("spelling", ["{type};charset=utf-8", '{type}; charset="UTF-8"', "{type};Charset=utf8"])
def test_t51_utf8_may_be_said(stage: Stage, door: str, spelling: str) -> None:
    """Row 35. Red if the one charset there is refuses a body."""
    answer = stage.post(place(stage, door), b"{", content_type=spelling.format(type=TYPES[door]))
    assert answer.status_code in {400, 422}


@pytest.mark.parametrize("door", TYPES)
@pytest.mark.parametrize("coding", ["gzip", "zstd", "deflate", "br", "gzip, identity", "x"])
def test_t51_a_coded_body_is_415_at_every_door(stage: Stage, door: str, coding: str) -> None:
    """Red if one of the doors forgets `check_encoding`, and reads what was not sent."""
    headers = {"Content-Type": TYPES[door], "Content-Encoding": coding}
    answer = stage.call(place(stage, door), "alpha", "POST", data=gzip.compress(b"{}"), headers=headers)
    assert (answer.status_code, told(answer)["error_code"]) == (415, "encoded-body")


@pytest.mark.parametrize("coding", ["gzip", "deflate", "zstd"])
def test_t51_fifty_megabytes_of_zeros_stay_packed(served: Serving, coding: str) -> None:
    """Red if something between the wire and the door unpacks a body: it is then a 400, a 413, or the worker's end."""
    a, _, agreement = served.pair()
    packed = {
        "gzip": gzip.compress(ZEROS, 9),
        "deflate": zlib.compress(ZEROS, 9),
        "zstd": zstandard.ZstdCompressor().compress(ZEROS),
    }[coding]
    assert len(packed) < 100_000
    headers = {**a.headers, "Content-Type": TAXII, "Content-Encoding": coding}
    answer = requests.post(
        f"{served.url}/live/collections/{agreement.id}/objects/", packed, headers=headers, timeout=30
    )
    assert (answer.status_code, answer.json()["error_code"]) == (415, "encoded-body")
    assert requests.get(f"{served.url}/live/", headers=a.headers, timeout=30).status_code == 200
