"""Our zone, signed by PowerDNS with the commands of README, "DNSSEC", as resolvers that validate see it."""

import json
import os
import signal
import subprocess
import time

import dns.exception
import dns.flags
import dns.rcode
import dns.rdatatype
import pytest
from conftest import VALUE, Api, Dns, create_by_command, until, value
from delegation import OUR_NS, Bind, Parent, Unbound, ask, free_loopback, rdata
from installed.readme import Readme
from stack.stack import Stack

ZONE = "auth.example.org"
RECORDS = ["@ 60 A 192.0.2.53", "www 60 A 192.0.2.80", "alias 60 CNAME www.auth.example.org", "a.deep 60 A 192.0.2.1",
           "sub 60 NS parent.example.net.", "glued 60 NS ns.glued.auth.example.org.", "ns.glued 60 A 192.0.2.2"]
LABEL = "_ujmmovf2vn55tgye"
PERSISTENT = "ca.example; accounturi=https://ca.example/acct/1"


def readme():
    """README's settings of the zone, and its commands."""
    settings, commands = Readme("DNSSEC").blocks
    return json.loads("{" + settings.text + "}"), [command for command, _ in commands.commands()]


def settings(**zone):
    return {"persistent_records": True,
            "zone": {**readme()[0]["zone"], "records": RECORDS, **zone}}


def sign(stack, change=lambda command: command):
    """Type README's commands, with our paths; returns what the last one prints."""
    fill_in = {"apt-get install": "dpkg-query -W", "pdnsutil ": f"pdnsutil --config-dir={stack.dir}/etc ",
               "/etc/powerdns/pdns.d/": f"{stack.dir}/etc/pdns.d/", "/var/lib/powerdns/": f"{stack.dir}/"}
    commands = readme()[1]
    for each in fill_in:
        assert any(each in command for command in commands), each
    for command in map(change, commands):
        if command == "systemctl restart pdns":
            stack.stop_part("pdns")
            stack.start_part("pdns")
            continue
        for old, new in fill_in.items():
            command = command.replace(old, new)
        run = subprocess.run(["sh", "-e"], input=command, capture_output=True, text=True)
        assert run.returncode == 0, (command, run)
    return run.stdout


class Chain:
    def __init__(self, stack, resolvers):
        self.stack, self.api, self.resolvers = stack, Api(stack), resolvers
        self.secret = self.api.create("secure.example.com")
        self.api.publish("secure.example.com", self.secret)
        self.api.post("publish_response", name="secure.example.com", secret=self.secret, label=LABEL, response=VALUE)
        answer = self.api.post("publish_persistent_record", name="secure.example.com", secret=self.secret,
                               record=PERSISTENT)
        assert answer.status == 200, answer.text
        self.api.create("idle.example.com")
        for name in ("www.example.com", "www.example.org", f"host.{ZONE}"):
            self.api.publish(name, create_by_command(stack, name))


@pytest.fixture(scope="module")
def chain(tmp_path_factory):
    directory, host = tmp_path_factory.mktemp("dnssec"), free_loopback()
    with Stack(directory / "stack", settings(), dns_host=host, dns_port=53) as stack:
        records = {
            "example.org": [f"auth 60 IN NS {OUR_NS}", *sign(stack).splitlines(),
                            f"_acme-challenge.www 60 IN CNAME www.example.org.{ZONE}."],
            "example.com": [f"_acme-challenge.www 60 IN CNAME www.example.com.{ZONE}."],
            f"sub.{ZONE}": ["www 60 IN A 192.0.2.81"]}
        with Parent(directory / "parent", host, records, signed=["example.org"]) as parent, \
                Unbound(directory / "unbound", parent) as unbound, \
                Bind(directory / "bind", parent) as bind:
            yield Chain(stack, {Unbound: unbound, Bind: bind})


@pytest.fixture(params=[Unbound, Bind], ids=lambda resolver: resolver.NAME)
def resolver(request, chain):
    return chain.resolvers[request.param]


