"""Network namespaces, which end with the test: the kernel removes one when its last process ends."""

import contextlib
import ctypes
import os
import subprocess

from stack.process import Process, wait_until

CLONE_NEWNET = 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


@contextlib.contextmanager
def _namespace(path):
    """A descriptor of a namespace."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield fd
    finally:
        os.close(fd)


def _setns(fd):
    """Enter a namespace, with this thread only."""
    if _libc.setns(fd, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


class Namespace:
    """A network of its own with a loopback.  prefix goes in front of a command that is to run in it."""

    def __init__(self, log):
        self.keeper = Process("namespace", ["unshare", "--net", "sleep", "infinity"], log).start()
        self.path = f"/proc/{self.keeper.pid}/ns/net"
        wait_until("a network namespace", lambda: os.readlink(self.path) != os.readlink("/proc/self/ns/net"),
                   self.keeper)
        self.prefix = ["nsenter", f"--net={self.path}"]
        self.run("ip", "link", "set", "lo", "up")

    def run(self, *words, text=None):
        """Run a command in it; returns its output."""
        run = subprocess.run([*self.prefix, *words], input=text, capture_output=True, text=True, timeout=60)
        assert run.returncode == 0, (words, run)
        return run.stdout

    @contextlib.contextmanager
    def entered(self):
        """Sockets that this thread makes meanwhile are in the namespace, and stay there."""
        with _namespace("/proc/thread-self/ns/net") as before, _namespace(self.path) as ours:
            _setns(ours)
            try:
                yield
            finally:
                _setns(before)

    def plug(self, other):
        """Connect both by a cable."""
        self.run("ip", "link", "add", "eth0", "type", "veth", "peer", "name", "eth0",
                 "netns", str(other.keeper.pid))
        for each in (self, other):
            each.run("ip", "link", "set", "eth0", "up")

    def address(self, *addresses):
        """Add addresses ("192.0.2.1/24") to the cable's end."""
        for each in addresses:
            self.run("ip", "addr", "replace", each, "dev", "eth0", *(["nodad"] if ":" in each else []))

    def close(self):
        self.keeper.kill()
