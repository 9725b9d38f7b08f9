"""Effects beside the headline: completion, team-mates, groups, leaving."""
