"""What nginx and nftables allow one address, as shipped: seen from addresses that are not exempt."""

import contextlib
import http.client
import os
import re
import resource
import signal
import socket
import ssl
import time
import urllib.parse

import pytest
from conftest import FORM, PATIENCE, VALUE, Answer, until
from netns import Namespace
from stack.config import DEPLOY, TOP, has_ipv6
from stack.process import free_port
from stack.stack import Stack

SITE = (DEPLOY / "nginx" / "acmeproxy.conf").read_text()
BURST = int(re.search(r"^    limit_req .* burst=(\d+)", SITE, re.M)[1])
AT_ONCE = int(re.search(r"^    limit_conn \w+ (\d+);", SITE, re.M)[1])
FIREWALL = (DEPLOY / "nftables" / "acmeproxy.conf").read_text()
CONNECTIONS = int(re.search(r"ip saddr ct count over (\d+)", FIREWALL)[1])
SERVER, SERVER6 = "192.0.2.53", "2001:db8::53"
SLOW = 4100

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")
needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="there is no IPv6 here")


class Net:
    """The stack's nginx in a network namespace, and clients in another one."""

    def __init__(self, directory):
        self.server, self.clients = Namespace(directory / "server.log"), Namespace(directory / "clients.log")
        self.server.plug(self.clients)
        self.server.address(f"{SERVER}/24")
        if has_ipv6():
            self.server.address(f"{SERVER6}/32")
        self.stack = Stack(directory / "stack", https_within=self.server)
        self.n = 0

    def client(self):
        """A client whose address no other has had."""
        self.n += 1
        self.clients.address(f"192.0.2.{100 + self.n}/24")
        return Client(self, self.clients, f"192.0.2.{100 + self.n}", SERVER)

    def client6(self, address):
        self.clients.address(f"{address}/32")
        return Client(self, self.clients, address, SERVER6)

    def local_client(self, host):
        return Client(self, self.server, host, host)

    def close(self):
        self.stack.stop()
        self.server.close()
        self.clients.close()


class Client:
    """Sends requests from an address, by one connection."""

    def __init__(self, net, namespace, source, host):
        self.net, self.namespace, self.source, self.host = net, namespace, source, host
        self.port = net.stack.https_port
        self.context = ssl.create_default_context(cafile=str(net.stack.ca_cert))
        self.connection = None

    def tcp(self, timeout=PATIENCE):
        with self.namespace.entered():
            tcp = socket.create_connection((self.host, self.port), timeout, (self.source, 0))
        tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return tcp

    def tls(self, timeout=PATIENCE):
        return self.context.wrap_socket(self.tcp(timeout), server_hostname="localhost")

    def send(self, method="GET", path="/", **parameters):
        if self.connection is None:
            self.connection = http.client.HTTPConnection("localhost")
            self.connection.sock = self.tls()
        self.connection.request(method, path, urllib.parse.urlencode(parameters), {"Content-Type": FORM})
        response = self.connection.getresponse()
        answer = Answer(response)
        if response.will_close:
            self.close()
        return answer

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def served(self):
        """By a new connection, is a request answered by our API?"""
        self.close()
        return self.send().status == 404

    def n_before_429(self, most=10 * BURST):
        """How many requests are answered otherwise, and the first 429."""
        for n in range(most):
            answer = self.send()
            if answer.status == 429:
                return n, answer
            assert answer.status == 404, answer.text
        pytest.fail(f"no 429 after {most} requests")


@pytest.fixture(scope="module")
def net(tmp_path_factory):
    net = Net(tmp_path_factory.mktemp("net"))
    try:
        net.stack.start()
        yield net
    finally:
        net.close()


@pytest.fixture
def client(net):
    client = net.client()
    yield client
    client.close()


@pytest.fixture
def other(net):
    other = net.client()
    yield other
    other.close()


# -- how many requests

def test_a_burst_harms_only_its_own_address(client, other):
    n, answer = client.n_before_429()
    assert n > BURST
    assert answer.error == "There are too many requests, try again later"
    wait_s = int(answer.headers["Retry-After"])
    assert wait_s >= 1
    for _ in range(20):
        assert other.send().status == 404
    time.sleep(wait_s)
    assert client.send().status == 404, "Retry-After is true"


