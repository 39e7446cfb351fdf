# In place of what checks rules and derives event patterns.
mock_data "external" {
  defaults = {
    result = {
      patterns = "[\"{\\\"source\\\":[\\\"aws.iam\\\"]}\"]"
    }
  }
}
