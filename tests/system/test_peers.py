"""FastCGI peers that stop midway: no action, no worker held, and no delay for SIGTERM."""

import contextlib
import os
import re
import resource
import signal
import socket
import threading
import time
from urllib.parse import urlencode

import pytest
from conftest import Api, Redis, until, value
from fastcgi import PARAMS, STDIN, connect, head, read_answer, record, request
from stack.config import DEPLOY
from stack.process import Process, free_port

WORKERS = 8  # by default


@pytest.fixture
def peers():
    """Connections that are closed in the end."""
    with contextlib.ExitStack() as held:
        def hold(address, octets=b""):
            peer = held.enter_context(connect(address))
            peer.sendall(octets)
            return peer

        yield hold


@pytest.fixture(params=["unix", "tcp"])
def where(request, stack, tmp_path):
    """The address of an `acmeproxy serve` on the shared store."""
    if request.param == "unix":
        yield stack.fcgi_socket
        return
    port = free_port()
    process = Process("serve", [stack.build / "acmeproxy", "serve", "--config", stack.config,
                                "--listen", f"127.0.0.1:{port}"], tmp_path / "log")
    process.start()

    def listens():
        with contextlib.suppress(OSError):
            connect(("127.0.0.1", port)).close()
            return True

    until("it listens", listens)
    yield ("127.0.0.1", port)
    assert process.stop() == 0


class Published:
    """A name with two responses."""

    def __init__(self, api, redis, name):
        self.name, self.redis = name, redis
        self.secret = api.create(name)
        for n in (1, 2):
            api.publish(name, self.secret, value(n))
        # The body that expires the first of them, and its beginning, which would expire both.
        self.one = urlencode({"name": name, "secret": self.secret, "response": value(1)}).encode()
        self.all = self.one[:self.one.index(b"&response")]

    @property
    def responses(self):
        return self.redis("ZRANGE", f"acmeproxy:response:{self.name}", "0", "-1").split()


@pytest.mark.parametrize("pieces", [1, 7, 30])
def test_a_whole_request_is_answered(where, api, redis, name, peers, pieces):
    published = Published(api, redis, name)
    octets = request("/expire_response", published.one.decode())
    peer = peers(where)
    size = len(octets) // pieces + 1
    for at in range(0, len(octets), size):
        peer.sendall(octets[at:at + size])
        time.sleep(0.001)
    assert read_answer(peer) == (200, {"result": {
        "authorisation": name, "suffix_match": False, "expired": True}})
    assert published.responses == [value(2)]
    assert peer.recv(1) == b"", "the connection is closed"


# CONTENT_LENGTH, None if it is not told, and what follows the parameters.
CUT_OFF = {
    "less than announced": lambda one, both: (len(one), record(STDIN, both) + record(STDIN)),
    "nothing": lambda one, both: (len(one), record(STDIN)),
    "no end": lambda one, both: (len(both), record(STDIN, both)),
    "no length, no end": lambda one, both: (None, record(STDIN, both)),
    "within a record": lambda one, both: (None, record(STDIN, one)[:8 + len(both)]),
    "another stream": lambda one, both: (None, record(STDIN, both) + record(PARAMS, b"x")
                                         + record(STDIN)),
}


@pytest.mark.parametrize("end", ["shutdown", "silence", "close"])
def test_a_request_that_is_cut_off_is_refused(where, api, redis, name, peers, end):
    published = [(how, Published(api, redis, f"{how.replace(' ', '-').replace(',', '')}.{name}"))
                 for how in CUT_OFF]
    asking = []
    for how, each in published:
        length, rest = CUT_OFF[how](each.one, each.all)
        asking.append(peers(where, head("/expire_response", length) + rest))
        if end == "shutdown":
            asking[-1].shutdown(socket.SHUT_WR)
        elif end == "close":
            asking[-1].close()
    if end == "close":
        # Who comes after them is served after them.
        asked = [peers(where, request("/none", "")) for _ in range(10 * WORKERS)]
        assert {read_answer(peer)[0] for peer in asked} == {404}
    else:
        refused = (400, {"result": False, "error": "The request was cut off"})
        assert [read_answer(peer) for peer in asking] == [refused] * len(asking)
    for how, each in published:
        assert each.responses == [value(1), value(2)], how


def is_closed(peer):
    """Wait for the end of a connection, without an answer."""
    try:
        return peer.recv(1) == b""
    except ConnectionResetError:
        return True


def test_what_is_no_request_is_closed(where, peers):
    whole = request("/health", "")
    octets = [b"", *(whole[:n] for n in (5, 8, 20, len(head("/health", 0)) - 1)), b"\2" * 100,
              record(STDIN), b"GET / HTTP/1.1\r\n\r\n"]
    silent = [peers(where, each) for each in octets]
    for each in octets:
        peer = peers(where, each)
        peer.shutdown(socket.SHUT_WR)
        assert is_closed(peer), each
    assert all(is_closed(peer) for peer in silent)


