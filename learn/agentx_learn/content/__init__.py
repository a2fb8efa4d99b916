"""The guard `content`: a classifier of what a text is about; and the texts that it learns from."""
