"""Skills in conversations: phrase rules applied to agents' turns, their hits, and the scores of contacts."""
