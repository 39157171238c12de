"""Frames to WebSocket connections through API Gateway's management endpoint."""

from urllib.parse import quote

from chalicelib.adapters.aws.client import AwsClient
from chalicelib.adapters.aws.errors import AwsError
from chalicelib.engine.errors import ConnectionGoneError, FrameRefusedError, UnavailableError


class ApiGatewayStatusFeed:
    """The StatusFeed port; the client has short timeouts, retries are the publisher's."""

    def __init__(self, client: AwsClient) -> None:
        self._client = client

    def post(self, connection_id: str, frame: str) -> None:
        path = f"/@connections/{quote(connection_id, safe='')}"
        headers = {"content-type": "application/octet-stream"}
        try:
            self._client.post("PostToConnection", path, frame.encode(), headers)
        except AwsError as error:
            if error.status == 410:
                raise ConnectionGoneError from error
            if error.status == 413:
                raise FrameRefusedError(f"connection: {error}") from error
            raise UnavailableError(f"connection: {error}") from error
