"""Processes that die with us, and ports that are free."""

import ctypes
import os
import signal
import socket
import subprocess
import time

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


class StackError(Exception):
    """What failed, with the last lines of the log that explains it."""


def tail(path, n=15):
    """The last lines of a log, indented; '' when there is none."""
    try:
        with open(path, errors="replace") as log:
            return "".join("    " + line for line in log.readlines()[-n:])
    except OSError:
        return ""


def free_port(host="127.0.0.1"):
    """A port that is free for UDP and for TCP, for now."""
    for _ in range(100):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp:
            tcp.bind((host, 0))
            port = tcp.getsockname()[1]
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
                try:
                    udp.bind((host, port))
                except OSError:
                    continue
                return port
    raise StackError("no free port")


def wait_until(what, check, process=None, seconds=15):
    """Poll check() until it is true; fail when its process dies or time is up."""
    end = time.monotonic() + seconds
    while True:
        if check():
            return
        log = tail(process.log) if process else ""
        if process and process.poll() is not None:
            raise StackError(f"{process.name} stopped (status {process.poll()}):\n{log}")
        if time.monotonic() > end:
            raise StackError(f"{what}: not after {seconds} s\n{log}")
        time.sleep(0.02)


class Process:
    """A child in the background with a log; it gets SIGTERM if we are killed."""

    def __init__(self, name, argv, log, env=None, cwd=None):
        self.name, self.argv, self.log, self.env, self.cwd = name, argv, log, env, cwd
        self.child = None

    def start(self):
        parent = os.getpid()

        def die_with_parent():
            _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != parent:
                os._exit(1)

        with open(self.log, "ab") as log:
            try:
                self.child = subprocess.Popen(
                    self.argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                    env=self.env, cwd=self.cwd, preexec_fn=die_with_parent,
                    start_new_session=True)
            except OSError as error:
                raise StackError(f"{self.name}: {error}") from error
        return self

    @property
    def pid(self):
        return self.child.pid

    def poll(self):
        return self.child.poll() if self.child else -1

    def send(self, signo):
        if self.poll() is None:
            self.child.send_signal(signo)

    def stop(self, signo=signal.SIGTERM, seconds=10):
        """Ask, wait, and insist; returns the exit status."""
        if self.child is None:
            return None
        self.send(signal.SIGCONT)
        self.send(signo)
        try:
            return self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            return self.child.wait()

    def kill(self):
        """SIGKILL, to it and to what it started."""
        if self.child is None:
            return
        try:
            os.killpg(self.child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.child.wait()
