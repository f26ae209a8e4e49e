"""Persistent records of dns-persist-01, which stay at _validation-persist.NAME until removed."""

import json
import time

import dns.rcode
import pytest
from conftest import VALUE, Api, Dns, Redis, acmeproxy, create_by_command
from stack.stack import Stack

ZONE = {"name": "auth.example.org", "records": []}
RECORD = "ca.example; accounturi=https://ca.example/acct/123"
OTHER = "ca.example.net; accounturi=https://ca.example.net/acct/9; policy=wildcard"


@pytest.fixture(scope="module")
def enabled(tmp_path_factory):
    with Stack(tmp_path_factory.mktemp("persist"),
               settings={"persistent_records": True, "zone": ZONE}) as running:
        yield running


@pytest.fixture
def api(enabled):
    return Api(enabled)


@pytest.fixture
def dnsq(enabled):
    return Dns(enabled)


@pytest.fixture
def redis(enabled):
    return Redis(enabled)


def records(dnsq, name):
    """The TXT records, sorted, and their TTL."""
    answer = dnsq.ask(name)
    assert dns.rcode.to_text(answer.rcode()) == "NOERROR", answer
    return (sorted(b"".join(rd.strings).decode() for rrset in answer.answer for rd in rrset),
            answer.answer[0].ttl if answer.answer else None)


def publish(api, name, secret, record):
    return api.post("publish_persistent_record", name=name, secret=secret, record=record)


def test_publishing_and_removing_records(api, dnsq, redis, name):
    secret = api.create(name)
    at = f"_validation-persist.{name}"
    assert records(dnsq, at) == ([], None), "not lame before there is a record"
    assert dnsq.ask(at, "SOA").answer[0].to_text().startswith(f"{at}. 60 IN SOA ")
    assert dnsq.ask(at, "NS").answer[0].to_text() == f"{at}. 60 IN NS ns1.acmeproxy.example.net."
    for _ in range(2):
        answer = publish(api, name, secret, RECORD)
        assert answer.text == ('{"result": {"authorisation": "%s", "suffix_match": false, "published": true}}'
                               % name)
        assert records(dnsq, at) == ([RECORD], 60)
    assert publish(api, "*." + name.upper() + ".", secret, OTHER).status == 200
    assert records(dnsq, at.upper()) == ([OTHER, RECORD], 60)
    assert dnsq.texts(name) == [], "challenges are separate"
    api.publish(name, secret)
    assert dnsq.texts(name) == [VALUE] and records(dnsq, at) == ([OTHER, RECORD], 60)
    assert redis("PTTL", f"acmeproxy:persistent:{name}") == "-1"
    assert redis("ZSCORE", f"acmeproxy:persistent:{name}", RECORD) == "inf"
    gone = api.post("expire_persistent_record", name=name, secret=secret, record=RECORD)
    assert gone.result == {"authorisation": name, "suffix_match": False, "expired": True}
    assert records(dnsq, at) == ([OTHER], 60)
    for expired in (True, False):
        gone = api.post("expire_persistent_record", name=name, secret=secret)
        assert gone.result["expired"] is expired and records(dnsq, at) == ([], None)
    assert [(e["event"], e["value"]) for e in redis.audit(name) if e["event"] != "created"] == [
        ("persisted", RECORD)] * 2 + [("persisted", OTHER), ("published", VALUE),
                                      ("removed", RECORD), ("removed", OTHER)]


def test_records_in_our_own_zone(api, dnsq, name):
    secret = api.create(name)
    at = f"_validation-persist.{name}.auth.example.org"
    assert records(dnsq, at) == ([], None)
    publish(api, name, secret, RECORD)
    assert records(dnsq, at) == ([RECORD], 60)
    assert records(dnsq, f"{name}.auth.example.org") == ([], None)
    assert dnsq.rcode(f"_validation-persist.x{name}.auth.example.org") == "NXDOMAIN"


def test_persist_until(api, dnsq, redis, name):
    """A record leaves DNS when it expires, and caches no later."""
    secret = api.create(name)
    at = f"_validation-persist.{name}"
    soon = int(time.time()) + 5
    late = f"{OTHER}; persistUntil={soon + 100000}"
    publish(api, name, secret, late)
    assert records(dnsq, at) == ([late], 60)
    assert 99990 < int(redis("TTL", f"acmeproxy:persistent:{name}")) <= 100005
    brief = f"{RECORD}; persistUntil={soon}"
    publish(api, name, secret, brief)
    found, ttl = records(dnsq, at)
    assert found in (sorted([late, brief]), [late]), "without the brief one if the machine is very slow"
    assert ttl <= 5 or found == [late]
    deadline = time.time() + 30
    while records(dnsq, at)[0] != [late]:
        assert time.time() < deadline
        time.sleep(0.2)
    publish(api, name, secret, RECORD)
    assert redis("PTTL", f"acmeproxy:persistent:{name}") == "-1", "a record without an end keeps the key"
    answer = publish(api, name, secret, f"{RECORD}; persistUntil={soon - 60}")
    assert (answer.status, answer.error) == (
        400, "The parameter record has a persistUntil that lies in the past")


def test_a_long_record_is_two_strings(api, dnsq, name):
    secret = api.create(name)
    record = "ca.example; accounturi=https://ca.example/acct/" + "9" * (510 - 47)
    assert len(record) == 510 and publish(api, name, secret, record).status == 200
    answer = dnsq.ask(f"_validation-persist.{name}")
    assert [len(s) for s in answer.answer[0][0].strings] == [255, 255]
    assert records(dnsq, f"_validation-persist.{name}")[0] == [record]


