"""git: looks, plans and pushes against real repositories on disk."""
