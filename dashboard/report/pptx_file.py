"""The report as PowerPoint: native charts that can be edited, ranges as error bars, caveats and run in the notes."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from dashboard.report.document import RUN_MARK, Chart, Interval, Lines, Part, Report, Sheet, Table, Tiles
from dashboard.report.extras import needed
from dashboard.theme import TOKENS

COLOURS = TOKENS["light"]
WIDTH = 12.1
"""Inches between the margins."""
TABLE_HEIGHT, LONGEST_CELL, CHARACTER = 4.6, 60, 0.078
"""Inches of a table on one slide; characters that widen a column; inches of a character at 10 points."""
TITLE_SIZES, TITLE_HEIGHT, BOLD_CHARACTER = (26, 22, 18, 15, 12), 0.95, 0.6
"""Points of a title, the largest that fits; inches it may take; width of a bold character as a share of its size."""
LONGEST_LABEL = 60
CHART_NS = "http://schemas.openxmlformats.org/drawingml/2006/chart"
LEFTOVERS = ("thumbnail", "printerSettings", "extended-properties")
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
    properties.last_modified_by, properties.comments = report.project, ""
    properties.keywords = f"{RUN_MARK}{report.run_id}"
    properties.created = properties.modified = FIXED
    _without_leftovers(deck)
    for sheet in report.sheets:
        _slides(deck, sheet, report)
    out = io.BytesIO()
    deck.save(out)
    return out.getvalue()


def _without_leftovers(deck: Any) -> None:
    """Take out what the library's template says of the presentation it was made of: its picture, printer and counts."""
    for holder in (deck.part.package, deck.part):
        rels = holder._rels if holder is deck.part.package else holder.rels
        for name in [rel.rId for rel in rels.values() if rel.reltype.rsplit("/", 1)[-1] in LEFTOVERS]:
            holder.drop_rel(name)


def _slides(deck: Any, sheet: Sheet, report: Report) -> None:
    """One slide for each part of a sheet, more for a long table; the first one carries the answer."""
    first = True
    for part in sheet.parts or (None,):
        for number, shown in enumerate(_pages(part)):
            title = "" if first or shown is None else getattr(shown, "title", "")
            slide = _slide(deck, sheet, report, f"{title} (continued)" if number and title else title)
            first = False
            if isinstance(shown, Tiles):
                _tiles(slide, shown)
            elif isinstance(shown, Chart):
                _chart(slide, shown)
            elif isinstance(shown, Table):
                _table(slide, shown)
            elif isinstance(shown, Lines):
                _lines(slide, shown)


def _pages(part: Part | None) -> list[Part | None]:
    """A part as what fits a slide each: long tables go on."""
    if not isinstance(part, Table) or not part.rows:
        return [part]
    widths = _widths(part)
    heights = [_row_height(row, widths) for row in part.rows]
    pages = _parted(part.rows, heights, TABLE_HEIGHT)
    if len(pages) > 1:  # no slide with a single last row
        pages = _parted(part.rows, heights, min(TABLE_HEIGHT, sum(heights) / len(pages) + max(heights)))
    return [replace(part, rows=tuple(rows), note=part.note if rows is pages[-1] else "") for rows in pages]


def _parted(rows: Sequence[tuple[str, ...]], heights: Sequence[float], limit: float) -> list[list[tuple[str, ...]]]:
    """Rows as pages no higher than a limit, each with one row at least."""
    pages: list[list[tuple[str, ...]]] = [[]]
    used = 0.0
    for row, high in zip(rows, heights, strict=True):
        if pages[-1] and used + high > limit:
            pages.append([])
            used = 0.0
        pages[-1].append(row)
        used += high
    return pages


def _widths(part: Table) -> list[float]:
    """Inches of each column: room for its longest word, the rest by what stands in it."""
    columns = [(name, *(row[place] for row in part.rows)) for place, name in enumerate(part.columns)]
    words = [max(len(word) for cell in cells for word in (cell.split() or [""])) for cells in columns]
    least = [min(0.3 + 1.15 * CHARACTER * size, WIDTH / len(columns)) for size in words]
    longest = [min(LONGEST_CELL, max(map(len, cells)) + 2) for cells in columns]
    return [low + (WIDTH - sum(least)) * size / sum(longest) for low, size in zip(least, longest, strict=True)]


