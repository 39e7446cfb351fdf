"""Items that someone planted in the state table, which the function itself would not have written. Pure."""

import hashlib
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from cloudtrail_to_slack.alerts.alert import make_alert
from cloudtrail_to_slack.events.event import read_event
from cloudtrail_to_slack.rules import Rule
from simulation.happenings import Happening

_CHANCE = 0.06
_FAR = {"N": "99999999999"}
_FORMS = ("lease", "delivered", "text", "no number", "endless", "thread", "odd thread", "quiet")


@dataclass(frozen=True)
class Planted:
    """An item in the way of an alert to a kind of destination, of some form."""

    form: str
    kind: str
    happening: Happening

    def item(self, address: str, alert_key: str, rules: tuple[Rule, ...]) -> dict[str, Any]:
        """Return the item; `address` is where the alert goes."""
        place = hashlib.sha256(address.encode()).hexdigest()[:32]
        owner = {"owner": {"S": "someone"}}
        if self.form.endswith("thread"):
            fingerprint = make_alert(read_event(self.happening.record), rules, None).fingerprint
            odd = {"ts": {"N": "5"}, "opening": {"BOOL": True}, "expires_at": {"S": "later"}}
            thread = {"ts": {"S": "99.000001"}, "opening": {"S": '["text", []]'}, "alerts": {"N": "1"}}
            fields = odd if self.form == "odd thread" else {**thread, "severity": {"N": "5"}, "expires_at": _FAR}
            return {"pk": {"S": f"thread#{address}#{fingerprint}"}, **owner, **fields}
        if self.form == "quiet":
            fields = {"quiet_until": _FAR, "lease_until": _FAR, "failed_attempts": {"S": "many"}}
            return {"pk": {"S": f"notice#own-role#{self.kind}#{place}#work"}, **owner, **fields}
        item = {"pk": {"S": f"alert#{self.kind}#{place}#{alert_key}"}, **owner, "expires_at": _FAR}
        told: dict[str, Any] = {
            "delivered": {"completed": {"BOOL": True}},
            "text": {"completed": {"S": "true"}, "expires_at": {"S": "99999999999"}},
            "no number": {"completed": {"BOOL": True}, "expires_at": {"BOOL": True}},
            "endless": {"completed": {"BOOL": True}, "expires_at": {"N": "1e90"}},
        }
        return {**item, **told.get(self.form, {})}


def some_planted(chance: random.Random, pool: Sequence[Happening], kinds: Sequence[str]) -> list[Planted]:
    """Draw items in the way of some of what happened."""
    alerts = [happening for happening in pool if happening.outcome == "matched"]
    if not alerts or chance.random() >= _CHANCE:
        return []
    return [
        Planted(chance.choice(_FORMS), chance.choice(list(kinds)), happening)
        for happening in chance.sample(alerts, chance.randint(1, len(alerts)))
    ]


# Returns the key of an alert's item, and the rules that match.
Judged = Callable[[Happening], tuple[str, tuple[Rule, ...]]]


def planted_items(
    planted: Sequence[Planted], address: Callable[[str, str], str], judged: Judged
) -> list[dict[str, Any]]:
    """Return the items, of which `address` gives the place by kind of destination and account."""
    return [each.item(address(each.kind, each.happening.account), *judged(each.happening)) for each in planted]
