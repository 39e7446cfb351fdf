"""Items planted in the state table that the function itself would not have written. Pure."""

import hashlib
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from cloudtrail_to_slack.alerts.alert import make_alert
from cloudtrail_to_slack.events.event import read_event
from cloudtrail_to_slack.notices.store import Subject
from cloudtrail_to_slack.rules import Rule
from simulation.events import SimulatedEvent

_CHANCE = 0.06
_FAR = {"N": "99999999999"}
_FORMS = ("lease", "delivered", "text", "no number", "endless", "thread", "odd thread", "quiet")


@dataclass(frozen=True)
class PlantedItem:
    """An item in the way of an alert to a kind of destination, of some form."""

    form: str
    kind: str
    event: SimulatedEvent

    def item(self, address: str, alert_key: str, rules: tuple[Rule, ...]) -> dict[str, Any]:
        """Return the item; `address` is where the alert goes."""
        place = hashlib.sha256(address.encode()).hexdigest()[:32]
        owner = {"owner": {"S": "someone"}}
        if self.form.endswith("thread"):
            fingerprint = make_alert(read_event(self.event.record), rules, None).fingerprint
            odd = {"ts": {"N": "5"}, "opening": {"BOOL": True}, "expires_at": {"S": "later"}}
            thread = {"ts": {"S": "99.000001"}, "opening": {"S": '["text", []]'}, "alerts": {"N": "1"}}
            fields = odd if self.form == "odd thread" else {**thread, "severity": {"N": "5"}, "expires_at": _FAR}
            return {"pk": {"S": f"thread#{address}#{fingerprint}"}, **owner, **fields}
        if self.form == "quiet":
            far = int(_FAR["N"])
            subject = Subject(failed_attempts=9, quiet_until=far, lease_until=far, owner="someone")
            fields = {"subject": {"S": subject.dumped()}}
            return {"pk": {"S": f"notice#own-role#{self.kind}#{place}#work"}, **owner, **fields}
        item = {"pk": {"S": f"alert#{self.kind}#{place}#{alert_key}"}, **owner, "expires_at": _FAR}
        variants: dict[str, Any] = {
            "delivered": {"completed": {"BOOL": True}},
            "text": {"completed": {"S": "true"}, "expires_at": {"S": "99999999999"}},
            "no number": {"completed": {"BOOL": True}, "expires_at": {"BOOL": True}},
            "endless": {"completed": {"BOOL": True}, "expires_at": {"N": "1e90"}},
        }
        return {**item, **variants.get(self.form, {})}


def draw_planted_items(
    chance: random.Random, pool: Sequence[SimulatedEvent], kinds: Sequence[str]
) -> list[PlantedItem]:
    """Draw planted items for some of the events."""
    alerts = [event for event in pool if event.outcome == "matched"]
    if not alerts or chance.random() >= _CHANCE:
        return []
    return [
        PlantedItem(chance.choice(_FORMS), chance.choice(list(kinds)), event)
        for event in chance.sample(alerts, chance.randint(1, len(alerts)))
    ]


# Returns the key of an alert's item, and the rules that match.
KeyAndRules = Callable[[SimulatedEvent], tuple[str, tuple[Rule, ...]]]


def planted_items(
    planted: Sequence[PlantedItem], address: Callable[[str, str], str], key_and_rules: KeyAndRules
) -> list[dict[str, Any]]:
    """Return the items, of which `address` gives the place by kind of destination and account."""
    return [each.item(address(each.kind, each.event.account), *key_and_rules(each.event)) for each in planted]
