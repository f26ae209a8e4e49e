"""Our own zone, which the CNAMEs of challenges point into."""

import json
import re
import subprocess

import dns.rcode
import pytest
from conftest import VALUE, Api, Dns, Redis, acmeproxy, create_by_command, value
from stack.stack import Stack

ZONE = {"name": "auth.example.org", "records": [
    "@ 3600 A 192.0.2.53", "@ 3600 AAAA 2001:db8::53", "@ 3600 MX 10 mail.example.net.",
    '@ 60 TXT "v=spf1 -all"', '@ 60 CAA 0 issue "letsencrypt.org"', "www 300 CNAME www.example.net",
    "a.deep 300 A 192.0.2.1", "sub.auth.example.org. 300 NS ns.example.net",
    '_dmarc 300 TXT "v=DMARC1; p=reject"']}


@pytest.fixture(scope="module")
def zone(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("zone"), settings={"zone": ZONE}) as running:
        yield running


@pytest.fixture
def zapi(zone):
    return Api(zone)


@pytest.fixture
def zdns(zone):
    return Dns(zone)


def ask(zdns, rrtype, name):
    answer = zdns.ask(name, rrtype)
    return dns.rcode.to_text(answer.rcode()), sorted(
        rd.to_text() for rrset in answer.answer for rd in rrset)


@pytest.mark.parametrize("rrtype,name,want", [
    ("SOA", "auth.example.org", ["ns1.acmeproxy.example.net. hostmaster.example.net. 1 14400 3600 1209600 0"]),
    ("NS", "auth.example.org", ["ns1.acmeproxy.example.net."]),
    ("A", "auth.example.org", ["192.0.2.53"]), ("AAAA", "AUTH.example.ORG", ["2001:db8::53"]),
    ("MX", "auth.example.org", ["10 mail.example.net."]), ("TXT", "auth.example.org", ['"v=spf1 -all"']),
    ("CAA", "auth.example.org", ['0 issue "letsencrypt.org"']),
    ("CNAME", "www.auth.example.org", ["www.example.net."]),
    ("A", "www.auth.example.org", ["www.example.net."]),
    ("A", "a.deep.auth.example.org", ["192.0.2.1"]), ("TXT", "a.deep.auth.example.org", []),
    ("TXT", "_dmarc.auth.example.org", ['"v=DMARC1; p=reject"']),
    ("A", "deep.auth.example.org", []), ("A", "nothing.auth.example.org", None),
    ("TXT", "com.auth.example.org", None), ("A", "b.deep.auth.example.org", None),
    ("SOA", "nothing.auth.example.org", None)])
def test_records_of_the_zone(zdns, rrtype, name, want):
    rcode, found = ask(zdns, rrtype, name)
    assert rcode == ("NXDOMAIN" if want is None else "NOERROR") and found == (want or [])
    if not want:
        assert zdns.ask(name, rrtype).authority[0].name.to_text().lower() == "auth.example.org."


def test_names_outside_the_zone_are_refused(zdns):
    for name in ("example.org", "xauth.example.org", "org"):
        assert ask(zdns, "SOA", name) == ("REFUSED", [])


def test_a_name_below_a_delegation_gets_a_referral(zdns):
    answer = zdns.ask("x.sub.auth.example.org", "A")
    assert answer.answer == [] and answer.authority[0].to_text().endswith("NS ns.example.net.")


def test_the_responses_of_an_authorisation(zone, zapi, zdns):
    where = "secure.example.com.auth.example.org"
    assert ask(zdns, "TXT", where) == ("NXDOMAIN", [])
    secret = zapi.create("secure.example.com")
    # It exists, and so do the empty non-terminals above it; nothing else does.
    for name in (where, "example.com.auth.example.org", "com.auth.example.org"):
        for rrtype in ("TXT", "A", "DS"):
            assert ask(zdns, rrtype, name) == ("NOERROR", []), (rrtype, name)
    for name in ("x." + where, "other.com.auth.example.org", "net.auth.example.org"):
        assert ask(zdns, "TXT", name) == ("NXDOMAIN", [])
    for n in range(2):
        zapi.publish("secure.example.com", secret, value(n))
    assert ask(zdns, "TXT", where) == ("NOERROR", [f'"{value(0)}"', f'"{value(1)}"'])
    assert ask(zdns, "A", where) == ("NOERROR", [])
    assert zdns.texts("secure.example.com") == [value(0), value(1)], "and at its own challenge"
    zapi.post("expire_response", name="secure.example.com", secret=secret)
    assert ask(zdns, "TXT", where) == ("NOERROR", [])
    acmeproxy(zone, "deleteauthorisation", "secure.example.com")
    assert ask(zdns, "TXT", where)[1] == []
    for name in ("example.com.auth.example.org", "com.auth.example.org"):
        assert ask(zdns, "TXT", name) == ("NXDOMAIN", []), name


