# In place of what derives event patterns.
mock_data "external" {
  defaults = {
    result = {
      patterns = "[\"{\\\"source\\\":[\\\"aws.iam\\\"]}\"]"
      left     = "[]"
    }
  }
}
