"""Remake the tables of docs/sample-world.md: errors of naive comparisons, and speed of the simulation.

python benchmarks/sample_world.py                 print the table of naive comparisons
python benchmarks/sample_world.py --write         and put it into docs/sample-world.md
python benchmarks/sample_world.py --speed DIR     time the large, the small and the sample world, exports in DIR
python benchmarks/sample_world.py --committed     write the small exports kept in sample_data/ again
"""

from __future__ import annotations

import argparse
import resource
import shutil
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from sample_data import exports  # noqa: E402
from sample_data.naive import FIGURES, Row, row  # noqa: E402
from sample_data.parameters import ASSIGNMENT_MODES, Parameters  # noqa: E402
from sample_data.world import simulate  # noqa: E402

PAGE = ROOT / "docs" / "sample-world.md"
BEGIN, END = "<!-- naive table: begin -->", "<!-- naive table: end -->"
SEEDS = 60


def table(rows: list[Row]) -> str:
    """Return the rows as Markdown, every figure with its simulation error."""
    head = [
        "| how agents are chosen | effects | truth, first 12 weeks | before/after, 4 weeks: error "
        "| before/after, 12 weeks: error | trained against untrained: error |",
        "|---|---|---|---|---|---|",
    ]
    lines = []
    for one in rows:
        figures = (one.figures[name] for name in FIGURES)
        shown = " | ".join("–" if mean != mean else f"{mean:+.2f} ± {error:.2f}" for mean, error in figures)
        lines.append(f"| `{one.mode}` | {'none' if one.scale == 0 else 'default'} | {shown} |")
    return "\n".join(head + lines)


def naive_table(seeds: int) -> str:
    """Measure every assignment mode, with the default effects and in the null world."""
    rows = [row(mode, scale, seeds) for scale in (1.0, 0.0) for mode in ASSIGNMENT_MODES if scale or mode != "none"]
    return table(rows)


def write_into_page(text: str) -> None:
    """Replace the table between the markers of the page."""
    page = PAGE.read_text(encoding="utf-8")
    before, rest = page.split(BEGIN)
    _, after = rest.split(END)
    PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


def speed(folder: Path) -> None:
    """Time simulation and writing of three worlds, one after the other; memory is the peak so far."""
    worlds = {
        "small: 60 agents, 40 weeks": Parameters(teams=5, seats_per_team=12, weeks=40, pre_weeks=12),
        "sample: 160 agents, a year": Parameters.sample(),
        "large: 480 agents, 78 weeks": Parameters(contacts_per_week=211.0),
    }
    print("| world | contacts | simulate, s | write, s | peak memory, GiB |\n|---|---|---|---|---|")
    for name, params in worlds.items():
        target = folder / "sample-world-speed"
        begin = time.perf_counter()
        world = simulate(params)
        made = time.perf_counter()
        exports.write(world, target)
        done = time.perf_counter()
        shutil.rmtree(target)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
        print(f"| {name} | {world.contacts.height:,} | {made - begin:.1f} | {done - made:.1f} | {peak:.2f} |")


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=SEEDS, help="worlds per line")
    parser.add_argument("--write", action="store_true", help="put the table into docs/sample-world.md")
    parser.add_argument("--speed", type=Path, metavar="DIR", help="time the worlds instead")
    parser.add_argument("--committed", action="store_true", help="write the exports kept in sample_data/ again")
    asked = parser.parse_args()
    if asked.committed:
        exports.write(simulate(Parameters.committed()), ROOT / "sample_data")
        return
    if asked.speed is not None:
        speed(asked.speed)
        return
    text = naive_table(asked.seeds)
    print(text)
    if asked.write:
        write_into_page(text)


if __name__ == "__main__":
    main()
