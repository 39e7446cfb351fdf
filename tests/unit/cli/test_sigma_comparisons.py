"""Imported rules match what Sigma says that they match. Source: Sigma Specification, "Rules" and "Modifiers"."""

import re
from collections.abc import Mapping
from itertools import count
from typing import Any

import pytest
import yaml

from cloudtrail_to_slack.testing import Ruleset
from support.command_line import cloudtrail_to_slack, write

_NAME = "requestParameters.name"


def event(value: Any, **more: Any) -> dict[str, Any]:
    """Return an event with this value of `requestParameters.name`; `...`: without any."""
    parameters = {} if value is ... else {"name": value}
    return {"eventName": "X", "eventSource": "iam.amazonaws.com", "requestParameters": parameters, **more}


def _agent(value: Any) -> dict[str, Any]:
    return event("x") if value is ... else event("x", userAgent=value)


def _identity(**fields: Any) -> dict[str, Any]:
    return event("x", userIdentity=fields)


# The detection, and values of the field, or whole events, that match and that do not.
_OF_NAME: list[tuple[str, list[Any], list[Any]]] = [
    (": Admin", ["Admin", "ADMIN"], ["Admin2", ..., None]),
    ("|cased: Admin", ["Admin"], ["admin"]),
    ("|cased|contains: dmi", ["Admin"], ["ADMIN"]),
    ("|contains: dmi", ["AdMIn"], ["adm in", ...]),
    ("|startswith: ad", ["Admin"], ["xad"]),
    ("|endswith: MIN", ["Admin"], ["minx"]),
    (": 'a*z?'", ["A--zB"], ["a--z", "a[z"]),
    (": 'a[*]?'", ["A[]b"], ["ab"]),
    (": 'a*b'", ["a\nb"], ["a"]),
    (r": 'a\*b'", ["a*B"], ["axb", r"a\*b"]),
    (r": 'a\?'", ["a?"], ["ab", r"a\?"]),
    (r"|contains: '\*'", ["a*b"], ["ab"]),
    (r": 'C:\x'", [r"c:\X"], ["c:x"]),
    (": '*'", ["x", "", {"y": 1}], [..., None]),
    ("|contains: '*'", ["x"], [..., None]),
    (": '?*'", ["x"], ["", ..., None]),
    (": ''", [""], ["x", ..., None]),
    (": null", [None, ..., [], {}], ["x", "none", "None", "", ["x"], [None, "x"], {"y": "x"}, False, 0]),
    ("|contains: one", ["someone"], [None, ...]),
    ("|startswith: 'no'", ["None"], [None, ...]),
    (": none", ["None"], [None, ...]),
    (":\n    - none\n    - x", ["None", "X"], [None, ...]),
    (": 5", [5, "5", 5.0], [6, "55", None]),
    (": 0.5", [0.5, "0.5"], [5]),
    (": 123456789012345", [123456789012345], [123456789012346]),
    (": '5'", [5, "5"], [6]),
    (": true", [True, "true", "True"], [False, "x", ...]),
    (": 'false'", [False, "False", ["x", False]], [True, "", None, ...]),
    (": '0'", [0, "0"], [1, None, ...]),
    ("|gte: 5", [5, 7.5], [4, "9", ...]),
    ("|gt: 0", [6], [0, True]),
    ("|lt: 5", [4], [5, ...]),
    ("|lte: 5", [5], [6]),
    ("|neq: a", ["b", ...], ["A"]),
    ("|neq:\n    - a\n    - b", ["c"], ["A", "b"]),
    ("|re: '^a.+z$'", ["abz", ["x", "abz"]], ["Abz", "az", ...]),
    ("|re|i: '^a.+z$'", ["ABZ"], ["az"]),
    ("|re|s: 'a.z'", ["a\nz"], ["az"]),
    ("|re|m: '^z$'", ["a\nz"], ["az"]),
    ("|re|i|m|s: '^z.a$'", ["x\nZ\nA"], ["za"]),
    ("|re: '^(true|[0-9]+)$'", [True, 15, "15"], [False, None, "None"]),
    ("|re: '.*'", ["", "x"], [None, ...]),
    ("|cidr: 10.0.0.0/8", ["10.1.2.3", ["11.1.1.1", "10.1.1.1"]], ["11.1.2.3", "x", ..., ["11.1.1.1"]]),
    ("|cidr: 2001:db8::/32", ["2001:db8::1"], ["2001:db9::1"]),
    ("|exists: true", ["x", None, "", ["x"], {"y": "x"}], [..., []]),
    ("|exists: false", [...], ["x", None]),
    (
        "|fieldref: eventSource",
        ["iam.amazonaws.com", "IAM.amazonaws.com", ["x", "iam.amazonaws.com"]],
        ["x", ..., None],
    ),
    ("|fieldref|startswith: eventName", ["xy"], ["yx", ...]),
    ("|fieldref|endswith: eventName", ["yx"], ["xy"]),
    ("|fieldref|contains: eventName", ["axe"], ["a"]),
    ("|fieldref: requestParameters.name", ["x", 5], [..., None]),
    ("|fieldref: nothing", [], ["None", "x", None, ...]),
    (":\n    - a\n    - b", ["A", "b"], ["c"]),
    (":\n    - a\n    - 5\n    - null", ["A", 5, ..., None], ["c"]),
    ("|contains:\n    - a\n    - b", ["xA", ["c", "b"]], ["c", ...]),
    ("|contains|all:\n    - a\n    - b", ["xBa", ["a", "b"]], ["a", ["a"]]),
    ("|windash|contains: ' -x'", ["a /X", "a -x"], ["a x"]),
    ("|windash|contains|all:\n    - ' -x'\n    - ' -y'", ["a /X -y"], ["a /X", "a -y"]),
    ("|base64: key", ["a2V5"], ["key"]),
    ("|base64offset|contains: key", ["xxa2V5", "ZrZXk"], ["key"]),
    ("|contains: b", ["aBc", ["x", "ab"], {"y": "b"}, [{"y": ["b"]}]], [["x"], {"b": "y"}]),
    (".command|contains: x", [[{"command": ["a", "fox"]}, {}], {"command": "x"}], [["x"], "x", {"commands": "x"}]),
    (".a.b: x", [{"a": {"b": "X"}}, [{"a": [{"b": ["X"]}]}], {"a.b": "x"}], [{"a": "x"}, {"b": "x"}, {"aab": "x"}]),
    (".a: x", [{"a": {"line\nbreak": "x"}}], [{"a\nb": "x"}]),
]
_OF_EVENTS: list[tuple[str, list[Any], list[Any]]] = [
    (
        "requestParameters|contains|all:\n    - one\n    - two",
        [event("one two"), event({"a": "one", "b": ["two"]})],
        [event("one"), event(...)],
    ),
    ("requestParameters: null", [event(...), {"requestParameters": None}], [event("x")]),
    ("requestParameters|contains: x", [{"requestParameters": "axe"}], [{"requestParameters": None}]),
    ("eventSource: '*.amazonaws.com'\n  requestParameters.name: a", [event("a")], [event("b")]),
    ("eventName:\n    - DeleteTrail\n    - x", [event(1)], [event(1, eventName="Y")]),
    ("eventName: deletetrail", [event(1, eventName="DeleteTrail")], [event(1)]),
    ("eventName: DeleteDBCluster", [event(1, eventName="DeleteDbCluster")], []),
    ("eventName|cased: deletetrail", [], [event(1, eventName="DeleteTrail")]),
    ("eventName|startswith: delete", [event(1, eventName="DeleteTrail")], [event(1)]),
    ("eventName: 'delete?rail'", [event(1, eventName="DeleteTrail")], [event(1)]),
    ("eventSource: IAM.amazonaws.com", [event(1)], [event(1, eventSource="s3.amazonaws.com")]),
    ("userIdentity.type: root", [_identity(type="Root")], [_identity(type="IAMUser")]),
    ("eventType: awsapicall", [{"eventType": "AwsApiCall"}], [event(1)]),
    ("errorCode: accessdenied", [{"errorCode": "AccessDenied"}], [event(1)]),
    ("errorCode|exists: true", [{"errorCode": "x"}, {"errorCode": None}], [event(1)]),
    ("errorCode|exists: false", [event(1)], [{"errorCode": "x"}]),
    ("eventTime|startswith: 2026-01-02", [{"eventTime": "2026-01-02T03:04:05Z"}], [event(1)]),
    ("requestParameters.day: 2026-01-02", [{"requestParameters": {"day": "2026-01-02"}}], [event(1)]),
    ("errorCode: null", [event(1), {"errorCode": None}], [{"errorCode": "x"}]),
    ("readOnly: 'TRUE'", [{"readOnly": True}], [{"readOnly": False}, event(1)]),
    ("readOnly|re: '^true$'", [{"readOnly": True}], [{"readOnly": False}, event(1)]),
    ("recipientAccountId: 111122223333", [{"recipientAccountId": "111122223333"}], [event(1)]),
    ("userAgent: TruffleHog", [_agent("trufflehog")], [_agent("x"), _agent(...), _agent(None)]),
    ("userAgent|contains: non", [_agent("anon")], [_agent(...), _agent(None)]),
    ("userAgent|re: '^a'", [_agent("ab")], [_agent("ba"), _agent(...)]),
    ("sourceIPAddress|cidr:\n    - 10.0.0.0/8\n    - 192.0.2.0/24", [{"sourceIPAddress": "192.0.2.1"}], [event(1)]),
    ("userAgent|fieldref: eventName", [_agent("x")], [_agent("y"), _agent(...)]),
    ("userAgent|fieldref: requestParameters.name", [_agent("X")], [_agent("y"), _agent(...)]),
    ("userAgent|neq|fieldref: eventName", [_agent("y"), _agent(...)], [_agent("x")]),
    ("userIdentity|contains: bob", [_identity(userName="Bob")], [_identity(userName="eve"), event("bob")]),
    ("userIdentity|exists: true", [_identity(type="x")], [event(1)]),
    (
        "userIdentity.sessionContext|contains: bob",
        [_identity(sessionContext={"sessionIssuer": {"userName": "bob"}})],
        [_identity(userName="bob")],
    ),
    (
        "userIdentity.sessionContext.sessionIssuer.userName: bob",
        [_identity(sessionContext={"sessionIssuer": {"userName": "Bob"}})],
        [_identity(userName="bob")],
    ),
    ("resources.ARN|endswith: /x", [{"resources": [{"ARN": "a"}, {"ARN": "b/X"}]}], [{"resources": [{"ARN": "a"}]}]),
    ("tlsDetails.tlsVersion: tlsv1.2", [{"tlsDetails": {"tlsVersion": "TLSv1.2"}}], [event(1)]),
]
_WHOLE: list[tuple[str, list[Any], list[Any]]] = [
    ("- key\n- '*wo?d'", [event("a KEY"), event("some word")], [event("other")]),
    ("'|all':\n  - key\n  - word", [event("a KEY", userAgent="word")], [event("key")]),
    ("'|cased': Key", [event("aKeyb")], [event("key")]),
    ("'|re|i': 'k.y'", [event("KEY")], [event("ky")]),
    ("'|windash': ' -x'", [event("a /X b")], [event("a x")]),
    ("- non", [event("anon")], [event(None)]),
    ("- 517", [event(517), event("517")], [event(5170)]),
    (
        "- eventName: A\n- eventName: X\n  eventSource: iam.amazonaws.com",
        [event(1), {"eventName": "a"}],
        [{"eventName": "X"}],
    ),
]


