"""Where Yes begins for a model: measured on cases that ship with AgentX, kept in the data folder."""
