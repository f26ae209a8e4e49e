"""What PowerDNS answers to questions as dig asks them."""

import concurrent.futures
import random

import dns.flags
import dns.rcode
import dns.rdatatype
import pytest
from conftest import VALUE, Api, value


def test_an_authorised_name_is_a_zone_from_the_start(api, dnsq, name):
    """A delegation is never lame: before, between and after responses."""
    secret = api.create(name)
    challenge = "_acme-challenge." + name

    def check():
        soa = dnsq.ask(challenge, "SOA")
        assert soa.flags & dns.flags.AA
        assert soa.answer[0].to_text() == (
            f"{challenge}. 60 IN SOA ns1.acmeproxy.example.net. hostmaster.example.net. "
            "1 14400 3600 1209600 0")
        ns = dnsq.ask(challenge, "NS")
        assert ns.flags & dns.flags.AA
        assert ns.answer[0].to_text() == f"{challenge}. 60 IN NS ns1.acmeproxy.example.net."
        caa = dnsq.ask(challenge, "CAA")
        assert caa.answer[0].to_text() == f'{challenge}. 60 IN CAA 0 issue "letsencrypt.org"'
        for rrtype in ("A", "AAAA", "MX", "DS", "TYPE65400"):
            absent = dnsq.ask(challenge, rrtype)
            assert dns.rcode.to_text(absent.rcode()) == "NOERROR", rrtype
            assert absent.answer == [] and absent.authority[0].rdtype == dns.rdatatype.SOA

    check()
    assert dnsq.texts(name) == []
    api.publish(name, secret)
    check()
    api.post("expire_response", name=name, secret=secret)
    check()


def test_nobody_caches_the_absence_of_a_response(api, dnsq, name):
    secret = api.create(name)
    api.publish(name, secret)
    api.post("expire_response", name=name, secret=secret)
    answer = dnsq.ask("_acme-challenge." + name)
    assert dns.rcode.to_text(answer.rcode()) == "NOERROR" and answer.answer == []
    soa = answer.authority[0]
    assert soa.rdtype == dns.rdatatype.SOA
    assert (soa.ttl, soa[0].minimum) == (0, 0)


def test_the_next_question_gets_the_response_1000_times(api, dnsq, name):
    """Even if the same question just before has filled the caches."""
    secret = api.create(name)
    seen = 0
    for n in range(1000):
        if n % 2:
            dnsq.texts(name)
        api.publish(name, secret, value(n))
        seen += value(n) in dnsq.texts(name)
        if n % 20 == 19:
            api.post("expire_response", name=name, secret=secret)
            assert dnsq.texts(name) == []
    assert seen == 1000


def test_a_refusal_before_the_authorisation_is_not_cached(api, dnsq, name):
    challenge = "_acme-challenge." + name
    for rrtype in ("TXT", "SOA", "NS", "CAA", "A"):
        assert dnsq.rcode(challenge, rrtype) == "REFUSED"
    secret = api.create(name)
    for rrtype in ("TXT", "SOA", "NS", "CAA", "A"):
        assert dnsq.rcode(challenge, rrtype) == "NOERROR"
    api.publish(name, secret)
    assert dnsq.texts(name) == [VALUE]


def test_an_answer_keeps_the_case_of_the_question(api, dnsq, name):
    secret = api.create(name)
    api.publish(name, secret)
    for _ in range(20):
        asked = "".join(random.choice((c.upper(), c.lower()))
                        for c in f"_acme-challenge.{name}.")
        answer = dnsq.ask(asked)
        assert answer.question[0].name.to_text() == asked
        assert answer.answer[0].name.to_text() == asked
        assert answer.answer[0][0].strings == (VALUE.encode(),)


@pytest.mark.parametrize("asked", [
    "_acme-challenge.unknown.example.com", "unknown.example.com", "example.com", "com", ".",
    "_acme-challenge.com", "_acme-challenge", "*.example.com",
    "x._acme-challenge.unknown.example.com",
])
def test_what_is_not_ours_is_refused(dnsq, asked):
    for rrtype in ("TXT", "SOA", "NS", "A"):
        assert dnsq.rcode(asked, rrtype) == "REFUSED"


@pytest.mark.parametrize("octet", ["\\000", "\\009", "\\010", "\\032", "\\034", "\\046", "\\\\", "\\255"])
def test_odd_octets_in_a_question_do_no_harm(api, dnsq, name, octet):
    """PowerDNS itself answers SERVFAIL to some of them."""
    api.publish(name, api.create(name))
    for asked in (f"a{octet}b.{name}", f"_acme-challenge.a{octet}b.{name}",
                  f"_acme-challenge{octet}x.{name}"):
        answer = dnsq.ask(asked)
        assert dns.rcode.to_text(answer.rcode()) in ("REFUSED", "SERVFAIL") and not answer.answer
    assert dnsq.texts(name) == [VALUE]


