"""Other agent frameworks on the same tasks, tools and weights; each has requirements of its own."""
