"""The APIs of other responders, with the requests of their clients."""

import base64
import hashlib
import json
import re

import pytest
from conftest import VALUE, Api, Dns, Redis, acmeproxy, create_by_command, value
from dialects import KEY_AUTH, KEY_AUTH_VALUE, ZONE, basic_auth
from stack.acme import Pebble, lego, verify
from stack.stack import Stack

UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
FLEET, ANY = "5" * 32, "6" * 32
ACCOUNTS = {"accounts": [
    {"name": "fleet", "secret_hash": hashlib.blake2b(FLEET.encode(), digest_size=32).hexdigest(),
     "permit": ["fleet.example.com", ".fleet.example.com"]},
    {"name": "any", "secret_hash": hashlib.blake2b(ANY.encode(), digest_size=32).hexdigest()}]}


def start(tmp_path_factory, name, **settings):
    return Stack(tmp_path_factory.mktemp(name), settings={"zone": ZONE, **settings}, accounts=ACCOUNTS)


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    with start(tmp_path_factory, "open", registration="open") as running:
        yield running


@pytest.fixture(scope="module")
def closed(tmp_path_factory):
    with start(tmp_path_factory, "account", registration="account") as running:
        yield running


@pytest.fixture
def oapi(opened):
    return Api(opened)


@pytest.fixture
def odns(opened):
    return Dns(opened)


# -- httpreq and acmeproxy

def present(api, body, user=None, password=None, path="/present", content_type="application/json"):
    headers = basic_auth(user, password) if user is not None else {}
    return api.send(path, json.dumps(body), content_type, headers=headers)


@pytest.mark.parametrize("prefix", ["", "/acme", "/a/b"])
@pytest.mark.parametrize("fqdn", ["_acme-challenge.h{}.example.com.", "_acme-challenge.H{}.Example.com",
                                  "h{}.example.com.auth.example.org."])
def test_present_and_cleanup(opened, oapi, odns, prefix, fqdn):
    """Caddy compares the echo, and acme.sh looks for the value in it."""
    tag = len(prefix)
    fqdn, name = fqdn.format(tag), f"h{tag}.example.com"
    if Redis(opened)("EXISTS", f"acmeproxy:authorisation:{name}") == "1":
        acmeproxy(opened, "deleteauthorisation", name)
    secret = create_by_command(opened, name)
    for each in (VALUE, value(2)):
        answer = present(oapi, {"fqdn": fqdn, "value": each}, name, secret, prefix + "/present")
        assert (answer.status, answer.json) == (200, {"fqdn": fqdn, "value": each})
        assert answer.headers["Content-Type"] == "application/json"
    assert odns.texts(name) == sorted([VALUE, value(2)])
    for _ in range(2):  # removing an absent value succeeds
        answer = present(oapi, {"fqdn": fqdn, "value": VALUE}, name, secret, prefix + "/cleanup")
        assert (answer.status, answer.json) == (200, {"fqdn": fqdn, "value": VALUE})
        assert odns.texts(name) == [value(2)], "the others stay"
    present(oapi, {"fqdn": fqdn, "value": value(2)}, name, secret, prefix + "/cleanup")
    assert {e["via"] for e in Redis(opened).audit(name) if e["event"] == "published"} == {"httpreq"}


def test_raw_mode(opened, oapi, odns):
    secret = create_by_command(opened, "raw.example.com")
    want = KEY_AUTH_VALUE
    body = {"domain": "raw.example.com", "token": "token", "keyAuth": KEY_AUTH}
    answer = present(oapi, body, "raw.example.com", secret)
    assert (answer.status, answer.json) == (200, {"domain": "raw.example.com", "value": want})
    assert odns.texts("raw.example.com") == [want]
    assert present(oapi, body, "raw.example.com", secret, "/cleanup").status == 200
    assert odns.texts("raw.example.com") == []


def test_acme_sh_sends_no_useful_content_type(opened, oapi, odns):
    secret = create_by_command(opened, "acmesh.example.com")
    body = '{"fqdn": "_acme-challenge.acmesh.example.com.", "value": "%s"}' % VALUE
    answer = oapi.send("/present", body, "application/x-www-form-urlencoded",
                       headers=basic_auth("acmesh.example.com", secret))
    assert f'"{VALUE}"' in answer.text and odns.texts("acmesh.example.com") == [VALUE]
    denied = oapi.send("/present", body, "application/x-www-form-urlencoded",
                       headers=basic_auth("acmesh.example.com", secret + "x"))
    assert f'"{VALUE}"' not in denied.text, "acme.sh ignores the status"


