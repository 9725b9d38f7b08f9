"""Effects other than the headline: completion, spillover, groups of agents, leaving, mediation by skills."""