def _detections() -> list[tuple[str, list[Any], list[Any]]]:
    of_name = [(f"{_NAME}{rest}", list(map(event, yes)), list(map(event, no))) for rest, yes, no in _OF_NAME]
    fields = [(f"  {detection}", yes, no) for detection, yes, no in (*of_name, *_OF_EVENTS)]
    return [*fields, *((f"  {detection}".replace("\n", "\n  "), yes, no) for detection, yes, no in _WHOLE)]


_DETECTIONS = _detections()


@pytest.fixture(scope="module")
def rules(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Ruleset]:
    """All detections as rules, imported at once, by detection."""
    folder = tmp_path_factory.mktemp("sigma")
    documents = [
        f"title: Rule {number}\nlogsource: {{product: aws}}\ndetection:\n s:\n{detection}\n condition: s\n"
        for number, (detection, _, _) in zip(count(), _DETECTIONS, strict=False)
    ]
    source, output = write(folder, "all.yml", "---\n".join(documents)), folder / "out.yaml"
    ran = cloudtrail_to_slack("import-sigma", source, "--output", output)
    assert "left out:" not in ran.err, ran.err
    found = yaml.safe_load(output.read_text())["rules"]
    assert len(found) == len(_DETECTIONS)
    return {
        detection: Ruleset.from_file(write(folder, f"{number}.yaml", yaml.safe_dump({"rules": [rule]})))
        for number, rule, (detection, _, _) in zip(count(), found, _DETECTIONS, strict=False)
    }


@pytest.mark.parametrize(("detection", "yes", "no"), _DETECTIONS, ids=[re.sub(r"\s+", " ", d[0]) for d in _DETECTIONS])
def test_each_kind_of_comparison_means_the_same(
    rules: Mapping[str, Ruleset], detection: str, yes: list[Any], no: list[Any]
) -> None:
    """What Sigma matches is matched, and nothing else: letter case, missing fields and wildcards included."""
    found = [[bool(rules[detection].evaluate(each).rules) for each in events] for events in (yes, no)]
    assert found == [[True] * len(yes), [False] * len(no)]
