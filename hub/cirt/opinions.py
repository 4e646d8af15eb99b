"""Would those who read with the library stix2 take it? Asked in a rehearsal only: an object takes about a millisecond.

What the library refuses may be good STIX all the same, nanoseconds for instance; so it is told, and stops nothing.
"""

from collections.abc import Iterator, Sequence

from feeds.stix import second_opinion

from . import show
from .checking import Checked
from .faults import Failure

REFUSED = "stix2-refuses"


def opinions(objects: Sequence[Checked]) -> Iterator[Failure]:
    """What the library finds wrong with the objects as they would be published."""
    with show.progress("asking stix2", len(objects)) as steps:
        for each in steps.over(objects):
            for sentence in second_opinion(each.item.value):
                yield Failure(REFUSED, sentence, each.read.id, each.read.version, places=(each.place,))
