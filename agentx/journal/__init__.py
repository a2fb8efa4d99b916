"""The event log of every session: written as it happens, read back as the same events."""

from agentx.journal.journal import Journal
from agentx.journal.rows import DURABLE, Hit, SessionRow, new_id, unknown_session
from agentx.journal.schema import SCHEMA_VERSION

__all__ = ["DURABLE", "SCHEMA_VERSION", "Hit", "Journal", "SessionRow", "new_id", "unknown_session"]
