"""PgBouncer as clouds run it: a connection for each transaction, TLS and passwords for clients."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from psycopg.conninfo import make_conninfo

from infra.local import processes
from infra.local.postgres import LocalPostgres
from infra.local.processes import LOOPBACK

PROGRAM = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin:/usr/local/bin:/opt/homebrew/bin")
START_SECONDS = 10
ROLE = "postgres"
CONFIGURATION = """
[databases]
* = host={host} port={server_port}
[pgbouncer]
listen_addr = {host}
listen_port = {port}
unix_socket_dir =
pool_mode = transaction
auth_type = scram-sha-256
auth_file = {folder}/users.txt
client_tls_sslmode = require
client_tls_key_file = {folder}/key.pem
client_tls_cert_file = {folder}/certificate.pem
# A database that is named once has at least one connection left.
default_pool_size = 5
"""


@dataclass(frozen=True, slots=True)
class Pooler:
    """A running PgBouncer, and the authority behind its certificate, which is one of localhost."""

    folder: Path
    port: int
    process: "subprocess.Popen[bytes]"

    @property
    def authority(self) -> Path:
        return self.folder / "authority.pem"

    def url(self, password: str, *, host: str = "localhost") -> str:
        # The address is said: what is checked is the name.
        return f"postgresql://{ROLE}:{password}@{host}:{self.port}/{ROLE}?hostaddr={LOOPBACK}"

    def checked_url(self, password: str) -> str:
        checked = {"sslmode": "verify-full", "sslrootcert": str(self.authority)}
        return make_conninfo(self.url(password), **checked)

    def admit(self, password: str) -> None:
        """Let clients in with this password only, from their next connection on."""
        admit(self.folder, password)
        self.process.send_signal(signal.SIGHUP)
        processes.wait_until(lambda: self._admits(password), START_SECONDS, "the new password")

    def _admits(self, password: str) -> bool:
        try:
            psycopg.connect(self.url(password)).close()
        except psycopg.OperationalError:
            return False
        return True


def admit(folder: Path, password: str) -> None:
    (folder / "users.txt").write_text(f'"{ROLE}" "{password}"\n')


@contextmanager
def pooler(postgres: LocalPostgres, password: str) -> Iterator[Pooler]:
    if PROGRAM is None:
        reason = "no pgbouncer here: `apt-get install pgbouncer`"
        pytest.fail(reason) if os.environ.get("POOLER_REQUIRED") else pytest.skip(reason)
    with tempfile.TemporaryDirectory(prefix="orders-pooler-") as name:
        folder, port = Path(name), processes.free_port()
        write_certificates(folder)
        admit(folder, password)
        where = {"host": LOOPBACK, "port": port, "server_port": postgres.port, "folder": folder}
        (folder / "pgbouncer.ini").write_text(CONFIGURATION.format(**where))
        # It does not run as root either.
        folder.chmod(0o755)
        process = processes.spawn(
            [PROGRAM, str(folder / "pgbouncer.ini")],
            log=folder / "pgbouncer.log",
            cwd=folder,
            uid=postgres.uid,
        )
        try:
            processes.wait_until(lambda: processes.is_listening(port), START_SECONDS, "PgBouncer")
            yield Pooler(folder, port, process)
        finally:
            processes.stop(process)


def write_certificates(folder: Path) -> None:
    """Write an authority, and a certificate that it gave localhost."""
    authority_key, key = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    authority = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "A throw-away authority")])
    server = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)

    def signed(subject: x509.Name, public_key: ec.EllipticCurvePublicKey, **more: bool) -> bytes:
        alternative = x509.SubjectAlternativeName([x509.DNSName("localhost")])
        builder = (
            x509.CertificateBuilder(authority, subject, public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(minutes=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=more["ca"], path_length=None), critical=True)
        )
        if not more["ca"]:
            builder = builder.add_extension(alternative, critical=False)
        certificate = builder.sign(authority_key, hashes.SHA256())
        return certificate.public_bytes(serialization.Encoding.PEM)

    (folder / "authority.pem").write_bytes(signed(authority, authority_key.public_key(), ca=True))
    (folder / "certificate.pem").write_bytes(signed(server, key.public_key(), ca=False))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
