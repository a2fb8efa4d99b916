"""The gate that an adapter passes before a model runs under it by default: base and adapter on the same cases."""
