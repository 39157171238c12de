"""Do orders, events and the chain's ledger tell the same story? Reads only, all of one snapshot."""

from infra.operate.audit.checks import audit
from infra.operate.audit.report import Check, Report

__all__ = ["Check", "Report", "audit"]
