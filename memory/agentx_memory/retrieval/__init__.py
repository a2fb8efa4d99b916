"""From a question to the passages that answer it, and from these to an answer that says where it is from."""
