"""The state table in DynamoDB."""
