"""Finding the right tools among many: 200 tools, and requests in plain words."""
