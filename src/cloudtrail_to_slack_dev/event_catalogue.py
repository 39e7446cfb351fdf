"""Writes the catalogue of events that the command line searches, from the models that botocore brings."""

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import botocore.session

from cloudtrail_to_slack.rules.lint.known_events import dated_name
from cloudtrail_to_slack_cli import catalogue

_PATH = Path(catalogue.__file__).with_name(catalogue.DATA)
_READS = ("Get", "List", "Describe", "Head", "Search", "Lookup", "BatchGet", "Select", "Query", "Scan")
# CloudTrail's names where they are not the API's with a small first letter. Source: Amazon S3 User Guide, "Amazon S3
# CloudTrail events".
_RENAMED = {"s3.amazonaws.com": {"bucket": "bucketName"}}
_MOST_FIELDS = 60
_Event: TypeAlias = tuple[tuple[str, ...], tuple[str, ...]]  # the fields of the request, and of the response


def lines() -> list[str]:
    """Return the catalogue, one line an event, in order."""
    session = botocore.session.get_session()
    loader = session.get_component("data_loader")
    models = (loader.load_service_model(name, "service-2") for name in session.get_available_services())
    found: dict[tuple[str, str], _Event] = {}
    for model in models:
        for key, event in _events(model):
            # Neptune and DocumentDB have the APIs of RDS, under its name.
            request, response = found.get(key, ((), ()))
            found[key] = (tuple(dict.fromkeys((*request, *event[0]))), tuple(dict.fromkeys((*response, *event[1]))))
    return [
        "\t".join((name, source, "r" if name.startswith(_READS) else "w", " ".join(request), " ".join(response)))
        for (name, source), (request, response) in sorted(found.items())
    ]


def _events(model: dict[str, Any]) -> Iterator[tuple[tuple[str, str], _Event]]:
    metadata = model["metadata"]
    source = f"{metadata.get('signingName') or metadata['endpointPrefix'].split('.')[-1]}.amazonaws.com"
    for name, operation in model["operations"].items():
        request = _fields(model, operation.get("input"), source)
        response = [] if name.startswith(_READS) else _fields(model, operation.get("output"), source)
        yield (dated_name(name) or name, source), (tuple(request), tuple(response))


def _fields(model: dict[str, Any], reference: dict[str, Any] | None, source: str) -> list[str]:
    """Return the fields of a shape: its members, and the members of these where they are objects."""
    found: list[str] = []
    for name, member in _members(model, reference):
        own = _RENAMED.get(source, {}).get(_small(name), _small(name))
        inner = [_small(each) for each, _ in _members(model, member)]
        found += [f"{own}.{each}" for each in inner] if inner else [own]
    return found[:_MOST_FIELDS]


def _members(model: dict[str, Any], reference: dict[str, Any] | None) -> list[tuple[str, dict[str, Any]]]:
    """Return the members of a structure, without those that are secret: CloudTrail hides them."""
    shapes = model["shapes"]
    shape = shapes[reference["shape"]] if reference else {}
    members = shape.get("members", {}) if shape.get("type") == "structure" else {}
    return [(name, member) for name, member in members.items() if not shapes[member["shape"]].get("sensitive")]


def _small(name: str) -> str:
    return name[:1].lower() + name[1:]


def main() -> None:
    """Write the catalogue."""
    written = lines()
    _PATH.write_bytes(gzip.compress(("\n".join(written) + "\n").encode("ascii"), 9, mtime=0))
    print(f"{_PATH.name}: {len(written):,} events, {_PATH.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
