"""Is phrase detection as accurate after training as without it, judged by evaluations of the same contacts?"""

from __future__ import annotations

from analysis.checks.result import CheckResult, not_measured
from analysis.effects.heard import SAME_LEVEL, AccuracyCheck
from analysis.words.numbers import Reader

ID, LABEL = "phrases", "Phrases mean the same"


def check(found: AccuracyCheck | None, reader: Reader, why: str = "") -> CheckResult:
    """Compare sensitivity and specificity of the phrases after training with those of all other contacts.

    Parameters
    ----------
    found
        The compared sensitivity and specificity; ``None`` where they cannot be compared.
    reader
        Locale.
    why
        Why they cannot be compared, a sentence.

    Returns
    -------
    CheckResult
        Failed when either differs significantly: phrases then show neither whether the skill changed nor by how much.
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
