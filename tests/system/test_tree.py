"""Each kind of name, asked for each type, under each combination of settings: what is true of all answers."""

import itertools
import random
import select
import socket
import time

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import pytest
from conftest import PATIENCE, Api, Redis, create_by_command, tell_coprocesses
from stack.stack import Stack
from tree import AUTHORISED, LABEL, LABELLED, RECORDS, RESPONSES, Tree, above, n_labels, walked_names

TYPES = ("SOA", "NS", "A", "AAAA", "TXT", "CAA", "DS", "MX", "CNAME", "ANY", "TYPE65280", "IXFR", "HTTPS")
UNDER_WAY = 50  # questions at a time: fewer than PowerDNS would drop
EDNS = bytes([0, 0, 41, *(1232).to_bytes(2, "big"), 0, 0, 0, 0, 0, 0])


def text_of(rdata):
    """Names in it may be spelt as in the question, which they are compressed with."""
    text = rdata.to_text()
    return text if rdata.rdtype == dns.rdatatype.TXT else text.lower()


class Answer:
    def __init__(self, wire):
        message = dns.message.from_wire(wire)
        self.rcode = dns.rcode.to_text(message.rcode())
        self.is_authoritative = bool(message.flags & dns.flags.AA)
        self.is_truncated = bool(message.flags & dns.flags.TC)
        self.answer, self.authority, self.additional = message.sections[1:4]
        self.owners = {rrset.name.to_text(omit_final_dot=True) for rrset in self.answer}
        self.records = {dns.rdatatype.to_text(rrset.rdtype): sorted(text_of(rdata) for rdata in rrset)
                        for rrset in self.answer}
        self.other_types = {dns.rdatatype.to_text(rrset.rdtype)
                            for rrset in self.authority + self.additional}
        self.is_referral = not self.answer and "NS" in self.other_types
        self.is_negative = self.rcode == "NXDOMAIN" or (
            self.rcode == "NOERROR" and not self.answer and not self.is_referral)

    @property
    def zone(self):
        """The name of the zone that a negative answer is from."""
        return self.authority[0].name.to_text(omit_final_dot=True).lower() if self.authority else None


class Client:
    """Asks PowerDNS many questions at a time, and is quicker than it is."""

    def __init__(self, stack):
        self.address, self.answers = (stack.dns_host, stack.dns_port), {}

    def parse(self, wire, qname):
        """Most answers about a name differ in number and type only."""
        end = 12 + len(qname)
        wire = bytes(2) + wire[2:end] + bytes([0, 1]) + wire[end + 2:]
        if wire not in self.answers:
            self.answers[wire] = Answer(wire)
        return self.answers[wire]

    def ask_all(self, names):
        """The answers for each name and type; names are sent as they are spelt."""
        qnames = [dns.name.from_text(name).to_wire() for name in names]
        answers, todo = {}, [(i, k) for i in range(len(names)) for k in range(len(TYPES))]
        types = [int(dns.rdatatype.from_text(rrtype)).to_bytes(2, "big") for rrtype in TYPES]
        waiting, end = {}, time.monotonic() + 3 * PATIENCE
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.connect(self.address)
            while todo or waiting:
                assert time.monotonic() < end, f"only {len(answers)} answers"
                while todo and len(waiting) < UNDER_WAY:
                    i, k = todo.pop()
                    number = (i * len(TYPES) + k).to_bytes(2, "big")
                    question = qnames[i] + types[k] + b"\0\1"
                    sock.send(number + b"\0\0\0\1\0\0\0\0\0\1" + question + EDNS)
                    waiting[number] = i, k, question
                if not select.select([sock], [], [], 3)[0]:  # they were lost: ask again
                    todo += [(i, k) for i, k, _ in waiting.values()]
                    waiting.clear()
                    continue
                wire = sock.recv(65535)
                i, k, question = waiting.pop(wire[:2], (None, None, None))
                if question:
                    assert wire[12:].startswith(question), f"{names[i]} {TYPES[k]}: in the question"
                    answers[names[i].lower(), TYPES[k]] = self.parse(wire, qnames[i])
        return answers


class World:
    """A stack whose store has what the model has; only what PowerDNS is told of the settings changes."""

    def __init__(self, stack):
        self.stack, self.client = stack, Client(stack)
        api, redis = Api(stack), Redis(stack)
        secrets = {}
        for name, suffix_match in AUTHORISED.items():
            if n_labels(name) > 1:
                secrets[name] = create_by_command(stack, name, *["--suffix-match"] * suffix_match)
        redis("HSET", "acmeproxy:authorisation:net", "secret_hash", "0", "suffix_match", "false")
        redis("ZADD", "acmeproxy:response:net", int(time.time() + 86400) * 1000, RESPONSES["net"][0])
        for label, responses in ((None, RESPONSES), (LABEL, LABELLED)):
            for name, texts in responses.items():
                for text in texts if name != "net" else ():
                    self.call(api, secrets, name, "publish_response", response=text, label=label)
        for name, texts in RECORDS.items():
            for text in texts:
                self.call(api, secrets, name, "publish_persistent_record", record=text)

    @staticmethod
    def call(api, secrets, name, endpoint, **parameters):
        secret = next(secrets[level] for level in (name, *above(name)) if level in secrets)
        given = {key: text for key, text in parameters.items() if text is not None}
        answer = api.post(endpoint, name=name, secret=secret, **given)
        assert answer.status == 200, answer.text


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    settings = {"persistent_records": True, "response_life_s": 86400}
    # In ANY over UDP there would be nothing but "ask by TCP"; and the settings will change.
    with Stack(tmp_path_factory.mktemp("tree"), settings=settings, pdns_extra=["any-to-tcp=no", "pipe-regex="]) as stack:
        yield World(stack)


