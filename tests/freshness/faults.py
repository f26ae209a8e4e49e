"""What goes wrong while writers write."""

import os
import random
import signal
import subprocess
import time

FOLLOWED = "acmeproxy:response:"


def children(pid):
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True,
                           text=True).stdout
    return [int(word) for word in found.split()]


def send(pids, signo):
    for pid in pids:
        try:
            os.kill(pid, signo)
        except ProcessLookupError:
            pass


class Faults:
    """Each fault is over when its function returns; Redis is what coprocesses read."""

    def __init__(self, stack, seed, replica=None):
        self.stack, self.replica = stack, replica
        self.random = random.Random(seed)
        self.n = 0
        self.kinds = [
            self.restart_redis, self.kill_redis, self.kill_readers, self.kill_followers, self.kill_all,
            self.stop_redis, self.stop_redis_for_long, self.stop_coprocesses,
            self.stop_a_coprocess, self.flood, self.flood_a_stopped_coprocess, self.small_buffer,
            self.no_memory, self.reload]
        if replica:
            self.kinds += [self.cut_link, self.stop_primary, self.restart_replica] * 2

    def coprocesses(self):
        return children(self.stack.processes["pdns"].pid)

    def redis(self, *words, text=None):
        """The Redis that coprocesses read."""
        if self.replica:
            return self.replica.read(*words, text=text)
        return self.stack.redis_cli(*words, text=text)

    def one(self):
        """The next fault; returns its name."""
        # Each once before any is repeated.
        kinds = self.kinds
        if self.n % len(kinds) == 0:
            self.random.shuffle(kinds)
        kind = kinds[self.n % len(kinds)]
        self.n += 1
        kind()
        return kind.__name__.replace("_", " ")

    def restart_redis(self):
        self.stack.stop_part("redis")
        time.sleep(self.random.choice([0, 0.2]))
        self.stack.start_part("redis")

    def kill_redis(self):
        self.stack.kill_part("redis")
        self.stack.start_part("redis")

    def kill_readers(self):
        for _ in range(5):
            self.redis("CLIENT", "KILL", "TYPE", "normal")
            time.sleep(0.05)

    def kill_followers(self):
        for _ in range(5):
            self.redis("CLIENT", "KILL", "TYPE", "pubsub")
            time.sleep(0.05)

    def kill_all(self):
        self.redis("CLIENT", "KILL", "USER", "acmeproxy-pipe")

    def _pause_redis(self, seconds):
        process = self.replica.process if self.replica else self.stack.processes["redis"]
        process.send(signal.SIGSTOP)
        time.sleep(seconds)
        process.send(signal.SIGCONT)

    def stop_redis(self):
        for _ in range(10):
            self._pause_redis(self.random.random() / 20)
            time.sleep(0.05)

    def stop_redis_for_long(self):
        self._pause_redis(0.8)

    def stop_coprocesses(self):
        pids = self.coprocesses()
        send(pids, signal.SIGSTOP)
        time.sleep(self.random.random())
        send(pids, signal.SIGCONT)

    def stop_a_coprocess(self):
        pids = self.coprocesses()
        for _ in range(10):
            pid = self.random.choice(pids)
            send([pid], signal.SIGSTOP)
            time.sleep(self.random.random() / 5)
            send([pid], signal.SIGCONT)

    def flood(self, n=3000):
        """So many changes of other names, at once and one by one."""
        lines = "".join(f"SET {FOLLOWED}flood{i % 1000:0{self.random.choice([4, 200])}d} 1 PX 1\n"
                        for i in range(n))
        self.stack.redis_cli(text=lines)
        self.stack.redis_cli(text=f"EVAL \"for i = 1, {n} do redis.call('SET', "
                             f"'{FOLLOWED}flood' .. i, 1, 'PX', 1) end\" 0\n")

    def flood_a_stopped_coprocess(self):
        pids = self.coprocesses()
        send(pids[::2], signal.SIGSTOP)
        self.flood()
        send(pids[::2], signal.SIGCONT)

    def small_buffer(self):
        """Redis hangs up on who does not read."""
        limit = ("CONFIG", "SET", "client-output-buffer-limit")
        self.redis(*limit, "pubsub 64kb 0 0")
        self.flood_a_stopped_coprocess()
        self.redis(*limit, "pubsub 32mb 8mb 60")

    def no_memory(self):
        self.stack.redis_cli("CONFIG", "SET", "maxmemory", "1")
        time.sleep(0.1)
        self.stack.redis_cli("CONFIG", "SET", "maxmemory", "0")

    def reload(self):
        send(self.coprocesses(), signal.SIGHUP)

    # -- with a replica

    def cut_link(self):
        for _ in range(3):
            self.stack.redis_cli("CLIENT", "KILL", "TYPE", "replica")
            time.sleep(self.random.random() / 2)

    def stop_primary(self):
        process = self.stack.processes["redis"]
        process.send(signal.SIGSTOP)
        time.sleep(self.random.choice([0.1, 0.8, 6]))  # 6: the replica notices
        process.send(signal.SIGCONT)

    def restart_replica(self):
        self.replica.process.stop()
        self.replica.start()

