"""Processes that die with us, free ports, and waiting."""

import ctypes
import os
import random
import signal
import socket
import subprocess
import time

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


class StackError(Exception):
    """What failed, with the last lines of the log that explains it."""


class Stopped(Exception):
    """Ctrl-C, SIGTERM or SIGHUP."""


class Signals:
    """From now on Ctrl-C, SIGTERM and SIGHUP only raise a flag.

    An exception from a signal handler could come after something was made and
    before we have noted it; check() is called while we wait.
    """

    def __init__(self):
        self.seen = False
        for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(each, self._on_signal)

    def _on_signal(self, _signo, _frame):
        self.seen = True

    def check(self):
        if self.seen:
            raise Stopped()


def tail(path, n=15):
    """The last lines of a log, indented; '' when there is none."""
    try:
        with open(path, errors="replace") as log:
            return "".join("    " + line for line in log.readlines()[-n:])
    except OSError:
        return ""


def _binds(family, kind, host, port):
    """True if the port is free there, or there is no such address at all."""
    try:
        with socket.socket(family, kind) as probe:
            probe.bind((host, port))
    except OSError as error:
        return "in use" not in str(error)
    return True


def free_port(host="127.0.0.1"):
    """A port that is free for UDP and for TCP, for now.

    It is below the ports that the kernel gives to outgoing connections: one of
    these could take it while a part of the stack restarts.
    """
    with open("/proc/sys/net/ipv4/ip_local_port_range") as limits:
        low = int(limits.read().split()[0])
    for _ in range(1000):
        port = random.randrange(10000, low) if low > 11000 else random.randrange(1024, 10000)
        # "localhost" is ::1 as well: nobody else's server may be there.
        if (_binds(socket.AF_INET, socket.SOCK_STREAM, host, port)
                and _binds(socket.AF_INET, socket.SOCK_DGRAM, host, port)
                and _binds(socket.AF_INET6, socket.SOCK_STREAM, "::1", port)):
            return port
    raise StackError("no free port")


def wait_until(what, check, process=None, seconds=15, interrupt=lambda: None):
    """Poll check() until it is true; fail when its process dies or time is up."""
    end = time.monotonic() + seconds
    while not check():
        interrupt()
        log = tail(process.log) if process else ""
        if process and process.poll() is not None:
            raise StackError(f"{process.name} stopped ({process.how()}):\n{log}")
        if time.monotonic() > end:
            raise StackError(f"{what}: not after {seconds} s\n{log}")
        time.sleep(0.02)


def _group(pgid):
    """The living processes of a group, except its leader."""
    pids = []
    for entry in os.listdir("/proc"):
        if not entry.isdigit() or int(entry) == pgid:
            continue
        try:
            with open(f"/proc/{entry}/stat") as stat:
                state, _, group = stat.read().rsplit(")", 1)[1].split()[:3]
        except (OSError, IndexError):
            continue
        if int(group) == pgid and state != "Z":
            pids.append(int(entry))
    return pids


class Process:
    """A child in the background with a log; it gets SIGTERM if we are killed.

    Linux sends that SIGTERM when the thread that called start() ends: call it
    from the main thread.
    """

    def __init__(self, name, argv, log, env=None, cwd=None):
        self.name, self.argv, self.log, self.env, self.cwd = name, argv, log, env, cwd
        self.child = None
        self.wanted_dead = False  # by stop() or kill()

    def start(self):
        parent = os.getpid()

        def die_with_parent():
            _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != parent:
                os._exit(1)

        with open(self.log, "ab") as log:
            try:
                self.child = subprocess.Popen(
                    [str(a) for a in self.argv], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                    env=self.env, cwd=self.cwd, preexec_fn=die_with_parent,
                    start_new_session=True)
            except OSError as error:
                raise StackError(f"{self.name}: {error}") from error
        return self

    @property
    def pid(self):
        return self.child.pid

    def poll(self):
        """The exit status, negative for a signal; None while it runs.

        The child is not reaped: no other process can get its pid before
        kill() is done with its group.
        """
        if self.child is None:
            return -1
        if self.child.returncode is not None:
            return self.child.returncode
        try:
            end = os.waitid(os.P_PID, self.child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return self.child.poll()
        if end is None:
            return None
        return end.si_status if end.si_code == os.CLD_EXITED else -end.si_status

    def how(self):
        """How it ended, in words."""
        status = self.poll()
        return f"status {status}" if status >= 0 else f"signal {-status}"

    def send(self, signo):
        if self.poll() is None:
            self.child.send_signal(signo)

    def _wait(self, gone, seconds):
        end = time.monotonic() + seconds
        while not gone() and time.monotonic() < end:
            time.sleep(0.01)

    def stop(self, signo=signal.SIGTERM, seconds=10):
        """Send a signal, wait, and then kill(); returns the exit status."""
        if self.child is None:
            return None
        self.wanted_dead = True
        self.send(signo)
        self.send(signal.SIGCONT)
        self._wait(lambda: self.poll() is not None, seconds)
        if self.poll() is not None and self.child.returncode is None:
            # Its children see the end of their input: let them exit by themselves.
            self._wait(lambda: not _group(self.child.pid), 2)
        return self.kill()

    def kill(self):
        """Send SIGKILL to it and to what it started; returns the exit status."""
        if self.child is None:
            return None
        self.wanted_dead = True
        if self.child.returncode is None:
            os.killpg(self.child.pid, signal.SIGKILL)
            self._wait(lambda: not _group(self.child.pid), 5)
        return self.child.wait()
