"""Encoders that judge texts: on torch as they are trained, on onnxruntime alone once they are exported."""
