"""How much anybody may ask: counters, limits, and which operation is under which."""
