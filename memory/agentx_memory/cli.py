"""Keep files and notes on this machine, and find them again by meaning and by words."""

# The line above is what `agentx --help` reads of this file, which is why it is this short.
from agentx_memory.command import app

__all__ = ["app"]
