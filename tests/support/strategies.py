"""Hypothesis strategies of what strangers may write: texts, keys, records and rules.

They are kept once made: making one takes longer than drawing from it.
"""

from functools import cache
from typing import Any

from hypothesis import strategies as st

from cloudtrail_to_slack.rules import Rule, Severity
from cloudtrail_to_slack.rules.model import TECHNIQUE_PATTERN

# What would ping, link, format or disguise if it were not made harmless.
HOSTILE_FRAGMENTS = (
    "<!channel>", "<!here>", "<!everyone>", "<!channel|x>", "<@U0ATTACK>", "<#C0ATTACK>", "<!subteam^S0ATTACK>",
    "<!date^0^now|then>", "<https://evil.example|Click here>", "<http://evil.example>", "<mailto:a@evil.example|a>",
    "https://evil.example/", "<", ">", "&", "&amp;", "&lt;!channel&gt;", "&#60;", "|", "`", "``", "```", "````",
    "\u02cb", "*bold*", "_it_", "~no~", "> quote", ":tada:", '"', "\\", "'", "\n", "\r\n", "\r", "\t", " ", "  ",
    "\x00", "\x07", "\x1b[31m", "\x7f", "\x85", "\u200b", "\u200f", "\u202e", "\u2066", "\u2028", "\u2029", "\ufeff",
    "\U000e0041", "\U000f0000", "\ufffd", "\uffff", "\U0001f600", "\U0001f468\u200d\U0001f469", "e\u0301", "ß", "字",
    "٣", "１", "null", "true", "0", "%", "%s", "{}", "{0.__class__}", "..", "/", ":", "AccessDenied", "ConsoleLogin",
)  # fmt: skip

KEYS = (
    "type", "arn", "name", "items", "0", "a.b", "graph.facebook.com", "resource.resourceType", "", ".", "ARN",
    "bucketName", "userName", "key", "policyDocument", "MFAUsed", "ConsoleLogin", "functionName", "<!channel>", "`",
)  # fmt: skip

_UNICODE = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@cache
def hostile_text(longest: int = 6000) -> st.SearchStrategy[str]:
    """Texts of fragments that mean something to Slack, of any Unicode between them, now and then very long."""
    piece = st.one_of(st.sampled_from(HOSTILE_FRAGMENTS), _UNICODE)
    short = st.lists(piece, max_size=6).map("".join)
    repeated = st.tuples(piece, st.sampled_from((40, 119, 120, 121, 200, 700, 3000, longest)))
    long = repeated.map(lambda parts: (parts[0] * parts[1])[:longest])
    mixed = st.tuples(short, long, short).map("".join)
    return st.one_of(short, short, long, mixed)


@cache
def hostile_key() -> st.SearchStrategy[str]:
    """Keys of objects: known ones, dotted ones, empty ones, markup."""
    return st.one_of(st.sampled_from(KEYS), st.sampled_from(HOSTILE_FRAGMENTS), hostile_text(60))


@cache
def json_scalars() -> st.SearchStrategy[Any]:
    """Everything that is neither object nor list, numbers within what JSON has."""
    numbers = st.one_of(st.integers(-(10**20), 10**20), st.floats(allow_nan=False, allow_infinity=False))
    return st.one_of(st.none(), st.booleans(), numbers, st.just("null"), hostile_text(300))


@cache
def json_values(max_leaves: int = 12) -> st.SearchStrategy[Any]:
    """Any JSON: lists in lists, empty objects, dotted keys."""
    return st.recursive(
        json_scalars(),
        lambda inner: st.one_of(
            st.lists(inner, max_size=4), st.dictionaries(hostile_key(), inner, max_size=4), st.just({}), st.just([])
        ),
        max_leaves=max_leaves,
    )


@cache
def json_objects(max_leaves: int = 12) -> st.SearchStrategy[dict[str, Any]]:
    """Any JSON object."""
    return st.dictionaries(hostile_key(), json_values(max_leaves), max_size=5)


