"""A Debian machine: a root that systemd-nspawn boots on our network."""

import shutil
import subprocess
import uuid
from pathlib import Path

from stack.process import Process, StackError, tail, wait_until

from .cage import make_cgroups

BOOT_SECONDS = 60
RUN_SECONDS = 180
REBOOTING = 133  # systemd-nspawn's status when a machine wants to start again
# Our administrator answers yes, and needs no progress bar.
APT_CONF = 'APT::Get::Assume-Yes "true";\nquiet "1";\nDpkg::Use-Pty "false";\n'


class Result:
    """How a script ended: its status, and what it printed on stdout and stderr."""

    def __init__(self, status, output):
        self.status, self.output = status, output


class Machine:
    """Call boot() first, and everything from the thread that made it."""

    def __init__(self, name, root, netns, log):
        self.name, self.root, self.netns, self.log = name, Path(root), netns, log
        self.process = None
        self.init = None  # the pid of its process 1, as we see it
        self.state = None  # as systemctl is-system-running has it

    def prepare(self, fqdn, ipv4, resolver):
        """Set up what an installer would."""
        self.write("/etc/hostname", fqdn.split(".")[0] + "\n")
        self.write("/etc/hosts", "127.0.0.1 localhost\n::1 localhost ip6-localhost\n"
                                 f"{ipv4} {fqdn} {fqdn.split('.')[0]}\n")
        self.write("/etc/resolv.conf", f"nameserver {resolver}\n")
        self.write("/etc/apt/apt.conf.d/90yes", APT_CONF)
        self.write("/etc/machine-id", uuid.uuid4().hex + "\n")
        # It cannot reach a mirror, and apt is locked while it tries.
        for timer in ("apt-daily", "apt-daily-upgrade"):
            (self.root / f"etc/systemd/system/{timer}.timer").symlink_to("/dev/null")

    def path(self, path):
        """Our path to a file of the machine, unless that is on a tmpfs of its own."""
        return self.root / path.lstrip("/")

    def write(self, path, text):
        self.path(path).write_text(text)

    def put(self, source, directory):
        """Copy a file to the machine; returns its path there."""
        shutil.copy(source, self.path(directory))
        return f"{directory}/{Path(source).name}"

    def boot(self):
        """Start it and wait until all that it starts by itself is up."""
        self._start()
        if self.state != "running":
            raise StackError(f"{self.name} is {self.state} after its start:\n"
                             + self.run("systemctl --failed --no-pager").output)

    def _start(self):
        # Each machine has control groups of its own, or their systemds would use the same.
        enter = "\n".join(f"echo 0 >{file}" for file in make_cgroups(self.name))
        self.process = Process(self.name, [
            "sh", "-ec", f"{enter}\nexec \"$@\"", "sh",
            "systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--console=pipe",
            "--machine", self.name, "--network-namespace-path", self.netns,
            "--resolv-conf=off", "--timezone=off", "--link-journal=no", "--suppress-sync=yes",
            "-D", self.root, "--boot"], self.log).start()
        wait_until(f"{self.name} starts", self._started, self.process, BOOT_SECONDS)

    def _started(self):
        pid = self.process.pid
        try:
            children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        except FileNotFoundError:
            return False
        if len(children) != 1:
            return False
        self.init = children[0]
        self.state = self._nsenter(["systemctl", "is-system-running"], 10).output.strip()
        return self.state in ("running", "degraded")

    def _nsenter(self, argv, seconds, stdin=None):
        try:
            run = subprocess.run(
                ["nsenter", "-t", self.init, "-a", *argv], timeout=seconds, input=stdin,
                stdin=None if stdin is not None else subprocess.DEVNULL,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"})
        except subprocess.TimeoutExpired as error:
            output = (error.stdout or b"").decode(errors="replace")
            raise StackError(f"{self.name}: not done after {seconds} s:\n{output}") from error
        return Result(run.returncode, run.stdout)

    def run(self, script, seconds=RUN_SECONDS, stdin=None):
        """Run a script as root's login shell would, in a unit of its own."""
        return self._nsenter(
            ["systemd-run", "--wait", "--pipe", "--collect", "--quiet", "--service-type=exec",
             "-p", "WorkingDirectory=/root", "-E", "HOME=/root", "-E", "USER=root",
             "-E", "LANG=C.UTF-8", "-E", "DEBIAN_FRONTEND=noninteractive",
             # The default is the script, whose lines systemd would take for settings.
             "--description=a root shell",
             # systemd would expand ${...} itself.
             "bash", "-l", "-c", script.replace("$", "$$")], seconds, stdin)

    def must(self, script, seconds=RUN_SECONDS, stdin=None):
        """Run a script that has to succeed; returns what it printed."""
        result = self.run(script, seconds, stdin)
        if result.status != 0:
            raise StackError(f"{self.name}: status {result.status} of\n"
                             + _indent(script) + "said\n" + _indent(result.output))
        return result.output

    def journal(self, unit=None, lines=40, since=None):
        """The last lines of its journal, running or not; since: seconds since the epoch."""
        which = [*(["-u", unit] if unit else []), *(["--since", f"@{since:.0f}"] if since else [])]
        argv = ["journalctl", "--no-pager", "-q", "-o", "short-precise", "-n", str(lines), *which]
        if self.process and self.process.poll() is None:
            return self._nsenter(argv, 20).output
        run = subprocess.run([*argv, "-D", self.path("/var/log/journal")], capture_output=True,
                             text=True)
        return run.stdout + tail(self.log)

    def reboot(self):
        """Reboot as `reboot` does; returns when the machine is up again."""
        self._nsenter(["systemctl", "--no-block", "reboot"], 20)
        self._ended("restarts")
        self.boot()

    def poweroff(self):
        self._nsenter(["systemctl", "--no-block", "poweroff"], 20)
        self._ended("ends")

    def _ended(self, what):
        wait_until(f"{self.name} {what}", lambda: self.process.poll() is not None, seconds=90)
        status = self.process.kill()
        if status not in (0, REBOOTING):
            raise StackError(f"{self.name} ended with {status}:\n{tail(self.log)}")


def _indent(text, most=60):
    lines = text.splitlines()
    if len(lines) > most:
        lines = [f"[{len(lines) - most} lines]", *lines[-most:]]
    return "".join(f"    {line}\n" for line in lines)
