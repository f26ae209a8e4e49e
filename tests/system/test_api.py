"""The HTTPS API, byte for byte as its clients see it."""

import concurrent.futures
import re
import subprocess
import urllib.parse

import pytest
from conftest import FORM, VALUE, Api

ENDPOINTS = ["create_authorisation", "expire_authorisation", "publish_response",
             "expire_response"]


def curl(stack, *arguments):
    run = subprocess.run(["curl", "-sS", "--cacert", str(stack.ca_cert), *arguments],
                         capture_output=True, text=True, timeout=30)
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_the_four_endpoints_with_curl(stack, name):
    """As README shows them."""
    made = curl(stack, "--data", f"name={name}", stack.url + "/create_authorisation")
    found = re.fullmatch(r'\{"result": \{"secret": "([0-9a-f]{32})", "authorisation": "'
                         + re.escape(name) + r'", "suffix_match": false\}\}', made)
    assert found, made
    secret = found[1]
    again = curl(stack, "--data", f"name={name}&secret={secret}",
                 stack.url + "/expire_authorisation")
    found = re.fullmatch(r'\{"result": \{"secret": "([0-9a-f]{32})", "authorisation": "'
                         + re.escape(name) + r'", "suffix_match": false\}\}', again)
    assert found and found[1] != secret, again
    secret = found[1]
    head = f'{{"result": {{"authorisation": "{name}", "suffix_match": false, '
    published = curl(stack, "--data", f"name={name}&response={VALUE}&secret={secret}",
                     stack.url + "/publish_response")
    assert published == head + '"published": true}}'
    expire = ["--data", f"name={name}&secret={secret}", stack.url + "/expire_response"]
    assert curl(stack, *expire) == head + '"expired": true}}'
    assert curl(stack, *expire) == head + '"expired": false}}'


def test_json_does_what_a_form_does(api, dnsq, name):
    secret = api.post_json("create_authorisation", {"name": name, "suffix_match": False})
    assert secret.status == 200 and secret.headers["Cache-Control"] == "no-store"
    secret = secret.result["secret"]
    answer = api.post_json("publish_response",
                           {"name": name, "secret": secret, "response": VALUE, "more": [1]})
    assert answer.text == (f'{{"result": {{"authorisation": "{name}", "suffix_match": false, '
                           '"published": true}}')
    assert dnsq.texts(name) == [VALUE]


@pytest.mark.parametrize("written", ["{}", "{}.", "*.{}", "*.{}."])
def test_spellings_of_a_name(api, name, written):
    odd = written.format(name.upper())
    answer = api.post("create_authorisation", name=odd)
    assert answer.status == 200 and answer.result["authorisation"] == name
    assert api.post("create_authorisation", name=name).status == 409


# Requests with a missing or bad parameter, and the sentence that each gets.
REFUSED = [
    ("create_authorisation", "", "The parameter name is missing"),
    ("create_authorisation", "name", "The parameter name is empty"),
    ("create_authorisation", "name=", "The parameter name is empty"),
    ("create_authorisation", "name=a.example&name=b.example", "The parameter name is given twice"),
    ("create_authorisation", "name=localhost", "The parameter name has fewer than two labels"),
    ("create_authorisation", "name=a..example", "The parameter name is not a domain name"),
    ("create_authorisation", "name=.example.com", "The parameter name is not a domain name"),
    ("create_authorisation", "name=-a.example.com", "The parameter name is not a domain name"),
    ("create_authorisation", "name=a.*.example.com", "The parameter name is not a domain name"),
    ("create_authorisation", "name=" + "a" * 64 + ".example", "The parameter name is not a domain name"),
    ("create_authorisation", "name=192.0.2.1", "The parameter name is an address, not a domain name"),
    ("create_authorisation", "name=" + "a." * 120 + "example",
     "The parameter name is too long for _acme-challenge to go in front of it"),
    ("create_authorisation", "name=" + "a." * 16 + "example", "The parameter name has more than 16 labels"),
    ("create_authorisation", "name=b%C3%BCcher.example",
     "The parameter name is not ASCII: send the A-label (xn--...) of an internationalised name"),
    ("create_authorisation", "name=a.example&suffix_match=maybe",
     "The parameter suffix_match is neither true nor false"),
    ("create_authorisation", "name=%zz", "The body is not a form: a % without two hexadecimal digits"),
    ("expire_authorisation", "name=a.example", "The parameter secret is missing"),
    ("expire_authorisation", "name=a.example&secret=", "The parameter secret is empty"),
    ("publish_response", "name=a.example&secret=x", "The parameter response is missing"),
    ("publish_response", "name=a.example&secret=x&response=", "The parameter response is empty"),
    ("publish_response", "name=a.example&secret=x&response=a.b",
     "The parameter response is not 1 to 255 characters of the base64url alphabet"),
    ("publish_response", "name=a.example&secret=x&response=" + "a" * 256,
     "The parameter response is not 1 to 255 characters of the base64url alphabet"),
    ("expire_response", "secret=x", "The parameter name is missing"),
]


@pytest.mark.parametrize("endpoint,body,sentence", REFUSED)
def test_a_bad_parameter_is_named(api, endpoint, body, sentence):
    answer = api.send("/" + endpoint, body)
    assert (answer.status, answer.error) == (400, sentence)


