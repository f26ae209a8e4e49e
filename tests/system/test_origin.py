"""Requests that a page of another web site makes a browser send."""

import json
import subprocess

import pytest
from conftest import VALUE
from dialects import ZONE
from stack.stack import Stack

EVIL = "https://evil.example"
FOREIGN = {
    "a form's post, by a browser of today": {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate",
                                            "Sec-Fetch-Dest": "document", "Origin": EVIL},
    "the same from a sandbox": {"Sec-Fetch-Site": "cross-site", "Origin": "null"},
    "from another host of our domain": {"Sec-Fetch-Site": "same-site", "Origin": "https://www.localhost"},
    "by a browser without Sec-Fetch-Site": {"Origin": EVIL},
    "by one that hides where it comes from": {"Origin": "null"},
    "from another port": {"Origin": "https://localhost:1"},
    "only Sec-Fetch-Site": {"Sec-Fetch-Site": "cross-site"}}
ENDPOINTS = ["/create_authorisation", "/expire_authorisation", "/publish_response", "/expire_response",
             "/publish_persistent_record", "/expire_persistent_record", "/present", "/a/cleanup",
             "/register", "/account/x/register", "/update"]


@pytest.fixture(scope="module")
def stack(tmp_path_factory):
    """Accounts are off, and anybody may register."""
    with Stack(tmp_path_factory.mktemp("stack"), settings={
            "zone": ZONE, "registration": "open", "persistent_records": True}) as running:
        yield running


def curl(stack, path, headers, *arguments):
    """The status and the body of an answer."""
    options = [word for header in headers.items() for word in ("-H", ": ".join(header))]
    run = subprocess.run(["curl", "-sS", "--cacert", stack.ca_cert, "-w", "\n%{http_code}", *options,
                          *arguments, stack.url + path], capture_output=True, text=True, timeout=30)
    assert run.returncode == 0, run.stderr
    body, status = run.stdout.rsplit("\n", 1)
    return int(status), body


@pytest.mark.parametrize("headers", FOREIGN.values(), ids=FOREIGN)
def test_a_page_of_another_site_changes_nothing(stack, redis, headers):
    before = redis("DBSIZE"), redis("XLEN", "acmeproxy:audit")
    for path in ENDPOINTS:
        status, body = curl(stack, path, headers, "--data", f"name=victim.example.com&response={VALUE}&secret=x")
        error = ("foreign_origin" if path.endswith(("/register", "/update"))
                 else "Requests from pages of other web sites are not permitted")
        assert (status, json.loads(body)["error"]) == (403, error), path
    assert (redis("DBSIZE"), redis("XLEN", "acmeproxy:audit")) == before


@pytest.mark.parametrize("headers", [
    {}, {"Sec-Fetch-Site": "none"}, {"Sec-Fetch-Site": "same-origin", "Origin": "https://localhost:PORT"},
    {"Origin": "https://LOCALHOST:PORT"}])
def test_our_own_pages_and_clients_that_are_no_browsers(stack, name, headers):
    headers = {key: text.replace("PORT", str(stack.https_port)) for key, text in headers.items()}
    assert curl(stack, "/create_authorisation", headers, "--data", f"name={name}")[0] == 200
    assert curl(stack, "/register", headers, "--data", "")[0] == 201


def test_what_changes_nothing_may_be_asked_from_anywhere(stack):
    assert curl(stack, "/health", {"Sec-Fetch-Site": "cross-site", "Origin": EVIL})[0] == 200
