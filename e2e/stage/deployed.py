"""A function as it was deployed: its configuration from AWS, its code and layers from the very files."""

from pathlib import Path
from typing import Any

from stage.cloud import Cloud
from stage.functions import Function, Runtime
from stage.layers import digest
from stage.terraform import Deployment


def deployed(
    deployment: Deployment, cloud: Cloud, runtime: Runtime, folder: Path, name: str = "this"
) -> tuple[dict[str, Any], Function]:
    """Return a function's configuration as AWS has it, and the function as its zips unpack.

    `name` is what the module calls the function's resource.
    """
    resources = deployment.resources()
    (function,) = [
        resource for resource in resources if (resource["type"], resource["name"]) == ("aws_lambda_function", name)
    ]
    configuration = cloud.client("lambda").get_function_configuration(FunctionName=function["function_name"])
    code = deployment.folder / function["filename"]
    layers = {resource["arn"]: resource for resource in resources if resource["type"] == "aws_lambda_layer_version"}
    used = [layers[layer["Arn"]] for layer in configuration["Layers"]]
    zips = [deployment.folder / layer["filename"] for layer in used]
    # moto keeps the digest of what was uploaded, so these are the very files.
    assert configuration["CodeSha256"] == digest(code)
    assert [layer["code_sha256"] for layer in used] == [digest(path) for path in zips]
    return configuration, Function(runtime.python, configuration, code, zips, folder)
