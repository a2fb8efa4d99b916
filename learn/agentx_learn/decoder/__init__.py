"""Any causal language model of `transformers` as a backend, under the engine of `agentx.decoding`."""
