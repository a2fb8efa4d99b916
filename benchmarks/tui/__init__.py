"""How the terminal UI feels: while text streams, at the end of a long text, at rest, and at the start."""
