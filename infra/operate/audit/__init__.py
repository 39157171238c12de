"""Compares orders, events and the chain's ledger in one snapshot, and changes nothing."""

from infra.operate.audit.checks import audit
from infra.operate.audit.report import Check, Report

__all__ = ["Check", "Report", "audit"]
