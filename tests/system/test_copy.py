"""The copy of the store in each coprocess: never behind what a client was told."""

import array
import fcntl
import json
import os
import re
import signal
import socket
import threading

import pytest
from conftest import Api, Redis, acmeproxy, create_by_command, until, value
from freshness.load import SETTINGS, Load, follow
from stack.coprocess import Coprocess
from stack.process import free_port
from stack.replica import Replica

NAME = "secure.example.com"
SIOCOUTQ = 0x5411


@pytest.fixture
def start(start_stack, tmp_path):
    """Start a stack and coprocesses of our own, which nobody else asks."""
    running = []

    def begin(n=1, config=None, stack=None, **options):
        stack = stack or start_stack(**options)
        running.extend(Coprocess(stack.build / "acmeproxy-pipe", config or stack.config,
                                 tmp_path / "pipe.log") for _ in range(n))
        return [stack, *running[-n:]]

    yield begin
    for each in running:
        os.kill(each.pid, signal.SIGCONT)
        assert each.close() == 0


def calls(redis, command):
    """How often Redis has executed a command."""
    found = re.search(rf"cmdstat_{command}:calls=(\d+)", redis("INFO", "commandstats"))
    return int(found[1]) if found else 0


def followers(redis):
    return sum(1 for line in redis("CLIENT", "LIST").splitlines() if re.search(r"flags=\S*t", line))


def test_what_has_not_changed_is_not_read_again(start):
    stack, one, two = start(2)
    api, redis = Api(stack), Redis(stack)
    secret = api.create(NAME)
    for n in range(1, 4):
        api.publish(NAME, secret, value(n))
        for _ in range(500):
            assert one.texts(NAME) == two.texts(NAME) == [value(i) for i in range(1, n + 1)]
            assert one.ask("_acme-challenge.other.example.com") == []
        assert calls(redis, "zrange") <= n * (2 + 5), "once for each change, or so"
    # Names of authorisations did not change: each coprocess has read them once.
    assert calls(redis, "hget") < 100


CHANGES = {
    "another value": (lambda api, stack, secret: api.publish(NAME, secret, value(2)),
                      [value(1), value(2)]),
    "a value expires": (lambda api, stack, secret: api.post(
        "expire_response", name=NAME, secret=secret, response=value(1)), []),
    "all values expire": (lambda api, stack, secret: api.post(
        "expire_response", name=NAME, secret=secret), []),
    "deleted": (lambda api, stack, secret: acmeproxy(stack, "deleteauthorisation", NAME), []),
    "deleted and created": (lambda api, stack, secret: (
        acmeproxy(stack, "deleteauthorisation", NAME), api.create(NAME)), []),
    "deleted key": (lambda api, stack, secret: stack.redis_cli(
        "DEL", f"acmeproxy:response:{NAME}"), []),
    "overwritten key": (lambda api, stack, secret: stack.redis_cli(
        "RENAME", f"acmeproxy:response:{NAME}", "acmeproxy:response:b.example"), []),
    "expired key": (lambda api, stack, secret: (
        stack.redis_cli("PEXPIRE", f"acmeproxy:response:{NAME}", "1"),
        until("it is gone", lambda: stack.redis_cli(
            "EXISTS", f"acmeproxy:response:{NAME}") == "0")), []),
    "in a transaction": (lambda api, stack, secret: stack.redis_cli(
        text=f"MULTI\nZADD acmeproxy:response:{NAME} 9999999999999 {value(3)}\nEXEC\n"),
        [value(1), value(3)]),
    "evicted key": (lambda api, stack, secret: (
        stack.redis_cli("CONFIG", "SET", "maxmemory-policy", "volatile-lru"),
        stack.redis_cli("CONFIG", "SET", "maxmemory", "1"),
        until("it is gone", lambda: stack.redis_cli(
            "EXISTS", f"acmeproxy:response:{NAME}") == "0"),
        stack.redis_cli("CONFIG", "SET", "maxmemory", "0")), []),
}