def test_an_account_takes_no_name_of_the_zone(opened, oapi):
    """It may have any name, but its fqdn must not make an authorisation of `com`."""
    for fqdn, status in (("com.auth.example.org.", 400), ("x.auth.example.org.auth.example.org.", 403),
                         ("_acme-challenge.auth.example.org.", 403), ("_acme-challenge.com.", 400)):
        answer = present(oapi, {"fqdn": fqdn, "value": VALUE}, "any", ANY)
        assert answer.status == status, (fqdn, answer.text)
    names = Redis(opened)("ZRANGE", "acmeproxy:authorisations", 0, -1).splitlines()
    assert not {"com", "auth.example.org", "x.auth.example.org"} & set(names)


@pytest.mark.parametrize("user,password", [
    (None, None), ("cred.example.com", "wrong"), ("other.example.com", "SECRET"), ("", "SECRET"),
    ("cred.example.com", ""), ("fleet", "SECRET"), ("example", "SECRET"), ("not a name", "SECRET")])
def test_bad_credentials(opened, oapi, user, password):
    if Redis(opened)("EXISTS", "acmeproxy:authorisation:cred.example.com") == "1":
        acmeproxy(opened, "deleteauthorisation", "cred.example.com")
    secret = create_by_command(opened, "cred.example.com")
    for path in ("/present", "/cleanup"):
        answer = present(oapi, {"fqdn": "_acme-challenge.cred.example.com.", "value": VALUE}, user,
                         password and password.replace("SECRET", secret), path)
        assert (answer.status, answer.error) == (401, "Invalid user or password")
        assert answer.headers["WWW-Authenticate"] == 'Basic realm="acmeproxy"'


@pytest.mark.parametrize("header", ["", "Basic", "Basic !!!", "Basic " + base64.b64encode(b"x").decode(),
                                    "Bearer x", "Basic " + base64.b64encode(b"a\0b:c").decode(),
                                    "Basic " + "QUFB" * 400])
def test_odd_authorization_headers(oapi, header):
    answer = oapi.send("/present", json.dumps({"fqdn": "_acme-challenge.a.example.com.", "value": VALUE}),
                       headers={"Authorization": header})
    assert answer.status == 401 and answer.error


@pytest.mark.parametrize("body,sentence", [
    ("", "The body is not a JSON object"), ("null", "The body is not a JSON object"),
    ("{", "The body is not a JSON object"), ("{}", "The parameter fqdn is missing"),
    ({"fqdn": 5, "value": VALUE}, "The parameter fqdn is missing"),
    ({"fqdn": "a..b", "value": VALUE}, "The parameter fqdn is not a domain name"),
    ({"fqdn": "_acme-challenge.com.", "value": VALUE}, "The parameter fqdn has too few labels"),
    ({"fqdn": "_acme-challenge." + "a." * 16 + "example.", "value": VALUE}, "The parameter fqdn has too many labels"),
    ({"fqdn": "a.example.com.", "value": VALUE},
     "The parameter fqdn neither begins with _acme-challenge nor is in the zone"),
    ({"fqdn": "auth.example.org.", "value": VALUE},
     "The parameter fqdn neither begins with _acme-challenge nor is in the zone"),
    ({"fqdn": "_acme-challenge.a.example.com."},
     "The parameter value is not 1 to 255 characters of the base64url alphabet"),
    ({"fqdn": "_acme-challenge.a.example.com.", "value": 'x"\n'},
     "The parameter value is not 1 to 255 characters of the base64url alphabet"),
    ({"domain": "a b", "keyAuth": "x"}, "The parameter domain is not a domain name"),
    ({"domain": "a.example.com", "keyAuth": ""}, "The parameter keyAuth is missing")])
def test_bad_bodies(oapi, body, sentence):
    text = body if isinstance(body, str) else json.dumps(body)
    answer = oapi.send("/present", text, headers=basic_auth("a.example.com", "x"))
    assert (answer.status, answer.error) == (400, sentence)


