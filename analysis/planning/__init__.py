"""Who next, and will we be able to tell: variance of a roll-out, power, waves, waiting times."""

from analysis.planning.detectable_change import minimum_detectable_effect, power
from analysis.planning.stepped_wedge import stepped_wedge_variance

__all__ = ["minimum_detectable_effect", "power", "stepped_wedge_variance"]
