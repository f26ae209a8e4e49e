"""`make bench-readme`: put the figures of the last `make bench` into README.

They are kept beside this file, with the pictures, which README shows.
"""

import json
import os
import re
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from bench.plot import draw_all  # noqa: E402
from bench.report import TOP  # noqa: E402

HERE = Path(__file__).resolve().parent
FIGURES, README = HERE / "figures.json", TOP / "README.md"
BEGIN, END = "<!-- make bench-readme: begin -->\n", "<!-- make bench-readme: end -->\n"
NAMES = {"Debian": "Debian", "pdns-server": "PowerDNS", "redis-server": "Redis", "nginx": "nginx",
         "gcc": "gcc"}


def amount(value, unit):
    return f"{value:,.0f}{unit}" if unit == "/s" else f"{value:,.2f} {unit}"


def rows(found):
    for row in found["ratios"].values():
        ours, reference = (amount(value, row["unit"]) for value in row["medians"])
        yield f"| {row['what']} | {ours} | {row['of']} | {reference} | {row['ratio']:.2f} |\n"


def sentence_of_lists(found):
    each = found["lists"]["rows"].values()
    return (f"`acmeproxy listauthorisations` over {found['size']['authorisations']:,} takes "
            f"at most {max(row['seconds'] for row in each):.1f} s "
            f"and {max(row['peak_mib'] for row in each):.1f} MiB,\nand no other client of Redis waits "
            f"longer than {max(row['pause_ms'] for row in each):.0f} ms meanwhile.\n")


def block(found):
    """What README says about these figures."""
    size, machine = found["size"], found["machine"]
    parts = ", ".join(f"{name} {found['versions'][part]}" for part, name in NAMES.items()
                      if part in found["versions"])
    return "".join([
        f"Medians of {size['rounds']} rounds of {size['seconds']} s each, on {machine['cpus']} cores "
        f"({machine['processor'] or machine['architecture']}) with {machine['memory_gib']} GiB,\n"
        f"which also ran the load generators; {parts}.\n"
        "TXT never comes from a cache of PowerDNS.\n\n",
        "| measured | | compared with | | ratio |\n|---|---|---|---|---|\n", *rows(found), "\n",
        "![questions a second](tests/bench/questions.svg)\n\n",
        "![how long questions take](tests/bench/latencies.svg)\n\n", sentence_of_lists(found)])


def fill_in(text, figures):
    """README's text with the figures between its two marks."""
    marked = re.compile(f"({re.escape(BEGIN)}).*({re.escape(END)})", re.DOTALL)
    if not marked.search(text):
        raise ValueError(f"README has no lines {BEGIN.strip()} and {END.strip()}")
    return marked.sub(lambda match: f"{match[1]}\n{block(figures)}\n{match[2]}", text)


def main():
    build = TOP / (os.environ.get("BUILD") or "build")
    try:
        text = (build / "bench.json").read_text()
        README.write_text(fill_in(README.read_text(), json.loads(text)))
    except (OSError, ValueError) as error:
        print(f"make bench-readme: {error}", file=sys.stderr)
        return 1
    FIGURES.write_text(text)
    draw_all(json.loads(text), f"{HERE}/")
    return 0


if __name__ == "__main__":
    sys.exit(main())
