"""The nouns of the trade: frozen values with no clock, no network and no disk."""
