"""One sentence for the whole programme, from the verdicts on its goals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analysis.words.change import lower_label
from analysis.words.numbers import Wording
from analysis.words.verdict import CLAIMED, Verdict

NOT_NAMED = "Empathy programme"
"""Default name of a programme (``[programme] name`` where it is not stated)."""
LONGEST_NAME = 60
"""Most characters of a programme's name in a sentence; header and report show all of it."""


def training(programme: str = "", *, begins: bool = True) -> str:
    """Name of a programme's training in a sentence: its own name where it has one.

    Parameters
    ----------
    programme
        ``[programme] name``.
    begins
        Whether the sentence begins with it.

    Examples
    --------
    >>> training("Sales academy"), training(), training(begins=False)
    ('Sales academy', 'Empathy training', 'empathy training')
    """
    name = " ".join(programme.split())
    if name in ("", NOT_NAMED):
        return "Empathy training" if begins else "empathy training"
    return shortened(name)


def shortened(name: str) -> str:
    """A programme's name, shortened for a sentence or a table row."""
    plain = " ".join(name.split())
    return plain if len(plain) <= LONGEST_NAME else f"{plain[: LONGEST_NAME - 1].rstrip()}…"


def headline(
    verdicts: Mapping[str, Verdict],
    kpis: Sequence[Wording],
    sizes: Mapping[str, str],
    *,
    where: str = "",
    ci_level: float = 0.95,
    programme: str = "",
) -> tuple[str, str]:
    """One sentence for the whole programme, and one line of detail.

    Holm's correction over the goals keeps the probability of a clear verdict on any goal, if training has no effect, at
    ``1 - ci_level``. The detail of a claim states it.

    Parameters
    ----------
    verdicts
        KPI id to verdict, for the primary KPIs of the slice on screen.
    kpis
        The primary KPIs in catalogue order; those without a verdict are left out.
    sizes
        KPI id to the size of its change in words (``Reader.size``), for the clear ones.
    where
        The slice in words, such as ``Madrid`` or ``chat``; empty for everybody.
    ci_level
        Level of the intervals, and of the allowance for the number of goals.
    programme
        Its name, as in :func:`training`.

    Returns
    -------
    tuple of str
        Sentence and detail.
    """
    told = [(kpi, verdicts[kpi.id]) for kpi in kpis if kpi.id in verdicts]
    place = f" ({where})" if where else ""
    if not told:
        return (f"Nothing has been measured yet{place}.", "No primary KPI has an estimate for this selection.")
    total = len(told)
    better = [k for k, v in told if v.state == "clear" and v.direction == "better"]
    worse = [k for k, v in told if v.state in CLAIMED and v.direction == "worse"]
    small = [k for k, v in told if v.state == "clear_but_small" and v.direction == "better"]
    flat = [k for k, v in told if v.state == "no_meaningful_change"]
    unsure = [k for k, v in told if v.state == "cant_tell_yet"]
    unsafe = [k for k, v in told if v.state == "dont_use"]
    goals = "goal" if total == 1 else "goals"
    what = training(programme)

    if better:
        named = _listed([f"{lower_label(k)} {_went(k)} by about {sizes.get(k.id, 'a clear amount')}" for k in better])
        first = f"{what} appears to work on {len(better)} of {total} {goals}{place}: {named}."
    elif worse:
        first = f"{what} is not helping{place}: {_listed([lower_label(k) for k in worse])} got worse."
    elif small:
        first = f"{what} helps{place}, but by less than we said would matter on each of {total} {goals}."
        if len(small) < total:
            first = (
                f"{what} has only small effects so far{place}: clear on {len(small)} of {total} {goals}, "
                "none large enough to matter."
            )
    elif len(flat) == total:
        first = f"{what} made no change that matters{place} on any of {total} {goals}."
    else:
        named = training(programme, begins=False)
        first = f"Nothing can be claimed for {named} yet{place}: none of {total} {goals} shows a clear change."

    details = []
    if better and worse:
        details.append(f"Worse: {_listed([lower_label(k) for k in worse])}")
    for title, group in (
        ("Better, but less than would matter", small),
        ("No change that matters", flat),
        ("Can't tell yet", unsure),
        ("Not safe to read", unsafe),
    ):
        if group:
            details.append(f"{title}: {_listed([lower_label(k) for k in group])}")
    if better or worse or small:
        like = "selections like this one" if where else "times"
        often = f"in about {round(100 * (1 - ci_level))} of 100 {like}"
        details.append(f"Had training changed nothing, a goal would look this clear by chance {often}")
    return first, (". ".join(details) + "." if details else "")


def _listed(items: Sequence[str]) -> str:
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def _went(kpi: Wording) -> str:
    """Verb for a KPI that got better: rose or fell."""
    return "rose" if kpi.better == "higher" else "fell"