class Walk:
    """The answers for each name and type under some settings."""

    def __init__(self, world, tree):
        tell_coprocesses(world.stack, **tree.settings())
        rng = random.Random(8020)
        self.spelt = {name: "".join(rng.choice((c.upper(), c)) for c in name) for name in walked_names(tree)}
        self.tree, self.names = tree, list(self.spelt)
        self.answers = world.client.ask_all(list(self.spelt.values()))
        # What follows is what PowerDNS says, not the model.
        self.apexes = {name for name in self.names if "SOA" in self.answers[name, "SOA"].records}
        self.existing = {name for (name, _), answer in self.answers.items() if answer.rcode == "NOERROR"}

    def zones(self, name):
        """The apexes at and above a name, the deepest first."""
        return [level for level in (name, *above(name)) if level in self.apexes]


# -- what is true of all answers: each of these yields what contradicts it

def nothing_exists_below_a_name_that_does_not(walk):
    """RFC 8020."""
    above_existing = {level: name for name in walk.existing for level in above(name)}
    for (name, rrtype), answer in walk.answers.items():
        if answer.rcode == "NXDOMAIN" and name in above_existing:
            yield f"{name} {rrtype}: {above_existing[name]} exists"


def a_name_has_one_rcode(walk):
    for name in walk.names:
        rcodes = {rrtype: walk.answers[name, rrtype].rcode for rrtype in TYPES if rrtype != "IXFR"}
        if len(set(rcodes.values())) > 1:
            yield f"{name}: {rcodes}"


def ds_is_of_the_outer_zone(walk):
    """RFC 4035, 3.1.4.1: there is none at an inner apex, says the zone above, if that is ours."""
    for name in walk.apexes:
        answer, zones = walk.answers[name, "DS"], walk.zones(name)
        outer = zones[1] if len(zones) > 1 else name
        if answer.is_referral and walk.tree.delegation(above(name)[0]):
            continue  # the zone above has delegated it, but to others
        if not answer.is_negative or answer.rcode != "NOERROR" or answer.zone != outer:
            yield f"{name}: {answer.rcode}, {answer.authority}"


def nobody_may_keep_a_negative_answer(walk):
    """RFC 2308: one SOA, of the zone that the name is in, with TTL and minimum 0."""
    for (name, rrtype), answer in walk.answers.items():
        if not answer.is_negative:
            continue
        zones = walk.zones(name)
        if rrtype == "DS" and zones[:1] == [name] and len(zones) > 1:
            zones = zones[1:]
        soas = [(rrset.rdtype, rrset.ttl, rrset[0].minimum) for rrset in answer.authority]
        if soas != [(dns.rdatatype.SOA, 0, 0)] or [answer.zone] != zones[:1]:
            yield f"{name} {rrtype}: {answer.authority}, but the zones are {zones}"


def answers_are_authoritative(walk):
    for (name, rrtype), answer in walk.answers.items():
        want = answer.rcode != "REFUSED" and not answer.is_referral
        if answer.is_authoritative != want and rrtype != "IXFR":
            yield f"{name} {rrtype}: {answer.rcode}, AA {answer.is_authoritative}"


def nothing_else_is_answered(walk):
    """Above all not the record that stands for "exists, without data"."""
    for (name, rrtype), answer in walk.answers.items():
        found, others = set(answer.records), answer.other_types
        wanted = set(TYPES) - {"TYPE65280", "IXFR"} if rrtype == "ANY" else {rrtype, "CNAME"}
        if found - wanted or others - {"SOA", "NS"} or (found and others) or answer.is_truncated:
            yield f"{name} {rrtype}: {found}, {others}"


def any_is_all_that_the_types_are(walk):
    for name in walk.names:
        each = {}
        for rrtype in set(TYPES) - {"ANY"}:
            each.update(walk.answers[name, rrtype].records)
        if walk.answers[name, "ANY"].records != each:
            yield f"{name}: {walk.answers[name, 'ANY'].records}, but {each}"


def the_spelling_survives(walk):
    for (name, rrtype), answer in walk.answers.items():
        if answer.owners - {walk.spelt[name]}:
            yield f"{walk.spelt[name]} {rrtype}: {answer.owners}"


def all_is_as_in_the_model(walk):
    """What is nobody's is refused, what is published is there, and so on."""
    for (name, rrtype), answer in walk.answers.items():
        want = walk.tree.answer(name, rrtype)
        if (answer.rcode, answer.records) != want:
            yield f"{name} {rrtype}: {answer.rcode} {answer.records}, not {want}"


PROPERTIES = (nothing_exists_below_a_name_that_does_not, a_name_has_one_rcode, ds_is_of_the_outer_zone,
              nobody_may_keep_a_negative_answer, answers_are_authoritative, nothing_else_is_answered,
              any_is_all_that_the_types_are, the_spelling_survives, all_is_as_in_the_model)


# Each authority with each zone, twice: between the two, everything else differs.
COMBINATIONS = [(authority, zone, bool(k), (i + k) % 2 == 1, (i // 3 + k) % 2 == 1)
                for i, (authority, zone) in enumerate(itertools.product(
                    ("challenge", "name", "parent"), (None, "unsigned", "signed"))) for k in range(2)]
COMBINATIONS += [("name", "lone", False, False, False)]


@pytest.mark.parametrize("authority,zone,other_zones,persistent,issuers", COMBINATIONS)
def test_every_answer(world, authority, zone, other_zones, persistent, issuers):
    walk = Walk(world, Tree(authority, zone, other_zones, persistent, issuers))
    broken = {prop.__name__: list(prop(walk)) for prop in PROPERTIES}
    assert not any(broken.values()), "\n".join(
        line for prop, found in broken.items() if found for line in (f"{prop}: {len(found)}", *found[:10]))
