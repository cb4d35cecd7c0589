"""Everything that is true: model, events, reducers, engine client and store."""
