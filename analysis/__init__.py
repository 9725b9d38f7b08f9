"""What training did: panels, estimators, inference, checks and words."""
