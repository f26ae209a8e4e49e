"""`make test-installed`: README's "Deployment" on machines that boot; see world.py.

RELEASE names the Debian release; the default is this machine's own.  The last
line counts the steps.  Where such a root cannot boot, it says why and counts as
skipped.
"""

import fcntl
import os
import shutil
import subprocess
import sys
import traceback
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from stack.process import Signals, StackError, Stopped  # noqa: E402
from installed import cage  # noqa: E402
from installed.report import GivenUp, Report  # noqa: E402
from installed.root import Roots, own_release  # noqa: E402

TOP = Path(__file__).resolve().parent.parent.parent
PROGRAMS = ("debootstrap", "systemd-nspawn", "nsenter", "ip", "pdns_server", "unbound", "pebble")
# What cage.py does first, which root in a container may not do.
CAGE = ("unshare", "--mount", "--pid", "--fork", "--ipc", "--net",
        "mount", "-t", "tmpfs", "tmpfs", "/run")


class Skipped(Exception):
    """Why this machine cannot do it."""


def possible():
    if os.geteuid() != 0:
        raise Skipped("it needs root")
    for program in PROGRAMS:
        if not shutil.which(program):
            raise Skipped(f"there is no {program}")
    run = subprocess.run(CAGE, capture_output=True, text=True)
    if run.returncode != 0:
        raise Skipped(f"it needs namespaces and mounts: {run.stderr.strip()}")


def probe(world):
    """Boot a bare root, or say that it cannot be done here."""
    try:
        machine = world.machine("probe")
        machine.boot()
        machine.must("true")
    except StackError as error:
        raise Skipped(f"a root does not boot here:\n{error}") from error
    world.discard(machine)


def sweep(run):
    """Remove what a run made, this one or one that was killed."""
    cage.sweep_cgroups()
    shutil.rmtree(run, ignore_errors=True)
    if run.exists():
        raise StackError(f"{run} cannot be removed")


def inside(release, cache, run):
    """Run everything in the cage; returns the exit status."""
    # Not earlier: they need dnspython, which a machine that skips may not have.
    from installed import scenarios
    from installed.world import World
    report = Report()
    try:
        roots = Roots(release, cache, run)
        with report.step(f"Debian {release}: a root, packages"):
            roots.bare()
            roots.refresh()
            packages = scenarios.prepare(roots, run)
        cage.leave_network()
        world = World(roots, report, run, packages)
        probe(world)
        scenarios.play(world)
    except Skipped as reason:
        return skip(reason)
    except GivenUp:
        pass
    except Exception:
        report.failed += 1
        traceback.print_exc()
    report.say(f"{report.passed} passed, {report.failed} failed")
    return 1 if report.failed or not report.passed else 0


def skip(reason):
    print(f"test-installed: skipped: {reason}\n0 passed, 0 failed, 1 skipped", flush=True)
    return 0


def main():
    release = os.environ.get("RELEASE") or own_release()
    directory = Path(os.environ.get("BUILD", "build")).absolute() / "installed"
    try:
        possible()
        signals = Signals()
        run, cache = directory / "run", directory / release
        directory.mkdir(parents=True, exist_ok=True)
        lock = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StackError(f"another run is under way in {directory}") from error
        sweep(run)
        (run / "log").mkdir(parents=True)
        try:
            return cage.run(lambda: inside(release, cache, run), signals.check)
        finally:
            sweep(run)
    except Skipped as reason:
        return skip(reason)
    except (StackError, OSError) as error:
        print(f"test-installed: {error}\n0 passed, 1 failed", file=sys.stderr)
    except Stopped:
        print("test-installed: stopped before its end", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
