"""A machine with acmeproxy on it, as its administrator and its clients use it."""

import json
import re
import time

from stack.process import StackError, wait_until

from .api import FastCgi
from .internet import texts
from .readme import Reader
from .report import expect, expect_in

SETTINGS = "/etc/acmeproxy/acmeproxy.json"
SOCKET = "run/acmeproxy-fcgi.sock"
SECRET = re.compile(r"secret, which is not shown again: (\w+)")
# What must survive everything; last_used_at changes with every use.
LISTS = ("listauthorisations", "listaccounts", "listpersistentrecords", "listresponses")


def secret_in(output):
    """The secret that a command has shown."""
    found = SECRET.search(output)
    if not found:
        raise StackError(f"no secret in\n{output}")
    return found[1]


class Server:
    """api is its API: by FastCGI until a scenario has HTTPS."""

    def __init__(self, machine, address, directory="/root"):
        self.machine, self.address = machine, address
        self.reader = Reader(machine, directory)
        self.api = FastCgi(lambda: f"/proc/{machine.init}/root/{SOCKET}")
        self.secrets = {}  # of the authorisations, by name

    # -- settings

    def settings_text(self):
        return self.machine.path(SETTINGS).read_text()

    def write_settings(self, text):
        self.machine.write(SETTINGS, text)

    def edit(self, **members):
        """Change members of the settings, as an administrator's editor does."""
        settings = json.loads(self.settings_text())
        settings.update(members)
        self.write_settings(json.dumps(settings, indent=2) + "\n")
        # The pipe backend looks at its settings once a second.
        time.sleep(1.1)

    # -- the store

    def create(self, name):
        self.secrets[name] = secret_in(self.machine.must(f"acmeproxy createauthorisation {name}"))

    def list(self, command):
        """The rows of a list, without last_used_at; a list may be empty."""
        result = self.machine.run(f"acmeproxy {command} --json")
        if result.status != 0 and "acmeproxy: " in result.output:
            raise StackError(f"{self.machine.name}: {command}:\n{result.output}")
        rows = [json.loads(line) for line in result.output.splitlines() if line.startswith("{")]
        return [{k: v for k, v in row.items() if k != "last_used_at"} for row in rows]

    def state(self):
        """All that must not be lost."""
        return {command: self.list(command) for command in LISTS}

    def expect_kept(self, before):
        """What was there before is still there; there may be more."""
        now = self.state()
        for command, rows in before.items():
            lost = [row for row in rows if row not in now[command]]
            if lost:
                raise StackError(f"{command} does not have any more: {lost[:5]}")

    # -- as clients see it

    def texts(self, name, seconds=5):
        return texts(self.address, f"_acme-challenge.{name}", seconds)

    def publish(self, name):
        """Publish a new response by the API, which has to say 200; returns the response."""
        answer, response = self.api.publish(name, self.secrets[name])
        if answer.status != 200:
            raise StackError(f"publish_response {name}: {answer}")
        return response

    def publish_and_ask(self, name):
        """Publish a response; the first question after the 200 gets it."""
        response = self.publish(name)
        expect_in(response, self.texts(name), f"TXT of {name}")

    def works(self, name):
        """True if a response is published and in DNS; does not wait for either."""
        answer, response = self.api.publish(name, self.secrets[name])
        return answer.status == 200 and response in self.texts(name, seconds=0.5)

    def wait_until_it_works(self, what, seconds=30):
        name = next(iter(self.secrets))
        wait_until(f"{what}: it works", lambda: self.works(name), seconds=seconds)

    def expect_well(self):
        """No unit has failed, and checkconfig finds nothing."""
        expect(self.machine.must("systemctl --failed --plain --no-legend"), "", "failed units")
        self.machine.must("acmeproxy checkconfig")
