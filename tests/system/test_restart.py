"""After a restart, Redis with our configuration still has all that the API answered 200 to."""

import json
import signal

import pytest
from conftest import VALUE, Api, Dns, Redis, acmeproxy, until, value

LABEL = "_ujmmovf2vn55tgye"
RECORD = "ca.example; accounturi=https://ca.example/acct/123"


def rewrite(stack):
    redis = Redis(stack)
    assert "started" in redis("BGREWRITEAOF")
    until("the file is rewritten", lambda: "aof_rewrite_in_progress:0" in redis("INFO", "persistence"))
    assert "aof_last_bgrewrite_status:ok" in redis("INFO", "persistence")


@pytest.mark.parametrize("rewritten", [False, True], ids=["", "rewritten"])
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL], ids=["SIGTERM", "SIGKILL"])
def test_nothing_is_lost_in_a_restart(start_stack, how, rewritten):
    stack = start_stack(settings={"persistent_records": True}, accounts={"accounts": []})
    api, dnsq, redis = Api(stack), Dns(stack), Redis(stack)
    account = acmeproxy(stack, "createaccount", "operations").split(": ")[1].split()[0]
    stack.signal_part("acmeproxy", signal.SIGHUP)
    until("it knows the account", lambda: api.post(
        "create_authorisation", name="a.example.com", secret=account).status == 200)
    old = api.create("secure.example.com", secret=account)
    secret = api.post("expire_authorisation", name="secure.example.com",
                      secret=old).result["secret"]
    api.publish("secure.example.com", secret)
    api.publish("secure.example.com", secret, value(2))
    answer = api.post("publish_response", name="secure.example.com", secret=secret,
                      response=value(3), label=LABEL)
    assert answer.status == 200
    assert api.post("publish_persistent_record", name="secure.example.com", secret=secret,
                    record=RECORD).status == 200
    acmeproxy(stack, "createauthorisation", "gone.example.com")
    acmeproxy(stack, "deleteauthorisation", "gone.example.com")
    if rewritten:
        rewrite(stack)
    names = acmeproxy(stack, "listauthorisations", "--json")
    events = redis("--json", "XRANGE", "acmeproxy:audit", "-", "+")
    assert len(json.loads(events)) >= 9

    for _ in range(2):  # twice, since what is loaded must also be written again
        stack.stop_part("redis", how)
        stack.start_part("redis")
        if rewritten:
            rewrite(stack)
        assert "NOPERM" not in stack.log("redis").read_text()
        assert acmeproxy(stack, "listauthorisations", "--json") == names
        assert redis("--json", "XRANGE", "acmeproxy:audit", "-", "+") == events
        assert redis("EXISTS", "acmeproxy:authorisation:gone.example.com") == "0"
        until("DNS is back", lambda: dnsq.rcode("_acme-challenge.secure.example.com") == "NOERROR")
        assert dnsq.texts("secure.example.com") == sorted([VALUE, value(2)])
        assert value(3) in str(dnsq.ask(f"{LABEL}._acme-challenge.secure.example.com").answer)
        assert RECORD in str(dnsq.ask("_validation-persist.secure.example.com").answer)
    until("the API is back", lambda: api.post(
        "publish_response", name="secure.example.com", secret=secret, response=VALUE).status == 200)
    assert api.post("expire_response", name="secure.example.com", secret=old).status == 403
    assert api.post("create_authorisation", name="secure.example.com", secret=account).status == 409
