"""What goes wrong: a row a fault, and a function that does it and undoes it."""

import os
import re
import signal
import time
from dataclasses import dataclass

from freshness.faults import children
from freshness.load import follow
from stack.config import DEPLOY

# Of the unit, which restarts Redis on machines of users.
RESTART_S = float(re.search(r"^RestartSec=([\d.]+)$", (
    DEPLOY / "systemd" / "acmeproxy-redis.service").read_text(), re.MULTILINE)[1])


@dataclass
class Fault:
    """do(round) returns when the part was back, by time.monotonic()."""

    what: str
    do: object
    disk: str = ""  # "slow" or "small"
    replica: str = ""  # "yes", or "small": its disk
    is_long: bool = False  # `make test` leaves it out


def kill(part):
    def do(torture):
        torture.stack.kill_part(part)
        torture.hold(0.3)
        torture.stack.start_part(part)
        return time.monotonic()

    return do


def kill_coprocesses(torture):
    """Each of them, one after the other; PowerDNS starts others when it needs them."""
    for pid in children(torture.stack.processes["pdns"].pid):
        os.kill(pid, signal.SIGKILL)
        torture.n_killed += 1
        torture.hold(0.1)
    return time.monotonic()


def pause(seconds, part="redis"):
    def do(torture):
        process = torture.replica.process if part == "replica" else torture.stack.processes[part]
        process.send(signal.SIGSTOP)
        torture.hold(seconds)
        process.send(signal.SIGCONT)
        return time.monotonic()

    return do


def slow_then(end, delay_ms):
    """The disk gets slow; then Redis is killed, or the power is cut."""
    def do(torture):
        torture.stack.disk.set(delay_ms)
        torture.hold(max(1.5, 2.2 * delay_ms / 1000))
        torture.stack.kill_part("redis")
        if end == "power":
            torture.stack.disk.cut_power(torture.stack.dir / "redis")
        torture.stack.disk.set(0)
        torture.stack.start_part("redis")
        return time.monotonic()

    return do


def fill_the_disk(kill_it):
    """systemd's part is played: Redis is restarted whenever it exits."""
    def do(torture):
        stack = torture.stack

        def hold(seconds):
            end = time.monotonic() + seconds
            while time.monotonic() < end:
                if stack.processes["redis"].poll() is not None:
                    time.sleep(RESTART_S)
                    stack.start_part("redis")
                torture.hold(0.02)

        stack.disk.fill()
        hold(max(3, torture.seconds))
        if kill_it:
            stack.kill_part("redis")
            hold(1)
        stack.disk.free()
        back = time.monotonic()
        hold(2 + 2 * RESTART_S)
        return back

    return do


def fill_the_replicas_disk(torture):
    """DNS is asked of the replica, too."""
    follow(torture.stack, torture.replica)
    torture.replica.disk.fill()
    end = time.monotonic() + max(3, torture.seconds)
    while time.monotonic() < end:
        if torture.replica.process.poll() is not None:
            time.sleep(RESTART_S)
            torture.replica.start()
        torture.hold(0.02)
    torture.replica.disk.free()
    return time.monotonic()


def command(begin, end):
    def do(torture):
        for words in begin:
            torture.redis(*words)
        torture.hold(max(1, torture.seconds / 3))
        for words in end:
            torture.redis(*words)
        return time.monotonic()

    return do


def setting(name, value, usual="0"):
    return command([("CONFIG", "SET", name, value)], [("CONFIG", "SET", name, usual)])


def wrong_passwords():
    users = ("acmeproxy", "acmeproxy-pipe")
    return command([(*words, user, *more) for user in users for words, more in (
        (("ACL", "SETUSER"), ("resetpass", ">wrong")), (("CLIENT", "KILL", "USER"), ()))],
        [("ACL", "LOAD")])


def kill_clients(torture):
    for _ in range(5):
        for kind in ("normal", "pubsub"):
            # Not our own redis-cli, which is a normal client as well.
            torture.redis("CLIENT", "KILL", "TYPE", kind)
            torture.hold(0.05)
    return time.monotonic()


ASIDE = """local aside = 'torture:' .. KEYS[1]
if redis.call('EXISTS', KEYS[1]) == 1 then redis.call('RENAME', KEYS[1], aside) end
redis.call('SET', KEYS[1], 'of another type')"""
BACK = """redis.call('DEL', KEYS[1])
local aside = 'torture:' .. KEYS[1]
if redis.call('EXISTS', aside) == 1 then redis.call('RENAME', aside, KEYS[1]) end"""


