"""A second server over each served hub, with small limits, so that clients meet them."""

from collections.abc import Iterator

import pytest

from support.served import Serving

SMALL_BODY = 2 << 20


@pytest.fixture(scope="session")
def small(served: Serving) -> Iterator[str]:
    """Give the address of a server over the same database: five objects a page, 2 MiB a body."""
    with served.start(page_objects="5", max_content_length=str(SMALL_BODY)) as server:
        yield server.url
