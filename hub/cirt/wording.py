"""What do the terms say? An agreement in sentences, so that whoever accepts it has read it."""

from keys.instants import format_ms
from policies.agreement import Agreement
from policies.terms import Choice, Duty, History, Onward, PermittedActions

_ACTIONS = {
    PermittedActions.NONE: "nothing may be done with what is received",
    PermittedActions.CONTACT: "ask the publisher before doing anything with what is received",
    PermittedActions.INTERNAL: "act on it only where nobody outside can notice",
    PermittedActions.INDIRECT: "act on it also where others may notice indirectly, as by blocking",
    PermittedActions.DIRECT: "act on it also where others will notice directly",
}
_ONWARD = {
    Onward.NONE: "nothing may be passed on but TLP:CLEAR",
    Onward.COMMUNITY: "up to TLP:GREEN may be passed on within the community",
    Onward.CLIENTS: "up to TLP:AMBER may be passed on to your clients",
}
_ATTRIBUTION = {Duty.MAY: "may be named", Duty.MUST: "must be named", Duty.MUST_NOT: "must not be named"}


def in_words(agreement: Agreement) -> list[str]:
    """The terms, a sentence each."""
    terms, validity = agreement.terms, agreement.validity
    types = "of any type" if terms.object_types == ("any",) else f"of these types: {', '.join(terms.object_types)}"
    unmarked = "are refused" if terms.unmarked is Choice.REFUSE else f"count as TLP:{terms.ceiling.text.upper()}"
    personal = "is refused" if terms.personal_data is Choice.REFUSE else "is allowed"
    history = "sees what was published before" if terms.history is History.ALL else "sees only what comes afterwards"
    affected = "may" if terms.affected_party_notifications is Duty.MAY else "must not"
    return [
        *agreement.purpose.strip().splitlines(),
        f"It is {agreement.form}; {'binding' if agreement.binding else 'voluntary: leave it at any time'}.",
        f"{agreement.operator} runs the hub and can read what it holds.",
        f"It holds from {format_ms(validity.from_)} until {format_ms(validity.until)}.",
        f"It is reviewed by {format_ms(validity.review_by)}; notice is {validity.notice_days} days.",
        f"Objects {types} are shared, up to TLP:{terms.ceiling.text.upper()}; unmarked ones {unmarked}.",
        f"Personal data {personal}. Subjects: {', '.join(terms.subjects)}.",
        f"Use: {_ACTIONS[terms.permitted_actions]}; {_ONWARD[terms.onward]}.",
        f"The publisher {_ATTRIBUTION[terms.attribution]}; affected parties {affected} be notified.",
        f"What is received is kept for {terms.retention_days} days at most (not yet enforced by the hub).",
        f"Who joins later {history}.",
        f"Serious incidents are acknowledged within {terms.acknowledge_hours} hours.",
        *(
            f"Party {party.member}: {party.role}, receives up to TLP:{party.clearance.text.upper()}"
            + (", passes things on" if party.redistributes else "")
            + f" ({party.contact})"
            for party in agreement.parties
        ),
    ]
