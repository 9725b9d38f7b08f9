"""Estimators of the effect of training, one per module."""
