"""What happens to each unit when it stops, dies, or has wrong settings."""

from stack.process import wait_until

from .first import NAME, client, packages, renew
from .readme import Readme
from .report import expect, expect_in
from .scenarios import scenario
from .server import SETTINGS

UNITS = ("acmeproxy", "acmeproxy-redis", "pdns", "nginx")
CHALLENGE = f"_acme-challenge.{NAME}"


def is_active(machine, unit):
    return machine.run(f"systemctl is-active {unit}").output.strip() == "active"


def kill(machine, units, times=1):
    """kill -9 the main process of each unit as soon as it has one, this many times."""
    machine.must(f"""die() {{
    n={times}
    while [ $n -gt 0 ]; do
        pid=$(systemctl show -P MainPID "$1")
        if [ "$pid" != 0 ] && kill -9 "$pid"; then n=$((n - 1)); else sleep 0.1; fi
    done
}}
for unit in {" ".join(units)}; do die $unit & done
wait""")


@scenario(client)
def reboot(world):
    """A reboot of the server."""
    step, server = world.report.step, world.first
    before = server.state()
    with step("all is there, and a publication is in DNS at once"):
        for command, rows in before.items():
            expect(bool(rows), True, f"{command} has something to lose")
        server.machine.reboot()
        server.publish_and_ask(NAME)
        server.expect_kept(before)
        server.expect_well()
    with step("the client machine renews its certificate"):
        renew(world)


@scenario(client)
def deaths(world):
    """Each unit is restarted, and killed."""
    step, server, machine = world.report.step, world.first, world.first.machine
    before = server.state()
    for unit in UNITS:
        with step(f"systemctl restart {unit}"):
            machine.must(f"systemctl restart {unit}")
            server.wait_until_it_works(f"{unit} restarted")
    for unit in UNITS:
        with step(f"kill -9 of {unit}"):
            kill(machine, [unit])
            server.wait_until_it_works(f"{unit} killed")
            wait_until(f"{unit} is back", lambda: is_active(machine, unit), seconds=30)
    with step("ten kills of each, as soon as it is back"):
        kill(machine, UNITS, 10)
        server.wait_until_it_works("ten kills")
        server.expect_well()
    with step("nothing is lost"):
        server.expect_kept(before)


@scenario(packages)
def disk(world):
    """The disk of Redis gets full."""
    step, server, machine = world.report.step, world.first, world.first.machine
    data, kept = "/var/lib/acmeproxy", "/root/kept"
    before = server.state()
    redis = "systemctl {} acmeproxy-redis"

    def publish():
        return server.api.publish(NAME, server.secrets[NAME])[0].status

    with step("Redis has a small disk"):
        machine.must(f"set -e\n{redis.format('stop')}\nmv {data} {kept}\nmkdir -m 0700 {data}\n"
                     f"mount -t tmpfs -o size=64m,mode=0700 tmpfs {data}\ncp -a {kept}/. {data}\n"
                     f"chown acmeproxy-redis: {data}\n{redis.format('start')}")
        server.wait_until_it_works("a small disk")
    with step("full: the API says 503, DNS answers, Redis does not die of it again and again"):
        machine.must(f"! dd if=/dev/zero of={data}/filler bs=4k 2>/dev/null")
        wait_until("503", lambda: publish() == 503, seconds=30)
        wait_until("Redis only reads", lambda: "has no room" in machine.journal("acmeproxy-redis"),
                   seconds=30)
        wait_until("DNS answers", lambda: server.texts(NAME) != "SERVFAIL", seconds=30)
        restarts = machine.must("systemctl show -P NRestarts acmeproxy-redis")
        for _ in range(20):
            expect(publish(), 503, "publish_response")
            expect(server.texts(NAME) != "SERVFAIL", True, "DNS answers")
        expect(machine.must("systemctl show -P NRestarts acmeproxy-redis"), restarts, "restarts")
    with step("there is room again: all recovers by itself, and nothing is lost"):
        machine.must(f"rm {data}/filler")
        server.wait_until_it_works("there is room")
        server.expect_kept(before)
        machine.must(f"set -e\n{redis.format('stop')}\numount {data}\nrmdir {data}\n"
                     f"mv {kept} {data}\n{redis.format('start')}")
        server.wait_until_it_works("its own disk")


