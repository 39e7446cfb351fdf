"""Log files in S3: listing them, and reading many at once."""
