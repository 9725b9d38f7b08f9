"""The naive rungs of the ladder, shown with the reasons why they are biased."""