def test_a_name_has_at_most_eight_records(api, dnsq, name):
    secret = api.create(name)
    many = [f"ca{n}.example; accounturi=https://ca.example/acct/" + "9" * 400 for n in range(9)]
    assert [publish(api, name, secret, r).status for r in many] == [200] * 8 + [409]
    assert "as many records as it may have" in publish(api, name, secret, many[8]).error
    assert publish(api, name, secret, many[0]).status == 200, "an existing record may be published again"
    assert sorted(b"".join(rd.strings).decode() for rd in dnsq.ask(
        f"_validation-persist.{name}", tcp=True).answer[0]) == many[:8]


@pytest.mark.parametrize("record,sentence", [
    (None, "The parameter record is missing"), ("", "The parameter record is empty"),
    ("ca_example; x=y", "The parameter record is not an issue-value (RFC 8659, 4.2): ISSUER; accounturi=URI"),
    ("ca.example", "The parameter record has not one accounturi that is a URI"),
    (RECORD + "; persistUntil=soon",
     "The parameter record has a persistUntil that is not a number of seconds"),
    (RECORD + "x" * 500, "The parameter record is over 510 octets"),
    (RECORD + '"\nDATA', "The parameter record is not an issue-value (RFC 8659, 4.2): ISSUER; accounturi=URI")])
def test_bad_records(api, name, record, sentence):
    parameters = {"name": name, "secret": "x"} | ({"record": record} if record is not None else {})
    answer = api.post("publish_persistent_record", **parameters)
    assert (answer.status, answer.error) == (400, sentence)


def test_only_the_name_s_own_authorisation_may_publish(enabled, api, dnsq, redis):
    secret = create_by_command(enabled, "wide.example", "--suffix-match")
    assert publish(api, "wide.example", secret, RECORD).status == 200
    for name, presented in (("deep.wide.example", secret), ("wide.example", "0" * 32),
                            ("nobody.example", secret)):
        answer = publish(api, name, presented, RECORD)
        assert (answer.status, answer.error) == (403, "Invalid authorisation token")
        assert redis.reasons(name) == {"secret"}
        assert api.post("expire_persistent_record", name=name, secret=presented).status == 403
    assert records(dnsq, "_validation-persist.wide.example")[0] == [RECORD]
    assert dnsq.rcode("_validation-persist.deep.wide.example") == "REFUSED"


def test_a_new_authorisation_inherits_no_record(enabled, api, dnsq, redis, name):
    """Whoever gets the name next must not inherit the CA account of the last owner."""
    publish(api, name, api.create(name), RECORD)
    acmeproxy(enabled, "deleteauthorisation", name)
    assert redis("EXISTS", f"acmeproxy:persistent:{name}") == "0"
    assert dnsq.ask(f"_validation-persist.{name}").answer == []
    # Not even if somebody deleted the authorisation by hand.
    publish(api, name, create_by_command(enabled, name), RECORD)
    redis("DEL", f"acmeproxy:authorisation:{name}")
    api.create(name)
    assert records(dnsq, f"_validation-persist.{name}") == ([], None)


def test_a_bad_record_written_by_hand_is_not_served(api, dnsq, redis, name):
    secret = api.create(name)
    publish(api, name, secret, RECORD)
    redis("ZADD", f"acmeproxy:persistent:{name}", "inf", 'x"\nDATA')
    assert records(dnsq, f"_validation-persist.{name}")[0] == [RECORD]


def test_without_the_setting(stack, name):
    api, dnsq = Api(stack), Dns(stack)
    secret = api.create(name)
    answer = publish(api, name, secret, RECORD)
    assert (answer.status, answer.error) == (403, "The setting persistent_records does not allow this")
    assert dnsq.rcode(f"_validation-persist.{name}") == "REFUSED", "it may be another backend's"
    assert api.post("expire_persistent_record", name=name, secret=secret).result["expired"] is False


def test_redis_is_down(start_stack, name):
    stack = start_stack(settings={"persistent_records": True})
    api, dnsq = Api(stack), Dns(stack)
    secret = api.create(name)
    publish(api, name, secret, RECORD)
    stack.stop_part("redis")
    assert publish(api, name, secret, OTHER).status == 503
    assert dnsq.rcode(f"_validation-persist.{name}") == "SERVFAIL"
    stack.start_part("redis")
    deadline = time.time() + 30
    while dnsq.rcode(f"_validation-persist.{name}") != "NOERROR":
        assert time.time() < deadline
        time.sleep(0.1)
    assert records(dnsq, f"_validation-persist.{name}")[0] == [RECORD], "nothing is lost"


def test_listpersistentrecords(start_stack):
    stack = start_stack(settings={"persistent_records": True})
    api = Api(stack)
    assert acmeproxy(stack, "listpersistentrecords", status=1) == "No persistent records found\n"
    api.create("none.example.com")
    until = RECORD + "; persistUntil=4102444800"
    for name, records in (("a.example.com", [OTHER]), ("b.example.org", [OTHER, until])):
        secret = api.create(name)
        for record in records:
            assert publish(api, name, secret, record).status == 200
    assert acmeproxy(stack, "listpersistentrecords") == f"""\
name           until                             record
-------------  --------------------------------  {"-" * len(until)}
a.example.com                                    {OTHER}
b.example.org  2100-01-01 00:00:00.000000+00:00  {until}
b.example.org                                    {OTHER}
"""
    assert [json.loads(line) for line in acmeproxy(stack, "listpersistentrecords", "--under", "example.com",
                                                   "--json").splitlines()] == [
        {"name": "a.example.com", "until": None, "record": OTHER}]
