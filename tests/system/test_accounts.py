"""Accounts: what each may create and do, their commands, and their move from a file into the store."""

import concurrent.futures
import hashlib
import json
import re

import pytest
from conftest import VALUE, Api, Dns, Redis, acmeproxy, until
from stack.stack import Stack


def create_account(stack, name, *permits):
    out = acmeproxy(stack, "createaccount", name, *[word for permit in permits for word in ("--permit", permit)])
    assert f'Successfully created account "{name}"' in out
    return re.search(r"\b[0-9a-f]{32}\b", out)[0]


def delete(stack, name):
    """Delete an authorisation, and that it was there."""
    acmeproxy(stack, "deleteauthorisation", name)
    Redis(stack)("DEL", f"acmeproxy:deleted:{name}")


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """A stack whose accounts only this module changes."""
    with Stack(tmp_path_factory.mktemp("accounts"), settings={"creation": "account"}) as running:
        yield running


@pytest.fixture(scope="module")
def secrets(own):
    """The secrets of accounts that createaccount made, by name."""
    permits = {"any": [], "operations-team": ["example.com", ".example.org"], "one": ["one.example.net"],
               "fleet": ["fleet.example", ".fleet.example"]}
    return {name: create_account(own, name, *names) for name, names in permits.items()}


def test_creating_needs_an_account(own, secrets):
    api = Api(own)
    for secret in ("0" * 32, secrets["any"][:-1], secrets["any"].upper() + "x"):
        answer = api.post("create_authorisation", name="a.example.com", secret=secret)
        assert (answer.status, answer.text) == (
            403, '{"result": false, "error": "Invalid account token"}')
    answer = api.post("create_authorisation", name="a.example.com")
    assert (answer.status, answer.error) == (400, "The parameter secret is missing")


# What an account is permitted, and whether it gets a name, with suffix_match or not.
PERMITS = [
    # A name permits that name alone.
    (["example.com"], "example.com", False, True), (["example.com"], "a.example.com", False, False),
    (["example.com"], "evilexample.com", False, False), (["example.com"], "example.org", False, False),
    (["example.com"], "example.com.example.org", False, False),
    # With a dot it permits all names below, but not the name.
    ([".example.com"], "example.com", False, False), ([".example.com"], "a.example.com", False, True),
    ([".example.com"], "b.a.example.com", False, True), ([".example.com"], "evilexample.com", False, False),
    ([".example.com"], "a.evilexample.com", False, False),
    ([".example.com"], "example.com.example.org", False, False),
    ([".a.example.com"], "b.example.com", False, False), ([".com"], "example.com", False, True),
    # One is enough; none at all permits everything.
    (["example.org", "example.com"], "example.com", False, True),
    (["example.org", ".example.net"], "example.com", False, False), ([], "example.com", False, True),
    # suffix_match needs the name and all names below it.
    (["example.com"], "example.com", True, False), ([".example.com"], "example.com", True, False),
    (["example.com", ".example.com"], "example.com", True, True),
    ([".example.com", "example.com"], "example.com", True, True),
    ([".example.com"], "a.example.com", True, True), ([".example.com"], "b.a.example.com", True, True),
    ([".com"], "example.com", True, True), (["example.com", ".a.example.com"], "example.com", True, False),
    (["example.com", ".example.com"], "evilexample.com", True, False),
    ([".example.com"], "a.evilexample.com", True, False), ([], "example.com", True, True),
]


@pytest.mark.parametrize("permits,name,suffix_match,allowed", PERMITS)
def test_what_an_account_may_create(own, permits, name, suffix_match, allowed):
    redis = Redis(own)
    redis("DEL", "acmeproxy:refusals", "acmeproxy:refused")
    secret = create_account(own, "permitted", *permits)
    answer = Api(own).post("create_authorisation", name=name, secret=secret,
                           suffix_match="true" if suffix_match else "false")
    acmeproxy(own, "deleteaccount", "permitted")
    if not allowed:
        assert (answer.status, answer.text) == (
            403, '{"result": false, "error": "Changes to this domain are not permitted with this '
                 'account token"}')
        assert redis.reasons(name) == {"permit"}
        return
    assert answer.status == 200 and answer.result["authorisation"] == name
    assert redis.hash(f"acmeproxy:authorisation:{name}")["account"] == "permitted"
    Api(own).publish(name, answer.result["secret"])
    assert [(e["event"], e["account"], e["owner"]) for e in redis.audit(name)[-2:]] == [
        ("created", "permitted", "permitted"), ("published", "", "permitted")]
    delete(own, name)