def test_the_first_question_after_each_change(start):
    stack, *pipes = start(3, settings={"deleted_hold_days": 0})
    api = Api(stack)
    for what, (change, want) in CHANGES.items():
        stack.command("deleteauthorisation", NAME)
        secret = api.create(NAME)
        api.publish(NAME, secret, value(1))
        for pipe in pipes:
            assert pipe.texts(NAME) == [value(1)], what
        change(api, stack, secret)
        for pipe in pipes:
            assert pipe.texts(NAME) == want, what


def test_negative_before_positive(start):
    """What does not exist is in the copy as well."""
    stack, pipe = start(settings={"zone": {"name": "auth.example.org"}, "authority": "parent",
                                  "persistent_records": True})
    api = Api(stack)
    label = "_" + "a" * 16
    names = [f"_acme-challenge.{NAME}", NAME, "example.com", f"{label}._acme-challenge.{NAME}",
             f"_validation-persist.{NAME}", "secure.auth.example.org", "auth.example.org"]
    for name in names:
        assert "TXT" not in [fields[5] for fields in pipe.ask(name)]
    assert pipe.ask(NAME) == [] and pipe.ask(names[3]) == []
    secret = api.create(NAME)
    assert [f[5] for f in pipe.ask(NAME)][0] == "SOA" and pipe.ask("example.com") != []
    api.post("publish_response", name=NAME, secret=secret, response=value(1), label=label)
    assert pipe.txt_at(names[3]) == [value(1)] and pipe.texts(NAME) == []
    acmeproxy(stack, "deleteauthorisation", NAME)
    assert pipe.ask(NAME) == [] and pipe.ask("example.com") == []
    create_by_command(stack, "example.com", "--suffix-match")
    assert pipe.ask(f"_acme-challenge.a.{NAME}") != []


@pytest.mark.parametrize("prefix", ["", "a*[?]\\ '$%{x}:", "acmeproxy:store:", "p" * 63])
def test_any_prefix_of_keys(start, prefix):
    stack, pipe = start(settings={"key_prefix": prefix})
    api, redis = Api(stack), Redis(stack)
    assert pipe.texts(NAME) == []
    assert followers(redis) >= 1
    secret = api.create(NAME)
    for n in range(1, 4):
        api.publish(NAME, secret, value(n))
        assert pipe.texts(NAME) == [value(i) for i in range(1, n + 1)]
    before = calls(redis, "zrange")
    for _ in range(100):
        pipe.texts(NAME)
    assert calls(redis, "zrange") == before


@pytest.mark.parametrize("kill", [
    ("TYPE", "normal"), ("TYPE", "pubsub"), ("USER", "acmeproxy-pipe")])
def test_connections_are_killed(start, kill):
    """One of the two, or both, without the coprocess having been asked since."""
    stack, pipe = start()
    api, redis = Api(stack), Redis(stack)
    secret = api.create(NAME)
    for n in range(1, 20):
        assert pipe.texts(NAME) == [value(i) for i in range(1, n)]
        redis("CLIENT", "KILL", *kill)
        api.publish(NAME, secret, value(n))
        assert pipe.texts(NAME) == [value(i) for i in range(1, n + 1)]


class Between:
    """A Unix socket in front of Redis's; it can keep back what Redis says unasked.

    Like a full socket it passes that on when the coprocess has read the rest and
    speaks to Redis again.
    """

    def __init__(self, stack, path):
        self.target, self.path = str(stack.redis_socket), str(path)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(self.path)
        self.listener.listen(16)
        self.holds, self.held, self.pings = False, b"", 0
        self.follower = None  # the coprocess's end of the connection that is told
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            near, _ = self.listener.accept()
            far = socket.socket(socket.AF_UNIX)
            far.connect(self.target)
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._pass_on, args=(source, sink, near), daemon=True).start()

    def _pass_on(self, source, sink, near):
        try:
            while octets := source.recv(65536):
                if source is near:
                    if b"\r\nSUBSCRIBE\r\n" in octets:
                        self.follower = near
                    if self.follower is near and b"\r\nPING\r\n" in octets:
                        self.pings += 1
                        self.holds = False
                        near.sendall(self.held)
                elif near is self.follower and self.holds:
                    self.held += octets
                    continue
                sink.sendall(octets)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def messages(self):
        return self.held.split(b"*3\r\n$7\r\nmessage\r\n")[1:]

    def let_go(self, n):
        """Pass on n messages at once, and wait until the coprocess has read them."""
        head = b"".join(b"*3\r\n$7\r\nmessage\r\n" + each for each in self.messages()[:n])
        self.held = self.held[len(head):]
        self.follower.sendall(head)
        unread = array.array("i", [1])

        def is_read():
            fcntl.ioctl(self.follower, SIOCOUTQ, unread)
            return unread[0] == 0

        until("it is read", is_read)


