"""Back-up, new passwords, an upgrade."""

import shutil

from .api import Stream
from .build import PREVIOUS
from .first import NAME, client, packages
from .readme import Readme
from .report import expect, expect_in
from .scenarios import scenario
from .server import Server

BACKUP = "/root/acmeproxy-backup.tar.gz"
ADMIN = "/etc/acmeproxy/redis-admin.password"
REDIS = (f'export REDISCLI_AUTH=$(cat {ADMIN})\n'
         'redis() { redis-cli -s /run/acmeproxy/redis.sock --user admin "$@"; }\n')


@scenario(client)
def backup(world):
    """README, "Back-up and restore"."""
    step, server = world.report.step, world.first
    save, restore = Readme("Deployment").below("Back-up and restore")
    with step("a back-up, while responses are published"):
        before = server.state()
        with Stream(server.api, NAME, server.secrets[NAME]) as stream:
            server.reader.type(save)
        expect(stream.refused(), [], "answers")
    with step("restored on a fresh machine"):
        machine = world.machine("restored")
        machine.boot()
        world.bring(machine, "new", "*.deb")
        shutil.copy(server.machine.path(BACKUP), machine.path("/root"))
        other = Server(machine, "192.0.2.91")
        other.reader.type(Readme("Deployment").below("From packages")[0])
        other.reader.type(restore)
        other.expect_well()
    with step("all is there, and old secrets work"):
        other.expect_kept(before)
        other.secrets = server.secrets
        other.wait_until_it_works("restored")
    world.discard(machine)


@scenario(client)
def passwords(world):
    """README, "New Redis passwords"."""
    step, server, machine = world.report.step, world.first, world.first.machine
    with step("while responses are published"):
        old = machine.path(ADMIN).read_text().strip()
        with Stream(server.api, NAME, server.secrets[NAME]) as stream:
            for block in Readme("Deployment").below("New Redis passwords"):
                server.reader.type(block)
            # It must work without any further command.
            server.wait_until_it_works("new passwords")
    world.report.say(f"        {len(stream.answers)} answers, {len(stream.refused())} not 200, "
                     f"{stream.longest_wait():.1f} s without a 200")
    with step("the old ones are dead, and all is well"):
        expect_in("WRONGPASS", machine.run(
            f"REDISCLI_AUTH={old} redis-cli -s /run/acmeproxy/redis.sock --user admin ping").output,
            "the old password")
        server.expect_well()
        server.publish_and_ask(NAME)
        machine.must(REDIS + "redis ping | grep PONG")


# Makes the store one of schema 1, with all counts in one hash.
AS_SCHEMA_1 = REDIS + """
redis --scan --pattern 'acmeproxy:below:*' | while read -r key; do redis del "$key"; done
count() { redis hincrby acmeproxy:parents "$1" 1; }
redis zrange acmeproxy:authorisations 0 -1 | while read -r name; do
    own=acmeproxy:authorisation:$name
    secret=$(redis hkeys "$own" | grep '^secret:')
    redis hset "$own" secret_hash "${secret#secret:}"
    redis hdel "$own" "$secret"
    above=${name#*.}
    count "$above"
    while :; do
        count ".$above"
        case $above in *.*) above=${above#*.} ;; *) break ;; esac
    done
done
redis hset acmeproxy:store schema 1
"""


@scenario(packages)
def upgrade(world):
    """README, "Upgrade"."""
    step = world.report.step
    install = Readme("Deployment").below("From packages")[0]
    (again,) = Readme("Deployment").below("Upgrade")
    names = ("a.example.com", "b.example.com", "x.y.example.com", "example.org")
    with step("the previous version is installed and used"):
        machine = world.machine("old")
        machine.boot()
        for version in ("previous", "new"):
            machine.must(f"mkdir /root/{version}")
            world.bring(machine, version, "*.deb", f"/root/{version}")
        server = Server(machine, "192.0.2.90", "/root/previous")
        server.reader.type(install)
        server.edit(soa_contact="dns.example.net")
        machine.must("systemctl reload acmeproxy")
        for name in names:
            server.create(name)
            server.publish_and_ask(name)
        kept = server.settings_text()
        passwords_before = machine.must("cat /etc/acmeproxy/redis-*.password")
        before = server.state()
    with step("a store of schema 1 is migrated"):
        machine.must("systemctl stop acmeproxy.socket acmeproxy")
        machine.must(AS_SCHEMA_1)
        server.reader.directory = "/root/new"
        server.reader.type(again)
        expect_in("schema 4", machine.must(REDIS + "redis hgetall acmeproxy:store").replace(
            "schema\n4", "schema 4"), "the store")
        server.wait_until_it_works("upgraded")
        server.expect_well()
    with step("settings and data stay; what nobody changed follows the new version"):
        expect(server.settings_text(), kept, "acmeproxy.json")
        expect(machine.must("cat /etc/acmeproxy/redis-*.password"), passwords_before, "passwords")
        server.expect_kept(before)
        for name in names:
            server.publish_and_ask(name)
        for _, now, then in PREVIOUS[1:]:
            text = machine.path("/etc/acmeproxy/redis.conf").read_text()
            expect((now in text, then in text), (True, False), "redis.conf is the new one")
    with step("to another version and back while responses are published"):
        with Stream(server.api, names[0], server.secrets[names[0]]) as stream:
            machine.must("apt-get install --allow-downgrades /root/previous/acmeproxy*.deb")
            server.reader.type(again)
        world.report.say(f"        {len(stream.answers)} answers, {len(stream.refused())} not 200, "
                         f"{stream.longest_wait():.1f} s without a 200")
        expect(stream.refused(), [], "answers")
        server.expect_well()
        server.publish_and_ask(names[0])
    world.discard(machine)
