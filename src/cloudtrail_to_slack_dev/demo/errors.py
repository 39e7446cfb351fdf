"""What can go wrong with the demo itself."""


class DemoError(Exception):
    """The demo cannot go on, or did not show what it is there to show; the message is one line for its user."""