def _or_anything(likely: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(likely, likely, likely, hostile_text(), json_values(4))


def _object_with(**optional: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    parts: dict[str, st.SearchStrategy[Any]] = {key: _or_anything(value) for key, value in optional.items()}
    return st.fixed_dictionaries({}, optional=parts)


@cache
def _arns() -> st.SearchStrategy[str]:
    role = st.one_of(st.sampled_from(("web", "AWSReservedSSO_Admin_0123456789abcdef", "")), hostile_text(200))
    assumed = st.tuples(role, hostile_text(300)).map(
        lambda parts: f"arn:aws:sts::111122223333:assumed-role/{parts[0]}/{parts[1]}"
    )
    return st.one_of(assumed, st.just(""), st.just("arn:aws:iam::111122223333:root"), hostile_text(300))


@cache
def identities() -> st.SearchStrategy[Any]:
    """`userIdentity` as seen in the wild and worse."""
    types = ("Root", "IAMUser", "AssumedRole", "AWSService", "AWSAccount", "IdentityCenterUser", "SAMLUser", "Unknown")
    issuer = _object_with(userName=hostile_text(200), arn=_arns())
    return _object_with(
        type=st.sampled_from(types),
        arn=_arns(),
        principalId=st.one_of(st.just("AROAEXAMPLE:session"), hostile_text(200)),
        accountId=st.sampled_from(("111122223333", "444455556666", "ANONYMOUS_PRINCIPAL", "")),
        userName=hostile_text(200),
        invokedBy=hostile_text(200),
        identityProvider=hostile_text(200),
        sessionContext=_object_with(sessionIssuer=issuer),
        onBehalfOf=_object_with(userId=hostile_text(100)),
    )


@cache
def insight_details() -> st.SearchStrategy[Any]:
    """`insightDetails`, statistics of any number included."""
    number = st.one_of(st.integers(), st.floats(allow_nan=False, allow_infinity=False))
    statistics = _object_with(
        baseline=_object_with(average=number), insight=_object_with(average=number), insightDuration=number
    )
    attribution = _object_with(
        attribute=st.sampled_from(("userIdentityArn", "userAgent", "errorCode", "new")),
        insight=st.lists(_or_anything(_object_with(value=hostile_text(300))), max_size=2),
    )
    return _object_with(
        state=st.sampled_from(("Start", "End")),
        insightType=st.sampled_from(("ApiCallRateInsight", "ApiErrorRateInsight")),
        eventName=hostile_text(200),
        eventSource=hostile_text(200),
        errorCode=hostile_text(200),
        insightContext=_object_with(statistics=statistics, attributions=st.lists(attribution, max_size=5)),
    )


@cache
def regions() -> st.SearchStrategy[str]:
    """Regions, real, invented and endless."""
    real = st.sampled_from(("eu-west-1", "us-gov-west-1", "cn-north-1", "ap-southeast-5"))
    endless = st.sampled_from((3, 60, 500, 4000, 20_000)).map(lambda length: f"us-{'a' * length}-1")
    return st.one_of(real, real, endless, hostile_text(100))


@cache
def records() -> st.SearchStrategy[dict[str, Any]]:
    """CloudTrail records of which any part may be missing, null, of another type, endless or hostile."""
    ids = st.one_of(st.uuids().map(str), hostile_text(300))
    times = st.one_of(st.datetimes().map(lambda time: f"{time.isoformat()}Z"), hostile_text(100))
    resource = _object_with(ARN=hostile_text(300), ARNPrefix=hostile_text(100), resourceName=hostile_text(100))
    return _object_with(
        eventName=st.one_of(st.sampled_from(("ConsoleLogin", "StopLogging", "")), hostile_text()),
        eventSource=st.one_of(st.just("cloudtrail.amazonaws.com"), hostile_text()),
        eventID=ids,
        eventTime=times,
        awsRegion=regions(),
        recipientAccountId=st.sampled_from(("111122223333", "٣" * 12, "12345678901", "")),
        sourceIPAddress=st.one_of(st.just("203.0.113.7"), hostile_text()),
        userAgent=hostile_text(),
        errorCode=st.one_of(st.just("AccessDenied"), hostile_text()),
        errorMessage=hostile_text(),
        userIdentity=identities(),
        requestParameters=json_objects(),
        responseElements=_object_with(ConsoleLogin=st.sampled_from(("Success", "Failure")), more=json_objects()),
        additionalEventData=_object_with(MFAUsed=st.sampled_from(("Yes", "No")), more=json_objects()),
        serviceEventDetails=json_objects(),
        insightDetails=st.one_of(st.none(), insight_details()),
        resources=st.lists(resource, max_size=6),
    )


@cache
def rules() -> st.SearchStrategy[tuple[Rule, ...]]:
    """Rules that someone wrote with hostile words in every text that is reported."""
    words = st.one_of(st.none(), hostile_text(2000))
    addresses = st.one_of(
        st.none(),
        st.just("https://wiki.example/runbooks/stop-logging?step=1&team=a|b"),
        st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=250).map(
            "https://wiki.example/".__add__
        ),
    )
    rule = st.builds(
        Rule,
        expression=st.one_of(st.just("True"), hostile_text(400).map("True or {!r}".format)),
        id=words,
        title=words,
        severity=st.sampled_from(Severity),
        description=words,
        runbook_url=addresses,
        mitre=st.lists(st.from_regex(TECHNIQUE_PATTERN, fullmatch=True), max_size=8).map(tuple),
        first_steps=st.lists(hostile_text(400), max_size=6).map(tuple),
    )
    return st.lists(rule, min_size=1, max_size=6).map(tuple)


@cache
def object_keys() -> st.SearchStrategy[str]:
    """Keys of log files, most of them in CloudTrail's layout."""
    folder = "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/14/"
    inside = hostile_text(900).map(lambda name: f"{folder}{name}.json.gz")
    return st.one_of(inside, inside, hostile_text(900))
