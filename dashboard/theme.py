"""Colours and their meaning; the only definition of colours.

The palette is Okabe and Ito's (https://jfly.uni-koeln.de/color/), darkened or lightened only where a background asks
for it; a test computes every contrast. Colour is never the only carrier of information: a mark, shape or word says the
same.
"""

from __future__ import annotations

from collections.abc import Mapping

TOKENS: Mapping[str, Mapping[str, str]] = {
    "light": {
        "page": "#FAFAF9",
        "surface": "#FFFFFF",
        "raised": "#F2F2EF",
        "text": "#1B1C1E",
        "muted": "#575C64",
        "line": "#E2E2DE",
        "control": "#8B9098",
        "accent": "#00619A",
        "trained": "#0072B2",
        "trained-soft": "#0072B226",
        "compare": "#6B7280",
        "before": "#D55E00",
        "better": "#009E73",
        "better-text": "#00704F",
        "worse": "#8C2A66",
        "worse-text": "#8C2A66",
        "unsure": "#6B7280",
        "band": "#6B72801F",
        "warn": "#FFF4DC",
        "warn-text": "#6A4300",
    },
    "dark": {
        "page": "#17181A",
        "surface": "#1E2023",
        "raised": "#282A2E",
        "text": "#ECECEA",
        "muted": "#A9AEB6",
        "line": "#35383D",
        "control": "#7E848D",
        "accent": "#7CC4F2",
        "trained": "#56B4E9",
        "trained-soft": "#56B4E92E",
        "compare": "#9AA1AC",
        "before": "#E6883C",
        "better": "#2BBF93",
        "better-text": "#4FD1AA",
        "worse": "#D98DB8",
        "worse-text": "#E3A4C8",
        "unsure": "#9AA1AC",
        "band": "#9AA1AC29",
        "warn": "#3A2F17",
        "warn-text": "#F2D79B",
    },
}
"""Scheme to token to colour; the style sheet uses them as ``var(--token)``."""

FONTS = ("Inter", "Source Sans 3", "system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "Liberation Sans")
FONT_STACK = ", ".join([f'"{name}"' if " " in name else name for name in FONTS] + ["Arial", "sans-serif"])


def variables(scheme: str) -> str:
    """The tokens of one scheme as CSS declarations."""
    return "".join(f"--{name}:{value};" for name, value in TOKENS[scheme].items())


def style_sheet() -> str:
    """Custom properties for both schemes; printing is always light."""
    light, dark = variables("light"), variables("dark")
    return (
        f":root{{{light}--font:{FONT_STACK};color-scheme:light}}"
        f':root[data-mantine-color-scheme="dark"]{{{dark}color-scheme:dark}}'
        f'@media print{{:root,:root[data-mantine-color-scheme="dark"]{{{light}color-scheme:light}}}}'
    )


def mantine() -> dict[str, object]:
    """Theme of the control library, so that its controls look like the rest."""
    return {
        "fontFamily": FONT_STACK,
        "primaryColor": "blue",
        "defaultRadius": "sm",
        "cursorType": "pointer",
        "respectReducedMotion": True,
    }


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two opaque colours (WCAG 2.2, 1.4.3), from 1 to 21.

    Parameters
    ----------
    first, second : str
        Colours as ``#RRGGBB``.
    """
    lighter, darker = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