def _row_height(row: Sequence[str], widths: Sequence[float]) -> float:
    cells = zip(row, widths, strict=True)
    lines = max(math.ceil(len(cell) * CHARACTER / max(width - 0.2, 0.3)) for cell, width in cells)
    return 0.1 + 0.17 * max(lines, 1)


def _slide(deck: Any, sheet: Sheet, report: Report, title: str) -> Any:
    from pptx.enum.text import PP_ALIGN
    from pptx.util import Inches, Pt

    slide = deck.slides.add_slide(deck.slide_layouts[5])
    head = slide.shapes.title
    head.left, head.top, head.width, head.height = Inches(0.6), Inches(0.35), Inches(12.1), Inches(1.0)
    words, size = _fitted(title or sheet.title)
    head.text_frame.text = words
    head.text_frame.word_wrap = True
    for paragraph in head.text_frame.paragraphs:
        paragraph.font.size, paragraph.font.bold, paragraph.alignment = Pt(size), True, PP_ALIGN.LEFT
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


def _fitted(title: str) -> tuple[str, int]:
    """A title and the size in points at which it stays above the text below it; the notes have it whole."""
    for size in TITLE_SIZES:
        lines = math.floor(TITLE_HEIGHT / (1.2 * size / 72))
        room = math.floor(lines * (WIDTH - 0.4) / (BOLD_CHARACTER * size / 72))
        if len(title) <= room:
            return title, size
    return f"{title[: room - 1].rstrip()}…", size


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
    room = WIDTH / max(len(part.tiles), 1)
    for place, tile in enumerate(part.tiles):
        number, note = tile.number_and_note
        lines = (
            (tile.name, 13, True, "muted"),
            (number, 30, True, "text"),
            (note, 11, False, "muted"),
            (tile.change, 15, True, tile.tone if tile.tone != "unsure" else "text"),
            (tile.likely, 11, False, "muted"),
            (f"{tile.mark} {tile.verdict}", 13, True, tile.tone if tile.tone != "unsure" else "muted"),
            (tile.counts, 10, False, "muted"),
        )
        _stacked(slide, [line for line in lines if line[0].strip()], (0.6 + place * room, 2.3, room - 0.15, 4.0))


def _stacked(slide: Any, lines: Sequence[tuple[str, int, bool, str]], place: tuple[float, float, float, float]) -> None:
    """Lines of their own size, weight and colour, one below the other."""
    from pptx.dml.color import RGBColor
    from pptx.util import Inches, Pt

    frame = slide.shapes.add_textbox(*(Inches(part) for part in place)).text_frame
    frame.word_wrap = True
    for number, (words, size, bold, token) in enumerate(lines):
        paragraph = frame.paragraphs[0] if number == 0 else frame.add_paragraph()
        paragraph.text = words
        paragraph.font.size, paragraph.font.bold = Pt(size), bold
        paragraph.font.color.rgb = RGBColor.from_string(COLOURS[token][1:])
        paragraph.space_after = Pt(3)


