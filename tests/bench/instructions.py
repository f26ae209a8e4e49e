"""`make bench-instructions`: how many instructions a question and a request cost.

Counted by callgrind, so that a slow-down shows without a clock.  A count is the
difference of two runs, one of which has more questions of one kind: start-up and
end cancel.  instructions.json has what is expected, for each Debian release and
processor, since compilers and libraries differ; --update writes it.
"""

import http.client
import json
import os
import platform
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import urllib.parse
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from bench.tools import (  # noqa: E402
    BY_NS, IN_ZONE, NOBODY, SETTINGS, UNKNOWN, VALUE, Interrupt, fill, main,
    run)
from stack.process import Process, StackError, free_port, wait_until  # noqa: E402
from stack.stack import TOP, Stack  # noqa: E402

EXPECTED = Path(__file__).resolve().parent / "instructions.json"
TOLERANCE = 0.1
N_WARM, N_QUESTIONS, N_REQUESTS = 100, 2000, 200
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


class Skipped(Exception):
    """Why nothing can be counted or compared here."""


# -- what is compared with what

def compiler(program):
    """The compiler of a program and its -O, such as "GNU C11 12 -O2"; "" if it does not say."""
    said = subprocess.run(["readelf", "--debug-dump=info", "--dwarf-depth=1", program],
                          capture_output=True, text=True).stdout
    found = re.search(r"DW_AT_producer.*?: ((?:GNU C\d+|\w* ?clang version) \d+)(.*)", said)
    if not found or "-fsanitize" in found[2]:
        return ""
    optimised = re.findall(r"-O\w*", found[2])
    return f"{found[1]} {optimised[-1] if optimised else ''}".strip()


def here(build):
    """What the counts depend on: release, processor, compiler."""
    text = Path("/etc/os-release").read_text()
    release = re.search(r"^VERSION_CODENAME=(\w+)", text, re.MULTILINE)
    return f"{release[1] if release else 'unknown'} {platform.machine()}", \
        compiler(build / "acmeproxy-pipe")


def expected(build):
    """The counts for this machine; raises Skipped where there are none."""
    where, built_by = here(build)
    counts = json.loads(EXPECTED.read_text()).get(where)
    if counts is None:
        raise Skipped(f"{EXPECTED.name} has no counts for {where}")
    if counts["compiler"] != built_by:
        raise Skipped(f"the counts for {where} are of {counts['compiler']}, "
                      f"and these programs of {built_by or 'something else'}")
    return counts["instructions"]


def differences(counts, wanted):
    """A sentence for each count that is not as expected; {kind: instructions} both."""
    said = [f"{kind}: {'not counted' if kind in wanted else 'not expected'}"
            for kind in sorted(counts.keys() ^ wanted.keys())]
    for kind in counts.keys() & wanted.keys():
        if abs(counts[kind] / wanted[kind] - 1) > TOLERANCE:
            said.append(f"{kind}: {counts[kind]:,} instructions, {counts[kind] / wanted[kind]:.2f} "
                        f"of the expected {wanted[kind]:,}")
    return said


# -- counting

class Counted:
    """The arguments that run a program under callgrind, and what that has counted."""

    def __init__(self, directory, *argv):
        self.out = directory / "callgrind.out"
        self.argv = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={self.out}", *argv]

    def instructions(self):
        return int(re.search(r"^(?:summary|totals): (\d+)", self.out.read_text(), re.MULTILINE)[1])


class Pipe:
    """acmeproxy-pipe under callgrind, which is asked as PowerDNS asks: one line at a time."""

    def __init__(self, stack):
        self.counted = Counted(stack.dir, stack.build / "acmeproxy-pipe", "--config", stack.config)
        self.log = open(stack.log("pipe"), "ab")

    def __enter__(self):
        self.child = subprocess.Popen(self.counted.argv, stdin=subprocess.PIPE,
                                      stdout=subprocess.PIPE, stderr=self.log, text=True,
                                      start_new_session=True)
        self._send("HELO\t5")
        if not self.child.stdout.readline().startswith("OK"):
            raise StackError("acmeproxy-pipe does not start under valgrind")
        return self

    def __exit__(self, *_):
        self.child.stdin.close()
        self.child.wait()
        self.child.stdout.close()
        self.log.close()

    def _send(self, line):
        self.child.stdin.write(line + "\n")
        self.child.stdin.flush()

    def ask(self, name, rrtype, zone_id="-1"):
        """The DATA lines of the answer, as lists of fields."""
        self._send(f"Q\t{name}\tIN\t{rrtype}\t{zone_id}\t127.0.0.1\t127.0.0.1\t127.0.0.1/32")
        found = []
        while (line := self.child.stdout.readline().rstrip("\n")) != "END":
            if not line.startswith("DATA"):
                raise StackError(f"{name} {rrtype}: {line!r}")
            found.append(line.split("\t"))
        return found


def soa(pattern):
    return lambda pipe, n: pipe.ask(pattern % n, "SOA")


def any_of(pattern):
    """ANY, with the number of the zone that the answer to SOA had."""
    ids = {}

    def ask(pipe, n):
        n %= N_WARM
        if n not in ids:
            ids[n] = pipe.ask(pattern % n, "SOA")[0][7]
        if len(pipe.ask(pattern % n, "ANY", ids[n])) < 3:
            raise StackError(f"{pattern % n}: a record is missing")
    return ask


