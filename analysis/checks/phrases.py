"""Do phrases mean the same after training as otherwise, as far as evaluations of the same contacts can tell?"""

from __future__ import annotations

from analysis.checks.result import CheckResult, not_measured
from analysis.effects.heard import SAME_LEVEL, AccuracyCheck
from analysis.words.numbers import Reader

ID, LABEL = "phrases", "Phrases mean the same"


def check(found: AccuracyCheck | None, reader: Reader, why: str = "") -> CheckResult:
    """Compare how often phrases are heard with and without the skill, after training and otherwise.

    Parameters
    ----------
    found
        Sensitivity and specificity compared; ``None`` where they cannot be.
    reader
        Locale.
    why
        The reason, a sentence.

    Returns
    -------
    CheckResult
        Failed when either differs beyond chance: then neither whether the skill changed nor by how much can be read
        from phrases.
    """
    if found is None:
        return not_measured(ID, LABEL, why)
    sizes = ", ".join(
        f"{name} {reader.number(change.estimate, 2)} (likely {reader.number(change.ci_low, 2)} to "
        f"{reader.number(change.ci_high, 2)})"
        for name, change in (
            ("heard where the skill is shown", found.sensitivity_change),
            ("not heard where it is not", found.specificity_change),
        )
    )
    words = f"{found.sentence} Change in the share {sizes}, of {reader.count(found.sensitivity_change.n)} and "
    words += f"{reader.count(found.specificity_change.n)} evaluated contacts."
    return CheckResult(ID, LABEL, "failed" if found.blocks else "passed", found.p_value, SAME_LEVEL, words)
