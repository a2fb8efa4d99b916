"""The Chroma RAG memory."""
