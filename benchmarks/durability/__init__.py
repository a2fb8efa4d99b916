"""What the journal costs, and what is left after a crash, beside its peers."""
