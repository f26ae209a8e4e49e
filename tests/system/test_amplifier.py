"""How long answers over UDP are: a question can be sent in somebody else's name."""

import re
import subprocess

import pytest
from conftest import Api, value
from stack.config import DEPLOY
from stack.stack import Stack

NAME = "secure.example.com"
CHALLENGE = f"_acme-challenge.{NAME}"
ZONE = {"name": "auth.example.org",
        "records": ["@ 60 A 192.0.2.53", *(f'@ 60 TXT "{letter * 250}"' for letter in "abc")]}
SETTINGS = {"zone": ZONE, "persistent_records": True,
            "caa_issuers": [f"a-long-name-of-an-authority-{n}.example{n}.net" for n in range(8)],
            "nameservers": [f"ns{n}.a-long-name-of-a-name-server-{n}.example{n}.net" for n in range(8)]}
# The most octets that an answer may have over UDP, as shipped.
LIMIT = int(re.search(r"^udp-truncation-threshold=(\d+)$",
                      (DEPLOY / "powerdns" / "acmeproxy.conf").read_text(), re.M)[1])


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("stack"), settings=SETTINGS) as running:
        yield running


@pytest.fixture(scope="module")
def secret(stack):
    """As many records as a name can have."""
    api = Api(stack)
    secret = api.create(NAME)
    for n in range(8):
        answer = api.post("publish_persistent_record", name=NAME, secret=secret,
                          record=f"ca{n}.example; accounturi=https://ca.example/acct/" + "1" * 440)
        assert answer.status == 200, answer.text
    return secret


def dig(stack, *words):
    """The text of an answer, and how many octets it had."""
    run = subprocess.run(["dig", f"@{stack.dns_host}", "-p", str(stack.dns_port), "+tries=1", "+time=5", "+norecurse",
                          *words], capture_output=True, text=True, timeout=20)
    assert run.returncode == 0, run
    return run.stdout, int(re.search(r";; MSG SIZE  rcvd: (\d+)", run.stdout)[1])


def flags(text):
    return re.search(r";; flags: ([a-z ]+);", text)[1].split()


@pytest.mark.parametrize("edns", ["+bufsize=4096", "+bufsize=65535", "+noedns"])
@pytest.mark.parametrize("n", [1, 8, 9, 20, 32])
def test_values_over_udp_and_over_tcp(stack, secret, n, edns):
    api = Api(stack)
    api.post("expire_response", name=NAME, secret=secret)
    for each in range(n):
        api.publish(NAME, secret, value(each))
    text, octets = dig(stack, "+notcp", "+ignore", edns, "TXT", CHALLENGE)
    assert octets <= LIMIT
    assert ("tc" in flags(text)) == (n > 8)
    text, _ = dig(stack, "+tcp", edns, "TXT", CHALLENGE)
    assert [value(each) in text for each in range(n)] == [True] * n and "tc" not in flags(text)
    # As a resolver does it: dig itself asks again over TCP.
    text, _ = dig(stack, edns, "TXT", CHALLENGE)
    assert [value(each) in text for each in range(n)] == [True] * n and "tc" not in flags(text)


@pytest.mark.parametrize("name", [
    CHALLENGE, f"_validation-persist.{NAME}", f"{NAME}.auth.example.org", "auth.example.org", f"x.{CHALLENGE}",
    "x.auth.example.org", "com.auth.example.org", "example.com"])
@pytest.mark.parametrize("rrtype", ["TXT", "ANY", "SOA", "NS", "CAA", "DNSKEY", "DS", "A"])
def test_every_other_answer(stack, secret, name, rrtype):
    """Over TCP it is complete."""
    _, octets = dig(stack, "+notcp", "+ignore", "+bufsize=4096", "+dnssec", rrtype, name)
    assert octets <= LIMIT
    text, _ = dig(stack, "+tcp", "+bufsize=4096", rrtype, name)
    assert "tc" not in flags(text)


def test_the_limit_is_reached(stack, secret):
    """Otherwise the test above proves nothing."""
    for rrtype, name in (("TXT", f"_validation-persist.{NAME}"), ("NS", CHALLENGE), ("CAA", CHALLENGE),
                         ("TXT", "auth.example.org"), ("ANY", CHALLENGE)):
        assert dig(stack, "+tcp", rrtype, name)[1] > LIMIT, (rrtype, name)
        assert "tc" in flags(dig(stack, "+notcp", "+ignore", rrtype, name)[0]), (rrtype, name)
