"""Writes the list of event names that rules are checked against, from the models that botocore brings."""

from pathlib import Path

import botocore.session

from cloudtrail_to_slack.rules.lint import known_events as event_names


def operations() -> list[str]:
    """Return the names of the operations of all AWS APIs, in order."""
    session = botocore.session.get_session()
    loader = session.get_component("data_loader")
    models = (loader.load_service_model(name, "service-2") for name in session.get_available_services())
    return sorted({operation for model in models for operation in model["operations"]})


def main() -> None:
    """Write the list."""
    path = Path(event_names.__file__).with_suffix(".txt")
    names = operations()
    path.write_text("\n".join(names) + "\n", "ascii")
    print(f"{path.name}: {len(names):,} names")


if __name__ == "__main__":
    main()
