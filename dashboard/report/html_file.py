"""The report as one HTML file: opens without a network, drawings first, Plotly for whoever wants to explore."""

from __future__ import annotations

import json
import re
from html import escape

from analysis.words.numbers import unbroken
from dashboard.figures.svg import to_svg
from dashboard.plots import bundle
from dashboard.plots.spec import painted
from dashboard.report.document import RUN_MARK, Chart, Lines, Part, Report, Sheet, Table, Tile, Tiles
from dashboard.theme import TOKENS, style_sheet

_NUMBER = re.compile(r"–|[-+−]?[^\w\s]?\d[\d.,\s]*[^\w\s]?")
"""A number alone, with a sign or a currency: its column stands at the right."""
SHORT, LONG = 13, 40
"""Characters of a cell that is one thing to read, and from which on it is a sentence."""
STYLE = """
*{box-sizing:border-box} body{margin:0;background:var(--page);color:var(--text);font:16px/1.5 var(--font)}
main{max-width:1080px;margin:0 auto;padding:32px 24px} section{margin:0 0 48px;break-after:page}
h1{font-size:28px;line-height:1.25;margin:0 0 8px;text-wrap:balance}
h2{font-size:16px;margin:0 0 4px} p{margin:0 0 12px}
.muted,.foot,figcaption{color:var(--muted);font-size:14px} .foot{border-top:1px solid var(--line);padding-top:8px}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(180px,1fr));gap:16px;margin:16px 0}
.card{background:var(--surface);border:1px solid var(--line);border-radius:4px;padding:20px;margin:16px 0}
.tiles .card{margin:0} .level{font-size:28px;font-weight:600;font-variant-numeric:tabular-nums}
.better{color:var(--better-text)} .worse{color:var(--worse-text)} svg{max-width:100%;height:auto}
table{border-collapse:collapse;width:100%;font-size:14px;font-variant-numeric:tabular-nums} .wide{overflow-x:auto}
th,td{text-align:left;padding:6px 12px 6px 0;border-bottom:1px solid var(--line);vertical-align:top}
th.num,td.num{text-align:right} td.num{white-space:nowrap} .slim-one{display:none}
@media screen and (max-width:640px){main{padding:24px 12px} .card{padding:14px} .full{display:none}
.slim-one{display:block} h1{font-size:22px} td.long{min-width:220px} td.middling{min-width:120px}}
button{font:inherit;font-size:14px;color:var(--accent);background:none;border:1px solid var(--control);
border-radius:4px;padding:4px 10px;cursor:pointer}
button:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
.banner{background:var(--warn);color:var(--warn-text);padding:8px 16px;border-radius:4px;margin:0 0 16px}
@media print{button{display:none} main{padding:0} .card{break-inside:avoid}}
"""
EXPLORE = """
document.querySelectorAll("button[data-plot]").forEach(function (button) {
  button.hidden = typeof Plotly === "undefined";
  button.addEventListener("click", function () {
    var figure = button.closest("figure");
    var drawn = figure.querySelector(".drawing"), room = figure.querySelector(".plot");
    var open = room.hidden;
    if (open && !room.dataset.made) {
      var spec = JSON.parse(document.getElementById(button.dataset.plot).textContent);
      room.style.height = Math.max(320, drawn.getBoundingClientRect().height) + "px";
      room.hidden = false;
      var narrow = room.getBoundingClientRect().width < 560 ? spec.narrow || {} : {};
      var layout = Object.assign({}, spec.layout);
      Object.keys(narrow).forEach(function (name) {
        var whole = Array.isArray(narrow[name]) || typeof narrow[name] !== "object";
        layout[name] = whole ? narrow[name] : Object.assign({}, layout[name], narrow[name]);
      });
      Plotly.newPlot(room, spec.data, layout, {showSendToCloud: false, showEditInChartStudio: false, displaylogo: false,
        responsive: true, modeBarButtons: [["zoom2d", "pan2d", "resetScale2d"]]});
      room.dataset.made = "1";
    }
    room.hidden = !open; drawn.hidden = open;
    button.textContent = open ? "Show the drawing" : "Explore";
    button.setAttribute("aria-pressed", String(open));
  });
});
"""


def html(report: Report, *, with_plotly: bool = True) -> str:
    """Return the report as the text of one HTML file.

    Parameters
    ----------
    report : Report
    with_plotly : bool
        Whether Plotly is put into the file (about 5 MB), so that charts can be explored.
    """
    sheets = "".join(_sheet(sheet, report, with_plotly) for sheet in report.sheets)
    scripts = f"<script>{_plotly()}</script><script>{EXPLORE}</script>" if with_plotly else ""
    banner = _banner(report)
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="keywords" content="{RUN_MARK}{escape(report.run_id)}">'
        f"<title>{escape(report.title)}</title><style>{style_sheet()}{STYLE}</style></head>"
        f"<body><main>{banner}{sheets}</main>{scripts}</body></html>\n"
    )


