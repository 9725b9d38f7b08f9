"""Unit values and costs of the sample world."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Money:
    """Value of one unit of a KPI: low, likely, high, in the project's currency (assumptions).

    Parameters
    ----------
    escalation : tuple of 3 floats
        Cost of one escalated contact beside the contact itself: 6 to 13 minutes of a supervisor at 40 an hour. The
        longer call and the customer's next contact are in ``handle_second`` and ``repeat``, and not counted twice.
    repeat : tuple of 3 floats
        Cost of one more contact ($5-8 a voice contact).
    revenue : tuple of 3 floats
        Margin kept of one unit of net upsell revenue (share).
    leaver : tuple of 3 floats
        Cost to replace one agent ($9,352 mean of firms asked, Tenacity; Gartner $14,113).
    handle_second : tuple of 3 floats
        Loaded cost of one second of handling (40 an hour).
    fee, trainer : tuple of 3 floats
        Fee and trainer, room and preparation for each seat the programme is planned for.
    hours, wage : tuple of 3 floats
        Hours off the phone for each seat, and the loaded wage of one.
    """

    escalation: tuple[float, float, float] = (4.0, 6.0, 9.0)
    repeat: tuple[float, float, float] = (4.0, 5.5, 8.0)
    revenue: tuple[float, float, float] = (0.25, 0.40, 0.55)
    leaver: tuple[float, float, float] = (6000.0, 9500.0, 14000.0)
    handle_second: tuple[float, float, float] = (0.008, 0.011, 0.014)
    fee: tuple[float, float, float] = (120.0, 150.0, 190.0)
    hours: tuple[float, float, float] = (6.0, 7.0, 8.0)
    wage: tuple[float, float, float] = (28.0, 32.0, 38.0)
    trainer: tuple[float, float, float] = (62.0, 76.0, 106.0)

    @property
    def programme(self) -> tuple[float, float, float]:
        """Cost of the programme for each seat it is planned for."""
        low, likely, high = (
            fee + hours * wage + trainer
            for fee, hours, wage, trainer in zip(self.fee, self.hours, self.wage, self.trainer, strict=True)
        )
        return low, likely, high
