"""A client of the API that remembers what it was told, asks DNS after each 200, and judges."""

import http.client
import json
import random
import secrets
import ssl
import time
import urllib.parse
from dataclasses import dataclass, field

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rcode
import dns.rdatatype

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
NAMES_MAX = 6  # that a client has at once
VALUES_MAX = 6  # of a name
GIVE_UP_S = 60  # for what must work again some time
FREE_AFTER_S = 10  # after a creation that got 503 its name must be free again


@dataclass
class Name:
    """What was answered about a name; `maybe` is what a 503 leaves open."""

    name: str
    secrets: list = field(default_factory=list)  # that were shown, oldest first
    ended: set = field(default_factory=set)  # of these: a 200 said so
    live: set = field(default_factory=set)
    maybe: set = field(default_factory=set)
    gone: set = field(default_factory=set)
    rotation_open: bool = False  # a rotation got 503
    refused: bool = False  # its secret got 403

    @property
    def owner(self):
        return "_acme-challenge." + self.name


@dataclass
class Count:
    acknowledged: int = 0
    lost: int = 0
    locked_out: int = 0
    wrong: int = 0


def ask(stack, owner, timeout=3):
    """(rcode, TXT values) of one question; a DNSException or OSError where there is no answer."""
    query = dns.message.make_query(owner, "TXT", use_edns=0, payload=1232)
    query.flags &= ~dns.flags.RD
    answer, _ = dns.query.udp_with_fallback(query, stack.dns_host, port=stack.dns_port, timeout=timeout)
    return dns.rcode.to_text(answer.rcode()), {
        b"".join(rd.strings).decode() for rrset in answer.answer for rd in rrset
        if rd.rdtype == dns.rdatatype.TXT}


