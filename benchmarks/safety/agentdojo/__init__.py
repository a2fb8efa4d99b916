"""AgentDojo (Debenedetti et al., 2024, https://arxiv.org/abs/2406.13352): what an agent does for those who plant
instructions in what it reads. In an environment of its own: `pip install -e . --group agentdojo`."""
