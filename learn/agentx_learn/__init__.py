"""Pre-trained transformers at work in the agent, on Hugging Face's libraries; needs the extra `agentx-local[learn]`."""
