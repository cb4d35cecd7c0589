"""World -> read models, one module per part of the screen.

Owns what the screen says; does not own the model nor the drawing. Pure. Builders
keep what they built and give the same object back while nothing changed.
"""