def validated(resolver, name, rrtype="TXT"):
    """The rcode and the records, if the answer is validated."""
    answer = resolver.ask(name, rrtype)
    assert answer.flags & dns.flags.AD, (name, rrtype, answer)
    return dns.rcode.to_text(answer.rcode()), rdata(answer)


NODATA, NXDOMAIN = ("NOERROR", []), ("NXDOMAIN", [])


@pytest.mark.parametrize("name,want", [
    ("secure.example.com.", {"TXT": ("NOERROR", [f'"{VALUE}"'])}),
    (f"{LABEL}.secure.example.com.", {"TXT": ("NOERROR", [f'"{VALUE}"'])}),
    ("_validation-persist.secure.example.com.", {"TXT": ("NOERROR", [f'"{PERSISTENT}"'])}),
    ("_acme-challenge.host.", {"TXT": ("NOERROR", [f'"{VALUE}"'])}),
    ("idle.example.com.", {}), ("example.com.", {}), ("com.", {}), ("host.", {}),
    ("other.com.", None), ("nothing.", None), ("x.y.z.nothing.", None), ("x.idle.example.com.", None),
    (f"{LABEL}.idle.example.com.", None),
    ("", {"A": ("NOERROR", ["192.0.2.53"]), "NS": ("NOERROR", [OUR_NS])}),
    ("www.", {"A": ("NOERROR", ["192.0.2.80"])}), ("deep.", {}), ("a.deep.", {"A": ("NOERROR", ["192.0.2.1"])}),
])
def test_each_answer_is_validated(resolver, name, want):
    for rrtype in ("TXT", "A", "NS", "CAA", "MX", "CNAME", "TYPE65280", *(["DS"] if name else [])):
        expected = NXDOMAIN if want is None else want.get(rrtype, NODATA)
        assert validated(resolver, name + ZONE, rrtype) == expected, rrtype


@pytest.mark.parametrize("rrtype", ["SOA", "DNSKEY", "DS"])
def test_the_zone_itself(resolver, rrtype):
    rcode, found = validated(resolver, ZONE, rrtype)
    assert rcode == "NOERROR" and found


def test_a_cname_in_the_zone(resolver):
    assert validated(resolver, f"alias.{ZONE}", "A") == ("NOERROR", ["192.0.2.80"])


def test_a_cname_from_another_zone(resolver):
    """Signed or not; without a signature of its own, the CNAME leaves the answer unvalidated."""
    assert validated(resolver, "_acme-challenge.www.example.org") == ("NOERROR", [f'"{VALUE}"'])
    answer = resolver.ask("_acme-challenge.www.example.com")
    assert not answer.flags & dns.flags.AD and rdata(answer) == [f'"{VALUE}"']


def test_an_unsigned_delegation_in_the_zone(chain, resolver):
    answer = resolver.ask(f"www.sub.{ZONE}", "A")
    assert not answer.flags & dns.flags.AD and rdata(answer) == ["192.0.2.81"]
    assert validated(resolver, f"sub.{ZONE}", "DS") == NODATA
    referral = ask(chain.stack.dns_host, f"www.glued.{ZONE}", "A", dnssec=True)
    covered = {rrset.covers for rrset in referral.authority + referral.additional
               if rrset.rdtype == dns.rdatatype.RRSIG}
    assert covered == {dns.rdatatype.NSEC3}, "neither NS nor the address is signed"
    assert "192.0.2.2" in str(referral)


def quoted(*numbers):
    return "NOERROR", [f'"{value(n)}"' for n in numbers]


