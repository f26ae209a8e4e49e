"""What all parts of the benchmark use: its size, commands, and the store's content."""

import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from stack.process import Signals, StackError, Stopped

SECONDS = int(os.environ.get("BENCH_S", "4"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
N_AUTHORISATIONS = int(os.environ.get("BENCH_AUTHORISATIONS", "1000000"))
N_NAMES = min(10000, N_AUTHORISATIONS)
# Questions a second, where the same load is needed on what is fast and what is slow.
RATE = 2000
ZONE = "auth.example.org"
SETTINGS = {"zone": {"name": ZONE}, "registration": "open"}
VALUE = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"
YEAR_2100_MS = "4102444800000"
NAMES_AT_ONCE = 20000  # in the memory of this program


class Interrupt:
    """check() is called while a command runs; an exception from it ends the command."""

    check = staticmethod(lambda: None)


def main(what, function):
    """Call function(temporary folder); returns the exit status: its own, or 1.

    What it has made is removed, also after Ctrl-C or SIGTERM.
    """
    signals = Signals()
    Interrupt.check = signals.check
    try:
        with tempfile.TemporaryDirectory(prefix="acmeproxy-bench-") as directory:
            return function(Path(directory)) or 0
    except (Stopped, StackError) as error:
        # Ctrl-C also ends some commands, which then seem to fail.
        print("Stopped." if signals.seen else f"{what}: {error}", file=sys.stderr)
        return 1


def finish(child):
    """Wait for a child that has a session of its own; return what it printed."""
    try:
        while True:
            try:
                return child.communicate(timeout=0.2)
            except subprocess.TimeoutExpired:
                Interrupt.check()
    finally:
        if child.poll() is None:
            os.killpg(child.pid, signal.SIGKILL)
            child.communicate()


def start(*argv, **options):
    return subprocess.Popen([str(a) for a in argv], stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            start_new_session=True, **options)


def run(*argv, **options):
    """What a command prints; it must succeed."""
    child = start(*argv, **options)
    out, err = finish(child)
    if child.returncode != 0:
        raise StackError(f"{argv[0]}: {out[-2000:]}{err[-2000:]}")
    return out


def alternate(measures):
    """Call each of {key: function} once a round; returns {key: results}.

    Every second round has the opposite order, so that a machine that gets slower
    or faster meanwhile does not favour one of them.
    """
    results = {key: [] for key in measures}
    for n in range(ROUNDS):
        for key in list(measures)[::-1 if n % 2 else 1]:
            results[key].append(measures[key]())
    return results


# -- the store

def redis_pipe(target, commands):
    """Send commands to Redis in the fastest way that it has."""
    text = "".join("*%d\r\n" % len(words) + "".join(f"${len(w)}\r\n{w}\r\n" for w in words)
                   for words in commands)
    done = target.redis_cli("--pipe", text=text)
    if "errors: 0" not in done:
        raise StackError(f"redis-cli: {done}")


def authorise(name, created_at_ms):
    """The commands for an authorisation with a live response, without its counts."""
    created_at = str(created_at_ms)
    yield ["HSET", f"acmeproxy:authorisation:{name}", "secret:" + "0" * 64, created_at, "suffix_match",
           "false", "account", "operations", "created_at", created_at, "created_by_ip", "192.0.2.1"]
    yield ["ZADD", "acmeproxy:authorisations", created_at, name]
    yield ["ZADD", f"acmeproxy:response:{name}", YEAR_2100_MS, VALUE]


def fill(target, pattern, n):
    """Authorise n names, pattern with a number each, as the scripts of the API would."""
    for first in range(0, n, NAMES_AT_ONCE):
        Interrupt.check()
        numbers = range(first, min(n, first + NAMES_AT_ONCE))
        redis_pipe(target, (words for i in numbers
                            for words in authorise(pattern % i, 1700000000000 + i)))
    above = (pattern % 0).split(".")[1:]
    redis_pipe(target, ([["HINCRBY", f"acmeproxy:below:{'.'.join(above[i:])}", "descendants", str(n)]
                         for i in range(len(above))]
                        + ([["HINCRBY", f"acmeproxy:below:{'.'.join(above)}", "children", str(n)]]
                           if above else [])))
    # Redis would rewrite its file while we measure.
    while "aof_rewrite_in_progress:0" not in target.redis_cli("INFO", "persistence"):
        Interrupt.check()
        time.sleep(0.2)


def n_tracking(target):
    """How many connections follow what changes."""
    return int(re.search(r"tracking_clients:(\d+)", target.redis_cli("INFO", "clients"))[1])


# -- files of questions

CHANCE = random.Random(1)
BY_NS, IN_ZONE = "_acme-challenge.host%d.example.com", f"u%d.{ZONE}"
NOBODY, UNKNOWN = "r%d.example.net", "_acme-challenge.unknown%d.example.com"


def questions(target, pattern, n):
    """A file that asks TXT of each of n names."""
    path = target.dir / f"questions-{pattern.strip('_').replace('%d', '')}-{n}"
    if not path.exists():
        path.write_text("".join(pattern % i + " TXT\n" for i in range(n)))
    return path


def by_chance(target, pattern, n, n_questions):
    """A file that asks n_questions of n names, which are others each time that this is called."""
    path = target.dir / "questions-by-chance"
    path.write_text("".join(pattern % CHANCE.randrange(n) + " TXT\n" for _ in range(n_questions)))
    return path
