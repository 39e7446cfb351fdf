"""A moto server that keeps invocations of functions as files, EventBridge's too, and answers two things as AWS does.

Run as a program it takes moto's arguments; the environment variable `INVOCATIONS` names the folder for the files.
"""

import copy
import json
import os
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from moto.awslambda.models import LambdaFunction, lambda_backends
from moto.events.models import Rule
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

    LambdaFunction._invoke_lambda = keep  # noqa: SLF001 (moto offers no other way in)


def invoke_from_eventbridge() -> None:
    """Let a rule invoke the functions among its targets, which moto's cannot."""
    send = Rule.send_to_targets

    def send_to_all(self: Rule, original_event: Any, transform_input: bool = True) -> None:  # noqa: FBT001, FBT002 (moto's)
        if not self.event_pattern.get_pattern():
            return  # a schedule, whose rule moto takes for one that every event matches
        functions = [target["Arn"] for target in self.targets if ":lambda:" in target["Arn"]]
        others = copy.copy(self)
        others.targets = [target for target in self.targets if target["Arn"] not in functions]
        send(others, original_event, transform_input)
        if not self.event_pattern.matches_event(original_event):
            return
        time = datetime.fromtimestamp(original_event["time"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        event: Any = {**original_event, "time": time}
        for arn in functions:
            lambda_backends[self.account_id][self.region_name].get_function(arn)._invoke_lambda(event)  # noqa: SLF001 (likewise)

    Rule.send_to_targets = send_to_all


def answer_as_aws() -> None:
    """Correct what would make Terraform see a difference: a lost target or architecture, spaces in a policy."""
    create, configuration = LambdaFunction.__init__, LambdaFunction.get_configuration
    update_code = LambdaFunction.update_function_code
    attributes: property = vars(Queue)["attributes"]

    def create_with_target(
        self: LambdaFunction, account_id: str, spec: dict[str, Any], *rest: Any, **named: Any
    ) -> None:
        create(self, account_id, spec, *rest, **named)
        self.dead_letter_config = spec.get("DeadLetterConfig")

    def configuration_with_target(self: LambdaFunction, on_create: bool = False) -> dict[str, Any]:  # noqa: FBT001, FBT002 (moto's)
        target = getattr(self, "dead_letter_config", None)
        found: dict[str, Any] = configuration(self, on_create)
        return found | ({"DeadLetterConfig": target} if target else {})

    def update_code_and_architecture(self: LambdaFunction, updated_spec: dict[str, Any]) -> dict[str, Any]:
        self.architectures = updated_spec.get("Architectures") or self.architectures
        updated: dict[str, Any] = update_code(self, updated_spec)
        return updated

    def attributes_without_spaces(self: Queue) -> dict[str, Any]:
        found: dict[str, Any] = attributes.__get__(self)
        if found.get("RedrivePolicy"):
            found["RedrivePolicy"] = json.dumps(json.loads(found["RedrivePolicy"]), separators=(",", ":"))
        return found

    LambdaFunction.__init__ = create_with_target
    LambdaFunction.get_configuration = configuration_with_target
    LambdaFunction.update_function_code = update_code_and_architecture
    Queue.attributes = property(attributes_without_spaces)


if __name__ == "__main__":
    keep_invocations(Path(os.environ[FOLDER_VARIABLE]))
    invoke_from_eventbridge()
    answer_as_aws()
    main()
