"""`make torture`: what goes wrong under load, and what it costs."""

import argparse
import json
import os
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from bench.report import machine, revision, versions  # noqa: E402
from stack.process import Signals, StackError, Stopped  # noqa: E402
from stack.stack import TOP  # noqa: E402
from torture.faults import FAULTS  # noqa: E402
from torture.round import torture  # noqa: E402
from torture.stack import may_mount  # noqa: E402

ROUNDS = int(os.environ.get("TORTURE_ROUNDS", "5"))
SECONDS = float(os.environ.get("TORTURE_S", "3"))
# A line for Redis's redis.d, to compare the shipped configuration with another.
REDIS_LINE = os.environ.get("TORTURE_REDIS", "")
COLUMNS = (("rounds", 7), ("acknowledged", 13), ("lost", 6), ("locked out", 11), ("wrong", 6),
           ("outage after", 13), ("DNS silent", 11))


def line(what, cells):
    return f"{what:40}" + "".join(f"{cell:>{width}}" for (_, width), cell in zip(COLUMNS, cells))


def cells(found):
    count = found.count
    return (found.rounds, f"{count.acknowledged:,}", count.lost, count.locked_out, count.wrong,
            f"{found.outage_s:.2f} s", f"{found.silence_s:.2f} s")


def run(names, signals):
    """Print a row a fault; returns {fault: what was found}."""
    all_found = {}
    print(line("fault", [column for column, _ in COLUMNS]))
    for key in names:
        fault = FAULTS[key]
        if "small" in (fault.disk, fault.replica) and not may_mount():
            print(f"{fault.what:40}  skipped: needs root, for a small disk")
            continue
        with tempfile.TemporaryDirectory(prefix="acmeproxy-torture-") as directory:
            found = torture(fault, directory, ROUNDS, SECONDS, REDIS_LINE, signals.check)
        print(line(fault.what, cells(found)), flush=True)
        all_found[key] = found
    return all_found


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("fault", nargs="*", help="all unless given: " + " ".join(FAULTS))
    options = parser.parse_args()
    unknown = set(options.fault) - set(FAULTS)
    if unknown:
        parser.error(f"no such fault: {' '.join(sorted(unknown))}")
    signals = Signals()
    try:
        found = run(options.fault or FAULTS, signals)
    except Stopped:
        print("Stopped.", file=sys.stderr)
        return 130
    except StackError as error:
        print(f"make torture: {error}", file=sys.stderr)
        return 1
    path = TOP / (os.environ.get("BUILD") or "build") / "torture.json"
    path.write_text(json.dumps({
        "revision": revision(), "machine": machine(), "versions": versions(),
        "seconds": SECONDS, "redis": REDIS_LINE,
        "faults": {key: {"what": FAULTS[key].what, **asdict(each)}
                   for key, each in found.items()}}, indent=2) + "\n")
    print(f"All figures, and what was wrong: {path}")
    bad = [each for each in found.values()
           if each.count.lost or each.count.locked_out or each.count.wrong > each.n_killed]
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
