"""Severe alerts in a channel of their own."""

from support.app_environment import ACCOUNT, CHANNEL, KEY, AppEnvironment, record, s3_event
from support.slack_limits import texts_of


def test_critical_alerts_go_to_their_channel(app_env: AppEnvironment) -> None:
    """Of two alerts about one account the critical one is in the channel for critical ones, and the other is not."""
    routes = [
        {"accounts": ["*"], "slack_channel_id": "C0CRITICAL", "min_severity": "critical"},
        {"accounts": [ACCOUNT], "slack_channel_id": CHANNEL},
    ]
    app_env.slack.add_channel("C0CRITICAL", "critical")
    app_env.configure_bot(slack={"default_channel_id": CHANNEL, "routes": routes})
    stop = record(eventName="StopLogging", eventSource="cloudtrail.amazonaws.com", errorCode=None, errorMessage=None)
    app_env.put_log(record(), stop)
    app_env.invoke(s3_event(KEY))
    assert ["StopLogging" in text for text in app_env.texts("C0CRITICAL")] == [True]
    assert ["DeleteBucket" in text for text in app_env.texts()] == [True]


def test_an_account_with_a_name(app_env: AppEnvironment) -> None:
    """The name that the configuration gives an account is in its alerts."""
    app_env.configure_bot(account_names={ACCOUNT: "payments-prod"})
    app_env.put_log(record())
    app_env.invoke(s3_event(KEY))
    (text,) = app_env.texts()
    assert f"payments-prod ({ACCOUNT})" in text


def test_a_summary_names_accounts(app_env: AppEnvironment) -> None:
    """A summary of many alerts counts them by account, with its name where it has one."""
    app_env.configure_bot(account_names={ACCOUNT: "payments-<prod>"}, max_messages_per_channel=1)
    records = (record(userIdentity=None, recipientAccountId=account) for account in [ACCOUNT] * 3 + ["444455556666"])
    app_env.put_log(*records)
    app_env.invoke(s3_event(KEY))
    (message,) = app_env.slack.messages(CHANNEL)
    said = "\n".join(texts_of(message.blocks))
    assert f"3: `payments-&lt;prod&gt; ({ACCOUNT})`" in said
    assert "1: `444455556666`" in said
