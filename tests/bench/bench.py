"""`make bench`: requests and questions per second, each compared with a reference.

The machine is shared and noisy, so only the ratios of one run mean anything.
Rounds alternate between ours and the reference, and the median counts.
"""

import json
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from stack.process import Process, StackError, free_port, wait_until  # noqa: E402
from stack.stack import Stack  # noqa: E402

SECONDS = int(os.environ.get("BENCH_S", "4"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
N_NAMES = 10000
N_AUTHORISATIONS = int(os.environ.get("BENCH_AUTHORISATIONS", "1000000"))
VALUE = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"


def run(*argv, **options):
    done = subprocess.run([str(a) for a in argv], capture_output=True, text=True, **options)
    if done.returncode != 0:
        raise StackError(f"{argv[0]}: {done.stdout}{done.stderr}")
    return done.stdout


def table(title, rows, base):
    """Medians of the rounds, and the ratio to the row called base."""
    print(f"\n{title}")
    medians = {name: statistics.median(rates) for name, rates in rows.items()}
    for name, rates in rows.items():
        print(f"  {name:<42} {medians[name]:>9,.0f}/s   {min(rates):>9,.0f} to {max(rates):>9,.0f}"
              f"   {medians[name] / medians[base]:5.2f}")
    sys.stdout.flush()


# -- the API

LUA = """wrk.method = "POST"
wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
wrk.headers["X-Api-User"] = "%s"
wrk.headers["X-Api-Key"] = "%s"
wrk.body = '%s'
"""


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


def call(stack, endpoint, data):
    return run("curl", "-sS", "--cacert", stack.ca_cert, "--data", data, f"{stack.url}/{endpoint}")


def bench_api(stack):
    nothing = Process("nothing", [str(stack.build / "bench_nothing"), str(stack.sockets / "no.sock")],
                      stack.log("nothing"))
    nothing.start()
    wait_until("it listens", (stack.sockets / "no.sock").exists, nothing)
    port = free_port()
    stack.write_site("nothing", port, stack.sockets / "no.sock")
    stack.signal_part("nginx", signal.SIGHUP)
    wait_until("nginx serves both",
               lambda: subprocess.run(["curl", "-sk", f"https://127.0.0.1:{port}/"],
                                      capture_output=True).returncode == 0)
    secret = call(stack, "create_authorisation", "name=secure.example.com").split('"')[5]
    body = f"name=secure.example.com&secret={secret}&response={VALUE}"
    who = json.loads(call(stack, "register", ""))
    update = json.dumps({"subdomain": who["subdomain"], "txt": VALUE})
    rows = {"a FastCGI program that does nothing": [], "publish_response": [], "acme-dns /update": []}
    try:
        for _ in range(ROUNDS):
            rows["a FastCGI program that does nothing"].append(
                wrk(stack.dir, port, "/publish_response", body))
            rows["publish_response"].append(
                wrk(stack.dir, stack.https_port, "/publish_response", body))
            rows["acme-dns /update"].append(
                wrk(stack.dir, stack.https_port, "/update", update, who["username"], who["password"]))
    finally:
        nothing.stop()
    table("HTTPS requests per second (wrk, 16 keep-alive connections, TLS)", rows,
          "a FastCGI program that does nothing")


def bench_refusals(stack):
    """Whether an unknown name takes a different time than a wrong secret."""
    call(stack, "create_authorisation", "name=known.example.com")
    who = json.loads(call(stack, "register", ""))
    forms = {f"publish_response, {what}": f"name={name}.example.com&secret={'0' * 32}&response={VALUE}"
             for what, name in (("unknown name", "other"), ("wrong secret", "known"))}
    users = {f"/update, {what}": user for what, user in (
        ("wrong key", who["username"]), ("unknown user", "00000000-0000-4000-8000-000000000000"))}
    rows = {what: [] for what in [*forms, *users]}
    for _ in range(ROUNDS):
        for what, body in forms.items():
            rows[what].append(wrk(stack.dir, stack.https_port, "/publish_response", body, refused=True))
        for what, user in users.items():
            body = json.dumps({"subdomain": user, "txt": VALUE})
            rows[what].append(wrk(stack.dir, stack.https_port, "/update", body, user, "x" * 40, True))
    table("Refusals per second: both of a kind must take the same time", rows, next(iter(forms)))


# -- DNS

LMDB = """launch=lmdb
lmdb-filename={dir}/pdns.lmdb
cache-ttl=0
query-cache-ttl=0
negquery-cache-ttl=0
zone-cache-refresh-interval=0
local-address=127.0.0.1
local-port={port}
socket-dir={dir}
distributor-threads=3
security-poll-suffix=
write-pid=no
"""


def names():
    return [f"host{n}.example.com" for n in range(N_NAMES)]


def redis_pipe(stack, lines):
    """Send commands to Redis in the fastest way that it has."""
    text = "".join("*%d\r\n" % len(words) + "".join(f"${len(w)}\r\n{w}\r\n" for w in words)
                   for words in lines)
    done = stack.redis_cli("--pipe", text=text)
    if "errors: 0" not in done:
        raise StackError(f"redis-cli: {done}")


def authorisation(name, n=1700000000000):
    return ["HSET", f"acmeproxy:authorisation:{name}", "secret_hash", "0" * 64, "suffix_match",
            "false", "account", "operations", "created_at", str(n), "created_by_ip", "192.0.2.1"]


def fill_for_dns(stack):
    redis_pipe(stack, (words for name in names() for words in (
        authorisation(name),
        ["ZADD", f"acmeproxy:response:{name}", "4102444800000", VALUE])))
    redis_pipe(stack, [["HSET", "acmeproxy:below:com", "descendants", str(N_NAMES)],
                       ["HSET", "acmeproxy:below:example.com", "children", str(N_NAMES),
                        "descendants", str(N_NAMES)]])


def dnsperf(port, queries):
    out = run("dnsperf", "-s", "127.0.0.1", "-p", port, "-d", queries, "-l", SECONDS, "-c", 8,
              "-q", 100)
    if "NOERROR" not in out or "SERVFAIL" in out or "REFUSED" in out:
        raise StackError(out)
    return float(re.search(r"Queries per second:\s+([\d.]+)", out)[1])


def start_lmdb(stack):
    directory = stack.dir / "lmdb"
    directory.mkdir()
    port = free_port()
    (directory / "pdns.conf").write_text(LMDB.format(dir=directory, port=port))
    zone = directory / "zone"
    zone.write_text("$ORIGIN example.com.\n@ 60 IN SOA ns. h. 1 3600 600 86400 0\n@ 60 IN NS ns.\n"
                    + "".join(f'_acme-challenge.{n}. 1 IN TXT "{VALUE}"\n' for n in names()))
    run("pdnsutil", f"--config-dir={directory}", "load-zone", "example.com", zone)
    process = Process("lmdb", ["/usr/sbin/pdns_server", f"--config-dir={directory}"],
                      stack.log("lmdb"))
    process.start()
    wait_until("it answers", lambda: subprocess.run(
        ["dig", "@127.0.0.1", "-p", str(port), "+tries=1", "+time=1", "SOA", "example.com"],
        capture_output=True).returncode == 0, process)
    return process, port


def bench_dns(stack):
    queries = stack.dir / "queries"
    queries.write_text("".join(f"_acme-challenge.{n} TXT\n" for n in names()))
    fill_for_dns(stack)
    lmdb, port = start_lmdb(stack)
    rows = {"PowerDNS's own lmdb backend, caches off": [], "TXT through acmeproxy-pipe": []}
    try:
        for _ in range(ROUNDS):
            rows["PowerDNS's own lmdb backend, caches off"].append(dnsperf(port, queries))
            rows["TXT through acmeproxy-pipe"].append(dnsperf(stack.dns_port, queries))
    finally:
        lmdb.stop()
        run("rm", "-rf", stack.dir / "lmdb", queries)
    table(f"DNS questions per second (dnsperf, {N_NAMES:,} names, TXT never from a cache)", rows,
          "PowerDNS's own lmdb backend, caches off")


# -- the administrator's list, and what the audit log costs

class Pinger(threading.Thread):
    """Another client of Redis, which notes how long it waited for a PONG at most."""

    def __init__(self, stack):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(stack.redis_socket))
        password = stack.redis_password_file("admin").read_bytes().strip()
        self.socket.sendall(b"AUTH admin %s\r\n" % password)
        self.socket.recv(64)
        self.stopped, self.longest_ms = False, 0.0

    def run(self):
        while not self.stopped:
            start = time.monotonic()
            self.socket.sendall(b"PING\r\n")
            self.socket.recv(64)
            self.longest_ms = max(self.longest_ms, (time.monotonic() - start) * 1000)
            time.sleep(0.0005)

    def stop(self):
        self.stopped = True
        self.join()
        return self.longest_ms


def list_all(stack, *arguments):
    """(seconds, peak MiB, lines, longest pause of another client in ms)"""
    pinger = Pinger(stack)
    pinger.start()
    start = time.monotonic()
    child = subprocess.Popen([str(stack.build / "acmeproxy"), "listauthorisations", "--config",
                              str(stack.config), *arguments], stdout=subprocess.PIPE)
    n, peak_kib = 0, 0
    for chunk in iter(lambda: child.stdout.read(1 << 20), b""):
        n += chunk.count(b"\n")
        # Not getrusage(): that would include our own size before exec().
        status = Path(f"/proc/{child.pid}/status").read_text()
        peak_kib = max([peak_kib, *map(int, re.findall(r"VmHWM:\s+(\d+)", status))])
    if child.wait() != 0:
        raise StackError("listauthorisations failed")
    return time.monotonic() - start, peak_kib / 1024, n, pinger.stop()


def bench_list(stack):
    idle = Pinger(stack)
    idle.start()
    time.sleep(SECONDS)
    idle_ms = idle.stop()
    redis_pipe(stack, (words for n in range(N_AUTHORISATIONS) for words in (
        authorisation(f"h{n}.bench.example", 1700000000000 + n),
        ["ZADD", "acmeproxy:authorisations", str(1700000000000 + n), f"h{n}.bench.example"])))
    print(f"\nacmeproxy listauthorisations (peak memory; the longest wait of another client of Redis"
          f"\nmeanwhile, {idle_ms:.1f} ms when nothing else happens)")
    for title, found in ((f"{N_AUTHORISATIONS:,}, --tsv", list_all(stack, "--tsv")),
                         (f"{N_AUTHORISATIONS:,}, --json", list_all(stack, "--json")),
                         (f"{N_AUTHORISATIONS:,}, as a table", list_all(stack))):
        print(f"  {title:<34} {found[2]:>9,} lines {found[0]:6.1f} s {found[1]:5.1f} MiB"
              f"  {found[3]:6.1f} ms")


def bench_audit(stack):
    """Bytes of Redis's memory per event."""
    n, used = (int(stack.redis_cli(*words)) for words in (
        ("XLEN", "acmeproxy:audit"), ("MEMORY", "USAGE", "acmeproxy:audit", "SAMPLES", "0")))
    print(f"\nThe audit log: {used / n:.0f} bytes per event ({n:,} of them in {used / 2**20:.1f} MiB)")


def main():
    with tempfile.TemporaryDirectory(prefix="acmeproxy-bench-") as directory:
        try:
            with Stack(Path(directory) / "stack", settings={
                    "zone": {"name": "auth.example.org"}, "registration": "open"}) as stack:
                bench_api(stack)
                bench_refusals(stack)
                bench_audit(stack)
                bench_dns(stack)
                bench_list(stack)
        except StackError as error:
            print(f"make bench: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
