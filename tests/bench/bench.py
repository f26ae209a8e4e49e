"""`make bench`: requests and questions per second, each compared with a reference.

The machine is shared and noisy, so only the ratios of one run mean anything.
Rounds alternate between ours and the reference, and the median counts.
BENCH_S, BENCH_ROUNDS and BENCH_AUTHORISATIONS make it shorter or longer.
"""

import json
import os
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from bench import api, commands, plot, questions  # noqa: E402
from bench.report import TOP, Results  # noqa: E402
from bench.tools import SETTINGS, Interrupt, main  # noqa: E402
from stack.stack import Stack  # noqa: E402


def measure(directory, results):
    with Stack(directory / "few", SETTINGS, interrupt=Interrupt.check) as few:
        api.bench_requests(few, results)
        api.bench_refusals(few, results)
        commands.bench_audit(few, results)
        questions.bench_dns(few, results)
        api.bench_tracked(few, results)
        with Stack(directory / "many", SETTINGS, interrupt=Interrupt.check) as many:
            questions.bench_numbers(few, many, results)
            commands.bench_list(many, results)


def bench(directory):
    results, build = Results(), TOP / (os.environ.get("BUILD") or "build")
    measure(directory, results)
    results.print_ratios()
    found = results.found()
    (build / "bench.json").write_text(json.dumps(found, indent=1) + "\n")
    print("\nFigures and pictures:", build / "bench.json", *plot.draw_all(found, f"{build}/bench-"))


if __name__ == "__main__":
    sys.exit(main("make bench", bench))
