"""The guard against injections: a classifier that is trained on this machine, its texts, and its windows."""
