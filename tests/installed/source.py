"""README, "From source": the other way to install."""

from .build import copy_tree
from .first import NAME, internet
from .leaving import left, units, users
from .readme import Readme
from .report import expect, expect_in
from .scenarios import scenario
from .server import Server, secret_in

STAMP = "/root/stamp"
TREE = "/root/source"


@scenario(internet)
def source(world):
    """README, "From source"."""
    step, deployment = world.report.step, Readme("Deployment")
    build, users_and_settings, start, powerdns = deployment.below("From source")
    with step("a machine starts, where systemd-resolved has port 53 of an address"):
        machine = world.machine("source", "ns1")
        machine.boot()
        machine.must("apt-get install systemd-resolved")
        machine.must("mkdir -p /etc/systemd/resolved.conf.d\n"
                     "printf '[Resolve]\\nDNS=198.51.100.1\\n' >/etc/systemd/resolved.conf.d/dns.conf\n"
                     "systemctl restart systemd-resolved")
        copy_tree(machine.path(TREE))
        machine.must(f"touch {STAMP}")
        server = Server(machine, "192.0.2.53", TREE)
    with step("built and installed"):
        server.reader.type(build)
        server.reader.type(users_and_settings)
    with step("settings are edited; Redis, its store and the API start"):
        server.edit(soa_contact="dns.example.net", creation="account")
        account, = Readme("Accounts").blocks
        expect_in("dns.example.net", server.reader.type(start), "checkconfig")
        secret_in(server.reader.type(account))
    with step("PowerDNS answers once it has been told its addresses"):
        local_address, status = deployment.below("Listening on port 53")
        expect(machine.run("systemctl restart pdns").status != 0, True, "port 53 is taken")
        server.reader.type(local_address)
        expect_in("status: REFUSED", server.reader.type(powerdns), "nobody is authorised")
        server.reader.type(status)
        server.create(NAME)
        server.publish_and_ask(NAME)
        server.expect_well()
    with step("everything is there after a reboot"):
        before = server.state()
        machine.reboot()
        server.publish_and_ask(NAME)
        server.expect_kept(before)
        server.expect_well()
    with step('README, "Uninstall": nothing is left'):
        server.reader.directory = TREE
        server.reader.type(deployment.below("Uninstall")[1])
        expect(units(machine), "", "units")
        expect(users(machine), [], "users and groups")
        expect(left(machine, STAMP), [], "what is left")
    world.discard(machine)
