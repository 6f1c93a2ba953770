"""Sentinel keeps a protective stop resting at the broker behind every share of every open position."""

__version__ = "0.1.0"
