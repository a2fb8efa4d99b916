"""The injection guard: its labelled texts, how well it tells them apart, and what a check costs."""
