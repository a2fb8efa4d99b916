"""Constrained decoding over llama.cpp."""