def test_a_response_is_validated_right_after_the_200(chain, resolver):
    name = f"{resolver.NAME}.fresh.example.com"
    secret = chain.api.create(name)
    for n in range(10):
        if n == 5:
            resolver.restart()
        chain.api.publish(name, secret, value(n))
        assert validated(resolver, f"{name}.{ZONE}") == quoted(*range(n + 1))
    chain.api.post("expire_response", name=name, secret=secret)
    assert validated(resolver, f"{name}.{ZONE}") == NODATA
    chain.api.publish(name, secret, value(0))
    time.sleep(resolver.KEEPS_DENIAL_S)
    assert validated(resolver, f"{name}.{ZONE}") == quoted(0)


def test_a_denial_hides_nothing_that_comes_later(chain, resolver):
    """Neither of the name nor of one above it, although resolvers conclude from NSEC3 about other names."""
    name, above = f"a.b.{resolver.NAME}.example.net", f"b.{resolver.NAME}.example.net"
    for early in (name, above):
        assert validated(resolver, f"{early}.{ZONE}") == NXDOMAIN
    chain.api.publish(name, chain.api.create(name), value(0))
    time.sleep(resolver.KEEPS_DENIAL_S)
    assert validated(resolver, f"{name}.{ZONE}") == quoted(0)
    assert validated(resolver, f"{above}.{ZONE}") == NODATA


def types_of(answer):
    """The types in the bitmaps of all NSEC3 records."""
    return {(window << 8) + 8 * octet + bit
            for rrset in answer.authority if rrset.rdtype == dns.rdatatype.NSEC3
            for rd in rrset for window, bitmap in rd.windows
            for octet in range(len(bitmap)) for bit in range(8) if bitmap[octet] & (0x80 >> bit)}


@pytest.mark.parametrize("name,want", [
    ("", {"A", "NS", "SOA", "RRSIG", "DNSKEY", "NSEC3PARAM"}), ("secure.example.com.", {"TXT", "RRSIG"}),
    ("idle.example.com.", set()), ("com.", set()), ("www.", {"A", "RRSIG"}), ("sub.", {"NS"}),
    ("_validation-persist.secure.example.com.", {"TXT", "RRSIG"})])
def test_what_nsec3_says_about_types(chain, name, want):
    """Only types that are there; in particular not what stands for "exists, no data" in the pipe."""
    answer = ask(chain.stack.dns_host, name + ZONE, "DS" if name else "MX", dnssec=True)
    assert {dns.rdatatype.to_text(each) for each in types_of(answer)} == want


def test_without_signed_in_the_settings_a_response_is_not_validated(chain, resolver):
    """Its name is then a zone of its own, and the one above says that it has no key."""
    stack, name = chain.stack, f"secure.example.com.{ZONE}"

    def restart_with(**zone):
        stack.stop_part("pdns")
        stack.write_config({**stack.settings, **settings(**zone)})
        stack.start_part("pdns")
        resolver.restart()

    restart_with(signed=False)
    try:
        answer = resolver.ask(name)
        assert rdata(answer) == [f'"{VALUE}"'] and not answer.flags & dns.flags.AD
        assert resolver.rcode(name, "A") == "NOERROR" and resolver.rcode("x." + name) == "NXDOMAIN"
        for secure in (name, f"com.{ZONE}"):
            assert validated(resolver, secure, "DS") == NODATA
    finally:
        restart_with()
    assert validated(resolver, name) == ("NOERROR", [f'"{VALUE}"'])


@pytest.mark.skipif(os.geteuid() != 0, reason="README's commands need root")
def test_without_narrow_a_question_about_nothing_ends_pdns_server(start_stack):
    """README warns of it.  Should this fail, PowerDNS has learnt something, and README can say less."""
    stack = start_stack(settings=settings())
    sign(stack, lambda command: command.replace(" narrow", ""))
    assert Dns(stack).rcode(f"nothing.{ZONE}", "A") == "NXDOMAIN"
    with pytest.raises(dns.exception.Timeout):
        ask(stack.dns_host, f"nothing.{ZONE}", "A", stack.dns_port, dnssec=True, timeout=0.5)
    pdns = stack.processes["pdns"]
    until("pdns_server aborts", lambda: pdns.poll() == -signal.SIGABRT)