def test_a_wildcard_is_its_base(own, secrets):
    api = Api(own)
    api.create("one.example.net", secret=secrets["one"])
    assert api.post("create_authorisation", name="*.one.example.net", secret=secrets["one"]).status == 409


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


def test_suffix_match_is_refused_without_accounts(api, name):
    answer = api.post("create_authorisation", name=name, suffix_match="true")
    assert answer.status == 403


def test_the_account_commands(own):
    secret = create_account(own, "short-lived", ".short.example")
    stored = Redis(own).hash("acmeproxy:account:short-lived")
    assert stored["permit"] == ".short.example" and secret not in str(stored)
    assert [field for field in stored if field.startswith("secret:")]
    assert Api(own).post("create_authorisation", name="a.short.example", secret=secret).status == 200
    assert 'account "short-lived" exists already' in acmeproxy(own, "createaccount", "short-lived",
                                                               status=1)
    assert "--permit a..b: empty label" in acmeproxy(own, "createaccount", "x", "--permit", "a..b",
                                                  status=1)
    assert "--permit : name of 0 octets" in acmeproxy(own, "createaccount", "x", "--permit", "", status=1)
    rows = {row.split("\t")[0]: row.split("\t")[2]
            for row in acmeproxy(own, "listaccounts", "--tsv").splitlines()}
    assert rows["short-lived"] == ".short.example" and rows["any"] == "any"
    assert rows["operations-team"] == "example.com, .example.org"
    assert 'Successfully deleted account "short-lived"' in acmeproxy(own, "deleteaccount", "short-lived")
    assert 'account "short-lived" does not exist' in acmeproxy(own, "deleteaccount", "short-lived",
                                                               status=1)
    assert Api(own).post("create_authorisation", name="b.short.example", secret=secret).status == 403
    assert not Redis(own)("EXISTS", "acmeproxy:account:short-lived") == "1"


def test_two_administrators_at_once(own):
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: acmeproxy(own, "createaccount", f"twin{n}"), range(16)))
    rows = [json.loads(line)["name"] for line in acmeproxy(own, "listaccounts", "--json").splitlines()]
    assert {f"twin{n}" for n in range(16)} <= set(rows)
    for n in range(16):
        acmeproxy(own, "deleteaccount", f"twin{n}")


def test_many_accounts_are_listed(own):
    names = [f"many{n}" for n in range(450)]
    redis = Redis(own)
    for name in names:
        redis("HSET", f"acmeproxy:account:{name}", "created_at", "1", "permit", "example.com")
    redis("ZADD", "acmeproxy:accounts", *[word for name in names for word in ("1", name)])
    rows = [json.loads(line) for line in acmeproxy(own, "listaccounts", "--json").splitlines()]
    assert {row["name"] for row in rows} >= set(names)
    redis("DEL", *[f"acmeproxy:account:{name}" for name in names])
    redis("ZREM", "acmeproxy:accounts", *names)


# Who may act for the authorisation a.tenant.example of account `tenant`, and for names that are free.
OTHERS = [("publish_response", {"response": VALUE}), ("expire_response", {}), ("expire_authorisation", {})]


