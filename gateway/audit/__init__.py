"""The audit log: what was done through the gateway and by whom, in a chain that shows tampering."""

from gateway.audit.log import AuditLog
from gateway.audit.records import Deed, Head, Record
from gateway.audit.verifying import Finding, verify

__all__ = ["AuditLog", "Deed", "Finding", "Head", "Record", "verify"]
