"""git, from two sides: looks inside the engine's sandbox, pushes outside of it.

Invariant: looking at a repository runs nothing of it; what a push would start is listed
before it is started.
"""
