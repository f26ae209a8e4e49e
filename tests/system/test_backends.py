"""Other backends of the same PowerDNS keep their zones, whichever is launched first."""

import dns.rcode
import pytest
from conftest import VALUE, Api, Dns, acmeproxy, until

ZONE = """$TTL 60
@ IN SOA ns.example.org. hostmaster.example.org. 7 3600 600 86400 60
@ IN NS ns.example.org.
@ IN MX 10 mail.example.org.
@ IN TXT "v=spf1 -all"
ns IN A 192.0.2.53
mail IN A 192.0.2.25
www IN A 192.0.2.80
www IN TXT "about www"
www.deep IN A 192.0.2.81
"""


@pytest.fixture(params=["bind,pipe", "pipe,bind"])
def beside(request, start_stack, tmp_path):
    """Start a stack whose PowerDNS also serves example.org from a file."""
    def start(**settings):
        (tmp_path / "example.org.zone").write_text(ZONE)
        (tmp_path / "named.conf").write_text(
            f'zone "example.org" {{ type master; file "{tmp_path}/example.org.zone"; }};\n')
        return start_stack(settings=settings, pdns_launch=request.param,
                           pdns_extra=[f"bind-config={tmp_path}/named.conf"])
    return start


def texts(answer):
    return sorted(rd.to_text() for rrset in answer.answer for rd in rrset)


def check_zone(dnsq):
    """The zone is served exactly as its file has it."""
    for name, rrtype, want in (
            ("example.org", "SOA", ["ns.example.org. hostmaster.example.org. 7 3600 600 86400 60"]),
            ("example.org", "NS", ["ns.example.org."]), ("example.org", "MX", ["10 mail.example.org."]),
            ("example.org", "TXT", ['"v=spf1 -all"']), ("www.example.org", "A", ["192.0.2.80"]),
            ("www.example.org", "TXT", ['"about www"']), ("www.example.org", "CAA", []),
            ("example.org", "CAA", []), ("www.deep.example.org", "A", ["192.0.2.81"]),
            ("deep.example.org", "A", [])):
        answer = dnsq.ask(name, rrtype)
        assert dns.rcode.to_text(answer.rcode()) == "NOERROR", (name, rrtype)
        assert texts(answer) == want, (name, rrtype)
    assert dnsq.rcode("nothing.example.org") == "NXDOMAIN"
    soa = dnsq.ask("www.example.org", "SOA").authority[0]
    assert soa.name.to_text() == "example.org."


@pytest.mark.parametrize("what,why", [
    ("settings", "/acmeproxy.json:1: "), ("no settings", "/acmeproxy.json: No such file"),
    ("store id", "nothing says that the store in Redis is ours"),
    ("password", "No such file or directory"), ("redis", "redis: connect: ")])
def test_their_zone_is_served_whatever_is_wrong_with_us(beside, what, why):
    """PowerDNS starts and serves their zone; our names fail until all is well, and the log says why."""
    stack = beside()
    dnsq, secret = Dns(stack), Api(stack).create("secure.example.com")
    Api(stack).publish("secure.example.com", secret)
    stack.stop_part("pdns")
    file = {"settings": stack.config, "no settings": stack.config,
            "store id": stack.dir / "etc" / "store-id",
            "password": stack.redis_password_file("pipe")}.get(what)
    if file is None:
        stack.stop_part("redis")
    else:
        good, mode = file.read_bytes(), file.stat().st_mode
        file.unlink()
        if what == "settings":
            file.write_text("{")
    stack.start_part("pdns")
    check_zone(dnsq)
    for name in ("_acme-challenge.secure.example.com", "_acme-challenge.www.example.org"):
        assert dnsq.rcode(name) == "SERVFAIL"
    until("the log says why", lambda: why in stack.log("pdns").read_text())
    if file is None:
        stack.start_part("redis")
    else:
        file.write_bytes(good)
        file.chmod(mode)
    until("all coprocesses are well", lambda: all(
        dnsq.rcode("_acme-challenge.secure.example.com") == "NOERROR" for _ in range(10)))
    assert dnsq.texts("secure.example.com") == [VALUE]
    check_zone(dnsq)


@pytest.mark.parametrize("settings", [
    {}, {"authority": "challenge"}, {"authority": "name", "other_zones": ["example.org"]},
    {"authority": "parent", "other_zones": ["example.org"]}])
def test_their_zone_and_our_challenges(beside, settings):
    stack = beside(**settings)
    api, dnsq = Api(stack), Dns(stack)
    check_zone(dnsq)
    names = ["www.example.org", "example.org", "new.example.org", "www.deep.example.org",
             "www.example.com"]
    for name in names:
        assert dnsq.rcode("_acme-challenge." + name) in ("NXDOMAIN", "REFUSED")
        secret = api.create(name)
        api.publish(name, secret)
        assert dnsq.texts(name) == [VALUE]
        assert texts(dnsq.ask("_acme-challenge." + name, "NS")) == ["ns1.acmeproxy.example.net."]
        check_zone(dnsq)
        api.post("expire_response", name=name, secret=secret)
        assert dnsq.texts(name) == []
    check_zone(dnsq)


def test_authority_applies_outside_of_other_zones(beside):
    stack = beside(authority="parent", other_zones=["example.org"])
    api, dnsq = Api(stack), Dns(stack)
    api.create("www.example.com")
    for name in ("example.com", "www.example.com", "_acme-challenge.www.example.com"):
        assert texts(dnsq.ask(name, "NS")) == ["ns1.acmeproxy.example.net."], name
    assert dnsq.rcode("com", "SOA") == "REFUSED"
    check_zone(dnsq)


@pytest.mark.parametrize("authority,claimed,not_claimed", [
    ("challenge", [], ["a.b.example.com", "b.example.com", "example.com", "com"]),
    ("name", ["a.b.example.com"], ["b.example.com", "example.com", "com"]),
    ("parent", ["a.b.example.com", "b.example.com"], ["example.com", "com"])])
def test_what_each_authority_claims(start_stack, authority, claimed, not_claimed):
    stack = start_stack(settings={"authority": authority})
    api, dnsq = Api(stack), Dns(stack)
    for name in claimed + not_claimed:
        assert dnsq.rcode(name, "SOA") == "REFUSED", "nobody is authorised yet"
    secret = api.create("a.b.example.com")
    api.publish("a.b.example.com", secret)
    for name in claimed:
        answer = dnsq.ask(name, "SOA")
        assert answer.answer[0].name.to_text() == name + "."
        assert texts(dnsq.ask(name, "CAA")) == [], "what is said above it applies"
        assert texts(dnsq.ask(name, "TXT")) == [] and dnsq.rcode(name, "A") == "NOERROR"
    for name in not_claimed:
        assert dnsq.rcode(name, "SOA") == "REFUSED"
    assert dnsq.texts("a.b.example.com") == [VALUE]


def test_the_parent_is_ours_while_there_is_a_name_below_it(start_stack):
    stack = start_stack(settings={"authority": "parent"}, pdns_extra=["query-cache-ttl=0"])
    api, dnsq = Api(stack), Dns(stack)
    for name in ("a.b.example.com", "c.b.example.com"):
        api.create(name)
    for name, rcode in (("a.b.example.com", "NOERROR"), ("c.b.example.com", "REFUSED")):
        assert dnsq.rcode("b.example.com", "SOA") == "NOERROR"
        acmeproxy(stack, "deleteauthorisation", name)
        assert dnsq.rcode("b.example.com", "SOA") == rcode
