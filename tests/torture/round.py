"""Clients and one fault; what they found."""

import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import dns.exception
from stack.process import free_port, wait_until
from stack.replica import Replica

from .client import FREE_AFTER_S, Client, Count, ask
from .stack import SmallReplica, TortureStack

N_CLIENTS = 4
SETTLE_S = 60


@dataclass
class Found:
    """Of one or more rounds: outage_s is how long something failed after the part's return,
    silence_s how long DNS did not answer at all, during the fault as well."""

    rounds: int = 0
    count: Count = field(default_factory=Count)
    outage_s: float = 0
    silence_s: float = 0
    n_killed: int = 0  # coprocesses
    complaints: list = field(default_factory=list)

    def add(self, other):
        self.rounds += other.rounds
        for column in vars(self.count):
            setattr(self.count, column,
                    getattr(self.count, column) + getattr(other.count, column))
        self.outage_s = max(self.outage_s, other.outage_s)
        self.silence_s = max(self.silence_s, other.silence_s)
        self.n_killed += other.n_killed
        self.complaints += other.complaints


class Watcher(threading.Thread):
    """Asks DNS about one live name, all the time; silence_s is the longest time without an answer."""

    def __init__(self, stack, owner, values):
        super().__init__(daemon=True)
        self.stack, self.owner, self.values = stack, owner, values
        self.stopped = threading.Event()
        self.silence_s, self.wrong = 0, []

    def run(self):
        last = time.monotonic()
        while not self.stopped.wait(0.01):
            try:
                rcode, values = ask(self.stack, self.owner, timeout=1)
            except (OSError, dns.exception.DNSException):
                rcode, values = "SERVFAIL", None
            now = time.monotonic()
            if rcode == "SERVFAIL":
                self.silence_s = max(self.silence_s, now - last)
                continue
            self.silence_s, last = max(self.silence_s, now - last), now
            if (rcode, values) != ("NOERROR", self.values):
                self.wrong.append(f"wrong: {self.owner}: {rcode} {values}")


class Round:
    """run() is clients at work, the fault in their midst, and their judgement."""

    numbers = iter(range(10 ** 9))

    def __init__(self, stack, replica, fault, seconds):
        self.stack, self.replica, self.fault, self.seconds = stack, replica, fault, seconds
        self.note, self.n_killed = "", 0
        self.redis = stack.redis_cli
        self.stopped = threading.Event()
        n = next(Round.numbers)
        self.clients = [Client(stack, f"c{n}-{i}", f"{n} {i}", lambda: self.note)
                        for i in range(N_CLIENTS)]

    def hold(self, seconds):
        """Let the clients work for so long."""
        end = time.monotonic() + seconds
        while (rest := end - time.monotonic()) > 0:
            self.stack.interrupt()
            time.sleep(min(rest, 0.1))

    def a_name(self):
        """A name that a client uses."""
        names = [name for client in self.clients for name in list(client.names)]
        return names[0].name if names else "none.example.com"

    def _work(self, client):
        while not self.stopped.is_set():
            client.step()

    def _each(self, work):
        """Call work(client) for all at once; an exception in one is raised here."""
        errors = []

        def run(client):
            try:
                work(client)
            except Exception as error:
                errors.append(error)

        threads = [threading.Thread(target=run, args=(client,), daemon=True)
                   for client in self.clients]
        for thread in threads:
            thread.start()

        def wait():
            for thread in threads:
                while thread.is_alive():
                    self.stack.interrupt()
                    thread.join(0.1)
            if errors:
                raise errors[0]

        return wait

    def _settle(self):
        """Until a creation and the question after it work at once."""
        probe = Client(self.stack, f"probe{next(Round.numbers)}", 0)

        def works():
            probe.failures.clear()
            return bool(probe.create().secrets) and not probe.failures

        wait_until("all works again", works, seconds=SETTLE_S, interrupt=self.stack.interrupt)

    def run(self, patience_s=FREE_AFTER_S):
        watched = Client(self.stack, f"watched{next(Round.numbers)}", 0)
        name = watched.create()
        watched.publish(name)
        watcher = Watcher(self.stack, name.owner, set(name.live))
        watcher.start()
        wait = self._each(self._work)
        try:
            self.hold(self.seconds / 3)
            self.note = self.fault.what
            back = self.fault.do(self)
            self.note = "after the part's return"
            self.hold(self.seconds / 3)
        finally:
            self.stopped.set()
            watcher.stopped.set()
        wait()
        watcher.join()
        self._settle()
        self.note = "at the end"
        self._each(lambda client: client.judge(patience_s))()
        return self._found(back, watcher)

    def _found(self, back, watcher):
        found = Found(1, silence_s=watcher.silence_s, n_killed=self.n_killed)
        for client in self.clients:
            found.add(Found(0, client.count, complaints=client.complaints))
        found.count.wrong += len(watcher.wrong)
        found.complaints += watcher.wrong
        found.outage_s = max([0.0] + [ended - back for client in self.clients
                                      for began, ended in client.failures if began >= back])
        return found


@contextmanager
def stack_for(fault, directory, redis_line="", interrupt=lambda: None):
    """The stack, and the replica or None, that a fault needs."""
    settings = {"replicas_required": 1} if fault.replica else {}
    with ExitStack() as stacks:
        stack = stacks.enter_context(TortureStack(
            Path(directory) / "s", disk=fault.disk, redis_line=redis_line, settings=settings,
            interrupt=interrupt, replica_port=free_port() if fault.replica else None))
        replica = None
        if fault.replica:
            kind = SmallReplica if fault.replica == "small" else Replica
            replica = stacks.enter_context(kind(stack, Path(directory) / "r"))
        yield stack, replica


def torture(fault, directory, rounds, seconds, redis_line="", interrupt=lambda: None,
            patience_s=FREE_AFTER_S):
    """Rounds of one fault on a stack of their own; returns what was Found."""
    found = Found()
    with stack_for(fault, directory, redis_line, interrupt) as (stack, replica):
        for _ in range(rounds):
            found.add(Round(stack, replica, fault, seconds).run(patience_s))
    return found
