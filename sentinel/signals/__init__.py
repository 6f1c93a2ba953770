"""Pure arithmetic over bars and equity curves."""
