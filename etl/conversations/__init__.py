"""Skills heard in conversations: rules over what agents say, their hits, and the scores of contacts."""
