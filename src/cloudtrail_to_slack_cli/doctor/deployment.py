"""A deployed function: its configuration as AWS has it, and the clients to look at the rest with."""

import io
import json
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
import click
import requests
from botocore.exceptions import BotoCoreError, ClientError

from cloudtrail_to_slack.aws.clients import AwsClients
from cloudtrail_to_slack.aws.errors import error_code
from cloudtrail_to_slack.config.secrets import SecretReader
from cloudtrail_to_slack.config.settings import Settings, read_settings
from cloudtrail_to_slack.errors import ConfigurationError
from cloudtrail_to_slack_cli.aws_session import no_aws, open_session
from cloudtrail_to_slack_cli.errors import CommandError
from cloudtrail_to_slack_cli.options import option_group

_MOST_LAYER_BYTES = 64 * 2**20
_DOWNLOAD_SECONDS = 30


@dataclass(frozen=True)
class Deployment:
    """The function `name`. `config_file`: its config.json, where it is not to be taken from the function's layers."""

    session: boto3.Session
    name: str
    config_file: Path | None = None

    def client(self, service: Any) -> Any:
        """Return a client of a service in the function's region."""
        return self.session.client(service, region_name=self.region)

    @cached_property
    def region(self) -> str:
        """The region of the function.

        Raises:
            CommandError: none is given.
        """
        if self.name.startswith("arn:"):
            return self.name.split(":")[3]
        if not self.session.region_name:
            raise CommandError("no region is set: give --region, or set AWS_REGION")
        return self.session.region_name

    @cached_property
    def secrets(self) -> SecretReader:
        """What reads the function's secrets, with the permissions of who runs this."""
        return SecretReader(AwsClients(self.session, self.region))

    @cached_property
    def function(self) -> Mapping[str, Any]:
        """The function's configuration. Source: AWS Lambda API Reference, GetFunctionConfiguration.

        Raises:
            CommandError: there is no such function, or AWS cannot be reached.
        """
        try:
            function: Mapping[str, Any] = self.client("lambda").get_function_configuration(FunctionName=self.name)
        except ClientError as error:
            if error_code(error) == "ResourceNotFoundException":
                raise CommandError(f"there is no function {self.name} in {self.region}: check --function") from None
            raise CommandError(f"the function {self.name} cannot be read: {error_code(error)}") from None
        except BotoCoreError as error:
            raise no_aws(error) from None
        return function

    @cached_property
    def event_source_mappings(self) -> list[Mapping[str, Any]]:
        """What Lambda reads for the function: the queue in front of it, if there is one.

        Raises:
            ClientError: Lambda refuses to show it.
        """
        found = self.client("lambda").list_event_source_mappings(FunctionName=self.name)
        return list(found.get("EventSourceMappings", []))

    @property
    def dead_letter_target(self) -> str:
        """The ARN of the queue or topic that receives failed invocations; empty: there is none."""
        return str(self.function.get("DeadLetterConfig", {}).get("TargetArn", ""))

    @cached_property
    def environment(self) -> Mapping[str, str]:
        """The function's environment variables."""
        variables: Mapping[str, str] = self.function.get("Environment", {}).get("Variables", {})
        return variables

    @cached_property
    def settings(self) -> Settings:
        """The function's settings, as the function reads them.

        Raises:
            CommandError: there is no config.json to be had.
            ConfigurationError: the function could not start with them.
        """
        document = self.config_file.read_bytes() if self.config_file else self._config_of_layers()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "config.json")
            path.write_bytes(document)
            named = {"AWS_LAMBDA_FUNCTION_NAME": self.function["FunctionName"]}
            return read_settings({**self.environment, **named, "CONFIG_PATH": str(path)})

    @property
    def usable_settings(self) -> Settings | None:
        """The settings, None where the function could not start with them."""
        try:
            return self.settings
        except ConfigurationError:
            return None

    @cached_property
    def bucket_and_prefix(self) -> tuple[str, str] | None:
        """The bucket and prefix whose log files the function may read, from its role's policies."""
        for statement in self.statements:
            if statement.get("Effect") == "Allow" and "s3:GetObject" in as_list(statement.get("Action")):
                for resource in as_list(statement.get("Resource")):
                    bucket, _, prefix = resource.split(":::", 1)[-1].partition("/")
                    return bucket, prefix.rstrip("*")
        return None

    @cached_property
    def statements(self) -> list[Mapping[str, Any]]:
        """All statements of the policies of the function's role, inline and attached.

        Raises:
            ClientError: IAM refuses to show them.
        """
        iam, role = self.client("iam"), self.function["Role"].rpartition("/")[2]
        names = iam.list_role_policies(RoleName=role)["PolicyNames"]
        documents = [iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names]
        for policy in iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
            version = iam.get_policy(PolicyArn=policy["PolicyArn"])["Policy"]["DefaultVersionId"]
            found = iam.get_policy_version(PolicyArn=policy["PolicyArn"], VersionId=version)["PolicyVersion"]
            documents.append(found["Document"])
        parsed = [json.loads(document) if isinstance(document, str) else document for document in documents]
        return [statement for document in parsed for statement in as_list(document.get("Statement"))]

    def _config_of_layers(self) -> bytes:
        client = self.client("lambda")
        for layer in self.function.get("Layers", []):
            try:
                name, _, version = layer["Arn"].rpartition(":")
                content = client.get_layer_version(LayerName=name, VersionNumber=int(version))["Content"]
                archive = _download(content["Location"])
                with zipfile.ZipFile(io.BytesIO(archive)) as files:
                    if "config.json" in files.namelist():
                        return files.read("config.json")
            except (ClientError, BotoCoreError, requests.RequestException, zipfile.BadZipFile, KeyError, ValueError):
                continue
        raise CommandError(
            "config.json was found in no layer of the function: give --config with the output `rendered_config`"
        )


def _deployment(name: str, region: str | None, profile: str | None) -> Deployment:
    return Deployment(open_session(profile, region), name)


# Adds --function, --region and --profile to a command, which receives them as `deployment`.
deployment_options = option_group(
    "deployment",
    _deployment,
    click.option(
        "--function", "name", default="cloudtrail-to-slack", show_default=True, help="The function's name or ARN."
    ),
    click.option("--region", help="The function's region; by default the one in your AWS configuration."),
    click.option("--profile", help="The AWS profile to use."),
)


def _download(url: str) -> bytes:
    """Return what is at a presigned address, up to a limit."""
    with requests.get(url, timeout=_DOWNLOAD_SECONDS, stream=True) as answer:
        answer.raise_for_status()
        return answer.raw.read(_MOST_LAYER_BYTES, decode_content=True)


def as_list(value: Any) -> list[Any]:
    """Return what policies give as one thing or as a list, as a list."""
    return [] if value is None else value if isinstance(value, list) else [value]
