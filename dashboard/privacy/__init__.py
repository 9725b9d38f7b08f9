"""What readers of a shared dashboard may see, so that no arithmetic on it discloses what few agents did.

Words used in this package and in :mod:`dashboard.data`:

few
    Fewer agents than the smallest group, ``[privacy] min_group``.
cell
    Everybody, one value of a filter (a site, a team, a wave), or one value of a filter at one site.
answer
    A number that a reader can ask for. It is, but for rounding, a weighted sum of what agents did in their weeks.
told
    Disclosed: an answer is told when readers may have it; a figure is told by the answers it can be worked out from.
block
    Four weeks; levels of shared dashboards are by block.

Decisions, in the order in which they are made:

:mod:`~dashboard.privacy.viewer`
    Who asks, in which role, for which sites and teams.
:mod:`~dashboard.privacy.lattice`
    Which cells are answered at all, looked at together.
:mod:`~dashboard.privacy.together`
    Which estimates of these cells may be told beside their levels.
:mod:`~dashboard.privacy.comparison`
    Whether an estimate lies mostly in few agents, trained or compared with.
:mod:`~dashboard.privacy.imprecision`
    How precisely estimates are told.
:mod:`~dashboard.privacy.columns`
    How every column of the tables of estimates is told; what is not named there is blank.
:mod:`~dashboard.privacy.leaving`
    Up to which week numbers of one kind of leaving are told.
:mod:`~dashboard.privacy.checks`
    How checks of an estimate are told: without numbers.
:mod:`~dashboard.privacy.redaction`
    What is blanked or rounded in tables and sentences.

:mod:`~dashboard.privacy.suppression` and :mod:`~dashboard.privacy.group_counts` decide selections on one's own machine,
where the smallest group is a courtesy.
"""