@pytest.mark.parametrize("body,sentence", [
    ('{"name": "a.example", "name": "b.example"}', "The body is not JSON, or has a member twice"),
    ('{"name": "a.example"', "The body is not JSON, or has a member twice"),
    ('["name"]', "The body is not a JSON object"),
    ('null', "The body is not a JSON object"),
    ('{"name": 5}', "The parameter name is of the wrong type"),
    ('{"name": null}', "The parameter name is missing"),
    ('{"name": ["a.example"]}', "The parameter name is of the wrong type"),
])
def test_bad_json(api, body, sentence):
    answer = api.send("/create_authorisation", body, "application/json")
    assert (answer.status, answer.error) == (400, sentence)


def test_every_odd_octet_in_every_parameter(api, redis, dnsq, name):
    """Raw and percent-encoded: 400, nothing stored, nothing in DNS."""
    secret = api.create(name)
    before = redis("DBSIZE"), redis("HGETALL", f"acmeproxy:authorisation:{name}")
    events = redis("XLEN", "acmeproxy:audit")
    octets = [*range(0x20), ord('"'), ord("\\"), 0x7f, 0x80, 0xc3, 0xff]
    good = {"name": name, "response": VALUE, "secret": secret}
    for parameter in good:
        for octet in octets:
            for encode in (lambda o: bytes([o]), lambda o: b"%%%02x" % o):
                parts = {k: v.encode() for k, v in good.items()}
                parts[parameter] = parts[parameter][:9] + encode(octet) + parts[parameter][9:]
                body = b"&".join(k.encode() + b"=" + v for k, v in parts.items())
                for endpoint in ("publish_response", "expire_response"):
                    answer = api.send("/" + endpoint, body)
                    assert answer.status == 400 and answer.error, (parameter, octet, answer.text)
    for octet in octets:
        answer = api.send("/create_authorisation", b"name=x%%%02xy.example.com" % octet)
        assert answer.status == 400 and answer.error
    assert (redis("DBSIZE"), redis("HGETALL", f"acmeproxy:authorisation:{name}")) == before
    assert redis("XLEN", "acmeproxy:audit") == events
    assert dnsq.texts(name) == []


def test_http_statuses(api, name):
    assert api.send("/nowhere", "name=a.example").error == "There is no such endpoint"
    assert api.send("/nowhere").status == 404
    assert api.send("/", method="GET").status == 404
    for method in ("GET", "PUT", "DELETE", "PATCH"):
        answer = api.send("/publish_response", method=method)
        assert (answer.status, answer.headers["Allow"]) == (405, "POST")
        assert answer.error == "Only POST is allowed"
    for length, status in ((8192, 400), (8193, 413), (60000, 413), (70000, 413), (2000000, 413)):
        answer = api.send("/publish_response", "x" * length)
        assert answer.status == status and answer.error, length
    for content_type in ("text/plain", "multipart/form-data", "application/jsonx", ""):
        answer = api.send("/publish_response", "name=a.example", content_type)
        assert answer.status == 415 and answer.error, content_type
    for content_type in (FORM + "; charset=utf-8", FORM.upper()):
        assert api.send("/create_authorisation", f"name={name}", content_type).status in (200, 409)


def test_a_wrong_secret_and_an_unknown_name_look_the_same(api, name):
    secret = api.create(name)
    for endpoint in ENDPOINTS[1:]:
        for who, what in ((name, "0" * 32), (name, secret[:-1]), (name, secret.upper() + "A"),
                          ("unknown." + name, secret), ("un" + name, secret)):
            answer = api.post(endpoint, name=who, secret=what, response=VALUE)
            assert answer.status == 403 and answer.error == "Invalid authorisation token"


def test_rotation_invalidates_the_old_secret(api, name):
    old = api.create(name)
    new = api.post("expire_authorisation", name=name, secret=old).result["secret"]
    assert api.post("publish_response", name=name, secret=old, response=VALUE).status == 403
    assert api.post("expire_authorisation", name=name, secret=old).status == 403
    api.publish(name, new)


def test_two_hundred_creations_of_one_name(stack, name):
    def create(_):
        return Api(stack).post("create_authorisation", name=name)

    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(create, range(200)))
    assert sorted({a.status for a in answers}) == [200, 409]
    winners = [a for a in answers if a.status == 200]
    assert len(winners) == 1
    Api(stack).publish(name, winners[0].result["secret"])


def test_the_client_address_comes_from_nginx(api, redis, name):
    """Anybody can forge headers."""
    forged = {"X-Forwarded-For": "198.51.100.7", "X-Real-IP": "198.51.100.7",
              "Forwarded": "for=198.51.100.7", "REMOTE_ADDR": "198.51.100.7",
              "Remote-Addr": "198.51.100.7"}
    answer = api.send("/create_authorisation", f"name={name}", headers=forged)
    assert answer.status == 200
    assert redis.hash(f"acmeproxy:authorisation:{name}")["created_by_ip"] == "127.0.0.1"


def test_no_secret_in_any_log(stack, api, name):
    secret = api.create(name)
    api.publish(name, secret)
    api.post("publish_response", name=name, secret=secret + "x", response=VALUE)
    for part in ("acmeproxy", "nginx", "pdns", "redis"):
        assert secret not in stack.log(part).read_text(), part
    assert f"POST /publish_response 200 {name}" in stack.log("acmeproxy").read_text()


def test_a_newline_in_a_response_cannot_forge_an_answer(api, dnsq, name):
    """The attack that worked on another responder, end to end."""
    secret = api.create(name)
    attack = VALUE + '"\nEND\nDATA\t_acme-challenge.victim.example\tIN\tTXT\t1\t1\t"x'
    body = urllib.parse.urlencode({"name": name, "secret": secret, "response": attack})
    assert api.send("/publish_response", body).status == 400
    assert dnsq.texts(name) == []
    assert dnsq.rcode("_acme-challenge.victim.example") == "REFUSED"
