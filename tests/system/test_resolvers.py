"""What resolvers make of us, on real delegations from the root down, by each way to delegate a challenge.

They ask for one label more at a time and believe an NXDOMAIN on the way (strict QNAME minimisation), unbound
in random case.  They validate, and use NSEC aggressively: the zone that delegates to us is signed, ours are not.
"""

import time

import dns.flags
import pytest
from conftest import Api, create_by_command, until, value
from delegation import OUR_NS, Bind, Parent, Unbound, free_loopback
from stack.stack import Stack

ZONE = {"name": "auth.example.org", "records": ["@ 60 A 192.0.2.53"]}
# Delegated names: each test takes one that no other has asked.
BASES = [f"host{n}.shop{n}.example.com" for n in range(20)]
DEEP = ["a", "a.b.c.d.e", ".".join("abcdefghijkl")]  # a name has 16 labels at most


def parent_of(name):
    return name.partition(".")[2]


def to_us(name):
    return f"{name}. 60 IN NS {OUR_NS}"


def each_challenge(deep, record):
    return [record(prefix + base) for base in BASES for prefix in ("", *(f"{each}." for each in deep))]


class Way:
    """A way to delegate: settings, records of example.com, and the deepest names that it is tested with."""

    def __init__(self, settings, records, deep):
        self.settings, self.records, self.deep = settings, records, deep


WAYS = {
    # Resolvers give up on the proof that a delegation dozens of labels below a signed zone is unsigned.
    "NS": Way({}, each_challenge(DEEP[:2], lambda name: to_us(f"_acme-challenge.{name}")), DEEP[:2]),
    "CNAME": Way({"zone": ZONE}, each_challenge(
        DEEP, lambda name: f"_acme-challenge.{name}. 60 IN CNAME {name}.{ZONE['name']}."), DEEP),
    "name": Way({"authority": "name"}, [to_us(base) for base in BASES], DEEP),
    "parent": Way({"authority": "parent"}, [to_us(parent_of(base)) for base in BASES], DEEP),
}


class Chain:
    """Our stack, and resolvers that find it."""

    def __init__(self, way, stack, resolvers):
        self.way, self.stack, self.api, self.resolvers = way, stack, Api(stack), resolvers
        self.unused = iter(BASES)


@pytest.fixture(scope="module", params=WAYS)
def chain(request, tmp_path_factory):
    way, directory, host = WAYS[request.param], tmp_path_factory.mktemp("resolvers"), free_loopback()
    records = {"example.com": way.records, "example.org": [to_us(ZONE["name"])]}
    with Stack(directory / "stack", way.settings, dns_host=host, dns_port=53) as stack, \
            Parent(directory / "parent", host, records, signed=["example.com"]) as parent, \
            Unbound(directory / "unbound", parent) as unbound, \
            Bind(directory / "bind", parent) as bind:
        yield Chain(way, stack, {Unbound: unbound, Bind: bind})


@pytest.fixture(params=[Unbound, Bind], ids=lambda resolver: resolver.NAME)
def resolver(request, chain):
    return chain.resolvers[request.param]


@pytest.fixture
def base(chain):
    return next(chain.unused)


def texts(resolver, name):
    return resolver.rdata("TXT", "_acme-challenge." + name)


def quoted(*numbers):
    return [f'"{value(n)}"' for n in numbers]


def test_the_first_question_of_a_resolver_that_knows_nothing(chain, resolver, base):
    secret = chain.api.create(base)
    resolver.restart()
    chain.api.publish(base, secret, value(0))
    assert texts(resolver, base) == quoted(0)


def test_a_value_after_another(chain, resolver, base):
    """The TTL of 0 makes a resolver ask again at once."""
    secret = chain.api.create(base)
    for n in range(10):
        chain.api.publish(base, secret, value(n))
        assert texts(resolver, base) == quoted(*range(n + 1))


def test_a_value_after_none(chain, resolver, base):
    secret = chain.api.create(base)
    for n in range(2):
        assert texts(resolver, base) == []
        chain.api.publish(base, secret, value(n))
        time.sleep(resolver.KEEPS_DENIAL_S)
        assert texts(resolver, base) == quoted(n)
        chain.api.post("expire_response", name=base, secret=secret)
        time.sleep(resolver.KEEPS_DENIAL_S)


def test_a_question_before_the_authorisation(chain, resolver, base):
    """A zone of ours says NXDOMAIN, which nobody keeps; without one, resolvers remember for seconds that they failed."""
    has_zone = chain.way in (WAYS["CNAME"], WAYS["parent"])
    if chain.way is WAYS["parent"]:
        chain.api.create("other." + parent_of(base))
    assert resolver.rcode("_acme-challenge." + base) == ("NXDOMAIN" if has_zone else "SERVFAIL")
    chain.api.publish(base, chain.api.create(base), value(0))
    if not has_zone:
        until("the resolver asks again", lambda: resolver.rcode("_acme-challenge." + base) == "NOERROR")
    assert texts(resolver, base) == quoted(0)


def test_deep_names(chain, resolver, base):
    secret = create_by_command(chain.stack, base, "--suffix-match")
    for n, deep in enumerate(chain.way.deep):
        resolver.restart()
        chain.api.publish(f"{deep}.{base}", secret, value(n))
        assert texts(resolver, f"{deep}.{base}") == quoted(n), deep


def test_no_name_on_the_way_is_denied(chain, resolver, base):
    """Names above one that exists exist (RFC 8020); so does an apex, for its parent zone (RFC 4035, 3.1.4.1)."""
    create_by_command(chain.stack, base, "--suffix-match")
    for rrtype in ("DS", "A", "NS", "TXT", "SOA"):
        name = "_acme-challenge.a.b.c.d.e." + base
        while name != "com":
            assert resolver.rcode(name, rrtype) == "NOERROR", (name, rrtype)
            name = parent_of(name)


def test_ds_and_txt_in_turn(chain, resolver, base):
    secret = chain.api.create(base)
    for n in range(3):
        resolver.restart()
        assert resolver.rcode("_acme-challenge." + base, "DS") == "NOERROR"
        chain.api.publish(base, secret, value(n))
        assert texts(resolver, base) == quoted(*range(n + 1))
        assert resolver.rdata("DS", "_acme-challenge." + base) == []


def test_an_unsigned_delegation_below_a_signed_zone_is_fine(chain, resolver, base):
    chain.api.publish(base, chain.api.create(base), value(0))
    assert resolver.ask("www.example.com", "A").flags & dns.flags.AD, "it validates"
    answer = resolver.ask("_acme-challenge." + base)
    assert not answer.flags & dns.flags.AD
    assert texts(resolver, base) == quoted(0)
