"""Figures that the README claims, each measured beside its peer. Not shipped."""