def test_one_secret_for_a_fleet(opened, oapi, odns):
    """An account's secret is enough for all names that it permits, and creates their authorisations."""
    name = "web1.fleet.example.com"
    assert odns.rcode("_acme-challenge." + name) == "REFUSED"
    body = {"fqdn": f"_acme-challenge.{name}.", "value": VALUE}
    assert present(oapi, body, "fleet", FLEET).status == 200
    assert odns.texts(name) == [VALUE]
    assert Redis(opened).hash(f"acmeproxy:authorisation:{name}")["account"] == "fleet"
    assert present(oapi, {**body, "value": value(1)}, "fleet", FLEET).status == 200
    assert present(oapi, body, "fleet", FLEET, "/cleanup").status == 200
    assert odns.texts(name) == [value(1)]
    assert [(e["event"], e["account"], e["via"]) for e in Redis(opened).audit(name)] == [
        ("created", "fleet", "httpreq"), ("published", "fleet", "httpreq"),
        ("published", "fleet", "httpreq"), ("expired", "fleet", "httpreq")]
    for other in ("evilfleet.example.com", "example.com", "a.example.net"):
        answer = present(oapi, {"fqdn": f"_acme-challenge.{other}.", "value": VALUE}, "fleet", FLEET)
        assert answer.status == 403 and Redis(opened)("EXISTS", f"acmeproxy:authorisation:{other}") == "0"
        assert "permit" in Redis(opened).reasons(other)
    assert present(oapi, body, "fleet", FLEET + "x").status == 401
    assert present(oapi, body, "other", FLEET).status == 401


def test_an_account_label_in_the_fqdn(opened, oapi, odns):
    secret = create_by_command(opened, "label.example.com")
    fqdn = "_ujmmovf2vn55tgye._acme-challenge.label.example.com."
    answer = present(oapi, {"fqdn": fqdn, "value": VALUE}, "label.example.com", secret)
    assert answer.json == {"fqdn": fqdn, "value": VALUE}
    assert odns.txt_at(fqdn) == [VALUE] and odns.texts("label.example.com") == []
    assert present(oapi, {"fqdn": fqdn, "value": VALUE}, "label.example.com", secret, "/cleanup").status == 200
    assert odns.rcode(fqdn) == "NXDOMAIN"
    in_zone = "_ujmmovf2vn55tgye.label.example.com.auth.example.org."
    assert present(oapi, {"fqdn": in_zone, "value": VALUE}, "label.example.com", secret).status == 200
    assert odns.txt_at(in_zone) == odns.txt_at(fqdn) == [VALUE]
    assert odns.txt_at("label.example.com.auth.example.org") == []


def test_a_suffix_match_with_its_own_name_as_user(opened, oapi, odns):
    secret = create_by_command(opened, "wide.example", "--suffix-match")
    body = {"fqdn": "_acme-challenge.deep.down.wide.example.", "value": VALUE}
    assert present(oapi, body, "wide.example", secret).status == 200
    assert odns.texts("deep.down.wide.example") == [VALUE]


@pytest.mark.parametrize("mode", ["", "RAW", "exec"])
def test_lego_gets_a_certificate(opened, mode):
    name = f"lego{mode.lower()}.example.com"
    secret = create_by_command(opened, name)
    with Pebble(opened) as pebble:
        cert, chain = lego(pebble, [name, "*." + name], mode, name, secret)
        assert verify(pebble.root(), chain, cert) == "OK"
    events = [e["event"] for e in Redis(opened).audit(name)]
    assert events.count("published") == 2 and events.count("expired") == 2


# -- acme-dns

def register(api, body=b"", content_type=None, path="/register", headers=None):
    return api.send(path, body, content_type, headers=headers)


def update(api, who, text=VALUE, **changes):
    headers = {"X-Api-User": changes.get("user", who["username"]),
               "X-Api-Key": changes.get("key", who["password"])}
    body = json.dumps({"subdomain": changes.get("subdomain", who["subdomain"]), "txt": text})
    return api.send("/update", changes.get("body", body),
                    changes.get("content_type", "application/x-www-form-urlencoded"),
                    headers={**headers, **changes.get("headers", {})})


@pytest.mark.parametrize("body,content_type,allowfrom", [
    (b"", None, []), (b"", "application/json", []), (b"{}", "application/json", []),
    (b"null", "application/json", []), (b'{"AllowFrom": null, "x": 1}', "text/plain", []),
    (b'{"allowfrom": ["192.0.2.0/24", "2001:db8::/32"]}', None, ["192.0.2.0/24", "2001:db8::/32"]),
    (b'{"ALLOWFROM": ["[2001:db8::1]/64", "192.0.2.7/24"]}', None, ["2001:db8::1/64", "192.0.2.7/24"])])
