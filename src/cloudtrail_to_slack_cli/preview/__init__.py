"""What an alert will look like: in the terminal, as Block Kit, and as a page."""
