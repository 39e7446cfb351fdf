"""A moto server that keeps invocations of functions as files, and answers two things as AWS does.

Run as a program it takes moto's arguments; the environment variable `INVOCATIONS` names the folder for the files.
"""

import json
import os
import uuid
from pathlib import Path
from typing import Any

from moto.awslambda.models import LambdaFunction
from moto.server import main
from moto.sqs.models import Queue

FOLDER_VARIABLE = "INVOCATIONS"


def keep_invocations(folder: Path) -> None:
    """Write each event that a function is invoked with to a file, in place of running it in Docker."""

    def keep(self: LambdaFunction, event: Any) -> tuple[str, bool, str]:
        text = json.dumps({"function_name": self.function_name, "event": event})
        unfinished = folder / f"{uuid.uuid4()}.part"
        unfinished.write_text(text)
        unfinished.rename(unfinished.with_suffix(".json"))
        return "null", False, ""

    LambdaFunction._invoke_lambda = keep  # type: ignore[assignment]  # noqa: SLF001 (moto offers no other way in)


def answer_as_aws() -> None:
    """Mend what would make Terraform see a difference: a lost dead-letter target, spaces in a redrive policy."""
    create, configuration = LambdaFunction.__init__, LambdaFunction.get_configuration
    attributes: property = vars(Queue)["attributes"]

    def create_with_target(
        self: LambdaFunction, account_id: str, spec: dict[str, Any], *rest: Any, **named: Any
    ) -> None:
        create(self, account_id, spec, *rest, **named)
        self.dead_letter_config = spec.get("DeadLetterConfig")  # type: ignore[attr-defined]

    def configuration_with_target(self: LambdaFunction, on_create: bool = False) -> dict[str, Any]:  # noqa: FBT001, FBT002 (moto's)
        target = getattr(self, "dead_letter_config", None)
        return configuration(self, on_create) | ({"DeadLetterConfig": target} if target else {})

    def attributes_without_spaces(self: Queue) -> dict[str, Any]:
        found: dict[str, Any] = attributes.__get__(self)
        if found.get("RedrivePolicy"):
            found["RedrivePolicy"] = json.dumps(json.loads(found["RedrivePolicy"]), separators=(",", ":"))
        return found

    LambdaFunction.__init__ = create_with_target  # type: ignore[method-assign]
    LambdaFunction.get_configuration = configuration_with_target  # type: ignore[method-assign]
    Queue.attributes = property(attributes_without_spaces)  # type: ignore[assignment, method-assign]


if __name__ == "__main__":
    keep_invocations(Path(os.environ[FOLDER_VARIABLE]))
    answer_as_aws()
    main()
