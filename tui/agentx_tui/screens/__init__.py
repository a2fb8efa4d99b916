"""Pages over the conversation."""
