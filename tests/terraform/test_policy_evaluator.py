"""The evaluator of policies answers as AWS would, for what it knows."""

import pytest

from support.policies import Statement, allows

_READ = {"Effect": "Allow", "Action": ["s3:Get*"], "Resource": "arn:aws:s3:::b/p/*"}
_DENY = {"Effect": "Deny", "Action": "s3:GetObject", "Resource": ["arn:aws:s3:::b/p/secret"]}
_FOR_S3 = {
    "Effect": "Allow",
    "Action": "sns:Publish",
    "Resource": "t",
    "Principal": {"Service": "s3.amazonaws.com"},
    "Condition": {"ArnEquals": {"aws:SourceArn": ["a", "b"]}, "StringEquals": {"aws:SourceAccount": "1"}},
}


def test_what_nothing_allows_is_denied() -> None:
    """Without a statement that fits there is no permission."""
    assert not allows([], "s3:GetObject", "arn:aws:s3:::b/p/x")
    assert not allows([_READ], "s3:PutObject", "arn:aws:s3:::b/p/x")
    assert not allows([_READ], "s3:GetObject", "arn:aws:s3:::b/q")


def test_wildcards_and_case() -> None:
    """An asterisk stands for any text; actions know no case, resources do."""
    assert allows([_READ], "S3:getobject", "arn:aws:s3:::b/p/x/y")
    assert not allows([_READ], "s3:GetObject", "arn:aws:s3:::b/P/x")
    assert not allows([{**_READ, "Resource": "arn.aws"}], "s3:GetObject", "arn:aws")


def test_a_denial_outweighs() -> None:
    """What one statement denies, no other can allow."""
    assert not allows([_READ, _DENY], "s3:GetObject", "arn:aws:s3:::b/p/secret")
    assert allows([_READ, _DENY], "s3:GetObject", "arn:aws:s3:::b/p/other")


def test_principals_and_conditions() -> None:
    """The service must be the one named, and all conditions must hold, each by any of its values."""
    right = {"aws:SourceArn": "b", "aws:SourceAccount": "1"}
    assert allows([_FOR_S3], "sns:Publish", "t", service="s3.amazonaws.com", context=right)
    assert not allows([_FOR_S3], "sns:Publish", "t", service="sns.amazonaws.com", context=right)
    assert not allows([_FOR_S3], "sns:Publish", "t", service="s3.amazonaws.com", context={"aws:SourceArn": "b"})
    assert not allows([_FOR_S3], "sns:Publish", "t", context=right)


def test_keys_with_many_values() -> None:
    """Each of a key's values must fit; of none they all do, but Null sees that there is none."""
    keys = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["a#*", "b"]}}
    every = {"Effect": "Allow", "Action": "dynamodb:UpdateItem", "Resource": "t", "Condition": keys}
    some = {**every, "Condition": {**keys, "Null": {"dynamodb:LeadingKeys": "false"}}}
    for values, fits in ((["a#1", "b"], True), (["a#1", "c"], False), ("a#1", True), (["xa#1"], False)):
        assert allows([every], "dynamodb:UpdateItem", "t", context={"dynamodb:LeadingKeys": values}) == fits
    assert allows([every], "dynamodb:UpdateItem", "t")
    assert not allows([some], "dynamodb:UpdateItem", "t")
    assert allows([some], "dynamodb:UpdateItem", "t", context={"dynamodb:LeadingKeys": ["b"]})


@pytest.mark.parametrize("odd", [{"NotAction": "x"}, {"Condition": {"Bool": {}}}, {"Principal": {"AWS": "*"}}])
def test_what_it_does_not_know_is_an_error(odd: Statement) -> None:
    """It guesses at nothing."""
    with pytest.raises(AssertionError, match="unknown"):
        allows([{**_READ, **odd}], "s3:GetObject", "arn:aws:s3:::b/p/x")