# A request of which trickle() sends the rest.
SLOW = head("/health", 0)[:16] + record(PARAMS, b"\1\1ab" * 16000)[:8]


def trickle(peers_, stopped):
    """Send the rest of SLOW, an octet every now and then."""
    octets = b"\1\1ab" * 16000
    for at in range(len(octets)):
        for peer in peers_:
            with contextlib.suppress(OSError):
                peer.send(octets[at:at + 1])
        if stopped.wait(0.1):
            return


@pytest.fixture
def trickling():
    """Start a thread that does this for some peers."""
    stopped, threads = threading.Event(), []

    def start(peers_):
        threads.append(threading.Thread(target=trickle, args=(peers_, stopped)))
        threads[-1].start()

    yield start
    stopped.set()
    for each in threads:
        each.join()


def test_a_slow_peer_is_sent_away(where, peers, trickling):
    """Its time is counted from its connection, not from its last octet."""
    slow = peers(where, SLOW)
    trickling([slow])
    assert is_closed(slow)


@pytest.fixture
def many_files():
    """This process may have more open files than usual."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_a_flood_of_peers_that_stop_midway(stack, api, name, many_files, peers, trickling):
    """nginx's requests are answered while there are more of them than there is room for."""
    secret = api.create(name)
    too_long = head("/publish_response", 9000) + record(STDIN, b"x" * 8500)
    kinds = [b"", head("/health", 0)[:-4], head("/publish_response", 100), too_long,
             request("/publish_response", "name=" + name)]
    for n in range(1500):
        peers(stack.fcgi_socket, kinds[n % len(kinds)])
    slow = [peers(stack.fcgi_socket, SLOW)
            for _ in range(4 * WORKERS)]
    slow += [peers(stack.fcgi_socket, too_long) for _ in range(4 * WORKERS)]
    trickling(slow)
    for n in range(100):
        api.publish(name, secret, value(n))
        peers(stack.fcgi_socket, kinds[n % len(kinds)])


def test_an_answer_before_the_end_of_the_request_arrives(where, peers):
    """Also if the peer goes on sending: it reads 413, and no reset connection."""
    peer = peers(where, head("/publish_response", 60000) + record(STDIN, b"x" * 9000))
    for _ in range(10):
        peer.sendall(record(STDIN, b"x" * 5000))
        time.sleep(0.01)
    assert read_answer(peer) == (413, {"result": False, "error": "The body is over 8 KiB"})


def stop_seconds():
    """What systemd allows."""
    unit = (DEPLOY / "systemd" / "acmeproxy.service").read_text()
    return int(re.search(r"^TimeoutStopSec=(\d+)$", unit, re.M)[1])


def test_sigterm_while_peers_and_redis_are_stuck(start_stack, peers, trickling):
    stack = start_stack()
    api = Api(stack)
    secret = api.create("secure.example.com")
    body = urlencode({"name": "secure.example.com", "secret": secret, "response": value(1)})
    stack.signal_part("redis", signal.SIGSTOP)
    slow = []
    for octets in (b"", head("/health", 0)[:-4], head("/publish_response", 100)):
        slow += [peers(stack.fcgi_socket, octets) for _ in range(2 * WORKERS)]
    slow += [peers(stack.fcgi_socket, SLOW)
             for _ in range(2 * WORKERS)]
    trickling(slow[-WORKERS:])
    asking = [peers(stack.fcgi_socket, request("/publish_response", body)) for _ in range(100)]
    process = stack.processes["acmeproxy"]
    assert process.stop(seconds=stop_seconds()) == 0
    answered = [answer for answer in map(read_answer, asking) if answer]
    assert answered and all(status == 503 for status, _ in answered)
    stack.signal_part("redis", signal.SIGCONT)


def test_sigterm_with_a_worker_that_never_comes_back(start_stack, peers):
    """It waits for its Redis password, from a pipe that nobody writes to."""
    stack = start_stack()
    secret = Api(stack).create("secure.example.com")
    password = stack.redis_password_file("app")
    os.rename(password, f"{password}.right")
    os.mkfifo(password)
    Redis(stack)("CLIENT", "KILL", "USER", "acmeproxy")
    body = urlencode({"name": "secure.example.com", "secret": secret, "response": value(1)})
    for _ in range(WORKERS):
        peers(stack.fcgi_socket, request("/publish_response", body))
    process = stack.processes["acmeproxy"]
    assert process.stop(seconds=stop_seconds()) == 1
    assert "workers have not stopped within 15 s" in stack.log("acmeproxy").read_text()