def test_register(opened, oapi, odns, body, content_type, allowfrom):
    answer = register(oapi, body, content_type)
    assert answer.status == 201 and "\n" not in answer.text
    assert list(answer.json) == ["username", "password", "fulldomain", "subdomain", "allowfrom"]
    who = answer.json
    assert re.fullmatch(UUID, who["username"]) and re.fullmatch(UUID, who["subdomain"])
    assert re.fullmatch("[A-Za-z0-9_-]{40}", who["password"])
    assert who["fulldomain"] == who["subdomain"] + ".auth.example.org"
    assert who["allowfrom"] == allowfrom
    assert odns.txt_at(who["fulldomain"]) == []
    assert who["subdomain"] in acmeproxy(opened, "listauthorisations", "--tsv")
    assert who["password"] not in opened.log("acmeproxy").read_text()


@pytest.mark.parametrize("body,error", [
    (b"{", "malformed_json_payload"), (b"[]", "malformed_json_payload"),
    (b'{"allowfrom": "192.0.2.0/24"}', "malformed_json_payload"),
    (b'{"allowfrom": ["192.0.2.1"]}', "invalid_allowfrom_cidr"),
    (b'{"allowfrom": ["192.0.2.0/33"]}', "invalid_allowfrom_cidr"),
    (b'{"allowfrom": ["2001:db8::/129"]}', "invalid_allowfrom_cidr"),
    (b'{"allowfrom": ["x/8"]}', "invalid_allowfrom_cidr"), (b'{"allowfrom": [5]}', "invalid_allowfrom_cidr"),
    (b'{"allowfrom": ["192.0.2.0/-1"]}', "invalid_allowfrom_cidr"),
    (b'{"allowfrom": ["192.0.2.0/24 0.0.0.0/0"]}', "invalid_allowfrom_cidr")])
def test_a_bad_registration(oapi, body, error):
    answer = register(oapi, body)
    assert (answer.status, answer.json) == (400, {"error": error})


def test_update(opened, oapi, odns):
    who = register(oapi).json
    for n in range(3):
        answer = update(oapi, who, value(n))
        assert (answer.status, answer.text) == (200, f'{{"txt": "{value(n)}"}}')
    assert odns.txt_at(who["fulldomain"]) == [value(0), value(1), value(2)]
    assert 300 < int(Redis(opened)("TTL", f"acmeproxy:response:{who['subdomain']}")) <= 3600
    row = [json.loads(line) for line in acmeproxy(opened, "listauthorisations", "--json").splitlines()
           if who["subdomain"] in line][0]
    assert row["last_used_at"] is not None
    assert [(e["event"], e["via"]) for e in Redis(opened).audit(who["subdomain"])] == [
        ("created", "acme-dns")] + [("published", "acme-dns")] * 3
    assert update(oapi, who, content_type=None).status == 200
    assert update(oapi, who, body=json.dumps({"SubDomain": who["subdomain"], "TXT": VALUE})).status == 200


def test_an_update_with_bad_credentials(oapi, odns):
    who, other = register(oapi).json, register(oapi).json
    cases = [dict(key="x" * 40), dict(key=""), dict(user=""), dict(user="not-a-uuid"),
             dict(user="00000000-0000-4000-8000-000000000000"), dict(subdomain=other["subdomain"]),
             dict(user=other["username"]), dict(subdomain=""), dict(body="{"), dict(body="null"),
             dict(body=""), dict(key=who["password"][:-1]), dict(user="*", subdomain="*"),
             dict(key=other["password"])]
    for changes in cases:
        answer = update(oapi, who, **changes)
        assert (answer.status, answer.json) == (401, {"error": "forbidden"}), changes
    assert odns.txt_at(who["fulldomain"]) == odns.txt_at(other["fulldomain"]) == []


@pytest.mark.parametrize("bad", ["", "x", "x" * 42, "x" * 44, "x" * 42 + '"', "x" * 42 + "\n", "é" * 43])
def test_a_bad_txt(oapi, odns, bad):
    who = register(oapi).json
    answer = update(oapi, who, bad)
    assert (answer.status, answer.json) == (400, {"error": "bad_txt"})
    assert update(oapi, who, bad, key="x" * 40).status == 401, "credentials are checked first"
    assert odns.txt_at(who["fulldomain"]) == []


def test_an_account_label_in_an_update(oapi, odns):
    """Our own extension: a label of dns-account-01, below the registration's name."""
    who = register(oapi).json
    body = {"subdomain": who["subdomain"], "txt": VALUE, "label": "_ujmmovf2vn55tgye"}
    assert update(oapi, who, body=json.dumps(body)).json == {"txt": VALUE}
    assert odns.txt_at("_ujmmovf2vn55tgye." + who["fulldomain"]) == [VALUE]
    assert odns.txt_at(who["fulldomain"]) == []
    assert odns.rcode("_aaaaaaaaaaaaaaaa." + who["fulldomain"]) == "NXDOMAIN"
    answer = update(oapi, who, body=json.dumps({**body, "label": "x"}))
    assert (answer.status, answer.json) == (400, {"error": "bad_label"})


