"""AgentX: a local-first agent framework with tool use."""

__version__ = "0.1.0"
