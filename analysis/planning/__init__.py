"""Planning a roll-out: variance, power, waves, weeks until an effect can be detected."""

from analysis.planning.detectable_change import minimum_detectable_effect, power
from analysis.planning.stepped_wedge import stepped_wedge_variance

__all__ = ["minimum_detectable_effect", "power", "stepped_wedge_variance"]
