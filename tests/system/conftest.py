"""What the system tests share: one running stack, and ways to talk to it."""

import http.client
import itertools
import json
import os
import signal
import ssl
import subprocess
import sys
import time
import urllib.parse
from pathlib import Path

import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from stack.stack import Stack  # noqa: E402

VALUE = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"
FORM = "application/x-www-form-urlencoded"
_numbers = itertools.count(1)


def value(n):
    """The n-th of many different responses, 43 characters each."""
    return f"{n:043d}"


# The most seconds to wait for anything; `make bench` measures how fast we are.
PATIENCE = 20


def until(what, check):
    end = time.monotonic() + PATIENCE
    while not check():
        assert time.monotonic() < end, what
        time.sleep(0.05)


def children(pid):
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True,
                           text=True).stdout
    return [int(word) for word in found.split()]


def acmeproxy(stack, *arguments, status=0):
    """Run an administrator's command; return its output, with the errors if it should fail."""
    run = stack.command(*arguments)
    assert run.returncode == status, run
    return run.stdout if status == 0 else run.stdout + run.stderr


def tell_coprocesses(stack, **settings):
    """Have acmeproxy-pipe read these settings instead of the stack's; PowerDNS forgets its SOA records."""
    stack.write_config({**stack.settings, **settings})
    for pid in children(stack.processes["pdns"].child.pid):
        os.kill(pid, signal.SIGHUP)
    subprocess.run(["pdns_control", f"--socket-dir={stack.sockets}", "purge"], check=True,
                   stdout=subprocess.DEVNULL)


def create_by_command(stack, name, *options):
    """Create an authorisation as an administrator does; return its secret."""
    return json.loads(acmeproxy(stack, "createauthorisation", name, "--json", *options))["secret"]


class Answer:
    def __init__(self, response):
        self.status, self.headers = response.status, response.headers
        self.text = response.read().decode()

    @property
    def json(self):
        return json.loads(self.text)

    @property
    def result(self):
        return self.json["result"]

    @property
    def error(self):
        """The sentence of a refusal; checks the rest of the answer as well."""
        assert list(self.json) == ["result", "error"] and self.json["result"] is False, self.text
        assert self.headers["Content-Type"] == "application/json"
        assert self.headers["Cache-Control"] == "no-store"
        assert "published" not in self.text and "expired" not in self.text
        return self.json["error"]


class Api:
    """The HTTPS API as a client sees it, with one connection per call."""

    def __init__(self, stack):
        self.port = stack.https_port
        self.context = ssl.create_default_context(cafile=str(stack.ca_cert))

    def send(self, path, body=b"", content_type=FORM, method="POST", headers=None):
        connection = http.client.HTTPSConnection("localhost", self.port, timeout=20,
                                                 context=self.context)
        headers = dict(headers or {})
        if content_type is not None:
            headers["Content-Type"] = content_type
        try:
            connection.request(method, path, body, headers)
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def post(self, endpoint, **parameters):
        return self.send("/" + endpoint, urllib.parse.urlencode(parameters))

    def post_json(self, endpoint, parameters):
        return self.send("/" + endpoint, json.dumps(parameters), "application/json")

    def create(self, name, **more):
        """Create an authorisation and return its secret."""
        answer = self.post("create_authorisation", name=name, **more)
        assert answer.status == 200, answer.text
        return answer.result["secret"]

    def publish(self, name, secret, response=VALUE):
        answer = self.post("publish_response", name=name, response=response, secret=secret)
        assert answer.status == 200, answer.text
        return answer


class Dns:
    """PowerDNS, asked as dig asks it: directly, without recursion, and over TCP if UDP says so."""

    def __init__(self, stack):
        self.host, self.port = stack.dns_host, stack.dns_port

    def ask(self, name, rrtype="TXT", tcp=False, timeout=10):
        answer = self._send(dns.query.tcp if tcp else dns.query.udp, name, rrtype, timeout)
        return self._send(dns.query.tcp, name, rrtype, timeout) if answer.flags & dns.flags.TC else answer

    def _send(self, send, name, rrtype, timeout):
        query = dns.message.make_query(name, rrtype, use_edns=0, payload=1232)
        query.flags &= ~dns.flags.RD
        return send(query, self.host, port=self.port, timeout=timeout)

    def texts(self, name, tcp=False):
        """The values of the TXT records of _acme-challenge.NAME, sorted."""
        return self.txt_at("_acme-challenge." + name, tcp)

    def txt_at(self, name, tcp=False):
        """The values of the TXT records of NAME itself, sorted."""
        answer = self.ask(name, tcp=tcp)
        assert dns.rcode.to_text(answer.rcode()) == "NOERROR", answer
        return sorted(b"".join(rd.strings).decode() for rrset in answer.answer
                      for rd in rrset if rd.rdtype == dns.rdatatype.TXT)

    def rcode(self, name, rrtype="TXT"):
        return dns.rcode.to_text(self.ask(name, rrtype).rcode())


class Redis:
    """The store as redis-cli shows it."""

    def __init__(self, stack):
        self.cli = stack.redis_cli

    def __call__(self, *words):
        return self.cli(*words)

    def hash(self, key):
        found = json.loads(self("--json", "HGETALL", key))
        return found if isinstance(found, dict) else dict(zip(found[::2], found[1::2]))

    def audit(self, name):
        """The events of a name, oldest first."""
        text = self("--json", "XRANGE", "acmeproxy:audit", "-", "+")
        events = []
        for _, fields in json.loads(text):
            event = fields if isinstance(fields, dict) else dict(zip(fields[::2], fields[1::2]))
            if event["name"] == name:
                events.append(event)
        return events

    def refusals(self, name):
        """How often somebody was refused for a name: {(ip, via, reason): count}."""
        counts = json.loads(self("--json", "HGETALL", "acmeproxy:refused"))
        assert set(counts) == set(json.loads(self("--json", "ZRANGE", "acmeproxy:refusals", "0", "-1")))
        whats = {tuple(what.split(" ")): int(count) for what, count in counts.items()}
        return {what[:3]: count for what, count in whats.items() if what[3] == name}

    def reasons(self, name):
        return {reason for _, _, reason in self.refusals(name)}


@pytest.fixture(scope="session")
def stack(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("stack")) as running:
        yield running
        dead = running.dead_part()
        assert dead is None, f"{dead[0]} died during the tests:\n{dead[1]}"


@pytest.fixture
def start_stack(tmp_path):
    """Start stacks for one test alone, which may kill their parts."""
    stacks = []

    def start(**options):
        stacks.append(Stack(tmp_path / f"stack{len(stacks)}", **options))
        stacks[-1].start()
        return stacks[-1]

    yield start
    for each in stacks:
        each.stop()


@pytest.fixture
def api(stack):
    return Api(stack)


@pytest.fixture
def dnsq(stack):
    return Dns(stack)


@pytest.fixture
def redis(stack):
    return Redis(stack)


@pytest.fixture
def name():
    """A name that no other test uses."""
    return f"test{next(_numbers)}.example.com"
