"""The memory, side by side with its peers."""