class Client:
    """step() is one request and what follows from it; judge() is for the end.

    failures are (began, ended) of what did not work, by time.monotonic().
    complaints say what was wrong; doing() says what was going on then.
    """

    def __init__(self, stack, label, seed, doing=lambda: ""):
        self.stack, self.label, self.doing = stack, label, doing
        self.random = random.Random(seed)
        self.context = ssl.create_default_context(cafile=str(stack.ca_cert))
        self.connection = None
        self.n = 0
        self.names, self.left = [], []  # in use; no longer
        self.unsure = {}  # names whose creation got 503, and when
        self.count = Count()
        self.failures, self.complaints = [], []

    def complain(self, column, name, words):
        setattr(self.count, column, getattr(self.count, column) + 1)
        self.complaints.append(f"{column}: {name.name}: {words} ({self.doing()})")

    # -- the API and DNS

    def _send(self, endpoint, parameters):
        if self.connection is None:
            self.connection = http.client.HTTPSConnection(
                "localhost", self.stack.https_port, timeout=30, context=self.context)
        self.connection.request("POST", "/" + endpoint, urllib.parse.urlencode(parameters), FORM)
        response = self.connection.getresponse()
        return response.status, response.read()

    def call(self, endpoint, **parameters):
        """(status, result); 503 stands for every way not to get an answer."""
        began = time.monotonic()
        try:
            status, text = self._send(endpoint, parameters)
        except (OSError, http.client.HTTPException):
            self.connection.close()
            self.connection, status, text = None, 503, b""
        if status == 200:
            return status, json.loads(text)["result"]
        if status not in (403, 409):
            self.failures.append((began, time.monotonic()))
            time.sleep(0.01)
        return (status if status in (403, 409) else 503), None

    def call_until_answered(self, endpoint, **parameters):
        end = time.monotonic() + GIVE_UP_S
        status, result = self.call(endpoint, **parameters)
        while status == 503 and time.monotonic() < end:
            time.sleep(0.05)
            status, result = self.call(endpoint, **parameters)
        return status, result

    def works(self, name, secret):
        """Whether a secret is accepted, by a request that changes nothing."""
        return self.call_until_answered("expire_response", name=name.name, secret=secret,
                                        response=secrets.token_urlsafe(32))[0] == 200

    def first_answer(self, owner):
        """The first answer other than SERVFAIL; what comes before it counts as failures."""
        end = time.monotonic() + GIVE_UP_S
        while time.monotonic() < end:
            began = time.monotonic()
            try:
                rcode, values = ask(self.stack, owner)
                if rcode != "SERVFAIL":
                    return rcode, values
            except (OSError, dns.exception.DNSException):
                pass
            self.failures.append((began, time.monotonic()))
            time.sleep(0.01)
        return "no answer", set()

    def check(self, name):
        """The first question after a 200."""
        rcode, values = self.first_answer(name.owner)
        if rcode != "NOERROR" or not name.live <= values <= name.live | name.maybe:
            self.complain("wrong", name, f"{rcode} {sorted(values)}, not {sorted(name.live)} "
                                         f"and perhaps {sorted(name.maybe)}")

    # -- what a client does

    def step(self):
        if len(self.names) < NAMES_MAX:
            return self.create()
        name = self.random.choice(self.names)
        what = self.random.random()
        if what < 0.03:
            self.leave(name)
        elif what < 0.15:
            self.rotate(name)
        elif what < 0.2:
            self.expire(name)
        elif len(name.live) + len(name.maybe) >= VALUES_MAX or (what < 0.35 and name.live):
            self.expire(name, self.random.choice(sorted(name.live | name.maybe)))
        else:
            self.publish(name)
        if name.refused:
            self.leave(name)
        return None

    def leave(self, name):
        self.names.remove(name)
        self.left.append(name)

    def create(self):
        self.n += 1
        name = Name(f"{self.label}-{self.n}.example.com")
        status, result = self.call("create_authorisation", name=name.name)
        if status == 200:
            self.count.acknowledged += 1
            name.secrets.append(result["secret"])
            self.check(name)
            self.names.append(name)
        elif status == 503:
            self.unsure[name.name] = time.monotonic()
        else:
            self.complain("wrong", name, f"{status} to the creation of a new name")
        return name

    def publish(self, name):
        value = secrets.token_urlsafe(32)
        status, _ = self.call("publish_response", name=name.name, secret=name.secrets[-1],
                              response=value)
        if status == 200:
            self.count.acknowledged += 1
            name.live.add(value)
            self.check(name)
        elif status == 503:
            name.maybe.add(value)
        else:
            name.refused = True
        return status

    def expire(self, name, value=None):
        """One value, or all; a publication that got 503 may yet be done after that."""
        parameters = {"response": value} if value else {}
        values = {value} if value else set(name.live)
        status, _ = self.call("expire_response", name=name.name, secret=name.secrets[-1],
                              **parameters)
        if status == 200:
            self.count.acknowledged += 1
            name.gone |= values - name.maybe
            name.live -= values
            self.check(name)
        elif status == 503:
            name.maybe |= values
            name.live -= values
        else:
            name.refused = True

    def rotate(self, name):
        old = name.secrets[-1]
        status, result = self.call("expire_authorisation", name=name.name, secret=old)
        if status == 503:
            name.rotation_open = True
        elif status != 200:
            name.refused = True
        else:
            self.count.acknowledged += 1
            name.secrets.append(result["secret"])
            name.ended.add(old)
            # The old one ends with the first use of the new one.
            if self.publish(name) == 200 and self.call(
                    "expire_response", name=name.name, secret=old, response="x")[0] == 200:
                self.complain("wrong", name, "a secret that was ended works")

    # -- the end

    def judge(self, patience_s=FREE_AFTER_S):
        """All works again: compare what is there with what was answered."""
        for name in self.names + self.left:
            self.judge_secrets(name)
            self.judge_values(name)
        for name, since in self.unsure.items():
            self.judge_creation(Name(name), since, patience_s)

    def judge_secrets(self, name):
        working = [secret for secret in reversed(name.secrets) if self.works(name, secret)]
        newest = name.secrets[-1]
        if newest in working:
            if name.refused:
                self.complain("wrong", name, "its secret was refused, and works")
        elif not name.rotation_open:
            self.complain("lost", name, "its secret, which was answered with 200, does not work")
        if not working and self.call_until_answered(
                "create_authorisation", name=name.name)[0] != 200:
            self.complain("locked_out", name, "no secret works, and it is not free")
        for secret in name.ended.intersection(working):
            self.complain("wrong", name, f"secret {name.secrets.index(secret)} of "
                                         f"{len(name.secrets)} was ended and works")

    def judge_values(self, name):
        rcode, values = self.first_answer(name.owner)
        for value in name.live - values:
            self.complain("lost", name, f"{value} is not there: {rcode}")
        for value in name.gone & values:
            self.complain("lost", name, f"{value} was expired, and is there")

    def judge_creation(self, name, since, patience_s):
        while True:
            status, _ = self.call("create_authorisation", name=name.name)
            if status == 200:
                return
            now = time.monotonic()
            if status == 503:
                since = now
            elif now > since + patience_s:
                self.complain("locked_out", name, "its creation got 503, and it is not free")
                return
            time.sleep(0.1)
