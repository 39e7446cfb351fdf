"""What can go wrong with a build, in words for whoever runs Terraform."""

# Closes every error: building can always be left to somebody else.
WAYS_OUT = (
    "To build nothing here, set dependencies_layer_arn (a layer that exists) or lambda_package (what `make package` "
    "builds)."
)


class BuildError(Exception):
    """The build cannot be done; the message says what is wrong and what to do."""