QUESTIONS = {
    "SOA, in the copy": lambda pipe, n: pipe.ask(BY_NS % (n % N_WARM), "SOA"),
    "ANY by NS": any_of(BY_NS),
    "ANY in the zone": any_of(IN_ZONE),
    "SOA, nobody's name": soa(NOBODY),
    "SOA, unknown challenge": soa(UNKNOWN),
}


def count_questions(stack, more=None):
    """Ask some of each kind, and more of one."""
    with Pipe(stack) as pipe:
        for ask in QUESTIONS.values():
            for n in range(N_WARM):
                ask(pipe, n)
        if more:
            for n in range(N_WARM, N_WARM + N_QUESTIONS):
                QUESTIONS[more](pipe, n)
                Interrupt.check()
    return pipe.counted.instructions()


class Requests:
    """acmeproxy serve with one worker under callgrind, and a site of nginx for it."""

    def __init__(self, stack):
        self.stack, self.port = stack, free_port()
        self.sock, config = stack.sockets / "counted.sock", stack.dir / "counted.json"
        config.write_text(json.dumps({**stack.settings, "workers": 1}))
        self.counted = Counted(stack.dir, stack.build / "acmeproxy", "serve", "--config", config,
                               "--listen", f"unix:{self.sock}")
        stack.write_site("counted", self.port, self.sock)
        stack.signal_part("nginx", signal.SIGHUP)
        self.kinds = {"publish_response": self._publish(), "acme-dns /update": self._update()}

    def _post(self, path, form):
        said = run("curl", "-sS", "--cacert", self.stack.ca_cert, "--data",
                   urllib.parse.urlencode(form), self.stack.url + path)
        return json.loads(said)

    def _publish(self):
        name = "counted.example.com"
        secret = self._post("/create_authorisation", {"name": name})["result"]["secret"]
        body = urllib.parse.urlencode({"name": name, "secret": secret, "response": VALUE})
        return "/publish_response", body, FORM

    def _update(self):
        who = self._post("/register", {})
        return "/update", json.dumps({"subdomain": who["subdomain"], "txt": VALUE}), \
            {"X-Api-User": who["username"], "X-Api-Key": who["password"]}

    def count(self, more=None):
        """Send some of each kind, and more of one."""
        process = Process("counted", self.counted.argv, self.stack.log("counted")).start()
        try:
            wait_until("both listen", self._both_listen, process, interrupt=Interrupt.check)
            for kind in self.kinds:
                self._send(kind, N_WARM + (N_REQUESTS if kind == more else 0))
        finally:
            process.stop(seconds=60)
        return self.counted.instructions()

    def _both_listen(self):
        with socket.socket(socket.AF_UNIX) as program, socket.socket() as nginx:
            return program.connect_ex(str(self.sock)) == 0 and \
                nginx.connect_ex(("127.0.0.1", self.port)) == 0

    def _send(self, kind, n):
        context = ssl.create_default_context(cafile=str(self.stack.ca_cert))
        connection = http.client.HTTPSConnection("localhost", self.port, timeout=60, context=context)
        try:
            for _ in range(n):
                path, body, headers = self.kinds[kind]
                connection.request("POST", path, body, headers)
                answer = connection.getresponse()
                if answer.status != 200:
                    raise StackError(f"{kind}: {answer.status} {answer.read()}")
                answer.read()
                Interrupt.check()
        finally:
            connection.close()


def count(directory):
    """All counts, {kind: instructions}."""
    if not shutil.which("valgrind"):
        raise Skipped("there is no valgrind")
    with Stack(directory, SETTINGS, interrupt=Interrupt.check) as stack:
        fill(stack, "host%d.example.com", N_WARM)
        fill(stack, "u%d", N_WARM)
        base = count_questions(stack)
        counts = {kind: (count_questions(stack, kind) - base) // N_QUESTIONS for kind in QUESTIONS}
        requests = Requests(stack)
        base = requests.count()
        for kind in requests.kinds:
            counts[kind] = (requests.count(kind) - base) // N_REQUESTS
    return counts


def update(build, counts):
    where, built_by = here(build)
    if not built_by:
        raise StackError("these programs do not say how they were compiled: CFLAGS lack -g")
    all_counts = json.loads(EXPECTED.read_text()) if EXPECTED.exists() else {}
    all_counts[where] = {"compiler": built_by, "instructions": counts}
    EXPECTED.write_text(json.dumps(dict(sorted(all_counts.items())), indent=1) + "\n")


def check(build, directory):
    """Count and compare; prints a table, and returns what is wrong."""
    wanted = expected(build)
    counts = count(directory)
    for kind, n in counts.items():
        was = wanted.get(kind)
        print(f"  {kind:<28} {n:>9,}   expected {was or 0:>9,}   {n / was if was else 0:5.2f}")
    return differences(counts, wanted)


def bench_instructions(directory, build, is_update):
    if is_update:
        update(build, count(directory))
        print(f"{EXPECTED} has the counts of this machine now.")
        return 0
    print(f"Instructions, at most {TOLERANCE:.0%} more or less than expected:")
    try:
        wrong = check(build, directory)
    except Skipped as why:
        print(f"  skipped: {why}")
        return 0
    for line in wrong:
        print(f"bench-instructions: {line}", file=sys.stderr)
    if wrong:
        print("If that is as it should be: make bench-instructions UPDATE=1", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main("bench-instructions", lambda directory: bench_instructions(
        directory / "stack", TOP / (os.environ.get("BUILD") or "build"),
        sys.argv[1:] == ["--update"])))
