"""The report as a PDF, by typst: no browser, tagged for screen readers (PDF/UA-1), the same bytes each time."""

from __future__ import annotations

import tempfile
from pathlib import Path

from dashboard.figures.svg import to_svg
from dashboard.report.document import RUN_MARK, Chart, Lines, Part, Report, Sheet, Table, Tiles
from dashboard.report.extras import needed
from dashboard.theme import FONTS, TOKENS

COLOURS = TOKENS["light"]
PREAMBLE = """#set document(title: {title}, keywords: ({run},), date: none)
#set text(lang: "en", font: ({fonts}), size: 10pt, fill: rgb("{text}"))
#set page(width: 297mm, height: 210mm, margin: (x: 18mm, top: 16mm, bottom: 18mm), footer: context [
  #set text(size: 8pt, fill: rgb("{muted}"))
  #grid(columns: (1fr, auto), {about}, counter(page).display("1 of 1", both: true))
])
#set par(leading: 0.6em)
#set table(stroke: (x: none, top: none, bottom: 0.4pt + rgb("{line}")), inset: (x: 4pt, y: 3.5pt), align: left + top)
#show heading.where(level: 1): set text(size: 20pt)
#show heading.where(level: 2): set text(size: 11pt)
#show heading: set block(above: 0.9em, below: 0.6em)
#let page-of(body) = layout(size => {{
  let sizes = ({sizes})
  let fits(f) = measure(block(width: size.width / f, body)).height * f <= size.height
  let found = sizes.find(fits)
  if found == none or found == 1.0 {{ body }} else {{
    scale(x: found * 100%, y: found * 100%, reflow: true, origin: top + left, block(width: size.width / found, body))
  }}
}})
"""
SIZES = (1.0, 0.96, 0.92, 0.88, 0.84, 0.8, 0.76)
"""A sheet is set this much smaller where that keeps it on one page; what is longer still goes on."""


def pdf(report: Report) -> bytes:
    """Return the report as a PDF.

    Parameters
    ----------
    report : Report

    Raises
    ------
    ReportError
        When typst is not installed; the message names the command that installs it.
    """
    typst = needed("typst", "PDF")
    with tempfile.TemporaryDirectory(prefix="empathy-report-") as made:
        folder = Path(made)
        (folder / "report.typ").write_text(source(report, folder), encoding="utf-8")
        written: bytes = typst.compile(folder / "report.typ", root=folder, format="pdf", pdf_standards="ua-1")
    return written


def source(report: Report, folder: Path) -> str:
    """Return the typst source of a report, its drawings written beside it.

    Parameters
    ----------
    report : Report
    folder : Path
        Where the drawings go.
    """
    head = PREAMBLE.format(
        title=quoted(report.title),
        run=quoted(f"{RUN_MARK}{report.run_id}"),
        fonts=", ".join(quoted(name) for name in (*FONTS[-2:], "DejaVu Sans", "Libertinus Serif")),
        about=f"text({quoted(report.about)})",
        text=COLOURS["text"],
        muted=COLOURS["muted"],
        line=COLOURS["line"],
        sizes=", ".join(str(size) for size in SIZES),
    )
    sheets = "\n#pagebreak()\n".join(f"#page-of[\n{_sheet(sheet, report, folder)}\n]" for sheet in report.sheets)
    return f"{head}\n{sheets}\n"


def quoted(words: str) -> str:
    """Return words as a string of typst: nothing in them is markup."""
    tidy = "".join(letter if letter.isprintable() else " " for letter in words)
    return '"' + tidy.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _sheet(sheet: Sheet, report: Report, folder: Path) -> str:
    lines = []
    band = [words for words in (_simulated(report), f"Only {report.selection}." if report.selection else "") if words]
    if band:
        words = quoted(" ".join(band))
        lines.append(f'#block(fill: rgb("{COLOURS["warn"]}"), inset: 6pt, width: 100%, text({words}))')
    lines.append(f"#heading(level: 1, text({quoted(sheet.title)}))")
    if sheet.lede:
        lines.append(f"#par(text({quoted(sheet.lede)}))")
    written = [(part, _part(part, sheet, place, folder)) for place, part in enumerate(sheet.parts)]
    beside = [text for part, text in written if isinstance(part, Table)]
    if len(beside) > 1 and any(isinstance(part, Chart) for part in sheet.parts):  # two tables share a row: one page
        lines += [text for part, text in written if not isinstance(part, Table)]
        cells = ", ".join(f"[{text}]" for text in beside)
        lines.append(f"#grid(columns: ({', '.join(['1fr'] * len(beside))}), gutter: 12pt, {cells})")
    else:
        lines += [text for _, text in written]
    return "\n".join(lines)


def _simulated(report: Report) -> str:
    return "These are simulated data: nothing here happened." if report.demo else ""


def _part(part: Part, sheet: Sheet, place: int, folder: Path) -> str:
    if isinstance(part, Tiles):
        return _tiles(part)
    if isinstance(part, Table):
        return f"{_title(part.title)}\n{_table(part)}\n{_muted(part.note)}"
    if isinstance(part, Lines):
        return f"{_title(part.title)}\n" + "\n".join(f"- #text({quoted(line)})" for line in part.lines)
    return _chart(part, "" if part.title == sheet.title else part.title, f"{sheet.key}-{place}.svg", folder)


def _tiles(part: Tiles) -> str:
    cells = []
    for tile in part.tiles:
        number, note = tile.number_and_note
        rows = [f"#text(weight: 600, {quoted(tile.name)})", f"#text(size: 18pt, weight: 600, {quoted(number)})"]
        rows += [_muted(note)] if note else []
        rows += [f"#text({quoted(words)})" for words in (tile.change, tile.likely) if words]
        rows += [f"#text({quoted(f'{tile.mark} {tile.verdict}')})", _muted(tile.counts)]
        inner = " #linebreak() ".join(row for row in rows if row)
        cells.append(f'block(stroke: 0.5pt + rgb("{COLOURS["line"]}"), inset: 8pt, width: 100%, [{inner}])')
    columns = ", ".join(["1fr"] * min(len(cells), 5))
    return f"#grid(columns: ({columns}), gutter: 8pt, {', '.join(cells)})"


def _chart(part: Chart, title: str, name: str, folder: Path) -> str:
    lines = [_title(title), _muted(part.subtitle)]
    if part.figure is not None:
        (folder / name).write_text(to_svg(part.figure["wide"]), encoding="utf-8")
        alt = quoted(f"{part.figure['label']}. The numbers stand in the table of this page.")
        lines.append(f'#image("{name}", alt: {alt}, width: 66%)')
    else:
        rows = tuple((row.label, row.shown, row.span) for row in part.rows)
        lines.append(_table(Table("", ("", "Estimate", "Likely between"), rows)))
    return "\n".join([*lines, _muted(part.note)])


def _table(part: Table) -> str:
    if not part.rows:
        return ""
    head = ", ".join(f"[#text(weight: 600, {quoted(name)})]" for name in part.columns)
    body = ", ".join(f"[#text({quoted(cell)})]" for row in part.rows for cell in row)
    columns = ", ".join(["auto"] * len(part.columns))
    return f"#text(size: 8.5pt, table(columns: ({columns}), table.header({head}), {body}))"


def _title(words: str) -> str:
    return f"#heading(level: 2, text({quoted(words)}))" if words else ""


def _muted(words: str) -> str:
    return f'#text(size: 8.5pt, fill: rgb("{COLOURS["muted"]}"), {quoted(words)})' if words else ""
