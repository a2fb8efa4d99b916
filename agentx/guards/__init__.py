"""The guards that come with AgentX: patterns of secrets and of personal data, and a list of words."""