@pytest.mark.parametrize("n,octets", [(100, 10), (3, 60000)], ids=["many", "large"])
def test_the_last_message_waits_at_redis(start, start_stack, tmp_path, n, octets):
    """An idle coprocess has read what came, and Redis has more for it."""
    stack = start_stack()
    between = Between(stack, tmp_path / "s")
    config = tmp_path / "acmeproxy.json"
    settings = json.loads(stack.config.read_text())
    settings["redis_read"]["socket"] = between.path
    config.write_text(json.dumps(settings))
    _, pipe = start(stack=stack, config=config)
    api = Api(stack)
    secret = api.create(NAME)
    for first in (1, 2, 3):
        assert pipe.texts(NAME) == [value(i) for i in range(1, first)]
        pings, between.holds = between.pings, True
        stack.redis_cli(text="".join(
            f"SET acmeproxy:response:{i:0{octets}d} 1\n" for i in range(n)))
        api.publish(NAME, secret, value(first))
        until("Redis has told it", lambda: NAME.encode() in between.held)
        between.let_go(n)
        assert pipe.texts(NAME) == [value(i) for i in range(1, first + 1)]
        assert between.pings > pings
        between.held = b""


def state(pid):
    with open(f"/proc/{pid}/stat") as stat:
        return stat.read().rsplit(") ", 1)[1][0]


def test_an_idle_coprocess_sleeps_whatever_happens_to_redis(start):
    """Neither connection's end may keep it busy until the next question."""
    stack, pipe = start()
    assert pipe.texts(NAME) == []
    stack.signal_part("redis", signal.SIGSTOP)
    assert pipe.texts("new.example.org") is None, "the connection that reads has timed out"
    stack.signal_part("redis", signal.SIGCONT)
    stack.stop_part("redis")
    until("it sleeps", lambda: all(state(pipe.pid) == "S" for _ in range(200)))
    stack.start_part("redis")
    until("it answers again", lambda: pipe.texts(NAME) == [])


def test_over_tcp_each_question_is_asked_of_redis(start, start_stack, tmp_path):
    """There a message may come after the answer to the author of the change."""
    stack = start_stack()
    redis, port = Redis(stack), free_port()
    assert redis("CONFIG", "SET", "port", str(port)) == "OK"
    config = tmp_path / "acmeproxy.json"
    settings = json.loads(stack.config.read_text())
    del settings["redis_read"]["socket"]
    settings["redis_read"].update(host="127.0.0.1", port=port)
    config.write_text(json.dumps(settings))
    before = followers(redis)
    _, pipe = start(stack=stack, config=config)
    for n in range(1, 20):
        assert pipe.texts(NAME) == []
        assert calls(redis, "zrange") >= n
    assert followers(redis) == before


@pytest.mark.parametrize("without", ["+client|tracking", "+subscribe", "&__redis__:invalidate",
                                     "+time", "+client|id"])
def test_an_older_list_of_redis_users(start, tmp_path, without):
    """Questions are answered all the same, and the log says why they cost more."""
    stack, pipe = start()
    api, redis = Api(stack), Redis(stack)
    taken = ("resetchannels",) if without[0] == "&" else ("-" + without[1:],)
    assert redis("ACL", "SETUSER", "acmeproxy-pipe", *taken) == "OK"
    redis("CLIENT", "KILL", "USER", "acmeproxy-pipe")
    secret = api.create(NAME)
    for n in range(1, 20):
        api.publish(NAME, secret, value(n))
        assert pipe.texts(NAME) == [value(i) for i in range(1, n + 1)]
    log = (tmp_path / "pipe.log").read_text()
    assert log.count("each question is asked of Redis") == (without != "+time")
    assert (followers(redis) > 0) == (without == "+time")


