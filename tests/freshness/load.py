"""Writers and faults together: the first question after a 200 must have the new answer."""

import collections
import json
import multiprocessing
import signal
import time

from .faults import Faults, send
from .writer import ZONE, Asker, Writer

N_WRITERS = 4
SETTINGS = {
    "deleted_hold_days": 0,
    "zone": {"name": ZONE}, "registration": "open",
    # So that no value ends by itself, and the copies of so many names do not fit.
    "response_life_s": 86400, "registration_life_s": 86400, "dns_copy_mib": 1}
N_NAMES = 5000


def n_commands(redis):
    return int(redis("INFO", "stats").split("total_commands_processed:")[1].split()[0])


class Load:
    """A stack, writers as processes of their own, and faults when they are wanted."""

    def __init__(self, stack, seed, replica=None):
        self.stack, self.seed = stack, seed
        self.faults = Faults(stack, seed, replica)
        self.fault_counts = collections.Counter()
        self.round = 0

    def _fork(self, what, *args):
        """Start a function in a process; returns (process, where its result comes)."""
        ours, theirs = multiprocessing.Pipe(duplex=False)

        def run():
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            theirs.send(what(*args))

        process = multiprocessing.get_context("fork").Process(target=run, daemon=True)
        process.start()
        theirs.close()
        return process, ours

    def run(self, n, with_faults):
        """Publish n values; returns counts, and what was wrong with an answer."""
        n_done, stopped = multiprocessing.Value("l", 0), multiprocessing.Event()
        self.round += 1
        labels = [f"w{i}-{self.round}" for i in range(N_WRITERS)]
        work = [self._fork(Writer(self.stack, label, f"{self.seed} {label}").run, n, n_done, stopped)
                for label in labels]
        asker = self._fork(Asker(self.stack, labels, N_NAMES).run, stopped)
        try:
            while any(process.is_alive() and not end.poll() for process, end in work):
                if with_faults:
                    self.fault_counts[self.faults.one()] += 1
                time.sleep(0.2 if with_faults else 0.02)
                self.stack.interrupt()
            count, complaints = collections.Counter(), []
            for _, end in work:
                counted, said = end.recv()
                count.update(counted)
                complaints += said
            stopped.set()
            asker[1].recv()
        finally:
            stopped.set()
            for process, _ in [*work, asker]:
                process.join(5)
                process.kill()
        return count, complaints

    def commands_a_question(self, n=3000):
        """Of Redis, while nothing changes and each coprocess knows the names."""
        redis = self.faults.redis
        writer = Writer(self.stack, f"quiet{self.round}", self.seed)
        while len(writer.names) < 20:
            writer.begin()
        for _ in range(30):
            for name in writer.names:
                writer.ask(name.owner)
        before = n_commands(redis)
        for i in range(n):
            writer.ask(writer.names[i % 20].owner)
        return (n_commands(redis) - before) / n


def follow(stack, replica):
    """Let the stack's coprocesses read a replica, as those of a second name server do."""
    settings = json.loads(stack.config.read_text())
    settings["redis_read"]["socket"] = str(replica.socket)
    stack.write_config(settings)
    pids = Faults(stack, 0).coprocesses()
    send(pids, signal.SIGHUP)  # they read it before their next answer
