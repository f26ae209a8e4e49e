"""Secrets are wiped once they are used: none is in the memory of the program afterwards."""

import json
import re
import time
import urllib.parse

from conftest import VALUE, Api, acmeproxy, create_by_command
from dialects import basic_auth
from stack.stack import Stack

ZONE = {"zone": {"name": "auth.example.org"}, "registration": "account"}


def memory(pid):
    """All that a process can write to, as one string of octets."""
    text = b""
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb") as mem:
        for line in maps:
            found = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw", line)
            if not found:
                continue
            start, end = (int(n, 16) for n in found.groups())
            mem.seek(start)
            try:
                text += mem.read(end - start)
            except OSError:
                pass
    return text


class Watched:
    """An API whose program's memory is searched after each request for the secrets that it had."""

    def __init__(self, stack):
        self.api, self.pid, self.found = Api(stack), stack.processes["acmeproxy"].pid, set()

    def send(self, what, secret, *request, **more):
        answer = self.api.send(*request, **more)
        sent = more.get("headers", {}).get("Authorization", "Basic -").split()[1]
        secrets = [secret, sent] + re.findall(r'"(?:secret|password)": ?"([^"]+)"', answer.text)
        for _ in range(20):  # it may still be at work
            text = memory(self.pid)
            assert b"acmeproxy:" in text, "it is the memory"
            left = [each for each in secrets if each != "-" and each.encode() in text]
            if not left:
                return answer
            time.sleep(0.02)
        self.found.add(what)
        return answer

    def post(self, what, secret, endpoint, **parameters):
        form = urllib.parse.urlencode({**parameters, "secret": secret})
        self.send(f"{what}, form", secret, "/" + endpoint, form)
        return self.send(f"{what}, JSON", secret, "/" + endpoint,
                         json.dumps({**parameters, "secret": secret}), "application/json")


def test_no_secret_stays_in_memory(tmp_path):
    with Stack(tmp_path, settings={**ZONE, "workers": 1}) as stack:
        watched = Watched(stack)
        account = re.search(r"\b[0-9a-f]{32}\b", acmeproxy(stack, "createaccount", "ops"))[0]
        secret, wrong = create_by_command(stack, "a.example.com"), "f00dfeed" * 4
        watched.post("create", account, "create_authorisation", name="b.example.com")
        for what, each in (("right", secret), ("wrong", wrong)):
            watched.post(f"publish, {what}", each, "publish_response", name="a.example.com", response=VALUE)
            watched.post(f"bad response, {what}", each, "publish_response", name="a.example.com", response="-!")
            watched.post(f"expire, {what}", each, "expire_response", name="a.example.com")
            body = json.dumps({"fqdn": "_acme-challenge.a.example.com.", "value": VALUE})
            watched.send(f"present, {what}", each, "/present", body, "application/json",
                         headers=basic_auth("a.example.com", each))
            watched.send(f"nowhere, {what}", each, f"/nowhere/{each}", body, "application/json",
                         headers={"X-Api-Key": each})
        watched.post("rotate", secret, "expire_authorisation", name="a.example.com")
        who = watched.send("register by path", account, f"/account/{account}/register", b"", None).json
        watched.send("register", account, "/register", b"", None, headers=basic_auth("ops", account))
        watched.send("update", who["password"], "/update",
                     json.dumps({"subdomain": who["subdomain"], "txt": VALUE}), "application/json",
                     headers={"X-Api-User": who["username"], "X-Api-Key": who["password"]})
        assert watched.found == set()