def test_an_account_acts_in_its_own_names_only(own, secrets):
    api, redis, dnsq = Api(own), Redis(own), Dns(own)
    tenant = create_account(own, "tenant")
    secret = api.create("a.tenant.example", secret=tenant)
    for endpoint, parameters in OTHERS:
        answer = api.post(endpoint, name="a.tenant.example", secret=secrets["any"], **parameters)
        assert (answer.status, answer.error) == (403, "Invalid authorisation token")
    assert redis.reasons("a.tenant.example") == {"secret"}
    for credentials in (secret, tenant):
        answer = api.post("publish_response", name="a.tenant.example", secret=credentials, response=VALUE)
        assert answer.status == 200 and dnsq.texts("a.tenant.example") == [VALUE]
    published = [e for e in redis.audit("a.tenant.example") if e["event"] == "published"]
    assert [(e["authorisation"], e["account"], e["owner"]) for e in published] == [
        ("a.tenant.example", "", "tenant"), ("a.tenant.example", "tenant", "tenant")]
    # Its own allowfrom, and that it was made by somebody else, hold for an account as well.
    redis("HSET", "acmeproxy:authorisation:a.tenant.example", "allowfrom", "192.0.2.0/24",
          "allowfrom_bits", "/4" + f"{0xc00002:024b}")
    for credentials in (secret, tenant):
        answer = api.post("publish_response", name="a.tenant.example", secret=credentials, response=VALUE)
        assert (answer.status, answer.error) == (403, "Invalid authorisation token")
    assert "address" in redis.reasons("a.tenant.example")


def test_names_that_are_spoken_for(own, secrets):
    """Below a suffix_match only its owner, or an administrator, creates."""
    api, redis = Api(own), Redis(own)
    owner = create_account(own, "spoken")
    assert api.post("create_authorisation", name="spoken.example", suffix_match="true",
                    secret=owner).status == 200
    for name in ("x.spoken.example", "z.y.x.spoken.example"):
        answer = api.post("create_authorisation", name=name, secret=secrets["any"])
        assert (answer.status, answer.error) == (403, "An authorisation of somebody else covers this name")
        assert redis.reasons(name) == {"covered"}
        assert api.post("create_authorisation", name=name, secret=owner).status == 200
    assert api.post("create_authorisation", name="evilspoken.example", secret=secrets["any"]).status == 200
    acmeproxy(own, "createauthorisation", "admin.spoken.example")


def test_a_deleted_name_is_its_former_owners(own, secrets):
    api, redis = Api(own), Redis(own)
    owner = create_account(own, "former")
    for name, suffix_match in (("gone.example", "false"), ("wide.gone.example", "true")):
        assert api.post("create_authorisation", name=name, secret=owner,
                        suffix_match=suffix_match).status == 200
        acmeproxy(own, "deleteauthorisation", name)
    ttl_ms = int(redis("PTTL", "acmeproxy:deleted:gone.example"))
    assert 89 * 86400_000 < ttl_ms <= 90 * 86400_000
    for name in ("gone.example", "wide.gone.example", "below.wide.gone.example"):
        answer = api.post("create_authorisation", name=name, secret=secrets["any"])
        assert (answer.status, answer.error) == (
            403, "This name had an authorisation until lately: ask the administrator")
        assert redis.reasons(name) == {"deleted"}
    assert api.post("create_authorisation", name="below.gone.example", secret=secrets["any"]).status == 200
    assert api.post("create_authorisation", name="gone.example", secret=owner).status == 200
    acmeproxy(own, "createauthorisation", "wide.gone.example")
    assert redis("EXISTS", "acmeproxy:deleted:gone.example", "acmeproxy:deleted:wide.gone.example") == "0"


def test_a_name_that_is_free_again(own, secrets):
    redis = Redis(own)
    redis("SET", "acmeproxy:deleted:free.example", "false former", "PX", "1")
    until("the hold is over", lambda: redis("EXISTS", "acmeproxy:deleted:free.example") == "0")
    assert Api(own).post("create_authorisation", name="free.example", secret=secrets["any"]).status == 200


@pytest.fixture
def limited(tmp_path):
    settings = {"creation": "account", "registration": "open", "zone": {"name": "auth.example.org"},
                "authorisations_per_account": 3, "authorisations_per_address": 5,
                "registrations_per_address": 2}
    with Stack(tmp_path, settings=settings) as running:
        yield running