def test_the_name_itself_and_its_parent_are_not_claimed(api, dnsq, name):
    api.create(name)
    assert dnsq.rcode(name, "SOA") == "REFUSED"
    assert dnsq.rcode("example.com", "SOA") == "REFUSED"
    assert dnsq.rcode("sub." + name, "SOA") == "REFUSED"


def test_names_below_a_challenge_do_not_exist(api, dnsq, name):
    api.create(name)
    assert dnsq.rcode("x._acme-challenge." + name) == "NXDOMAIN"


def test_the_33rd_value_removes_the_oldest(api, dnsq, name):
    secret = api.create(name)
    for n in range(40):
        api.publish(name, secret, value(n))
    assert dnsq.texts(name, tcp=True) == [value(n) for n in range(8, 40)]


def test_two_publications_at_once_are_both_served(stack, dnsq, name):
    secret = Api(stack).create(name)
    for n in range(0, 20, 2):
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda v: Api(stack).publish(name, secret, v),
                          [value(n), value(n + 1)]))
        assert {value(n), value(n + 1)} <= set(dnsq.texts(name))


def test_expiring_one_value_leaves_the_others(api, dnsq, name):
    secret = api.create(name)
    for n in range(3):
        api.publish(name, secret, value(n))
    answer = api.post("expire_response", name=name, secret=secret, response=value(1))
    assert answer.result["expired"] is True
    assert dnsq.texts(name) == [value(0), value(2)]
    answer = api.post("expire_response", name=name, secret=secret, response=value(1))
    assert answer.result["expired"] is False


@pytest.mark.parametrize("odd", ["-" * 43, "_" * 43, "-", "a" * 255])
def test_odd_but_legal_values(api, dnsq, name, odd):
    api.publish(name, api.create(name), odd)
    assert dnsq.texts(name) == [odd]


def test_a_zone_transfer_is_refused_and_does_no_harm(api, dnsq, stack, name):
    api.publish(name, api.create(name))
    answer = dnsq.ask("_acme-challenge." + name, "AXFR", tcp=True)
    assert dns.rcode.to_text(answer.rcode()) in ("REFUSED", "NOTAUTH")
    assert dnsq.texts(name) == [VALUE]


LABEL, OTHER = "_ujmmovf2vn55tgye", "_abcdefgh234567aa"


def test_each_account_label_has_its_own_responses(api, dnsq, name):
    """dns-account-01: one label below the challenge."""
    secret = api.create(name)

    def texts(label):
        answer = dnsq.ask(f"{label}._acme-challenge.{name}")
        return dns.rcode.to_text(answer.rcode()), sorted(
            rd.to_text() for rrset in answer.answer for rd in rrset)

    call = lambda endpoint, **more: api.post(endpoint, name=name, secret=secret, **more)
    assert texts(LABEL) == ("NXDOMAIN", [])
    for label, number in ((LABEL, 1), (LABEL, 2), (OTHER, 3)):
        assert call("publish_response", label=label, response=value(number)).status == 200
    assert texts(LABEL) == ("NOERROR", [f'"{value(1)}"', f'"{value(2)}"'])
    assert texts(LABEL.upper()) == texts(LABEL)
    assert texts(OTHER) == ("NOERROR", [f'"{value(3)}"'])
    assert dnsq.texts(name) == []
    call("publish_response", response=value(4))
    assert dnsq.texts(name) == [value(4)] and texts(OTHER) == ("NOERROR", [f'"{value(3)}"'])
    assert call("expire_response", label=LABEL).result["expired"] is True
    assert texts(LABEL) == ("NXDOMAIN", []) and texts(OTHER)[0] == "NOERROR"
    assert dns.rcode.to_text(dnsq.ask(f"{OTHER}._acme-challenge.{name}", "A").rcode()) == "NOERROR"


@pytest.mark.parametrize("label", ["ujmmovf2vn55tgye", "_ujmmovf2vn55tgy", "_ujmmovf2vn55tgyee",
                                   "_UJMMOVF2VN55TGYE", "_ujmmovf2vn55tgy1", "_ujmmovf2vn55tg\n1",
                                   "_ujmmovf2vn55tg.a"])
def test_bad_account_labels(api, name, label):
    answer = api.post("publish_response", name=name, secret="x", response=VALUE, label=label)
    assert (answer.status, answer.error) == (
        400, "The parameter label is not _ and 16 characters of the base32 alphabet in lower case")
