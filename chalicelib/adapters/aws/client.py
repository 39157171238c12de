"""The few calls of AWS that orders and followers wait for, without boto3.

boto3 takes four to five times the CPU for a call, and a quarter of a second to import. Arguments
and answers are those of its clients. Each call may be carried out twice, for answers get lost:
whoever calls is ready for that.
"""

import json
from collections.abc import Mapping
from itertools import count
from os import environ
from random import Random
from typing import Any, NamedTuple
from zlib import crc32

from chalicelib.adapters.aws import environment
from chalicelib.adapters.aws.answers import Answer
from chalicelib.adapters.aws.connections import Connections
from chalicelib.adapters.aws.errors import AwsError, NoAnswerError, is_transient
from chalicelib.adapters.aws.signature import Scope, sign
from chalicelib.engine.ports.clock import Clock

# A function has seconds: what does not answer soon is out of reach.
AWS_TIMEOUT_SECONDS = 3
TRIES = 3


class Service(NamedTuple):
    """A service: its name in host names and signatures, and how it wants to be called."""

    name: str
    #: The end of AWS_ENDPOINT_URL_….
    variable: str
    #: What stands before the name of an operation in X-Amz-Target.
    target_prefix: str = ""
    json_version: str = ""


SQS = Service("sqs", "SQS", "AmazonSQS", "1.0")
DYNAMODB = Service("dynamodb", "DYNAMODB", "DynamoDB_20120810", "1.0")
SECRETS_MANAGER = Service("secretsmanager", "SECRETS_MANAGER", "secretsmanager", "1.1")
LAMBDA = Service("lambda", "LAMBDA")
EXECUTE_API = Service("execute-api", "APIGATEWAYMANAGEMENTAPI")


class AwsClient:
    """Calls one service: signed, over connections that are kept, at most `tries` times."""

    def __init__(
        self,
        service: Service,
        *,
        clock: Clock,
        random: Random,
        endpoint_url: str | None = None,
        timeout_seconds: float = AWS_TIMEOUT_SECONDS,
        tries: int = TRIES,
    ) -> None:
        region = environment.current_region()
        self._service, self._scope = service, Scope(region, service.name)
        self._clock, self._random, self._tries = clock, random, tries
        self._connections = Connections(
            endpoint_url or environment.endpoint_url(service.name, service.variable, region),
            timeout_seconds=timeout_seconds,
        )

    def call(self, operation: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Call an operation of a JSON protocol; raise AwsError when it is not carried out."""
        headers = {
            "content-type": f"application/x-amz-json-{self._service.json_version}",
            "x-amz-target": f"{self._service.target_prefix}.{operation}",
        }
        return self.post(operation, "/", json.dumps(arguments).encode(), headers)

    def post(
        self, operation: str, path: str, body: bytes, headers: Mapping[str, str]
    ) -> dict[str, Any]:
        """Send a request to `path`, percent-encoded; raise AwsError when it is not carried out."""
        for attempt in count():
            try:
                return _read(operation, self._send(operation, path, body, headers))
            except AwsError as error:
                if attempt + 1 >= self._tries or not is_transient(error):
                    raise
            self._clock.sleep(self._random.random() * 2**attempt)
        raise AssertionError("unreachable")

    def _send(self, operation: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        target = self._connections.base_path + path
        signed = sign(
            target,
            {**headers, "host": self._connections.host},
            body,
            credentials=environment.current_credentials(),
            scope=self._scope,
            at=self._clock.now(),
        )
        if trace := environ.get("_X_AMZN_TRACE_ID"):
            # By this Lambda notices a function that calls itself without end.
            signed["x-amzn-trace-id"] = trace
        try:
            answer = self._connections.post(target, signed, body)
        except OSError as error:
            reason = f"{operation}: no answer: {type(error).__name__}: {error}"
            raise NoAnswerError(reason) from error
        checksum = answer.headers.get("x-amz-crc32")
        if checksum is not None and int(checksum) != crc32(answer.body):
            raise NoAnswerError(f"{operation}: the answer was damaged in transit")
        return answer


def _read(operation: str, answer: Answer) -> dict[str, Any]:
    if answer.status >= 300:
        raise _refusal(operation, answer)
    try:
        document: dict[str, Any] = json.loads(answer.body or b"{}")
    except ValueError as error:
        raise AwsError(f"{operation}: the answer is not JSON", status=answer.status) from error
    return document


def _refusal(operation: str, answer: Answer) -> AwsError:
    try:
        document = json.loads(answer.body)
    except ValueError:
        # Proxies on the way refuse with a page.
        document = None
    if not isinstance(document, dict):
        document = {}
    # com.amazonaws.sqs#QueueDoesNotExist, or ThrottlingException:http://…
    named = str(document.get("__type") or answer.headers.get("x-amzn-errortype") or answer.status)
    code = named.rpartition("#")[2].partition(":")[0]
    message = document.get("message") or document.get("Message") or ""
    return AwsError(
        f"{operation}: {code} (HTTP {answer.status}) {message}".rstrip(),
        status=answer.status,
        code=code,
        document=document,
    )
