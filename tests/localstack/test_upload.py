from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from infra.deploy.clients import Clients
from infra.deploy.target import Target
from infra.deploy.upload import Bucket
from tests.localstack.stacks import target


class Upload:
    """Uploads an archive of some content, and reads and removes what is stored."""

    def __init__(self, deployment: Target, archive: Path) -> None:
        self._deployment, self._archive = deployment, archive
        self._storage: Any = deployment.clients.client("s3")
        self._uris: set[str] = set()

    def __call__(self, content: bytes) -> str:
        self._archive.write_bytes(content)
        uri = Bucket.of(self._deployment).upload_archive(self._archive)
        self._uris.add(uri)
        return uri

    def read(self, uri: str) -> bytes:
        content: bytes = self._storage.get_object(**_place(uri))["Body"].read()
        return content

    def remove_all(self) -> None:
        for uri in self._uris:
            self._storage.delete_object(**_place(uri))


def _place(uri: str) -> dict[str, str]:
    parts = urlsplit(uri)
    return {"Bucket": parts.netloc, "Key": parts.path[1:]}


@pytest.fixture
def upload(clients: Clients, tmp_path: Path) -> Iterator[Upload]:
    upload = Upload(target(clients), tmp_path / "deployment.zip")
    yield upload
    upload.remove_all()


def test_upload_stores_the_archive_where_it_says_when_it_is_sent_in_parts(upload: Upload) -> None:
    # boto3 sends in parts from 8 MiB on.
    content = bytes(range(256)) * 40_000

    uri = upload(content)

    assert upload.read(uri) == content


def test_upload_uses_the_same_key_when_the_content_is_the_same(upload: Upload) -> None:
    first = upload(b"code")

    again = upload(b"code")

    assert again == first


def test_upload_uses_another_key_when_the_content_changes(upload: Upload) -> None:
    first = upload(b"code")

    second = upload(b"new code")

    assert second != first
    assert (upload.read(first), upload.read(second)) == (b"code", b"new code")