def test_quotas(limited):
    api, redis = Api(limited), Redis(limited)
    first, second = create_account(limited, "first"), create_account(limited, "second")
    for n in range(3):
        api.create(f"a{n}.example", secret=first)
    answer = api.post("create_authorisation", name="a3.example", secret=first)
    assert answer.status == 429 and int(answer.headers["retry-after"]) > 0
    assert answer.error == "There are as many authorisations of yours as there may be"
    assert redis.reasons("a3.example") == {"quota"}
    for n in range(2):
        api.create(f"b{n}.example", secret=second)
    assert api.post("create_authorisation", name="b2.example", secret=second).status == 429, "the address"
    # What is deleted makes room; administrators are not limited.
    acmeproxy(limited, "deleteauthorisation", "a0.example")
    assert api.post("create_authorisation", name="a4.example", secret=first).status == 200
    acmeproxy(limited, "createauthorisation", "c0.example", "--account", "first")
    statuses = [api.send("/register", b"", None).status for _ in range(3)]
    assert statuses == [201, 201, 429]
    counts = json.loads(redis("--json", "HGETALL", "acmeproxy:quotas"))
    assert counts == {"authorisations account first": "4", "authorisations account second": "2",
                      "authorisations network 127.0.0.1": "5", "registrations network 127.0.0.1": "2"}


ACCOUNT = {"name": "from-file", "permit": ["filed.example", ".filed.example"]}


def hash_of(secret):
    return hashlib.blake2b(secret.encode(), digest_size=32).hexdigest()


def test_accounts_of_a_file_move_into_the_store(tmp_path):
    """As they were before they were there; the file is read once, and not any more."""
    secret = "0123456789abcdef0123456789abcdef"
    accounts = {"accounts": [{**ACCOUNT, "secret_hash": hash_of(secret)},
                             {"name": "none", "secret_hash": hash_of("1" * 32), "permit": []}]}
    with Stack(tmp_path, accounts=accounts) as running:
        api = Api(running)
        assert api.post("create_authorisation", name="x.example").status == 400, "it takes an account"
        assert api.post("create_authorisation", name="filed.example", secret=secret).status == 200
        assert api.post("create_authorisation", name="x.example", secret="1" * 32).status == 403
        rows = acmeproxy(running, "listaccounts", "--tsv").splitlines()
        assert [row.split("\t")[0::2] for row in rows] == [
            ["from-file", "filed.example, .filed.example"], ["none", ""]]
        assert "2 accounts are in the store now" in running.log("acmeproxy").read_text()
        acmeproxy(running, "deleteaccount", "from-file")
        (running.dir / "etc" / "accounts.json").write_text("nonsense")
        running.stop_part("acmeproxy")
        running.start_part("acmeproxy")
        assert api.post("create_authorisation", name="y.filed.example", secret=secret).status == 403


@pytest.mark.parametrize("text,mode,words", [
    ("nonsense", 0o600, ":1: "), ('{"accounts": {}}', 0o600, "accounts: an array is needed"),
    ('{"accounts": [\n{"name": "x"}]}', 0o600, ":2: accounts.0: secret_hash is missing"),
    ('{"accounts": []}', 0o644, "others must not read it")])
def test_a_bad_accounts_file_opens_nothing(tmp_path, text, mode, words):
    with Stack(tmp_path, accounts={"accounts": []}) as running:
        running.stop_part("acmeproxy")
        Redis(running)("HDEL", "acmeproxy:store", "accounts imported")
        file = running.dir / "etc" / "accounts.json"
        file.write_text(text)
        file.chmod(mode)
        running.start_part("acmeproxy")
        until("it says what is wrong", lambda: words in running.log("acmeproxy").read_text())
        assert Api(running).post("create_authorisation", name="x.example").status == 400
        file.write_text('{"accounts": []}')
        file.chmod(0o600)
        until("it goes on", lambda: "0 accounts are in the store" in running.log("acmeproxy").read_text()[-300:])
