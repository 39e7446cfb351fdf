# The message to Slack: a template that EventBridge fills in.
#
# EventBridge does not escape what it puts in, and a path that the event lacks leaves nothing behind (Amazon EventBridge
# User Guide, "Common issues with transforming input"). So:
# - Only what cannot hold quotes, backslashes or angle brackets is put in: what AWS makes, and names whose characters IAM
#   and STS restrict. Never the user's ARN (IAM paths take any punctuation), the user agent, error messages, or
#   parameters of a refused call.
# - Nothing stands outside of quotes, and every sentence is one without its names too.
# - Names stand in plain_text, where Slack neither formats, links nor pings; `text`, which it would, holds no name.

locals {
  # Source: AWS CloudTrail User Guide, "CloudTrail userIdentity element".
  paths = {
    user      = "$.detail.userIdentity.userName"
    role      = "$.detail.userIdentity.sessionContext.sessionIssuer.userName"
    type      = "$.detail.userIdentity.type"
    principal = "$.detail.userIdentity.principalId"
    account   = "$.account"
    time      = "$.detail.eventTime"
    event     = "$.detail.eventName"
    region    = "$.detail.awsRegion"
    ip        = "$.detail.sourceIPAddress"
    id        = "$.detail.eventID"
  }

  messages = { for name, wire in local.wires : name => replace(replace(jsonencode(merge(
    { for key, value in { channel = local.given.slack_channel_id } : key => value if value != null },
    {
      text         = wire.title
      parse        = "none"
      mrkdwn       = false
      link_names   = false
      unfurl_links = false
      unfurl_media = false
      blocks = [
        { type = "section", text = { type = "plain_text", emoji = false, text = "User <user><role> (<type> <principal>) ${wire.said}" } },
        { type = "context", elements = [{ type = "plain_text", emoji = false, text = wire.details }] },
      ]
    },
    # `jsonencode` writes angle brackets as escapes, in which EventBridge would see no variable.
  )), "\\u003c", "<"), "\\u003e", ">") }
}
