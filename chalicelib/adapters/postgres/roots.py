"""Whose certificates a database may have: libpq in this package knows no authority by itself."""

from pathlib import Path

from psycopg.conninfo import make_conninfo

# The authorities of RDS, for all regions, and of RDS Proxy (infra/generate/database_roots.py).
RDS_ROOTS = Path(__file__).with_name("rds.pem")


def with_roots(url: str, roots: str) -> str:
    """Return the URL of a database so that only this very host, certified by one of `roots`, is
    talked to: those of RDS ("rds") or those that browsers trust ("public").

    With "url", the URL says itself what is to be checked. Raises psycopg.ProgrammingError for a
    malformed one.
    """
    if roots == "url":
        return url
    file = str(RDS_ROOTS) if roots == "rds" else _public_roots()
    return make_conninfo(url, sslmode="verify-full", sslrootcert=file)


def _public_roots() -> str:
    import certifi

    return certifi.where()
