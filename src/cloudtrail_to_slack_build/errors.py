"""What can go wrong with a build, in words for the person who runs Terraform."""

# Ends every error: there is always a way that needs no build.
WAYS_OUT = (
    "To build nothing here, set lambda_package to a zip that is ready (of a release, or made with `make package`). To "
    "build only the code, which needs no pip, set dependencies_layer_arn to the ARN of a layer."
)


class BuildError(Exception):
    """The build cannot be done; the message says what is wrong and what to do."""
