"""Do orders, events and the chain's ledger tell the same story? Reads only, all of one snapshot."""

from infra.audit.checks import audit
from infra.audit.report import Check, Report

__all__ = ["Check", "Report", "audit"]
