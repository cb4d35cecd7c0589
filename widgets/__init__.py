"""What is drawn: read models in, Intent messages out, no I/O."""
