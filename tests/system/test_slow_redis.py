"""A Redis that sends an octet at a time: no exchange lasts longer than its time-out."""

import signal
import socket
import threading
import time

import pytest
from conftest import VALUE, Api, Dns, acmeproxy, children, tell_coprocesses, until
from stack.process import free_port

NAME = "secure.example.com"
PACE_S = 0.2  # from octet to octet, which is less than the time-out of 0.5 s


class Proxy:
    """In front of a Redis.  While `slow` is set, its replies come an octet at a time.

    It listens on a Unix socket's path, or on (host, port).
    """

    def __init__(self, redis, address):
        self.redis, self.slow, self.ends = str(redis), False, []
        family = socket.AF_INET if isinstance(address, tuple) else socket.AF_UNIX
        self.listener = socket.socket(family, socket.SOCK_STREAM)
        self.listener.bind(address)
        self.listener.listen()
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            redis = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            redis.connect(self.redis)
            self.ends += [client, redis]
            for ends in ((client, redis, False), (redis, client, True)):
                threading.Thread(target=self.pump, args=ends, daemon=True).start()

    def pump(self, source, sink, may_be_slow):
        try:
            while octets := source.recv(65536):
                while may_be_slow and self.slow and octets:
                    sink.sendall(octets[:1])
                    octets = octets[1:]
                    time.sleep(PACE_S)
                sink.sendall(octets)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # the other pump has done it

    def close(self):
        for each in [self.listener, *self.ends]:
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it is closed already
            each.close()


@pytest.fixture(params=["unix", "tcp"])
def slow_stack(start_stack, request):
    """A stack with a proxy in front of its Redis."""
    stack = start_stack()
    host, port, path = "127.0.0.1", free_port(), str(stack.sockets / "slow.sock")
    if request.param == "unix":
        proxy, where = Proxy(stack.redis_socket, path), {"socket": path}
    else:
        proxy, where = Proxy(stack.redis_socket, (host, port)), {"host": host, "port": port}
    tell_coprocesses(stack, **{
        part: {**{k: v for k, v in stack.settings[part].items() if k != "socket"}, **where}
        for part in ("redis", "redis_read")})
    log = stack.log("acmeproxy")
    stack.signal_part("acmeproxy", signal.SIGHUP)
    until("it goes through the proxy", lambda: "read again" in log.read_text())
    yield stack, proxy
    proxy.close()


def publish(api, secret):
    return api.post("publish_response", name=NAME, secret=secret, response=VALUE)


def test_the_api(slow_stack):
    stack, proxy = slow_stack
    api = Api(stack)
    secret = api.create(NAME)
    api.publish(NAME, secret)
    proxy.slow = True
    # The first ones on connections that are there, then those that have to connect.
    for _ in range(16):
        answer = publish(api, secret)
        assert answer.status == 503 and answer.headers["Retry-After"] == "1", answer.text
    text = acmeproxy(stack, "listauthorisations", status=3)
    assert "redis: authenticate: timed out" in text
    proxy.slow = False
    until("the API is back", lambda: publish(api, secret).status == 200)
    assert "redis: exchange: timed out" in stack.log("acmeproxy").read_text()
    proxy.close()
    answer = publish(api, secret)
    assert answer.status == 503
    assert "redis: connect: " in acmeproxy(stack, "listauthorisations", status=3)


def test_dns(slow_stack):
    """FAIL comes in time: PowerDNS kills no coprocess, whose next question is answered."""
    stack, proxy = slow_stack
    api, dnsq = Api(stack), Dns(stack)
    secret = api.create(NAME)
    api.publish(NAME, secret)
    coprocesses = children(stack.processes["pdns"].pid)
    for _ in range(10):  # each coprocess has a connection
        assert dnsq.texts(NAME) == [VALUE]
    proxy.slow = True
    time.sleep(1)  # what is in the copies is good for half of that
    for _ in range(6):
        assert dnsq.rcode("_acme-challenge." + NAME) == "SERVFAIL"
        assert dnsq.rcode("_acme-challenge.other.example") == "SERVFAIL"
    proxy.slow = False
    until("DNS is back", lambda: dnsq.rcode("_acme-challenge." + NAME) == "NOERROR")
    assert dnsq.texts(NAME) == [VALUE]
    assert children(stack.processes["pdns"].pid) == coprocesses