@scenario(packages)
def settings(world):
    """The API's settings are wrong, or Redis is down."""
    step, server, machine = world.report.step, world.first, world.first.machine
    good = server.settings_text()
    wrong = good.replace('"soa_contact"', '"workers": 0,\n  "soa_contact"')
    line = wrong[:wrong.index('"workers"')].count("\n") + 1
    with step("a restart with wrong settings fails and says why, and works once they are mended"):
        server.write_settings(wrong)
        expect(machine.run("systemctl restart acmeproxy").status != 0, True, "restart fails")
        expect_in(f"{SETTINGS}:{line}: workers: ", machine.run("systemctl status acmeproxy").output,
                  "systemctl status")
        server.write_settings(good)
        server.wait_until_it_works("settings mended")
        machine.must("systemctl restart acmeproxy")
    with step("a reload with wrong settings fails, and the old ones stay in force"):
        server.write_settings(wrong)
        expect(machine.run("systemctl reload acmeproxy").status != 0, True, "reload fails")
        expect(is_active(machine, "acmeproxy"), True, "acmeproxy is active")
        expect(server.api.publish(NAME, server.secrets[NAME])[0].status, 200, "publish_response")
        server.write_settings(good)
        machine.must("systemctl reload acmeproxy")
    with step("a reload right after a restart, 20 times"):
        machine.must("for i in $(seq 20); do\n"
                     "systemctl restart acmeproxy && systemctl reload acmeproxy || exit\n"
                     "pid=$(systemctl show -P MainPID acmeproxy); kill -0 $pid || exit\n"
                     "[ $i -gt 1 ] || first=$(systemctl show -P NRestarts acmeproxy)\ndone\n"
                     "sleep 1.5; systemctl is-active acmeproxy\n"
                     "[ $(systemctl show -P MainPID acmeproxy) = $pid ]\n"
                     "[ $(systemctl show -P NRestarts acmeproxy) = $first ]")
        server.publish_and_ask(NAME)
    with step("without Redis the API starts and says 503, and works once Redis is up"):
        machine.must("systemctl stop acmeproxy && systemctl mask --runtime --now acmeproxy-redis\n"
                     "systemctl start acmeproxy")
        answer, _ = server.api.publish(NAME, server.secrets[NAME])
        expect(answer.status, 503, str(answer))
        expect(server.texts(NAME), "SERVFAIL", "TXT")
        machine.must("systemctl unmask --runtime acmeproxy-redis && systemctl start acmeproxy-redis")
        server.wait_until_it_works("Redis is back")
    with step("nobody but root can replace the API's socket"):
        before = machine.must("stat -c '%U:%G %a %i' /run/acmeproxy-fcgi.sock; "
                              "stat -c '%U %a' /run")
        expect_in("root:www-data 660 ", before, "the socket")
        for user in ("acmeproxy-redis", "acmeproxy", "pdns"):
            for command in ("rm -f /run/acmeproxy-fcgi.sock",
                            "mv /run/acmeproxy-fcgi.sock /run/elsewhere",
                            "ln -sfn /tmp /run/acmeproxy-fcgi.sock"):
                expect(machine.run(f"runuser -u {user} -- {command}").status != 0, True,
                       f"{user} fails at {command}")
        expect(machine.must("stat -c '%U:%G %a %i' /run/acmeproxy-fcgi.sock; "
                            "stat -c '%U %a' /run"), before, "the socket")


@scenario(packages)
def pdns(world):
    """PowerDNS starts whatever is wrong with us."""
    step, server, machine = world.report.step, world.first, world.first.machine
    good = server.settings_text()
    away = f"{SETTINGS}.away"
    cases = {"there is a mistake in the settings": (f"echo '{{' >{SETTINGS}", "true"),
             "there are no settings": (f"mv {SETTINGS} {away}", f"mv {away} {SETTINGS}"),
             "the password cannot be read": (
                 "chmod 0600 /etc/acmeproxy/redis-pipe.password",
                 "chmod 0640 /etc/acmeproxy/redis-pipe.password")}
    for what, (spoil, mend) in cases.items():
        with step(f"{what}: SERVFAIL, and an answer once it is mended"):
            machine.must(f"{spoil} && systemctl restart pdns && systemctl is-active pdns")
            expect(server.texts(NAME), "SERVFAIL", "TXT")
            machine.must(mend)
            server.write_settings(good)
            server.wait_until_it_works("settings mended")
            expect(machine.must("systemctl show -P NRestarts pdns").strip(), "0", "restarts")
    with step('README, "Listening on port 53"'):
        for block in Readme("Deployment").below("Listening on port 53"):
            server.reader.type(block)
        server.publish_and_ask(NAME)