def _banner(report: Report) -> str:
    said = []
    if report.demo:
        said.append("These are simulated data: nothing here happened.")
    if report.selection:
        said.append(f"Only {report.selection}.")
    return f'<p class="banner">{escape(" ".join(said))}</p>' if said else ""


def _sheet(sheet: Sheet, report: Report, with_plotly: bool) -> str:
    parts = "".join(
        _part(part, sheet.title, f"{sheet.key}-{place}", with_plotly) for place, part in enumerate(sheet.parts)
    )
    lede = f"<p>{escape(sheet.lede)}</p>" if sheet.lede else ""
    return (
        f'<section id="{sheet.key}" aria-labelledby="{sheet.key}-title">'
        f'<h1 id="{sheet.key}-title">{escape(sheet.title)}</h1>{lede}{parts}'
        f'<p class="foot">{escape(report.about)}</p></section>'
    )


def _part(part: Part, sheet_title: str, place: str, with_plotly: bool) -> str:
    if isinstance(part, Tiles):
        return f'<div class="tiles">{"".join(_tile(tile) for tile in part.tiles)}</div>'
    if isinstance(part, Chart):
        return _chart(part, "" if part.title == sheet_title else part.title, place, with_plotly)
    if isinstance(part, Table):
        return f'<div class="card"><h2>{escape(part.title)}</h2>{_table(part)}{_note(part.note)}</div>'
    return _lines(part)


def _tile(tile: Tile) -> str:
    change = f'<div class="{tile.tone}"><strong>{escape(tile.change)}</strong></div>' if tile.change else ""
    number, note = tile.number_and_note
    return (
        f'<div class="card"><h2>{escape(tile.name)}</h2><div class="level">{escape(number)}</div>'
        f'<div class="muted">{escape(note)}</div>{change}'
        f'<div class="muted">{escape(tile.likely)}</div><div>{escape(tile.mark)} {escape(tile.verdict)}</div>'
        f'<div class="muted">{escape(tile.counts)}</div></div>'
    )


def _chart(part: Chart, title: str, place: str, with_plotly: bool) -> str:
    numbers = Table(
        "",
        ("", "Estimate", "Likely between"),
        tuple((row.label, row.shown, row.span or "–") for row in part.rows),
    )
    drawing, plot = "", ""
    if part.figure is not None:
        label = escape(str(part.figure["label"]))
        slim = part.figure.get("narrow")
        sizes = [("full", part.figure["wide"]), *([("slim-one", slim)] if slim else [])]
        drawn = "".join(f'<div class="{kind if slim else "any"}">{to_svg(tree)}</div>' for kind, tree in sizes)
        drawing = f'<div class="drawing" role="img" aria-label="{label}">{drawn}</div>'
        if with_plotly and part.figure.get("plot"):
            kept = ("data", "layout", "narrow")
            spec = painted({key: part.figure["plot"].get(key, {}) for key in kept}, TOKENS["light"])
            held = json.dumps(spec, default=str, allow_nan=False).replace("</", "<\\/")
            plot = (
                f'<div class="plot" hidden></div><button type="button" data-plot="{place}" aria-pressed="false">Explore'
                f'</button><script type="application/json" id="{place}">{held}</script>'
            )
    return (
        f'<div class="card">{f"<h2>{escape(title)}</h2>" if title else ""}<p class="muted">{escape(part.subtitle)}</p>'
        f'<figure style="margin:0">{drawing}{plot}</figure>{_note(part.note)}'
        f"<details><summary>The numbers</summary>{_table(numbers)}</details></div>"
    )


def _table(part: Table) -> str:
    kinds = [' class="num"' if all(map(_NUMBER.fullmatch, cells)) else "" for cells in zip(*part.rows, strict=True)]
    kinds = kinds or [""] * len(part.columns)
    head = "".join(f'<th scope="col"{kind}>{escape(name)}</th>' for name, kind in zip(part.columns, kinds, strict=True))
    rows = ([_cell(cell, kind) for cell, kind in zip(row, kinds, strict=True)] for row in part.rows)
    body = "".join(f"<tr>{''.join(row)}</tr>" for row in rows)
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def _cell(words: str, kind: str) -> str:
    """A cell; one of words keeps some room where columns are narrow, as in tables of pages."""
    kind = kind or (' class="long"' if len(words) > LONG else ' class="middling"' if len(words) > SHORT else "")
    return f"<td{kind}>{escape(unbroken(words))}</td>"


def _lines(part: Lines) -> str:
    items = "".join(f"<li>{escape(line)}</li>" for line in part.lines)
    return f'<div class="card"><h2>{escape(part.title)}</h2><ul>{items}</ul></div>'


def _note(words: str) -> str:
    return f'<p class="muted">{escape(words)}</p>' if words else ""


def _plotly() -> str:
    return bundle.script().replace("</script", "<\\/script")
