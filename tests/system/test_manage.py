"""The commands that change an authorisation, checkconfig, and how any command fails."""

import json
import re
import subprocess

import pytest
from conftest import VALUE, Api, Dns, Redis, acmeproxy, create_by_command


def test_deleteauthorisation(start_stack):
    stack = start_stack()
    api, dnsq, redis = Api(stack), Dns(stack), Redis(stack)
    secret = api.create("test.example.org")
    api.publish("test.example.org", secret)
    assert acmeproxy(stack, "deleteauthorisation", "Test.Example.org") == (
        'Successfully deleted authorisation "test.example.org"\n')
    assert redis("KEYS", "*test.example.org*") == "acmeproxy:deleted:test.example.org"
    assert redis("ZSCORE", "acmeproxy:authorisations", "test.example.org") == ""
    assert dnsq.ask("_acme-challenge.test.example.org").answer == []
    assert api.post("publish_response", name="test.example.org", secret=secret,
                    response=VALUE).status == 403
    assert acmeproxy(stack, "deleteauthorisation", "test.example.org", status=1) == (
        'Authorisation "test.example.org" does not exist\n')
    event = redis.audit("test.example.org")[-1]
    assert (event["event"], event["via"], event["ip"]) == ("deleted", "command", "")
    create_by_command(stack, "test.example.org")


def test_createauthorisation_and_rotateauthorisation(start_stack):
    stack = start_stack()
    api = Api(stack)
    made = json.loads(acmeproxy(stack, "createauthorisation", "a.example.com", "--json"))
    assert made["authorisation"] == "a.example.com" and made["suffix_match"] is False
    api.publish("a.example.com", made["secret"])
    assert acmeproxy(stack, "createauthorisation", "a.example.com", status=1) == (
        'Authorisation "a.example.com" exists already\n')
    out = acmeproxy(stack, "rotateauthorisation", "a.example.com")
    fresh = re.search(r"\b[0-9a-f]{32}\b", out)[0]
    assert api.post("publish_response", name="a.example.com", secret=made["secret"],
                    response=VALUE).status == 403
    api.publish("a.example.com", fresh)
    assert acmeproxy(stack, "rotateauthorisation", "b.example.com", status=1) == (
        'Authorisation "b.example.com" does not exist\n')
    api.publish("x.wide.example", create_by_command(stack, "wide.example", "--suffix-match"))
    assert 'account "x" does not exist' in acmeproxy(
        stack, "createauthorisation", "c.example.com", "--account", "x", status=1)


@pytest.mark.parametrize("arguments", [
    ["listresponses", "--start", "yesterday"], ["listresponses", "--start", "2016-13-01"],
    ["listresponses", "--end", "2016-02-30"], ["listresponses", "--start", "2016-02-03T25:00:00Z"],
    ["listresponses", "extra"], ["listauthorisations", "--start", "2016-01-01"],
    ["deleteauthorisation"], ["deleteauthorisation", "a.example", "b.example"],
    ["deleteauthorisation", "not a name"], ["createaccount"], ["listauthorisations", "--nonsense"],
    ["listauthorisations", "--under", "a..b"]])
def test_bad_usage_exits_with_2(stack, arguments):
    assert acmeproxy(stack, *arguments, status=2)


def test_checkconfig_of_files_alone(start_stack):
    """systemd runs this before a reload, which must not depend on Redis."""
    stack = start_stack()
    stack.stop_part("redis")
    assert acmeproxy(stack, "checkconfig", "--files") == f"{stack.config}: good\n"
    stack.start_part("redis")
    stack.write_config({**stack.settings, "workers": 0})
    errors = acmeproxy(stack, "checkconfig", "--files", status=1)
    assert f"{stack.config}:" in errors and "workers: " in errors
    stack.write_config(stack.settings)


@pytest.mark.parametrize("arguments", [
    ["listauthorisations"], ["listresponses"], ["deleteauthorisation", "a.example"],
    ["createauthorisation", "a.example"], ["rotateauthorisation", "a.example"], ["checkconfig"]])
def test_every_command_says_that_redis_is_down(start_stack, arguments):
    stack = start_stack()
    stack.stop_part("redis")
    assert (f"redis: connect: {stack.redis_socket}: No such file or directory"
            in acmeproxy(stack, *arguments, status=3))
    stack.start_part("redis")


def test_checkconfig(stack, tmp_path):
    out = acmeproxy(stack, "checkconfig")
    assert out.startswith(f"{stack.config}: good\n")
    assert f"redis: {stack.redis_socket} as acmeproxy: it answers" in out
    assert f"redis_read: {stack.redis_socket} as acmeproxy-pipe: it answers" in out
    assert "response_life_s: 300" in out and 'creation: "open"' in out
    bad = tmp_path / "bad.json"
    bad.write_text(json.dumps({**stack.settings, "workers": 0}))
    run = subprocess.run([str(stack.build / "acmeproxy"), "checkconfig", "--config", str(bad)],
                         capture_output=True, text=True)
    assert run.returncode == 1 and "workers: must be between 1 and 256" in run.stderr
