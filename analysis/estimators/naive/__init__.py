"""The naive rungs of the ladder, shown with the reasons not to believe them."""
