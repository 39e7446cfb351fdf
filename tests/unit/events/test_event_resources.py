"""What an event was about."""

from typing import Any

import pytest
from hypothesis import given, settings

from cloudtrail_to_slack.events.event import read_event
from cloudtrail_to_slack.events.resources import resources
from support.samples import event
from support.strategies import records


@pytest.mark.parametrize(
    ("parameters", "listed", "found"),
    [
        ({"bucketName": "a", "key": "b"}, None, [("bucket", "a"), ("object", "b")]),
        ({"policyArn": "p", "roleName": "r"}, None, [("role", "r"), ("policy", "p")]),
        ({"trailNameList": ["t"]}, None, [("trail", "t")]),
        ({"instancesSet": {"items": [{"instanceId": "i"}]}}, None, [("instance", "i")]),
        ({"name": "n"}, None, [("", "n")]),
        ({"bucketName": "a"}, [{"ARN": "arn:aws:s3:::a"}], [("bucket", "a")]),
        ({"bucketName": "a"}, [{"ARN": "arn:aws:s3:::ba"}], [("bucket", "a"), ("", "arn:aws:s3:::ba")]),
        (None, [{"ARNPrefix": "x"}, {"resourceName": "y"}, {}, None, "z"], [("", "x"), ("", "y")]),
        ({"userName": "same", "roleName": "same"}, None, [("user", "same")]),
        ({"bucketName": "", "key": None}, "none", []),
        ({"something": "else"}, {}, []),
        ("null", None, []),
    ],
)
def test_resources(parameters: object, listed: object, found: list[tuple[str, str]]) -> None:
    """The parameters that name something come first, then the resources listed, each once."""
    assert resources(event(requestParameters=parameters, resources=listed)) == found


def test_four_at_most() -> None:
    """No more than four are shown, the most specific ones."""
    listed = [{"ARN": f"arn:{number}"} for number in range(9)]
    found = resources(event(requestParameters={"userName": "u"}, resources=listed))
    assert found == [("user", "u"), ("", "arn:0"), ("", "arn:1"), ("", "arn:2")]


@settings(deadline=None, max_examples=100)
@given(value=records())
def test_any_record(value: dict[str, Any]) -> None:
    """No record raises, and what is found has a name."""
    assert all(name for _, name in resources(read_event(value)))
