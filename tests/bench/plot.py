"""Draw the pictures of a JSON file of bench.py: plot.py FILE.json PREFIX.

By gnuplot, which needs 3 more packages where matplotlib needs 45, and whose SVG
has text as text, no date and no random ids: the same figures give the same file.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

COLOURS = ("#8a8a8a", "#1f5a8a", "#7fb2d6", "#c07830")
HEAD = """set encoding utf8
set terminal svg size 720,400 dynamic background "#ffffff" font "Helvetica,Arial,sans-serif,13" linewidth 1.5
set output '{path}'
set border 3 linecolor "#606060"
set tics nomirror out textcolor "#303030"
set grid ytics linecolor "#e4e4e4" linetype 1 linewidth 0.5
set key outside below left Left reverse samplen 2 spacing 1.2 width -2
set title "{title}" textcolor "#303030"
"""


def quoted(text):
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("_", "\\\\_")


def lines(series):
    """Data blocks and the command that plots them; series is {name: [(x, y)]}."""
    blocks, plots = [], []
    for n, (name, points) in enumerate(series.items()):
        rows = "".join(f"{x} {y:.6g}\n" for x, y in points)
        blocks.append(f"$line{n} << EOD\n{rows}EOD\n")
        plots.append(f'$line{n} with linespoints linewidth 1.4 pointtype 7 pointsize 0.5 '
                     f'linecolor "{COLOURS[n % len(COLOURS)]}" title "{quoted(name)}"')
    return "".join(blocks) + "plot " + ", \\\n     ".join(plots) + "\n"


def draw(path, title, commands):
    script = HEAD.format(path=path, title=quoted(title)) + commands
    done = subprocess.run(["gnuplot"], input=script, capture_output=True, text=True,
                          env={**os.environ, "LC_ALL": "C.UTF-8"})
    if done.returncode != 0:
        raise RuntimeError(f"gnuplot: {done.stderr}")
    return path


def draw_curve(found, path):
    names = [point["names"] for point in found["curve"]]
    series = {name: [(point["names"], point["medians"][name]) for point in found["curve"]]
              for name in found["curve"][0]["medians"]}
    ticks = ", ".join(f'"{n:,}" {n}' for n in names)
    return draw(path, "DNS questions a second, by the number of names that are asked",
                f"set logscale x\nset xrange [{names[0] / 1.15}:{names[-1] * 1.15}]\n"
                f"set xtics ({ticks})\nset yrange [0:*]\nset format y '%.0s %c'\n" + lines(series))


def draw_latencies(found, path):
    got = found["latencies"]
    ticks = ", ".join(f'"p{percent:g}" {n}' for n, percent in enumerate(got["percents"]))
    series = {name: list(enumerate(values)) for name, values in got["medians"].items()}
    return draw(path, f"Milliseconds from a DNS question to its answer, at {got['title']}",
                f"set xrange [-0.1:{len(got['percents']) - 0.9}]\nset xtics ({ticks})\n"
                "set logscale y\nset format y '%g'\n" + lines(series))


def draw_all(found, prefix):
    """Draw what the figures have; returns the paths."""
    return [draw_curve(found, f"{prefix}questions.svg"),
            draw_latencies(found, f"{prefix}latencies.svg")]


if __name__ == "__main__":
    print("\n".join(draw_all(json.loads(Path(sys.argv[1]).read_text()), sys.argv[2])))
