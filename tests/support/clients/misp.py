"""MISP's TAXII feature, by reading its source: browsing from PHP, pushing from Python over the real taxii2-client.

Sources: `app/Model/TaxiiServer.php` and `app/files/scripts/taxii/taxii_push.py` of MISP/MISP.
"""

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

from requests.auth import HTTPBasicAuth
from taxii2client.v21 import ApiRoot, Collection

from support.client_settings import Settings

from .wire import BUDGET, TAXII, Endless, Failed, Header, Wire


@dataclass(slots=True)
class Browser:
    """The pages on which a user looks at a collection: Basic in lower case, a Content-type with each GET."""

    settings: Settings
    wire: Wire
    received: list[str] = field(default_factory=list)

    def headers(self) -> list[Header]:
        """As CakePHP's HttpSocket sends them."""
        return [
            ("Connection", "close"),
            ("User-Agent", "CakePHP"),
            ("Accept", TAXII),
            ("Content-type", TAXII),
            ("Authorization", f"basic {self.settings['api_key']}"),
        ]

    def titles(self) -> list[str]:
        """The collections to choose from."""
        answer = self.wire.get(f"/{self.settings['api_root']}/collections/", self.headers())
        if answer.status != 200:
            raise Failed("Authentication failed." if answer.status in {401, 403} else "Something went wrong")
        return [each["title"] for each in answer.json["collections"]]

    def run(self) -> None:
        """Turn pages to the end, fifty objects each; the first is asked for with an empty `next`."""
        address = f"/{self.settings['api_root']}/collections/{self.settings['collection']}/objects/"
        token = ""
        for _ in range(BUDGET):
            answer = self.wire.get(f"{address}?{urlencode({'limit': 50, 'next': token})}", self.headers())
            if answer.status != 200 or not answer.json.get("objects"):
                raise Failed("No objects found in collection with the given query parameters.")
            self.received += [each["id"] for each in answer.json["objects"]]
            token = answer.json.get("next", "")
            if not token:
                return
        raise Endless("next for ever")


@dataclass(slots=True)
class Push:
    """The push: the API root is asked how much fits, envelopes are filled up to that, nobody waits for the status.

    `failures` is all that a user could learn of a refusal, in the log.
    """

    settings: Settings
    failures: int = 0
    envelopes: list[bytes] = field(default_factory=list)

    def run(self, objects: Sequence[bytes]) -> None:
        """Push these objects, each as serialised."""
        auth = HTTPBasicAuth(*base64.b64decode(self.settings["api_key"]).split(b":"))
        root = f"{self.settings['baseurl']}/{self.settings['api_root']}"
        with ApiRoot(root, auth=auth) as api_root:
            most = api_root.max_content_length
        with Collection(f"{root}/collections/{self.settings['collection']}", auth=auth) as collection:
            for envelope in cut(objects, most):
                self.envelopes.append(envelope)
                status = collection.add_objects(envelope, wait_for_completion=False)
                self.failures += status.failure_count


def cut(objects: Sequence[bytes], most: int) -> Iterator[bytes]:
    """Envelopes of at most so many bytes; an object that fits into none is left out."""
    start, end = b'{"objects":[', b"]}"
    waiting: list[bytes] = []
    for each in objects:
        size = len(start) + sum(len(one) + 1 for one in (*waiting, each)) - 1 + len(end)
        if size > most and waiting:
            yield start + b",".join(waiting) + end
            waiting = []
        if len(start) + len(each) + len(end) <= most:
            waiting.append(each)
    if waiting:
        yield start + b",".join(waiting) + end
