"""What the backend on `transformers` costs, and how it compares with the same weights elsewhere."""