def test_a_response_is_in_the_zone_at_once(zapi, zdns):
    secret = zapi.create("fresh.example.com")
    where = "fresh.example.com.auth.example.org"
    for n in range(100):
        ask(zdns, "TXT", where)
        zapi.publish("fresh.example.com", secret, value(n))
        assert f'"{value(n)}"' in ask(zdns, "TXT", where)[1]
        if n % 20 == 19:
            zapi.post("expire_response", name="fresh.example.com", secret=secret)


@pytest.mark.parametrize("name", ["auth.example.org", "x.auth.example.org", "a.deep", "b.a.deep"])
def test_names_of_the_zone_are_the_administrators(zone, zapi, zdns, name):
    before = ask(zdns, "A", "a.deep.auth.example.org")
    answer = zapi.post("create_authorisation", name=name)
    assert (answer.status, answer.error) == (403, "This name belongs to the zone of the server")
    assert Redis(zone).reasons(name) == {"reserved"}
    create_by_command(zone, name)
    assert ask(zdns, "A", "a.deep.auth.example.org") == before == ("NOERROR", ["192.0.2.1"])
    acmeproxy(zone, "deleteauthorisation", name)


def test_a_challenge_for_a_name_in_the_zone_itself(zone, zapi, zdns):
    zapi.publish("auth.example.org", create_by_command(zone, "auth.example.org"))
    assert zdns.texts("auth.example.org") == [VALUE]
    assert ask(zdns, "A", "auth.example.org") == ("NOERROR", ["192.0.2.53"])


@pytest.mark.parametrize("zone_settings,words", [
    ({}, "zone: name is required"), ({"name": "org"}, "zone.name: two labels are needed"),
    ("auth.example.org", "zone: an object is needed, not a string"),
    ({"name": "auth.example.org", "more": 1}, 'zone.more: unknown setting'),
    ({"name": "auth.example.org", "records": "x"}, "zone.records: an array is needed, not a string"),
    *(({"name": "auth.example.org", "records": [record]}, words)
      for record, words in (
          ("", "owner: "), ("@", '"" is no number'), ("@ x A 192.0.2.1", '"x" is no number'),
          ("@ 60 A", '"" is no IPv4 address'), ("@ 60 A 192.0.2.256", "is no IPv4 address"),
          ("@ 60 AAAA 192.0.2.1", "is no IPv6 address"), ("@ 60 SOA x", '"SOA" is none of A, AAAA'),
          ("@ 60 NS ns.example.net", "NS cannot stand at the zone's own name"),
          ("@ 60 CNAME x.example", "CNAME cannot stand at the zone's own name"),
          ("x.example.com. 60 A 192.0.2.1", "owner x.example.com is not in the zone"),
          ("x..y 60 A 192.0.2.1", "owner: empty label"), ("x 60 MX mail.example", "is no number"),
          ("x 60 MX 10 a..b", "empty label"), ("x 60 TXT text", 'between "" is needed'),
          ('x 60 TXT "a"b"', "octet 0x22 between the quotes"),
          ('x 60 TXT "a" "b"', "octet 0x22 between the quotes"),
          ('x 60 CAA 0 isue "ca.example"', '"isue" is none of issue'),
          ("x 60 CAA 256 issue \"x\"", '"256" is no number from 0 to 255'),
          ("x 999999999 A 192.0.2.1", "is no number from 0 to 604800"))),
    ({"name": "auth.example.org", "records": ["x 1 CNAME a.example", "x 1 A 192.0.2.1"]},
     "zone: x.auth.example.org has a CNAME and other data")])
def test_a_mistake_is_explained(stack, tmp_path, zone_settings, words):
    config = tmp_path / "acmeproxy.json"
    config.write_text(json.dumps({**stack.settings, "zone": zone_settings}, indent=1))
    for program, status in ((["acmeproxy", "checkconfig"], 1), (["acmeproxy-pipe"], 0)):
        run = subprocess.run([str(stack.build / program[0]), *program[1:], "--config", str(config)],
                             input="HELO\t5\n", capture_output=True, text=True, timeout=20)
        assert run.returncode == status and words in run.stderr, run.stderr
        assert re.search(rf"{config}:\d+: zone(\.\w+)*: ", run.stderr)