def _chart(slide: Any, part: Chart) -> None:
    from pptx.chart.data import CategoryChartData
    from pptx.enum.chart import XL_CHART_TYPE
    from pptx.util import Inches, Pt

    rows = [row for row in reversed(part.rows) if row.is_known]  # PowerPoint draws the first one at the bottom
    if not rows:
        _text(slide, "There is nothing to draw.", (0.6, 2.2, 12.1, 0.5), 14)
        return
    data = CategoryChartData()
    data.categories = [f"{_label(row.label)}: {row.shown}" for row in rows]
    data.add_series(part.axis, [row.estimate for row in rows])
    place = [Inches(value) for value in (0.6, 2.0, WIDTH, 4.9)]
    chart = slide.shapes.add_chart(XL_CHART_TYPE.BAR_CLUSTERED, *place, data).chart
    chart.has_legend, chart.has_title = False, False
    chart.font.size = Pt(11)
    chart.category_axis.tick_labels.offset = 100
    chart.category_axis.tick_label_position = _at_the_low_end()
    axis = chart.value_axis
    axis.has_major_gridlines, axis.has_title = True, True
    axis.axis_title.text_frame.text = part.axis
    axis.axis_title.text_frame.paragraphs[0].font.size = Pt(11)
    axis.axis_title.text_frame.paragraphs[0].font.bold = False
    axis.minimum_scale, axis.maximum_scale = _ends(rows)
    axis.tick_labels.number_format, axis.tick_labels.number_format_is_linked = "#,##0.##;\u2212#,##0.##;0", False
    for line in (axis.major_gridlines.format.line, axis.format.line, chart.category_axis.format.line):
        _grey(line)
    chart.plots[0].gap_width = 120
    series = chart.plots[0].series[0]
    for place_of, row in enumerate(rows):
        _paint(series.points[place_of], row)
    _error_bars(series, rows)


def _label(words: str) -> str:
    return words if len(words) <= LONGEST_LABEL else f"{words[: LONGEST_LABEL - 1].rstrip()}…"


def _ends(rows: Sequence[Interval]) -> tuple[float, float]:
    """Ends of the axis: zero and every range lie inside, so no range is cut; rounded to a step of 1, 2 or 5."""
    low, high = min(0.0, *(row.low for row in rows)), max(0.0, *(row.high for row in rows))
    rough = (high - low) / 8 or 1.0
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
    return math.floor(low / step) * step, math.ceil(high / step) * step


def _grey(line: Any) -> None:
    from pptx.dml.color import RGBColor

    line.color.rgb = RGBColor.from_string(COLOURS["line"][1:])


def _at_the_low_end() -> Any:
    from pptx.enum.chart import XL_TICK_LABEL_POSITION

    return XL_TICK_LABEL_POSITION.LOW


def _paint(point: Any, row: Interval) -> None:
    """A filled bar where the answer is clear, a hollow one where it is not."""
    from pptx.dml.color import RGBColor
    from pptx.enum.dml import MSO_LINE_DASH_STYLE

    tone = RGBColor.from_string(COLOURS[row.tone][1:])
    if row.tone == "unsure":
        point.format.fill.background()
        point.format.line.color.rgb = tone
        point.format.line.dash_style = MSO_LINE_DASH_STYLE.DASH
        return
    point.format.fill.solid()
    point.format.fill.fore_color.rgb = tone


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
    from pptx.dml.color import RGBColor
    from pptx.util import Inches, Pt

    rows, widths = part.rows, _widths(part) if part.rows else [WIDTH / len(part.columns)] * len(part.columns)
    heights = [0.3, *(_row_height(row, widths) for row in rows)]
    place = [Inches(value) for value in (0.6, 2.0, WIDTH, sum(heights))]
    table = slide.shapes.add_table(len(rows) + 1, len(part.columns), *place).table
    table.horz_banding = False
    for column, width in zip(table.columns, widths, strict=True):
        column.width = Inches(width)
    for number, (row, height, words) in enumerate(zip(table.rows, heights, (part.columns, *rows), strict=True)):
        row.height = Inches(height)
        for cell, text in zip(row.cells, words, strict=True):
            cell.text = text
            cell.margin_top = cell.margin_bottom = Inches(0.03)
            cell.fill.solid()
            cell.fill.fore_color.rgb = RGBColor.from_string(COLOURS["page" if number == 0 else "surface"][1:])
            for paragraph in cell.text_frame.paragraphs:
                paragraph.font.size, paragraph.font.bold = Pt(10), number == 0
                paragraph.font.color.rgb = RGBColor.from_string(COLOURS["muted" if number == 0 else "text"][1:])
    _text(slide, part.note, (0.6, 6.7, WIDTH, 0.3), 9, muted=True)


def _lines(slide: Any, part: Lines) -> None:
    _text(slide, "\n".join(f"• {line}" for line in part.lines), (0.6, 2.2, 12.1, 4.5), 14)
