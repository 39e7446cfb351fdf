"""Severe alerts in a channel of their own."""

from support.world import ACCOUNT, CHANNEL, KEY, World, record, s3_event


def test_critical_alerts_go_to_their_channel(world: World) -> None:
    """Of two alerts about one account the critical one is in the channel for critical ones, and the other is not."""
    routes = [
        {"accounts": ["*"], "slack_channel_id": "C0CRITICAL", "min_severity": "critical"},
        {"accounts": [ACCOUNT], "slack_channel_id": CHANNEL},
    ]
    world.slack.add_channel("C0CRITICAL", "critical")
    world.configure_bot(slack={"default_channel_id": CHANNEL, "routes": routes})
    stop = record(eventName="StopLogging", eventSource="cloudtrail.amazonaws.com", errorCode=None, errorMessage=None)
    world.put_log(record(), stop)
    world.invoke(s3_event(KEY))
    assert ["StopLogging" in text for text in world.texts("C0CRITICAL")] == [True]
    assert ["DeleteBucket" in text for text in world.texts()] == [True]


def test_an_account_with_a_name(world: World) -> None:
    """The name that the configuration gives an account is in its alerts."""
    world.configure_bot(account_names={ACCOUNT: "payments-prod"})
    world.put_log(record())
    world.invoke(s3_event(KEY))
    (text,) = world.texts()
    assert f"payments-prod ({ACCOUNT})" in text
