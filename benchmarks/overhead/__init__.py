"""What the framework itself costs, beside its peers: time a step, time to import, memory over many turns."""
