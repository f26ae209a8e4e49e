"""`make freshness`: N publications, each asked at once, while things go wrong."""

import argparse
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from freshness.load import SETTINGS, Load, follow  # noqa: E402
from stack.process import Signals, StackError, Stopped, free_port  # noqa: E402
from stack.replica import Replica  # noqa: E402
from stack.stack import Stack  # noqa: E402

COLUMNS = ("publications", "requests", "503", "questions", "right", "stale", "wrong", "SERVFAIL",
           "no answer")
PARTS = (  # share of the publications, with a replica, with faults
    (0.2, False, False), (0.5, False, True), (0.1, True, False), (0.2, True, True))


def title(with_replica, with_faults):
    return ("through a replica" if with_replica else "one Redis") + (
        ", faults" if with_faults else ", no faults")


def parts(n, seed, interrupt):
    """Yield (title, counts, complaints, faults, commands a question or None)."""
    with tempfile.TemporaryDirectory(prefix="acmeproxy-fresh-") as directory:
        for with_replica in (False, True):
            settings = {**SETTINGS, **({"replicas_required": 1, "replicas_timeout_ms": 2000}
                                       if with_replica else {})}
            with Stack(Path(directory) / f"stack{with_replica:d}", settings=settings,
                       replica_port=free_port(), interrupt=interrupt) as stack:
                if not with_replica:
                    yield from run_parts(Load(stack, seed), n, with_replica)
                    continue
                with Replica(stack, Path(directory) / "r") as replica:
                    follow(stack, replica)
                    yield from run_parts(Load(stack, seed, replica), n, with_replica)


def run_parts(load, n, with_replica):
    for share, replica, with_faults in PARTS:
        if replica == with_replica:
            count, complaints = load.run(int(n * share), with_faults)
            quiet = load.commands_a_question() if not with_faults else None
            yield title(replica, with_faults), count, complaints, load.fault_counts, quiet


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("n", type=int, help="publications")
    parser.add_argument("--seed", default="1", help="another order of changes and faults")
    options = parser.parse_args()
    signals = Signals()
    bad = []
    print(f"{'':28}" + "".join(f"{column:>14}" for column in COLUMNS))
    try:
        for name, count, complaints, faults, quiet in parts(options.n, options.seed, signals.check):
            print(f"{name:28}" + "".join(f"{count[column]:>14,}" for column in COLUMNS), flush=True)
            bad += complaints
            if quiet is not None:
                print(f"{'':28}{quiet:.3f} commands of Redis a question while nothing changes")
                if count["503"] + count["SERVFAIL"] + count["no answer"]:
                    bad.append(f"{name}: a failure without a fault")
            else:
                print(f"{'':28}{sum(faults.values())} faults: " + ", ".join(
                    f"{n} {what}" for what, n in sorted(faults.items())))
    except Stopped:
        return 130
    except StackError as error:
        print(f"make freshness: {error}", file=sys.stderr)
        return 1
    print("\n".join(bad) or "no first question after a 200 got an old answer")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
