"""Fine-tuning: data that is refused before it costs an hour, checkpoints, a card beside each result."""