def test_a_publication_over_the_limit_is_not_made(net, client, other):
    secret = other.send("POST", "/create_authorisation", name="burst.example.com").result["secret"]
    client.n_before_429()
    statuses = [client.send("POST", "/publish_response", name="burst.example.com", secret=secret, response=VALUE).status
                for _ in range(5)]
    assert 429 in statuses and set(statuses) <= {200, 429}
    assert net.stack.redis_cli("ZCARD", "acmeproxy:response:burst.example.com") == str(int(200 in statuses))


def test_a_hundred_names_in_a_row_are_not_limited(client):
    """Faster than any ACME client: by one connection, without a CA."""
    for n in range(100):
        name = f"n{n}.{client.source.replace('.', '-')}.example.com"
        secret = client.send("POST", "/create_authorisation", name=name).result["secret"]
        for endpoint in ("publish_response", "expire_response"):
            answer = client.send("POST", f"/{endpoint}", name=name, secret=secret, response=VALUE)
            assert answer.status == 200, answer.text


@pytest.mark.parametrize("host", ["127.0.0.1", pytest.param("::1", marks=needs_ipv6)])
def test_this_machine_is_exempt(net, host):
    local = net.local_client(host)
    assert {local.send().status for _ in range(BURST + 300)} == {404}
    local.close()


@needs_ipv6
def test_an_ipv6_network_of_64_bits_is_one_client(net):
    """Some of these have the zeros that nginx leaves out in another place."""
    net.client6("2001:db8:a::1").n_before_429()
    for same in ("2001:db8:a::2", "2001:db8:a:0:1:2:3:4", "2001:db8:a:0:1::", "2001:db8:a:0:a0a:a0a:a0a:a0a"):
        again = net.client6(same)
        assert 429 in [again.send().status for _ in range(5)], same
        again.close()
    for another in ("2001:db8:a:1::1", "2001:db8:b::1", "2001:db8:a:a0a:a0a:a0a:a0a:a0a"):
        again = net.client6(another)
        assert [again.send().status for _ in range(5)] == [404] * 5, another
        again.close()


@needs_ipv6
def test_ipv4_addresses_that_look_like_ipv6_are_clients_each(net, client, other):
    """An administrator may have one socket for both."""
    stack = net.stack
    port = free_port()
    stack.write_site("mapped", port, stack.fcgi_socket)
    site = stack.dir / "nginx" / "mapped.site"
    text = site.read_text().replace(f"    listen {port} ssl;\n", "").replace(
        f"[::]:{port} ssl", f"[::]:{port} ssl ipv6only=off")
    assert "ipv6only=off" in text
    site.write_text(text)
    stack.signal_part("nginx", signal.SIGHUP)
    local = net.local_client("127.0.0.1")
    client.port = other.port = local.port = port

    def listens():
        with contextlib.suppress(OSError):
            return local.served()
    until("nginx reads the site", listens)
    client.n_before_429()
    assert other.send().status == 404
    assert {local.send().status for _ in range(BURST + 300)} == {404}
    local.close()
    site.unlink()
    stack.signal_part("nginx", signal.SIGHUP)


# -- how many connections

HEADER = b"POST /publish_response HTTP/1.1\r\nHost: localhost\r\nContent-Type: " + FORM.encode() + b"\r\n"
KINDS = {"nothing": b"", "a handshake": b"\x16\x03\x01\x02\x00\x01", "a header": HEADER,
         "a body": HEADER + b"Content-Length: 100\r\n\r\nname="}


def slow(client, kind):
    """A connection that sends a part of something, and no more."""
    connection = client.tls() if kind in ("a header", "a body") else client.tcp()
    connection.sendall(KINDS[kind])
    return connection


