"""Who an endpoint says it is counts only if an authority says so too."""

import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_address
from pathlib import Path
from random import Random
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from chalicelib.adapters.aws.client import SQS, AwsClient
from chalicelib.adapters.aws.errors import AwsError
from chalicelib.adapters.memory.ports import MemoryClock

POLL_SECONDS = 0.02
DEADLINE_SECONDS = 20


def write_certificate(path: Path, address: str) -> None:
    """A key, and a certificate that signs itself, for an address."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "endpoint")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(address))]), False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    path.write_bytes(certificate.public_bytes(pem) + key.private_bytes(pem, *plain))


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, format: str, *arguments: Any) -> None:
        """The test's own output is enough."""


class SecureServer(HTTPServer):
    """Shakes hands when it accepts; whoever does not want to is gone."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that does not trust it is the test's business."""


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[[str], tuple[str, Path]]]:
    """Start an HTTPS server with a certificate for an address; return its URL and certificate."""
    running = []

    def serve(address: str) -> tuple[str, Path]:
        certificate = tmp_path / "certificate.pem"
        write_certificate(certificate, address)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server = SecureServer(("127.0.0.1", 0), Handler)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(POLL_SECONDS,))
        thread.start()
        running.append((server, thread))
        return f"https://127.0.0.1:{server.server_port}", certificate

    yield serve
    for server, thread in running:
        server.shutdown()
        thread.join()
        server.server_close()


def client_of(url: str) -> AwsClient:
    return AwsClient(
        SQS,
        clock=MemoryClock(),
        random=Random(0),
        endpoint_url=url,
        timeout_seconds=DEADLINE_SECONDS,
        tries=1,
    )


def test_endpoint_is_called_again_and_again_when_its_authority_is_trusted(
    serve: Callable[[str], tuple[str, Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, certificate = serve("127.0.0.1")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))
    client = client_of(url)

    assert [client.call("ListQueues", {}) for _ in range(3)] == [{}, {}, {}]


def test_endpoint_is_refused_when_nobody_vouches_for_it(
    serve: Callable[[str], tuple[str, Path]],
) -> None:
    url, _ = serve("127.0.0.1")

    with pytest.raises(AwsError, match="CERTIFICATE_VERIFY_FAILED"):
        client_of(url).call("ListQueues", {})


def test_endpoint_is_refused_when_its_certificate_is_anothers(
    serve: Callable[[str], tuple[str, Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    url, certificate = serve("127.0.0.2")
    monkeypatch.setenv("AWS_CA_BUNDLE", str(certificate))

    with pytest.raises(AwsError, match="CERTIFICATE_VERIFY_FAILED"):
        client_of(url).call("ListQueues", {})
