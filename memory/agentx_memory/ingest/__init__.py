"""Files of a person's disk to chunks that can be stored, embedded and cited.

Importing this loads no parser. A folder is walked, its files are read in a process of their own and cut to the size of
the embedding model; what cannot be read comes as a `Skipped` with one sentence.
"""

from agentx_memory.ingest.documents import documents, read_document
from agentx_memory.ingest.opening import Skipped, Unreadable, digest_of
from agentx_memory.ingest.pages import page_document
from agentx_memory.ingest.walk import files
from agentx_memory.ingest.watching import Change, watch

__all__ = [
    "Change",
    "Skipped",
    "Unreadable",
    "digest_of",
    "documents",
    "files",
    "page_document",
    "read_document",
    "watch",
]
