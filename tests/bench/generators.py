"""The load generators: wrk for HTTPS, dnsperf for DNS."""

import random
import re
import signal
import socket
import threading
import time
from contextlib import contextmanager
from string import ascii_lowercase as LETTERS

from stack.process import StackError

from .tools import RATE, SECONDS, ZONE, finish, run, start

LUA = """wrk.method = "POST"
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
wrk.headers["X-Api-User"] = "%s"
wrk.headers["X-Api-Key"] = "%s"
wrk.body = '%s'
"""
LATENCY = re.compile(r"^> \S+ \S+ TXT (\d+\.\d+)$", re.MULTILINE)
LOST_S = 5.0  # after so long dnsperf gives up
DEEP_LABELS, DEEP_RATE = 110, 100
QUEUE_LIMIT_S = 1.5  # of the shipped settings for PowerDNS


def wrk(directory, port, path, body, user="", key="", refused=False):
    """Requests per second over TLS with keep-alive connections; all must succeed, or all be refused."""
    script = directory / "post.lua"
    script.write_text(LUA % (user, key, body))
    out = run("wrk", "-t", 1, "-c", 16, "-d", f"{SECONDS}s", "-s", script,
              f"https://127.0.0.1:{port}{path}")
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    if int(bad[1] if bad else 0) != (int(re.search(r"(\d+) requests in", out)[1]) if refused else 0):
        raise StackError(out)
    return float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1])


def _argv(port, queries, *options):
    return ("dnsperf", "-s", "127.0.0.1", "-p", port, "-d", queries, "-c", 8, "-q", 100, *options)


def _check(out, queries, rcode, most_lost=1):
    """Fail unless all answers have this rcode; returns how many questions had none.

    most_lost is in per cent of all questions.
    """
    codes = re.search(r"Response codes:\s+(.*)", out)
    lost = re.search(r"Queries lost:\s+(\d+) \(([\d.]+)%\)", out)
    if not codes or not re.fullmatch(rf"{rcode} \d+ \(100\.00%\)", codes[1]) or float(lost[2]) > most_lost:
        raise StackError(f"dnsperf of {queries}:\n{out[-1000:]}")
    return int(lost[1])


def dnsperf(port, queries, rcode="NOERROR", seconds=SECONDS):
    """Questions per second, all of which must get this rcode."""
    out = run(*_argv(port, queries, "-l", seconds))
    _check(out, queries, rcode)
    return float(re.search(r"Queries per second:\s+([\d.]+)", out)[1])


def warm(port, queries, rcode="NOERROR", times=5, seconds=2 * SECONDS):
    """Ask so that each coprocess knows most of the names, but not for longer than that."""
    _check(run(*_argv(port, queries, "-n", times, "-l", seconds)), queries, rcode)


def latencies(port, queries, seconds=SECONDS):
    """Seconds from question to answer at a steady RATE, sorted."""
    out = run(*_argv(port, queries, "-l", seconds, "-Q", RATE, "-v"))
    lost = _check(out, queries, "NOERROR", most_lost=100)
    found = [float(s) for s in LATENCY.findall(out)]
    if not found:
        raise StackError(f"dnsperf -v does not print latencies as expected:\n{out[:300]}")
    return sorted(found) + [LOST_S] * lost


def percentile(values, percent):
    """Of sorted values: as many percent are at most this."""
    return values[min(len(values) - 1, int(len(values) * percent / 100))]


@contextmanager
def steady_load(port, queries):
    """Ask at a steady RATE until the end of the block."""
    child = start(*_argv(port, queries, "-l", 10 * SECONDS, "-Q", RATE))
    try:
        time.sleep(0.3)
        yield
    finally:
        child.send_signal(signal.SIGINT)  # at which it prints what it has counted
        out, _ = finish(child)
    _check(out, queries, "NOERROR")


@contextmanager
def deep_names(port):
    """Until the end of the block, ask for names of many labels below the zone, each a new one.

    At the end it waits until PowerDNS has dropped what it could not answer.
    """
    stopped = threading.Event()
    thread = threading.Thread(target=_ask_deep_names, args=(port, stopped), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join()
        time.sleep(QUEUE_LIMIT_S)


def _ask_deep_names(port, stopped):
    chance = random.Random(1)
    zone = ZONE.encode().split(b".")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as deep:
        deep.connect(("127.0.0.1", port))
        deep.setblocking(False)
        while not stopped.wait(1 / DEEP_RATE):
            labels = [chance.choice(LETTERS).encode() for _ in range(DEEP_LABELS - len(zone))] + zone
            name = b"".join(bytes([len(label)]) + label for label in labels)
            deep.send(chance.randbytes(2) + b"\0\0\0\1\0\0\0\0\0\0" + name + b"\0\0\x10\0\1")
            try:
                while True:
                    deep.recv(4096)
            except BlockingIOError:
                pass  # what matters is how long others wait
