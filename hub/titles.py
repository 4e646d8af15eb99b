"""Is a title another agreement's already? Some clients choose a collection by its title, and by nothing else."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from feeds.resources import PROOFS_TITLE
from policies.group import Group, titles


@dataclass(frozen=True, slots=True)
class Namesake:
    """Another agreement, and its title that a client, or a reader, would take for the one asked about."""

    alias: str
    title: str


def namesake(groups: Iterable[Group], own: str, title: str, at: int) -> Namesake | None:
    """The agreement besides `own` (id) of which a collection bears this title, or may yet come to bear it.

    A group has two collections, and so two titles. Case, width and blanks make no difference that people would see.
    """
    wanted = _of_both(title)
    for group in groups:
        for other in sorted(titles(group, at)) if group.id != own else ():
            if wanted & _of_both(other):
                return Namesake(group.alias, other)
    return None


def _of_both(title: str) -> set[str]:
    both = (title, title + PROOFS_TITLE)
    return {" ".join(unicodedata.normalize("NFKC", each).casefold().split()) for each in both}
