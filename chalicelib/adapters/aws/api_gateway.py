"""Frames to WebSocket connections through API Gateway's management endpoint."""

from botocore.client import BaseClient
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.engine.errors import ConnectionGoneError, FrameRefusedError, UnavailableError


class ApiGatewayStatusFeed:
    """The StatusFeed port; the client has short timeouts, retries are the publisher's."""

    def __init__(self, client: BaseClient) -> None:
        self._client = client

    def post(self, connection_id: str, frame: str) -> None:
        try:
            self._client.post_to_connection(ConnectionId=connection_id, Data=frame.encode())
        except ClientError as error:
            status = error.response["ResponseMetadata"].get("HTTPStatusCode")
            if status == 410:
                raise ConnectionGoneError from error
            if status == 413:
                raise FrameRefusedError(f"connection: {error}") from error
            raise UnavailableError(f"connection: {error}") from error
        except BotoCoreError as error:
            raise UnavailableError(f"connection: {error}") from error