def test_a_copy_is_bounded(start):
    stack, pipe = start(settings={"dns_copy_mib": 1})
    def size_kib():
        with open(f"/proc/{pipe.pid}/status") as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read())[1])

    assert pipe.texts(NAME) == []
    before = size_kib()
    for n in range(30000):
        assert pipe.ask(f"_acme-challenge.n{n}.example.com", "SOA") == []
    assert size_kib() < before + 2048


def test_a_store_that_is_emptied_or_swapped(start):
    stack, pipe = start()
    api, redis = Api(stack), Redis(stack)
    secret = api.create(NAME)
    api.publish(NAME, secret, value(1))
    assert pipe.texts(NAME) == [value(1)]
    redis("-n", "1", "HSET", "acmeproxy:store", "id", "0" * 32, "schema", "3")
    redis("SWAPDB", "0", "1")  # the one change that Redis tells nobody
    until("the lease ends", lambda: pipe.texts(NAME) is None)
    redis("SWAPDB", "0", "1")
    assert pipe.texts(NAME) == [value(1)]
    redis("FLUSHALL")
    assert pipe.texts(NAME) is None, "Redis has told that everything is gone"


def test_a_replica_that_loses_its_primary(start, start_stack, tmp_path):
    """The lease ends; afterwards WAIT and the replica's own messages hold again."""
    stack = start_stack(replica_port=free_port(),
                        settings={"replicas_required": 1, "replicas_timeout_ms": 3000})
    api = Api(stack)
    with Replica(stack, tmp_path / "r") as replica:
        _, pipe = start(stack=stack, config=replica.config)
        secret = api.create(NAME)
        n = 0
        for _ in range(2):
            for n in range(n + 1, n + 10):
                api.publish(NAME, secret, value(n))
                assert pipe.texts(NAME) == [value(i) for i in range(1, n + 1)]
            stack.signal_part("redis", signal.SIGSTOP)  # as if the link were cut
            until("nothing is served", lambda: pipe.texts(NAME) is None)
            stack.signal_part("redis", signal.SIGCONT)
            until("it follows again", lambda: pipe.texts(NAME) is not None)
            until("so does the API", lambda: api.post(
                "publish_response", name=NAME, secret=secret, response=value(n)).status == 200)


def test_stopped_coprocesses(start):
    """What was said meanwhile does not fit the socket: Redis keeps it, or hangs up."""
    stack, pipe = start()
    api, redis = Api(stack), Redis(stack)
    secret = api.create(NAME)
    for n, limit in enumerate(("32mb 8mb 60", "64kb 0 0"), start=1):
        redis("CONFIG", "SET", "client-output-buffer-limit", f"pubsub {limit}")
        assert pipe.texts(NAME) == [value(i) for i in range(1, n)]
        os.kill(pipe.pid, signal.SIGSTOP)
        stack.redis_cli(text="".join(f"SET acmeproxy:response:n{i} 1\n" for i in range(3000)))
        api.publish(NAME, secret, value(n))
        os.kill(pipe.pid, signal.SIGCONT)
        assert pipe.texts(NAME) == [value(i) for i in range(1, n + 1)]


@pytest.mark.parametrize("with_replica", [False, True], ids=["one Redis", "replica"])
def test_writers_while_things_go_wrong(start_stack, tmp_path, with_replica):
    """`make freshness` does the same for longer."""
    more = {"replicas_required": 1, "replicas_timeout_ms": 2000} if with_replica else {}
    stack = start_stack(settings={**SETTINGS, **more}, replica_port=free_port())
    if with_replica:
        with Replica(stack, tmp_path / "r") as replica:
            follow(stack, replica)
            count, complaints = Load(stack, "short", replica).run(1000, with_faults=True)
    else:
        count, complaints = Load(stack, "short").run(2000, with_faults=True)
    assert complaints == [] and count["stale"] == count["wrong"] == 0
    assert count["publications"] >= 1000 and count["right"] > count["publications"]
