"""LoRA adapters between the two libraries: folders as `peft` writes them, GGUF files as llama.cpp loads them."""
