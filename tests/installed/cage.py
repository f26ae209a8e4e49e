"""A child whose processes, mounts and networks end with it, however it ends.

It is process 1 of a PID namespace of its own: when it dies, the kernel kills all
that it started.  All mounts end with its mount namespace, all interfaces with its
network namespace.  It is killed when we die.  So only files and empty control
groups can be left, and the next run removes these.
"""

import ctypes
import os
import signal
import subprocess
import sys
import time
import traceback
from pathlib import Path

PR_SET_PDEATHSIG = 1
CLONE_NEWNS, CLONE_NEWIPC = 0x00020000, 0x08000000
CLONE_NEWPID, CLONE_NEWNET = 0x20000000, 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)

CGROUPS = Path("/sys/fs/cgroup")
PREFIX = "acmeproxy-installed-"
CGROUP = f"{PREFIX}{os.getpid()}"  # of all machines of a run, below our own


def _call(function, *args):
    if function(*args) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{function.__name__}: {os.strerror(code)}")


def _mount(*args):
    subprocess.run(["mount", *args], check=True)


def _enter():
    os.setsid()  # our parent handles Ctrl-C
    _call(_libc.unshare, CLONE_NEWNS | CLONE_NEWIPC)
    _mount("--make-rprivate", "/")
    _mount("-t", "proc", "proc", "/proc")
    # systemd-nspawn and ip keep their state there.
    _mount("-t", "tmpfs", "tmpfs", "/run")


def leave_network():
    """Leave the host's network for one of our own, which has only a loopback."""
    _call(_libc.unshare, CLONE_NEWNET)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def _hierarchies():
    """Directories of our own control groups, in the hierarchies that systemd may manage."""
    found = []
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, name, path = line.split(":", 2)
        tops = {"": [CGROUPS, CGROUPS / "unified"], "name=systemd": [CGROUPS / "systemd"]}
        for top in tops.get(name, []):
            if (top / "cgroup.procs").exists():
                found.append(top / path.lstrip("/"))
    return found


def make_cgroups(name):
    """Make control groups for a machine; returns the files that take its first process."""
    files = []
    for own in _hierarchies():
        (own / CGROUP / name).mkdir(parents=True, exist_ok=True)
        files.append(own / CGROUP / name / "cgroup.procs")
    return files


def _remove_cgroup(top):
    end = time.monotonic() + 5
    for path, _, _ in os.walk(top, topdown=False):
        while True:
            try:
                os.rmdir(path)
                break
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)


def sweep_cgroups():
    """Remove the control groups of our machines, and of those of runs that were killed."""
    for own in _hierarchies():
        for top in own.glob(f"{PREFIX}*"):
            owner = top.name[len(PREFIX):]
            if top.name == CGROUP or not Path("/proc", owner).exists():
                _remove_cgroup(top)


def run(function, interrupt):
    """Run function() in such a child and return the exit status that it returns.

    interrupt() is called while we wait; an exception from it ends the child.
    """
    _call(_libc.unshare, CLONE_NEWPID)  # for the next child; we stay where we are
    parent = os.getpid()
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(each, signal.SIG_DFL)
            if os.getppid() == 0:  # it is in another namespace, and alive
                _enter()
                status = function()
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
    assert parent == os.getpid()
    try:
        while True:
            pid, status = os.waitpid(child, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
            interrupt()
            time.sleep(0.05)
    except BaseException:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        raise
