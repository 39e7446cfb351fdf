"""What a function runs, found by the digests that AWS has of its layers among the zips of a folder."""

import base64
import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any


def digest(path: Path) -> str:
    """Return a file's SHA-256 digest as Lambda writes it."""
    return base64.b64encode(hashlib.sha256(path.read_bytes()).digest()).decode()


def content(lambda_client: Any, function_name: str, folder: Path) -> dict[str, bytes]:
    """Return the files of a function's layers, by their paths below /opt, later layers over earlier ones.

    Raises:
        KeyError: AWS has a layer that is none of the zips below `folder`.
    """
    zips = {digest(path): path for path in folder.rglob("*.zip")}
    files: dict[str, bytes] = {}
    for layer in lambda_client.get_function_configuration(FunctionName=function_name)["Layers"]:
        name, version = layer["Arn"].split(":")[6:]
        found = lambda_client.get_layer_version(LayerName=name, VersionNumber=int(version))
        with zipfile.ZipFile(zips[found["Content"]["CodeSha256"]]) as archive:
            files |= {member: archive.read(member) for member in archive.namelist()}
    return files


def config(files: dict[str, bytes]) -> dict[str, Any]:
    """Return the configuration among a function's files."""
    parsed: dict[str, Any] = json.loads(files["config.json"])
    return parsed
