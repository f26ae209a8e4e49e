"""The network: a switch, which is the internet, and a network namespace for each machine.

The process that made the switch has the addresses of the internet's own servers;
it can reach all machines, and they can reach it.  Machines have README's addresses.
"""

import subprocess

from stack.process import StackError

SWITCH = "internet"
# Addresses of what is no machine; for the servers see internet.py.
GATEWAY = ("192.0.2.1", "2001:db8::1")
PARENT, RESOLVER, CA = "198.51.100.53", "198.51.100.1", "198.51.100.14"


def ip(*words):
    run = subprocess.run(["ip", *words], capture_output=True, text=True)
    if run.returncode != 0:
        raise StackError(f"ip {' '.join(words)}: {run.stderr.strip()}")


class Network:
    """Call leave_network() first."""

    def __init__(self):
        self.ports = {}
        ip("link", "add", SWITCH, "type", "bridge")
        ip("link", "set", SWITCH, "up")
        ip("addr", "add", f"{GATEWAY[0]}/24", "dev", SWITCH)
        ip("-6", "addr", "add", f"{GATEWAY[1]}/64", "dev", SWITCH, "nodad")
        for address in (PARENT, RESOLVER, CA):
            ip("addr", "add", f"{address}/32", "dev", SWITCH)

    def plug(self, name, ipv4, ipv6):
        """Connect a machine; returns the path of its network namespace."""
        port = f"port-{name}"
        ip("netns", "add", name)
        # The next machine with the address gets this one too, since neighbours remember it.
        mac = ":".join(f"{int(octet):02x}" for octet in ("2", "0", *ipv4.split(".")))
        ip("link", "add", port, "type", "veth", "peer", "name", "eth0", "address", mac,
           "netns", name)
        ip("link", "set", port, "master", SWITCH, "up")
        inside = ("-n", name)
        ip(*inside, "link", "set", "lo", "up")
        ip(*inside, "link", "set", "eth0", "up")
        ip(*inside, "addr", "add", f"{ipv4}/24", "dev", "eth0")
        ip(*inside, "-6", "addr", "add", f"{ipv6}/64", "dev", "eth0", "nodad")
        ip(*inside, "route", "add", "default", "via", GATEWAY[0])
        ip(*inside, "-6", "route", "add", "default", "via", GATEWAY[1])
        self.ports[name] = port
        return f"/run/netns/{name}"

    def unplug(self, name):
        """Disconnect a machine; another may have its addresses."""
        ip("netns", "del", name)
        del self.ports[name]

    def _isolate(self, names, how):
        # Isolated ports reach the switch, and not each other.
        for name in names:
            ip("link", "set", self.ports[name], "type", "bridge_slave", "isolated", how)

    def cut(self, one, other):
        """Drop whatever goes between these two, without telling either."""
        self._isolate((one, other), "on")

    def mend(self, one, other):
        self._isolate((one, other), "off")
