"""Accounts: what each may create, the accounts file, and the commands that change it."""

import concurrent.futures
import json
import os
import re
import signal
import stat

import pytest
from conftest import VALUE, Api, Dns, Redis, acmeproxy, until
from stack.stack import Stack


def reload(stack):
    log = stack.log("acmeproxy")
    n = len(log.read_text())
    stack.signal_part("acmeproxy", signal.SIGHUP)
    until("it has read them again or says why not", lambda: re.search(
        "read again|stay in force", log.read_text()[n:]))


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A stack whose accounts only this module changes."""
    with Stack(tmp_path_factory.mktemp("accounts"), accounts={"accounts": []}) as running:
        yield running


@pytest.fixture(scope="module")
def secrets(own):
    """The secrets of accounts that createaccount made, by name."""
    made = {}
    for name, permits in (("any", []), ("operations-team", ["example.com", ".example.org"]),
                          ("one", ["one.example.net"]), ("fleet", ["fleet.example", ".fleet.example"])):
        arguments = [word for permit in permits for word in ("--permit", permit)]
        out = acmeproxy(own, "createaccount", name, *arguments)
        assert f'Successfully created account "{name}"' in out and "reload" in out
        made[name] = re.search(r"\b[0-9a-f]{32}\b", out)[0]
    reload(own)
    return made


def test_creating_needs_an_account(own, secrets):
    api = Api(own)
    for secret in ("0" * 32, secrets["any"][:-1], secrets["any"].upper() + "x"):
        answer = api.post("create_authorisation", name="a.example.com", secret=secret)
        assert (answer.status, answer.text) == (
            403, '{"result": false, "error": "Invalid account token"}')
    answer = api.post("create_authorisation", name="a.example.com")
    assert (answer.status, answer.error) == (400, "The parameter secret is missing")


@pytest.mark.parametrize("account,name,allowed", [
    ("any", "any.example.com", True), ("operations-team", "example.com", True),
    ("operations-team", "a.example.com", False), ("operations-team", "b.example.org", True),
    ("operations-team", "deep.down.b.example.org", True), ("operations-team", "example.org", False),
    ("operations-team", "evilexample.org", False), ("operations-team", "evilexample.com", False),
    ("operations-team", "example.org.example.net", False), ("one", "one.example.net", True),
    ("one", "*.one.example.net", None), ("one", "x.one.example.net", False)])
def test_what_an_account_may_create(own, secrets, account, name, allowed):
    answer = Api(own).post("create_authorisation", name=name, secret=secrets[account])
    if allowed is None:
        assert answer.status == 409, "a wildcard's challenge is at its base name"
    elif allowed:
        assert answer.status == 200 and answer.result["authorisation"] == name
        stored = Redis(own).hash(f"acmeproxy:authorisation:{name}")
        assert stored["account"] == account
        Api(own).publish(name, answer.result["secret"])
        assert [(e["event"], e["account"]) for e in Redis(own).audit(name)] == [
            ("created", account), ("published", account)]
    else:
        assert (answer.status, answer.text) == (
            403, '{"result": false, "error": "Changes to this domain are not permitted with this '
                 'account token"}')
        assert Redis(own).audit(name)[-1]["reason"] == "permit"


def test_suffix_match_covers_all_names_below(own, secrets):
    api, dnsq = Api(own), Dns(own)
    answer = api.post("create_authorisation", name="fleet.example", suffix_match="true",
                      secret=secrets["fleet"])
    assert answer.status == 200 and answer.result["suffix_match"] is True
    secret = answer.result["secret"]
    for name in ("fleet.example", "www.fleet.example", "a.b.c.fleet.example"):
        assert dnsq.rcode(f"_acme-challenge.{name}", "SOA") == "NOERROR", "even before a response"
        answer = api.post("publish_response", name=name, secret=secret, response=VALUE)
        assert answer.text == ('{"result": {"authorisation": "fleet.example", "suffix_match": true, '
                               '"published": true}}')
        assert dnsq.texts(name) == [VALUE]
        answer = api.post("expire_response", name=name, secret=secret)
        assert answer.result["expired"] is True and dnsq.texts(name) == []
    for name in ("evilfleet.example", "example"):
        assert dnsq.rcode(f"_acme-challenge.{name}") == "REFUSED"
    assert api.post("publish_response", name="evilfleet.example", secret=secret,
                    response=VALUE).status == 403
    # There is no authorisation of www.fleet.example to rotate.
    assert api.post("expire_authorisation", name="www.fleet.example", secret=secret).status == 403


def test_the_authorisation_of_a_longer_name_wins(own, secrets):
    api = Api(own)
    wide = api.post("create_authorisation", name="wide.example", suffix_match="true",
                    secret=secrets["any"]).result["secret"]
    narrow = api.create("db.wide.example", secret=secrets["any"])
    assert api.post("publish_response", name="db.wide.example", secret=wide,
                    response=VALUE).status == 403
    assert api.post("publish_response", name="db.wide.example", secret=narrow,
                    response=VALUE).status == 200
    # It has no suffix_match, so names below it are still covered by the wide one.
    assert api.post("publish_response", name="x.db.wide.example", secret=narrow,
                    response=VALUE).status == 403
    assert api.post("publish_response", name="x.db.wide.example", secret=wide,
                    response=VALUE).status == 200


@pytest.mark.parametrize("account,name", [
    ("operations-team", "example.com"), ("operations-team", "example.org"),
    ("one", "one.example.net"), ("operations-team", "com")])
def test_suffix_match_needs_permits_for_all_it_covers(own, secrets, account, name):
    answer = Api(own).post("create_authorisation", name=name, suffix_match="true",
                           secret=secrets[account])
    assert answer.status in (400, 403) and answer.error


def test_suffix_match_is_refused_without_accounts(api, name):
    answer = api.post("create_authorisation", name=name, suffix_match="true")
    assert answer.status == 403


@pytest.mark.parametrize("text,words", [
    ("nonsense", ":1: "), ('{"accounts": {}}', 'accounts: an array is needed'),
    ('{"accounts": [\n{"name": "x"}]}', ":2: accounts.0: secret_hash is missing"),
    ('{"accounts": [], "more": 1}', 'more: unknown member')])
def test_a_bad_accounts_file_leaves_the_old_accounts_in_force(own, secrets, text, words):
    file = own.dir / "etc" / "accounts.json"
    before = file.read_text()
    try:
        file.write_text(text)
        reload(own)
        assert words in own.log("acmeproxy").read_text()
        assert "the old settings and accounts stay in force" in own.log("acmeproxy").read_text()
        answer = Api(own).post("create_authorisation", name="x.evil.example", secret=secrets["one"])
        assert answer.status == 403
    finally:
        file.write_text(before)
        reload(own)


def test_an_accounts_file_that_others_can_read_is_refused(own, secrets):
    file = own.dir / "etc" / "accounts.json"
    for mode in (0o644, 0o660, 0o602):
        file.chmod(mode)
        reload(own)
        assert f"{file}: mode {mode:04o}: others must not read it" in own.log("acmeproxy").read_text()
        assert "others must not" in acmeproxy(own, "listaccounts", status=1)
    file.chmod(0o600)
    reload(own)


def test_the_account_commands(own, secrets):
    file = own.dir / "etc" / "accounts.json"
    file.chmod(0o640)
    out = acmeproxy(own, "createaccount", "short-lived", "--permit", ".short.example")
    assert stat.S_IMODE(file.stat().st_mode) == 0o640, "the mode is kept"
    secret = re.search(r"\b[0-9a-f]{32}\b", out)[0]
    assert secret not in file.read_text()
    reload(own)
    assert Api(own).post("create_authorisation", name="a.short.example", secret=secret).status == 200
    assert 'account "short-lived" exists already' in acmeproxy(own, "createaccount", "short-lived",
                                                               status=1)
    assert "--permit a..b: empty label" in acmeproxy(own, "createaccount", "x", "--permit", "a..b",
                                                  status=1)
    rows = acmeproxy(own, "listaccounts", "--tsv").splitlines()
    assert "short-lived\t.short.example" in rows and "any\tany" in rows
    assert "operations-team\texample.com, .example.org" in rows
    assert 'Successfully deleted account "short-lived"' in acmeproxy(own, "deleteaccount",
                                                                     "short-lived")
    assert 'account "short-lived" does not exist' in acmeproxy(own, "deleteaccount", "short-lived",
                                                               status=1)
    reload(own)
    assert Api(own).post("create_authorisation", name="b.short.example", secret=secret).status == 403


def test_two_administrators_at_once(own, secrets):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: acmeproxy(own, "createaccount", f"twin{n}"), range(16)))
    rows = [json.loads(line)["name"] for line in acmeproxy(own, "listaccounts", "--json").splitlines()]
    assert {f"twin{n}" for n in range(16)} <= set(rows)
    for n in range(16):
        acmeproxy(own, "deleteaccount", f"twin{n}")
    assert os.listdir(own.dir / "etc").count("accounts.json") == 1
    assert not [f for f in os.listdir(own.dir / "etc") if f.startswith("accounts.json.")]


def test_createaccount_needs_accounts_file(stack):
    assert "set accounts_file" in acmeproxy(stack, "createaccount", "x", status=1)
