"""What a scenario has: machines on an internet with an ACME server, and a report."""

from .internet import Internet
from .machine import Machine
from .network import RESOLVER, Network

# README's machines, and a few more: name, IPv4 and IPv6 address.
MACHINES = {
    "ns1": ("acmeproxy.example.net", "192.0.2.53", "2001:db8::53"),
    "ns2": ("ns2.acmeproxy.example.net", "192.0.2.54", "2001:db8::54"),
    "client": ("secure.example.com", "192.0.2.80", "2001:db8::80"),
    "old": ("old.example.net", "192.0.2.90", "2001:db8::90"),
    "restored": ("restored.example.net", "192.0.2.91", "2001:db8::91"),
    "probe": ("probe.example.net", "192.0.2.99", "2001:db8::99"),
}


class World:
    """Make it after leave_network()."""

    def __init__(self, roots, report, directory, packages):
        self.roots, self.report, self.dir = roots, report, directory
        self.packages = packages  # their folders, as build() returns them
        self.log = directory / "log"
        self.network = Network()
        self.internet = Internet(directory / "internet", self.log)

    def machine(self, name, address_of=None):
        """A fresh machine, not yet booted; address_of: a machine whose addresses it gets."""
        fqdn, ipv4, ipv6 = MACHINES[address_of or name]
        root = self.roots.layer(name)
        machine = Machine(name, root, self.network.plug(name, ipv4, ipv6), self.log / name)
        machine.prepare(fqdn, ipv4, RESOLVER)
        self.report.machines[name] = machine
        return machine

    def trust_the_ca(self, machine):
        """Make certbot use this internet's ACME server, and everything trust it."""
        for name, certificate in self.internet.roots().items():
            machine.write(f"/usr/local/share/ca-certificates/{name}", certificate)
        machine.must("update-ca-certificates")
        # Not /etc/letsencrypt/cli.ini, which belongs to certbot's package.
        machine.path("/root/.config/letsencrypt").mkdir(parents=True, exist_ok=True)
        machine.write("/root/.config/letsencrypt/cli.ini",
                      f"server = {self.internet.directory_url}\nnon-interactive = true\n"
                      "agree-tos = true\nregister-unsafely-without-email = true\n")

    def bring(self, machine, version, names, directory="/root"):
        """Copy the packages of a version whose file names match to a machine."""
        for deb in self.packages[version].glob(names):
            machine.put(deb, directory)

    def discard(self, machine):
        """Remove a machine that nobody needs any more, and free its addresses."""
        if machine.process and machine.process.poll() is None:
            machine.poweroff()
        self.network.unplug(machine.name)
        del self.report.machines[machine.name]
        self.roots.remove(machine.name)
