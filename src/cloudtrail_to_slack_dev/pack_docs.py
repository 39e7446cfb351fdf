"""docs/detections.md, written from the packs: what each rule means, and what to do when it alerts."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from cloudtrail_to_slack.rules.model import Threshold
from cloudtrail_to_slack_dev.considered import considered
from cloudtrail_to_slack_dev.pack_files import PACKS, own_rules, read_packs

_HEAD = """\
# Detections

The built-in rules, grouped in packs: what each rule means, and what to do when it alerts. `detection_packs =
["recommended"]` enables a pack; a rule that is in several packs is evaluated only once.

To adapt the rules:

- `disabled_rules` switches off single rules, by id.
- `rule_severities` gives a rule another severity: `{ "persistence/mfa-deactivated" = "critical" }`.
- `rule_exceptions` narrows one rule and leaves the others as they are: see [exceptions to one
  rule](rules.md#exceptions-to-one-rule).

A rule with a [threshold](rules.md#thresholds) alerts at most once per time window, when it has matched the stated
number of times. Unless a rule is about failures, it does not match calls that failed (`errorCode`) or were dry runs.
Rules leave out calls that AWS services make by themselves or for their users (`invokedBy`, service-linked roles) where
these are routine. No rule leaves out an event because of its user agent or of names that the caller can choose.

Calls by Terraform and other tools count, because anyone can send their user agent. Sign-ins through IAM Identity Center
or a SAML provider do not count as sign-ins without MFA in `recommended`, because MFA is the provider's task there.
Browsing the console through a role does not count as discovery (`sessionCredentialFromConsole`, which no caller can
set).

Each rule has:

- its title, in which an alert shows the event's own values, and its severity and ATT&CK techniques;
- *benign causes*: what else makes such calls. If yours do so regularly, add an exception for their role or user;
- the kinds of calls that are *also counted* or *not counted*. This is measured: the rule's matching test events are
  changed into such calls and evaluated again. "Calls through CloudFormation" stands for calls that a service makes for
  a user, "AWS services" for those that it makes by itself, and "SSO sessions" for calls by Identity Center users.
  A kind is counted even if only some of these calls are;
- three first steps. The *principal* is the user or role that made the call, and its *owner* is the person or team that
  is responsible for it.

What some steps mean:

- *Disable credentials*: deactivate an IAM user's access keys and delete its console password, or revoke a role's
  sessions.
- *Revoke sessions*: attach a policy to the role that denies everything if `aws:TokenIssueTime` is earlier than now. The
  IAM console does this with *Revoke active sessions*. Applications that use the role get new credentials. Roles of
  IAM Identity Center cannot be edited: deny the user in a service control policy, and end the user's sessions in
  Identity Center.
- *Isolate an instance*: give it a security group without rules and take it out of its Auto Scaling group, but leave it
  running, because its memory is evidence.

Techniques are those of ATT&CK 19. There, "Disable or Modify Cloud Logs" is no longer T1562.008 but T1685.002, "Disable
or Modify Tools" is T1685, and "Cloud Firewall" is T1686.001.

The default rules apply with or without packs, unless `use_default_rules = false`. `recommended` contains those default
rules that rarely raise false alarms, and narrower rules for denied calls and sign-ins without MFA. To use only
`recommended`:

```hcl
use_default_rules = false
detection_packs   = ["recommended"]
```
"""
_CALLER = ("userIdentity.accountId", "userIdentity.sessionContext.sessionIssuer.arn", "userIdentity.userName")
_MOST_FIELDS = 4
_PRODUCTION = "boogy_parser"  # a log of the corpus that is like one of production
_SCORES = """\
The last column is measured on the anonymized log of a production account with 1,686 events
([CloudTrail-Log-Parser](https://github.com/boogy/CloudTrail-Log-Parser)). `recommended` raises one alert there, by
`privilege-escalation/user-added-to-admin-group`: someone used a long-lived key to add a user to a group named Admin.
`make scorecard` counts rules, techniques and alerts again, and fails if a figure is worse than in
`packs/scorecard.json`.

This page is generated from `packs/*.yaml` by `python -m cloudtrail_to_slack_dev.generate`.
"""


def detections_page() -> str:
    """Return the page."""
    packs = read_packs()
    scores = json.loads((PACKS / "scorecard.json").read_text())
    lines = [_HEAD, *_table(scores), *(line for name in packs for line in _pack(packs, name))]
    return "\n".join(lines).rstrip() + "\n"


def _table(scores: Mapping[str, dict[str, Any]]) -> Iterator[str]:
    yield "## Packs\n"
    yield _SCORES
    yield "| pack | rules | ATT&CK techniques | alerts per 1,000 events |"
    yield "| --- | ---: | ---: | ---: |"
    for name, score in scores.items():
        rate = score["alerts_per_1000"][_PRODUCTION]
        yield f"| [`{name}`](#{name}) | {score['rules']} | {score['techniques']} | {rate} |"
    yield ""


def _pack(packs: Mapping[str, dict[str, Any]], name: str) -> Iterator[str]:
    pack = packs[name]
    yield f"## {name}\n"
    included = pack.get("include") or []
    if included and pack.get("rules"):
        yield f"Also in this pack, from others: {', '.join(f'`{rule_id}`' for rule_id in included)}.\n"
    elif included:
        yield "| rule | severity | alerts when |"
        yield "| --- | --- | --- |"
        rules = own_rules(packs)
        for rule_id in included:
            rule = rules[rule_id]
            yield f"| `{rule_id}` | {rule['severity']} | {_plain(rule['title'])}{_window(rule)} |"
        yield ""
    for rule in pack.get("rules") or []:
        yield from _rule(rule)


def _rule(rule: Mapping[str, Any]) -> Iterator[str]:
    yield f"### `{rule['id']}`\n"
    techniques = ", ".join(f"[{each}]({_technique(each)})" for each in rule["mitre"])
    facts = " · ".join(filter(None, [f"**{rule['severity']}**", _plain(rule["title"]) + _window(rule), techniques]))
    yield f"{facts}\n"
    yield f"{rule['description']}\n"
    yield f"*Benign causes:* {' '.join(rule['false_positives'])}\n"
    counted, left_out = (", ".join(kinds) or "none" for kinds in considered(rule))
    yield f"*Also counted:* {counted}. *Not counted:* {left_out}.\n"
    yield from (f"{number}. {step}" for number, step in enumerate(rule["first_steps"], 1))
    links = ", ".join(f"<{address}>" for address in rule["references"])
    yield f"\nSee {links}.\n"


def _window(rule: Mapping[str, Any]) -> str:
    given = rule.get("threshold")
    if given is None:
        return ""
    by = given.get("by") or []
    by = (by,) if isinstance(by, str) else tuple(by)
    threshold = Threshold(**{**given, "by": by})
    fields = list(_fields(by))
    listed = " and ".join(filter(None, (", ".join(fields[:-1]), *fields[-1:])))
    if threshold.count == 1:
        return f" (at most one alert in {threshold.window}" + (f" for each {listed})" if listed else ")")
    counted = threshold.counted.replace(threshold.distinct or "\0", f"`{threshold.distinct}`")
    return f" ({counted} in {threshold.window}" + (f", for each {listed})" if listed else ")")


def _fields(by: tuple[str, ...]) -> Iterator[str]:
    """Yield the fields that a threshold counts by, in words where they are many."""
    one_caller = set(_CALLER) <= set(by)
    if one_caller:
        yield "user or role"
    others = [each for each in by if not (one_caller and each in _CALLER)]
    if len(others) > _MOST_FIELDS:
        yield f"combination of {len(others)} fields"
        return
    yield from (f"`{each}`" for each in others)


def _technique(technique: str) -> str:
    return f"https://attack.mitre.org/techniques/{technique.replace('.', '/')}/"


def _plain(title: str) -> str:
    """Return a title with the fields that are filled in as code; of several for one place, the first."""
    return re.sub(r"\{([^ }]+)[^}]*\}", r"`\1`", title)
