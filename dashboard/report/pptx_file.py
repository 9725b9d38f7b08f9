"""The report as PowerPoint: native charts that can be edited, ranges as error bars, caveats and run in the notes."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from dashboard.report.document import Chart, Interval, Lines, Report, Sheet, Table, Tiles
from dashboard.report.extras import needed
from dashboard.theme import TOKENS

COLOURS = TOKENS["light"]
MOST_ROWS = 16
"""Rows of a table on one slide."""
CHART_NS = "http://schemas.openxmlformats.org/drawingml/2006/chart"
FIXED = datetime(2000, 1, 1)
"""In place of the clock, so that the same report gives the same properties."""


def pptx(report: Report) -> bytes:
    """Return the report as a PowerPoint file.

    Parameters
    ----------
    report : Report

    Raises
    ------
    ReportError
        When python-pptx is not installed; the message names the command that installs it.
    """
    library = needed("pptx", "PowerPoint")
    from pptx.util import Inches

    deck = library.Presentation()
    deck.slide_width, deck.slide_height = Inches(13.333), Inches(7.5)
    properties = deck.core_properties
    properties.title, properties.author = report.title, report.project
    properties.created = properties.modified = FIXED
    for sheet in report.sheets:
        _slides(deck, sheet, report)
    out = io.BytesIO()
    deck.save(out)
    return out.getvalue()


def _slides(deck: Any, sheet: Sheet, report: Report) -> None:
    """One slide for each part of a sheet; the first one carries the answer."""
    first = True
    for part in sheet.parts or (None,):
        slide = _slide(deck, sheet, report, "" if first or part is None else getattr(part, "title", ""))
        first = False
        if isinstance(part, Tiles):
            _tiles(slide, part)
        elif isinstance(part, Chart):
            _chart(slide, part)
        elif isinstance(part, Table):
            _table(slide, part)
        elif isinstance(part, Lines):
            _lines(slide, part)


def _slide(deck: Any, sheet: Sheet, report: Report, title: str) -> Any:
    from pptx.util import Inches, Pt

    slide = deck.slides.add_slide(deck.slide_layouts[5])
    head = slide.shapes.title
    head.left, head.top, head.width, head.height = Inches(0.6), Inches(0.35), Inches(12.1), Inches(1.0)
    head.text_frame.text = title or sheet.title
    head.text_frame.word_wrap = True
    head.text_frame.paragraphs[0].font.size = Pt(26)
    head.text_frame.paragraphs[0].font.bold = True
    if not title:
        _text(slide, sheet.lede, (0.6, 1.3, 12.1, 0.7), 13)
    band = " ".join(
        words
        for words in (
            "Simulated data: nothing here happened." if report.demo else "",
            f"Only {report.selection}." if report.selection else "",
        )
        if words
    )
    _text(slide, f"{band} {report.about}".strip(), (0.6, 7.0, 12.1, 0.4), 9, muted=True)
    slide.notes_slide.notes_text_frame.text = "\n".join((sheet.title, sheet.lede, report.about))
    return slide


def _text(slide: Any, words: str, place: tuple[float, float, float, float], size: int, *, muted: bool = False) -> None:
    from pptx.dml.color import RGBColor
    from pptx.util import Inches, Pt

    frame = slide.shapes.add_textbox(*(Inches(part) for part in place)).text_frame
    frame.word_wrap = True
    frame.text = words
    for paragraph in frame.paragraphs:
        paragraph.font.size = Pt(size)
        paragraph.font.color.rgb = RGBColor.from_string(COLOURS["muted" if muted else "text"][1:])


def _tiles(slide: Any, part: Tiles) -> None:
    room = 12.1 / max(len(part.tiles), 1)
    for place, tile in enumerate(part.tiles):
        words = (tile.name, tile.level, tile.change, tile.likely, f"{tile.mark} {tile.verdict}", tile.counts)
        text = "\n".join(line for line in words if line)
        _text(slide, text, (0.6 + place * room, 2.3, room - 0.15, 3.5), 14)


def _chart(slide: Any, part: Chart) -> None:
    from pptx.chart.data import CategoryChartData
    from pptx.enum.chart import XL_CHART_TYPE, XL_LABEL_POSITION
    from pptx.util import Inches, Pt

    rows = [row for row in reversed(part.rows) if row.is_known]  # PowerPoint draws the first one at the bottom
    if not rows:
        _text(slide, "There is nothing to draw.", (0.6, 2.2, 12.1, 0.5), 14)
        return
    data = CategoryChartData()
    data.categories = [row.label for row in rows]
    data.add_series(part.axis, [row.estimate for row in rows])
    place = [Inches(value) for value in (0.6, 2.0, 12.1, 4.9)]
    chart = slide.shapes.add_chart(XL_CHART_TYPE.BAR_CLUSTERED, *place, data).chart
    chart.has_legend, chart.has_title = False, False
    chart.font.size = Pt(11)
    chart.category_axis.tick_labels.offset = 100
    chart.category_axis.tick_label_position = _at_the_low_end()
    chart.value_axis.has_major_gridlines = True
    chart.value_axis.has_title = True
    chart.value_axis.axis_title.text_frame.text = part.axis
    series = chart.plots[0].series[0]
    chart.plots[0].gap_width = 120
    for place_of, row in enumerate(rows):
        _paint(series.points[place_of], row)
    labels = chart.plots[0]
    labels.has_data_labels = True
    for place_of, row in enumerate(rows):
        label = series.points[place_of].data_label
        label.has_text_frame = True
        label.text_frame.text = row.shown
        label.position = XL_LABEL_POSITION.INSIDE_BASE
        label.font.size = Pt(9)
    _error_bars(series, rows)


def _at_the_low_end() -> Any:
    from pptx.enum.chart import XL_TICK_LABEL_POSITION

    return XL_TICK_LABEL_POSITION.LOW


def _paint(point: Any, row: Interval) -> None:
    from pptx.dml.color import RGBColor

    point.format.fill.solid()
    point.format.fill.fore_color.rgb = RGBColor.from_string(COLOURS[row.tone][1:])


def _error_bars(series: Any, rows: Sequence[Interval]) -> None:
    """Ranges as error bars with values of their own; python-pptx has no call for them."""
    from lxml import etree

    def element(parent: Any, name: str, **attributes: str) -> Any:
        return etree.SubElement(parent, f"{{{CHART_NS}}}{name}", attributes)

    bars = etree.Element(f"{{{CHART_NS}}}errBars")
    element(bars, "errBarType", val="both")
    element(bars, "errValType", val="cust")
    element(bars, "noEndCap", val="0")
    for name, sizes in (
        ("plus", [row.high - row.estimate for row in rows]),
        ("minus", [row.estimate - row.low for row in rows]),
    ):
        numbers = element(element(bars, name), "numLit")
        element(numbers, "formatCode").text = "General"
        element(numbers, "ptCount", val=str(len(sizes)))
        for place, size in enumerate(sizes):
            element(element(numbers, "pt", idx=str(place)), "v").text = repr(float(size))
    series._element.find(f"{{{CHART_NS}}}cat").addprevious(bars)


def _table(slide: Any, part: Table) -> None:
    from pptx.util import Inches, Pt

    rows = part.rows[:MOST_ROWS]
    place = [Inches(value) for value in (0.6, 2.0, 12.1, 0.3 * (len(rows) + 1))]
    shape = slide.shapes.add_table(len(rows) + 1, len(part.columns), *place)
    for column, name in enumerate(part.columns):
        shape.table.cell(0, column).text = name
    for line, row in enumerate(rows, start=1):
        for column, cell in enumerate(row):
            shape.table.cell(line, column).text = cell
    for row in shape.table.rows:
        for cell in row.cells:
            for paragraph in cell.text_frame.paragraphs:
                paragraph.font.size = Pt(10)
    note = part.note if len(rows) == len(part.rows) else f"The first {len(rows)} of {len(part.rows)} rows. {part.note}"
    _text(slide, note, (0.6, 6.6, 12.1, 0.3), 9, muted=True)


def _lines(slide: Any, part: Lines) -> None:
    _text(slide, "\n".join(f"• {line}" for line in part.lines), (0.6, 2.2, 12.1, 4.5), 14)
