"""The audit log leaves the store: README, "Sending the audit log on"."""

import json

from stack.process import wait_until

from .first import NAME, packages
from .readme import Readme
from .report import expect
from .scenarios import scenario
from .units import kill
from .upkeep import REDIS

UNIT = "acmeproxy-audit"
# More than journald takes of a unit in half a minute, unless the unit says otherwise: with much
# room on the disk that is six times its RateLimitBurst, 10,000.
FLOOD = 90000


def in_journal(machine):
    """The ids of our events in the journal, oldest first."""
    return machine.must("journalctl --no-pager -q -t acmeproxy-audit -o cat "
                        "--output-fields=ACMEPROXY_ID").split()


def in_log(machine):
    return machine.must("acmeproxy listaudit --json | cut -d '\"' -f 4").split()


def wait_for_all(machine):
    # Others may still write: compare with what the log had before the journal was read.
    def has_all():
        known = in_log(machine)
        return not set(known) - set(in_journal(machine))
    wait_until("the journal has all", has_all, seconds=60)


def flood(machine, n):
    machine.must(REDIS + f"for i in $(seq {n}); do\n"
                 "echo XADD acmeproxy:audit '*' event flooded name a.example value $i\n"
                 "done | redis | tail -n 1")


@scenario(packages)
def audit(world):
    """README, "Sending the audit log on"."""
    step, server, machine = world.report.step, world.first, world.first.machine
    start = Readme("Operations").below("Sending the audit log on")[0]
    with step("the unit is there, and off until README's command"):
        expect(machine.run(f"systemctl is-enabled {UNIT}").output.strip(), "disabled", UNIT)
        server.reader.type(start)
    with step("the journal has what was there before, and what comes"):
        response = server.publish(NAME)
        wait_for_all(machine)
        entry = json.loads(machine.must(
            f"journalctl --no-pager -q -t acmeproxy-audit -o json ACMEPROXY_VALUE={response}"))
        (row,) = [each for each in server.list("listaudit") if each.get("value") == response]
        for field in ("id", "event", "name", "ip", "via"):
            expect(entry[f"ACMEPROXY_{field.upper()}"], row[field], field)
        expect(entry["_SYSTEMD_UNIT"], f"{UNIT}.service", "the unit")
        expect(entry["MESSAGE"].startswith(f"published {NAME} "), True, entry["MESSAGE"])
        expect(in_journal(machine), in_log(machine), "events")
    with step(f"a flood of {FLOOD} events gets there, through kills and restarts"):
        before = len(in_journal(machine))
        flood(machine, FLOOD // 3)
        kill(machine, [UNIT])
        flood(machine, FLOOD // 3)
        machine.must("systemctl restart acmeproxy-redis")
        flood(machine, FLOOD - 2 * (FLOOD // 3))
        kill(machine, ["acmeproxy-redis"])
        server.wait_until_it_works("Redis killed")
        wait_for_all(machine)
        found = in_journal(machine)
        expect(sorted(set(found)), sorted(in_log(machine)), "events")
        expect(len(found) - len(set(found)) <= 1, True, "one is repeated at most")
        expect(len(found) - before >= FLOOD, True, "how many")
    with step("a restart sends nothing twice"):
        machine.must(f"systemctl restart {UNIT}")
        response = server.publish(NAME)
        wait_for_all(machine)
        expect(len(in_journal(machine)) - len(found), len(in_log(machine)) - len(set(found)), "new")
    with step("its user can read no other password and no account"):
        for file in ("redis-app.password", "redis-admin.password", "accounts.json"):
            expect(machine.run(f"runuser -u {UNIT} -- cat /etc/acmeproxy/{file}").status != 0, True,
                   file)
        server.expect_well()
    world.report.say("        " + machine.must(
        f"systemd-analyze security --no-pager {UNIT} | tail -n 1").strip())
