"""`cirt whoami`: who am I at which hub, with which key, in which groups?"""

from hub.cirt import show
from hub.cirt.run import Run, command


@command("whoami")
def whoami(run: Run) -> None:
    """Show your member, keys and groups as the hub has them."""
    profile = run.profile()
    with run.link(profile) as link:
        me = link.me()
    if run.json:
        show.answer_json({"hub": profile.hub, **me})
        return
    show.answer(f"{profile.name} ({profile.alias}), {profile.member}, at {profile.hub}")
    show.answer(f"receipt key of the hub, pinned: {profile.receipt_key.fingerprint}")
    keys = [(each.get("state"), each.get("fingerprint"), each.get("kid")) for each in me.get("keys", ())]
    show.table(("key", "fingerprint", "kid"), keys)
    groups = [
        (each.get("alias"), _role(each), each.get("last_poll") or "never", each.get("behind"))
        for each in me.get("agreements", ())
    ]
    show.table(("group", "role", "last poll", "behind"), groups)


def _role(agreement: dict[str, object]) -> str:
    versions = agreement.get("versions")
    if not isinstance(versions, list):
        return ""
    current = [each for each in versions if isinstance(each, dict) and each.get("digest") == agreement.get("agreement")]
    return str(current[0].get("role")) if current else "not in force"
