"""A client of the API that asks DNS at once after each 200, and judges the answer."""

import collections
import http.client
import json
import random
import secrets
import socket
import ssl
import time
import urllib.parse

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype

ZONE = "auth.example.org"
VALUES_MAX = 6  # of a name: more would not fit a datagram
NAMES_MAX = 24  # of a writer, so that each coprocess has a copy of most
GIVE_UP_S = 120  # a question that nobody answers for so long


class Refused(Exception):
    """The API did not say 200: what was asked for may or may not have been done."""


class Name:
    """A name in DNS, what it should have now, and what it had before."""

    def __init__(self, writer, kind):
        label = f"{writer.label}-{next(writer.numbers)}"
        self.kind = kind
        self.name = f"{label}.example.com"
        self.label = "_" + "".join(random.choices("abcdefghijklmnopqrstuvwxyz234567", k=16))
        self.owner = f"_acme-challenge.{self.name}"
        if kind == "label":
            self.owner = f"{self.label}.{self.owner}"
        self.login = None  # of a registration in the zone
        self.secret = None
        self.values, self.before = [], set()

    def set(self, values):
        self.before.add(frozenset(self.values))
        self.values = list(values)


class Writer:
    """Counts what happened in `count`; wrong answers are described in `faults`."""

    def __init__(self, stack, label, seed):
        self.stack, self.label = stack, label
        self.random = random.Random(seed)
        self.numbers = iter(range(10 ** 9))
        self.context = ssl.create_default_context(cafile=str(stack.ca_cert))
        self.connection = None
        self.names = []
        self.count = collections.Counter()
        self.complaints = []

    # -- the API

    def _send(self, path, body, headers):
        if self.connection is None:
            self.connection = http.client.HTTPSConnection(
                "localhost", self.stack.https_port, timeout=30, context=self.context)
        self.connection.request("POST", path, body, headers)
        response = self.connection.getresponse()
        return response.status, response.read()

    def call(self, path, body, headers=None):
        """The JSON of a success; raises Refused otherwise."""
        if not isinstance(body, bytes):
            body = urllib.parse.urlencode(body).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})}
        self.count["requests"] += 1
        try:
            status, text = self._send(path, body, headers)
        except (OSError, http.client.HTTPException):
            self.connection = None
            status, text = 503, b""
        if status in (200, 201):
            return json.loads(text) if text else None
        self.count["503"] += status == 503
        if status != 503:
            self.complaints.append(f"{path}: {status} {text!r}")
        raise Refused

    def delete(self, name):
        self.count["requests"] += 1
        if self.stack.command("deleteauthorisation", name.name).returncode != 0:
            self.count["503"] += 1
            raise Refused

    # -- DNS

    def _ask(self, owner):
        query = dns.message.make_query(owner, "TXT", use_edns=0, payload=1232)
        query.flags &= ~dns.flags.RD
        where = {"port": self.stack.dns_port, "timeout": 5}
        answer = dns.query.udp(query, self.stack.dns_host, **where)
        if answer.flags & dns.flags.TC:
            answer = dns.query.tcp(query, self.stack.dns_host, **where)
        return answer

    def ask(self, owner):
        """(rcode, values) of the first answer that is one: others are counted."""
        end = time.monotonic() + GIVE_UP_S
        while time.monotonic() < end:
            self.count["questions"] += 1
            try:
                answer = self._ask(owner)
            except (OSError, dns.exception.DNSException):
                self.count["no answer"] += 1
                continue
            if answer.rcode() == dns.rcode.SERVFAIL:
                self.count["SERVFAIL"] += 1
                time.sleep(0.005)
                continue
            return dns.rcode.to_text(answer.rcode()), [
                b"".join(rd.strings).decode() for rrset in answer.answer for rd in rrset
                if rd.rdtype == dns.rdatatype.TXT]
        return "nothing", []

    def check(self, name, times=2):
        """Whether DNS has exactly the values of a name; the first question counts."""
        for n in range(times):
            rcode, values = self.ask(name.owner)
            # The name of an authorisation exists, with or without a value.
            is_there = name.kind != "label" and (name.secret or name.login)
            if set(values) == set(name.values) and (rcode == "NOERROR" or not (values or is_there)):
                self.count["right"] += 1
                continue
            what = "stale" if frozenset(values) in name.before or (
                rcode != "NOERROR" and frozenset() in name.before) else "wrong"
            self.count[what] += 1
            self.complaints.append(f"{what}: {name.owner}, question {n}: {rcode} {values}, not "
                                   f"{name.values}")

    # -- what a writer does

    def begin(self):
        """A name that was asked about before it was anybody's."""
        kind = self.random.choice(["challenge", "challenge", "label", "zone"])
        name = Name(self, kind)
        if kind == "zone":
            made = self.call("/register", b"", {})
            name.owner = made["fulldomain"]
            name.login = {"X-Api-User": made["username"], "X-Api-Key": made["password"],
                          "subdomain": made["subdomain"]}
        else:
            self.check(name)
            self.create(name)
        self.check(name)
        self.names.append(name)

    def create(self, name):
        name.secret = self.call("/create_authorisation", {"name": name.name})["result"]["secret"]

    def publish(self, name):
        value = secrets.token_urlsafe(32)
        if name.kind == "zone":
            user = {k: v for k, v in name.login.items() if k != "subdomain"}
            self.call("/update", json.dumps(
                {"subdomain": name.login["subdomain"], "txt": value}).encode(), user)
        else:
            more = {"label": name.label} if name.kind == "label" else {}
            self.call("/publish_response", {"name": name.name, "secret": name.secret,
                                            "response": value, **more})
        self.count["publications"] += 1
        name.set([*name.values, value])

    def expire(self, name, value=None):
        more = {"label": name.label} if name.kind == "label" else {}
        if value:
            more["response"] = value
        self.call("/expire_response", {"name": name.name, "secret": name.secret, **more})
        name.set([v for v in name.values if value and v != value])

    def step(self):
        """One change, and the questions after it; a name in doubt is given up."""
        if len(self.names) < NAMES_MAX:
            return self.begin()
        name = self.random.choice(self.names)
        self.names.remove(name)
        full = len(name.values) >= VALUES_MAX
        what = self.random.random()
        if name.kind == "zone":
            if full:
                return None
            self.publish(name)
        elif full or what < 0.04:
            self.expire(name)
        elif what < 0.15 and name.values:
            self.expire(name, self.random.choice(name.values))
        elif what < 0.18:
            self.delete(name)
            name.secret = None
            name.set([])
            self.check(name)
            if name.kind == "label":
                return None  # what is under a label is left to its end
            self.create(name)
        elif what < 0.20:
            return None  # forgotten: another takes its place
        else:
            self.publish(name)
        self.check(name)
        self.names.append(name)
        return None

    def run(self, n, n_done, stopped):
        """Until all writers together have published n values."""
        while n_done.value < n and not stopped.is_set():
            before = self.count["publications"]
            try:
                self.step()
            except Refused:
                time.sleep(0.005)
            with n_done.get_lock():
                n_done.value += self.count["publications"] - before
        return self.count, self.complaints[:20]


class Asker:
    """Asks about many names, so that all copies have old answers and are full."""

    def __init__(self, stack, labels, n_names):
        self.stack, self.labels, self.n_names = stack, labels, n_names

    def run(self, stopped):
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.connect((self.stack.dns_host, self.stack.dns_port))
        sock.settimeout(0.5)
        n = 0
        while not stopped.is_set():
            name = (f"{random.choice(self.labels)}-{random.randrange(200)}"
                    if random.random() < 0.2 else f"other-{random.randrange(self.n_names)}")
            query = dns.message.make_query(f"_acme-challenge.{name}.example.com", "TXT")
            try:
                sock.send(query.to_wire())
                sock.recv(4096)
                n += 1
            except OSError:
                pass
            time.sleep(0.002)
        return n