def wrong_types(torture):
    """At the keys of a name that is in use, and at those that all names share."""
    for kind in ("authorisation:{}", "response:{}", "response:{}/_ujmmovf2vn55tgye", "persistent:{}",
                 "below:example.com", "authorisations", "last_used", "clock", "store", "audit"):
        key = "acmeproxy:" + kind.format(torture.a_name())
        torture.note = f"{key} is a string"
        torture.redis("EVAL", ASIDE, "1", key)
        torture.hold(0.3)
        torture.redis("EVAL", BACK, "1", key)
        torture.note = ""
        torture.hold(0.1)
    return time.monotonic()


def load_slowly(torture):
    """Redis takes some seconds to load its file, and says LOADING meanwhile."""
    torture.redis("BGREWRITEAOF")
    while "aof_rewrite_in_progress:0" not in torture.redis("INFO", "persistence"):
        torture.hold(0.05)
    n_keys = int(torture.redis("DBSIZE"))
    torture.stack.kill_part("redis")
    torture.stack.redis_options = ["--key-load-delay", str(300000 // n_keys),
                                   "--loading-process-events-interval-bytes", "1024"]
    torture.stack.start_part("redis")
    torture.stack.redis_options = []
    return time.monotonic()


def kill_replica(torture):
    torture.replica.process.kill()
    torture.hold(max(1.5, torture.seconds / 3))
    torture.replica.start()
    return time.monotonic()


FAULTS = {
    "kill_redis": Fault("kill -9 of Redis", kill("redis")),
    "kill_serve": Fault("kill -9 of acmeproxy serve", kill("acmeproxy")),
    "kill_powerdns": Fault("kill -9 of PowerDNS", kill("pdns")),
    "kill_coprocesses": Fault("kill -9 of each coprocess", kill_coprocesses),
    "kill_nginx": Fault("kill -9 of nginx", kill("nginx")),
    # Between these are the time-outs: 0.5 s for Redis, 2 s for a coprocess, 15 s for nginx.
    "pause_short": Fault("SIGSTOP of Redis for 0.3 s", pause(0.3)),
    "pause_redis": Fault("SIGSTOP of Redis for 0.7 s", pause(0.7)),
    "pause_pipe": Fault("SIGSTOP of Redis for 3 s", pause(3)),
    "pause_nginx": Fault("SIGSTOP of Redis for 17 s", pause(17), is_long=True),
    "pause_serve": Fault("SIGSTOP of acmeproxy serve for 0.7 s", pause(0.7, "acmeproxy")),
    "slow_kill": Fault("fsync 0.3 s slower, kill -9 of Redis", slow_then("kill", 300), "slow"),
    "slower_kill": Fault("fsync 1.5 s slower, kill -9 of Redis", slow_then("kill", 1500), "slow"),
    "power_cut": Fault("what was not fsynced is lost", slow_then("power", 0), "slow"),
    "slow_power_cut": Fault("fsync 0.3 s slower, not fsynced is lost", slow_then("power", 300),
                            "slow"),
    "full_disk": Fault("full disk", fill_the_disk(False), "small"),
    "full_disk_kill": Fault("full disk, kill -9 of Redis", fill_the_disk(True), "small"),
    "full_memory": Fault("full memory (maxmemory)", setting("maxmemory", "1")),
    "read_only": Fault("read-only: a replica of nothing", command(
        [("REPLICAOF", "127.0.0.1", "1")], [("REPLICAOF", "NO", "ONE")])),
    "min_replicas": Fault("read-only: min-replicas-to-write", setting("min-replicas-to-write", "1")),
    "wrong_password": Fault("wrong passwords (ACL SETUSER)", wrong_passwords()),
    "wrong_type": Fault("wrong type at each key", wrong_types),
    "loading": Fault("Redis is loading", load_slowly),
    "kill_clients": Fault("CLIENT KILL", kill_clients),
    "kill_replica": Fault("replica away", kill_replica, replica="yes"),
    # Its time-outs: 1 s for the API's wait, 5 s for the link.
    "pause_replica_short": Fault("SIGSTOP of the replica for 0.5 s", pause(0.5, "replica"),
                                 replica="yes"),
    "pause_replica_long": Fault("SIGSTOP of the replica for 7 s", pause(7, "replica"),
                                replica="yes", is_long=True),
    "pause_replica": Fault("SIGSTOP of the replica for 3 s", pause(3, "replica"), replica="yes"),
    "full_replica": Fault("full disk of the replica", fill_the_replicas_disk, replica="small"),
}