def test_headers_do_not_get_around_allowfrom(opened, oapi, odns):
    """Our tests come from 127.0.0.1, whatever their headers say."""
    good = register(oapi, b'{"allowfrom": ["198.51.100.0/24", "127.0.0.0/8"]}').json
    bad = register(oapi, b'{"allowfrom": ["198.51.100.0/24", "2001:db8::/32", "::1/128"]}').json
    assert update(oapi, good).status == 200
    for headers in ({}, {"X-Forwarded-For": "198.51.100.1"}, {"X-Real-IP": "198.51.100.1"},
                    {"Forwarded": "for=198.51.100.1"}, {"Remote-Addr": "198.51.100.1"}):
        answer = update(oapi, bad, headers=headers)
        assert (answer.status, answer.json) == (401, {"error": "forbidden"})
    # Another dialect does not help either.
    answer = present(oapi, {"fqdn": bad["fulldomain"] + ".", "value": VALUE}, bad["subdomain"], bad["password"])
    assert answer.status == 401
    assert odns.txt_at(bad["fulldomain"]) == []
    assert Redis(opened).reasons(bad["subdomain"]) == {"address"}


def test_health(opened, oapi, start_stack):
    assert oapi.send("/health", method="GET").status == 200
    assert oapi.send("/health").status == 405
    stack = start_stack()
    stack.stop_part("redis")
    assert Api(stack).send("/health", method="GET").status == 503


def test_a_rotated_registration(opened, oapi, odns):
    who = register(oapi).json
    fresh = json.loads(acmeproxy(opened, "rotateauthorisation", who["subdomain"], "--json"))["secret"]
    assert update(oapi, who).status == 401
    assert update(oapi, who, key=fresh).status == 200
    acmeproxy(opened, "deleteauthorisation", who["subdomain"])
    assert update(oapi, who, key=fresh).status == 401


def test_registration_by_account(closed):
    api = Api(closed)
    for headers in ({}, basic_auth("fleet", "wrong"), basic_auth("other", FLEET)):
        answer = register(api, headers=headers)
        assert (answer.status, answer.json) == (401, {"error": "forbidden"})
    assert register(api, path="/account/wrong/register").status == 401
    for answer in (register(api, headers=basic_auth("fleet", FLEET)),
                   register(api, path=f"/account/{FLEET}/register")):
        assert answer.status == 201
        assert Redis(closed).hash(f"acmeproxy:authorisation:{answer.json['subdomain']}")["account"] == "fleet"
        assert update(api, answer.json).status == 200
    assert FLEET not in closed.log("acmeproxy").read_text()


def test_registration_closed(api):
    answer = register(api)
    assert answer.status == 404 and "error" in answer.json


def left_in(redis, name):
    """The last audit entry's `via`, and what a publication left in the store, without times."""
    key, event = f"acmeproxy:response:{name}", redis.audit(name)[-1]
    return event.pop("via"), (
        sorted(redis("KEYS", f"acmeproxy:*{name}*").splitlines()), redis("TYPE", key),
        redis("ZRANGE", key, 0, -1), sorted(redis.hash(f"acmeproxy:authorisation:{name}")),
        round(int(redis("PTTL", key)) / 10000), event)


def test_the_store_is_the_same_whatever_the_dialect(opened, oapi):
    """Except for the audit entry's `via`; first of an authorisation, then of a registration."""
    redis, name = Redis(opened), "same.example.com"
    secret = create_by_command(opened, name)
    who = register(oapi).json
    label, password = who["subdomain"], who["password"]
    fqdn = {name: f"_acme-challenge.{name}.", label: who["fulldomain"] + "."}
    for each, known, ways in (
            (name, secret, {"api": lambda: oapi.publish(name, secret),
                            "httpreq": lambda: present(oapi, {"fqdn": fqdn[name], "value": VALUE}, name, secret)}),
            (label, password, {"acme-dns": lambda: update(oapi, who),
                               "httpreq": lambda: present(oapi, {"fqdn": fqdn[label], "value": VALUE}, label,
                                                          password)})):
        seen = []
        for via, publish in ways.items():
            publish()
            found, left = left_in(redis, each)
            assert found == via
            seen.append(left)
            present(oapi, {"fqdn": fqdn[each], "value": VALUE}, each, known, "/cleanup")
            assert redis("EXISTS", f"acmeproxy:response:{each}") == "0"
        assert seen[0] == seen[1]
