"""The administrator's list, and what the audit log costs."""

import re
import socket
import subprocess
import threading
import time
from pathlib import Path

from stack.process import StackError

from .tools import N_AUTHORISATIONS, SECONDS, Interrupt


class Pinger(threading.Thread):
    """Another client of Redis, which notes how long it waited for a PONG at most."""

    def __init__(self, stack):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(stack.redis_socket))
        password = stack.redis_password_file("admin").read_bytes().strip()
        self.socket.sendall(b"AUTH admin %s\r\n" % password)
        self.socket.recv(64)
        self.stopped, self.longest_ms = False, 0.0

    def run(self):
        while not self.stopped:
            start = time.monotonic()
            self.socket.sendall(b"PING\r\n")
            self.socket.recv(64)
            self.longest_ms = max(self.longest_ms, (time.monotonic() - start) * 1000)
            time.sleep(0.0005)

    def stop(self):
        self.stopped = True
        self.join()
        self.socket.close()
        return self.longest_ms


def list_all(stack, *arguments):
    """What a list of all authorisations takes; pause_ms is the longest of another client."""
    pinger = Pinger(stack)
    pinger.start()
    start = time.monotonic()
    child = subprocess.Popen([str(stack.build / "acmeproxy"), "listauthorisations", "--config",
                              str(stack.config), *arguments], stdout=subprocess.PIPE)
    n, peak_kib = 0, 0
    try:
        for chunk in iter(lambda: child.stdout.read(1 << 20), b""):
            Interrupt.check()
            n += chunk.count(b"\n")
            # Not getrusage(): that would include our own size before exec().
            status = Path(f"/proc/{child.pid}/status").read_text()
            peak_kib = max([peak_kib, *map(int, re.findall(r"VmHWM:\s+(\d+)", status))])
    finally:
        child.stdout.close()  # which ends it, if there is more
        status = child.wait()
    if status != 0:
        raise StackError("listauthorisations failed")
    return {"lines": n, "seconds": time.monotonic() - start, "peak_mib": peak_kib / 1024,
            "pause_ms": pinger.stop()}


def bench_list(stack, results):
    """stack has N_AUTHORISATIONS."""
    idle = Pinger(stack)
    idle.start()
    time.sleep(SECONDS)
    idle_ms = idle.stop()
    results.lists(idle_ms, {
        f"{N_AUTHORISATIONS:,}, --tsv": list_all(stack, "--tsv"),
        f"{N_AUTHORISATIONS:,}, --json": list_all(stack, "--json"),
        f"{N_AUTHORISATIONS:,}, as a table": list_all(stack)})


def bench_audit(stack, results):
    """Bytes of Redis's memory per event."""
    n, used = (int(stack.redis_cli(*words)) for words in (
        ("XLEN", "acmeproxy:audit"), ("MEMORY", "USAGE", "acmeproxy:audit", "SAMPLES", "0")))
    results.audit(n, used)