@pytest.fixture
def many_files():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2 * SLOW:
        pytest.skip(f"a process may have no more than {hard} files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (2 * SLOW, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("kind", KINDS)
def test_slow_connections_of_one_address_do_not_stop_others(many_files, client, other, kind):
    with contextlib.ExitStack() as held:
        for _ in range(SLOW):
            held.enter_context(slow(client, kind))
        for _ in range(5):
            assert other.served()


def test_slow_bodies_of_one_address_are_few(client, other):
    """Those beyond get 429, and the first ones an end."""
    with contextlib.ExitStack() as held:
        slow_ones = [held.enter_context(slow(client, "a body")) for _ in range(2 * AT_ONCE)]
        said = [each.recv(12) for each in slow_ones[AT_ONCE:]]
        assert said == [b"HTTP/1.1 429"] * AT_ONCE
        assert other.served()
        for each in slow_ones[:AT_ONCE]:
            assert each.recv(12) in (b"", b"HTTP/1.1 408")  # client_body_timeout


def trickle_until_the_end(connection):
    """Send an octet now and then, until nginx has closed the connection."""
    def send():
        try:
            connection.sendall(b"x")
        except OSError:
            return True
    until("nginx ends the connection", send)


def test_a_header_that_trickles_is_cut_off(client):
    with slow(client, "a header") as connection:
        trickle_until_the_end(connection)


def test_a_refused_body_that_trickles_is_cut_off(client):
    """nginx goes on reading after a 429, for half a minute by default."""
    with contextlib.ExitStack() as held:
        for _ in range(AT_ONCE):
            held.enter_context(slow(client, "a body"))
        refused = held.enter_context(client.tls())
        refused.sendall(HEADER + b"Content-Length: 60000\r\n\r\n")
        assert refused.recv(12) == b"HTTP/1.1 429"
        trickle_until_the_end(refused)


def test_the_local_stack_has_readme_s_numbers(net):
    """The site cannot set these."""
    conf = (net.stack.dir / "nginx" / "nginx.conf").read_text()
    n = re.search(r"worker_connections (\d+);", conf)[1]
    assert f"worker_connections {n};" in (TOP / "README.md").read_text()
    files = re.search(r"worker_rlimit_nofile (\d+);", conf)[1]
    assert f"LimitNOFILE={files}\n" in (DEPLOY / "systemd" / "nginx-restart.conf").read_text()
    assert int(n) > SLOW


# -- the same by nftables, before nginx

PROBE = "table ip probe { set s { type ipv4_addr; flags dynamic; }; chain c { add @s { ip saddr ct count over 1 }; }; }"


@pytest.fixture
def firewall(net):
    try:
        net.server.run("nft", "-f", "-", text=PROBE)
        net.server.run("nft", "delete", "table", "ip", "probe")
    except AssertionError as error:
        pytest.skip(f"this kernel cannot count connections: {error}")
    text = FIREWALL.replace("tcp dport 443 ", f"tcp dport {net.stack.https_port} ")
    assert text != FIREWALL
    for _ in range(2):  # it replaces itself
        net.server.run("nft", "-f", "-", text=text)
    yield
    net.server.run("nft", "delete", "table", "inet", "acmeproxy")


def n_accepted(held, clients, most):
    """How many connections these may open, in turn; they stay open."""
    n = 0
    for each in range(most):
        with contextlib.suppress(ConnectionRefusedError):
            held.enter_context(clients[each % len(clients)].tcp())
            n += 1
    return n


def test_connections_of_one_address_are_few(firewall, many_files, client, other):
    with contextlib.ExitStack() as held:
        assert n_accepted(held, [client], SLOW) == CONNECTIONS
        assert other.served()
    until("it may again", lambda: n_accepted(contextlib.ExitStack(), [client], 1) == 1)


@needs_ipv6
def test_connections_of_one_ipv6_network_are_few(firewall, net):
    same = [net.client6("2001:db8:c::1"), net.client6("2001:db8:c:0:1:2:3:4")]
    with contextlib.ExitStack() as held:
        assert n_accepted(held, same, 2 * CONNECTIONS) == CONNECTIONS
        assert net.client6("2001:db8:c:1::1").served()


@pytest.mark.parametrize("host", ["127.0.0.1", pytest.param("::1", marks=needs_ipv6)])
def test_this_machine_may_have_many(firewall, net, host):
    with contextlib.ExitStack() as held:
        assert n_accepted(held, [net.local_client(host)], 2 * CONNECTIONS) == 2 * CONNECTIONS
