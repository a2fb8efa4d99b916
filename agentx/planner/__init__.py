"""Which action next."""
