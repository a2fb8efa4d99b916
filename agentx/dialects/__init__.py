"""How a model family is shown tools and how it writes calls."""
