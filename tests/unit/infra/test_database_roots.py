"""The authorities that RDS has its certificates from, as they are shipped and as they are read."""

import re
import ssl
from datetime import UTC, datetime, timedelta

from chalicelib.adapters.postgres.roots import RDS_ROOTS
from infra.generate.database_roots import roots_of

NAME = re.compile("^# (.*)$", re.MULTILINE)
BYTES_MAX = 150_000


def script(*certificates: str) -> str:
    """As the package writes them."""
    lines = [line for each in certificates for line in each.splitlines()]
    return "exports.all = [\n" + " +\n".join(f"'{line}\\n'" for line in lines) + "];"


def test_every_region_has_authorities_when_shipped() -> None:
    names = NAME.findall(RDS_ROOTS.read_text())

    regions = {found for name in names for found in re.findall("RDS ([a-z0-9-]+) Root", name)}
    assert {"us-east-1", "eu-central-1", "ap-southeast-2", "sa-east-1"} <= regions
    assert "Amazon Root CA 1" in names
    assert not any("Beta" in name or "Preview" in name for name in names)
    assert RDS_ROOTS.stat().st_size < BYTES_MAX


def test_every_authority_can_be_read_when_shipped() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(RDS_ROOTS)

    assert len(context.get_ca_certs()) == len(NAME.findall(RDS_ROOTS.read_text()))


def test_certificates_are_read_by_name_unless_they_have_expired() -> None:
    text = RDS_ROOTS.read_text()
    first, second = NAME.findall(text)[:2]
    both = [NAME.sub("", part) for part in re.split("(?m)^(?=# )", text)[1:3]]

    found = roots_of(script(*both), at=datetime(2026, 1, 1, tzinfo=UTC))

    assert [*found] == [first, second]
    assert found[first].strip() == both[0].strip()
    assert roots_of(script(*both), at=datetime.now(UTC) + timedelta(days=365 * 200)) == {}
