"""Root file systems of a Debian release, and the packages that go into them.

Everything comes from where this machine's own apt gets its packages.  Downloads
are kept, so that a second run is quick and needs no network.
"""

import os
import re
import shutil
import subprocess
from pathlib import Path

from stack.process import StackError

# What a Debian server has before its administrator installs anything.
INCLUDE = "systemd,systemd-sysv,dbus,iproute2,procps,ca-certificates,bind9-dnsutils"
ARCHIVES, LISTS = "var/cache/apt/archives", "var/lib/apt/lists"
# How this machine's apt reaches its sources.
ACQUIRE = re.compile(r"Acquire::(http|https|Check|Retries|Max)", re.IGNORECASE)


def os_release(root=Path("/")):
    """The fields of os-release."""
    text = (root / "etc/os-release").read_text()
    return dict(re.findall(r'^(\w+)="?([^"\n]*)"?$', text, re.MULTILINE))


def own_release():
    """The code name of this machine's release."""
    return os_release().get("VERSION_CODENAME", "")


def _output(*argv):
    run = subprocess.run(argv, capture_output=True, text=True)
    if run.returncode != 0:
        raise StackError(f"{' '.join(argv)}: {run.stderr}")
    return run.stdout


def sources(release):
    """The lines of a sources.list: like this machine's, for a release."""
    own, lines = own_release(), []
    targets = _output("apt-get", "indextargets", "--format",
                      "$(CODENAME) $(COMPONENT) $(REPO_URI)", "Created-By: Packages")
    for line in targets.splitlines():
        codename, component, uri = line.split(" ", 2)
        suite = re.fullmatch(re.escape(own) + r"(|-updates|-security)", codename)
        if suite and component == "main":
            lines.append(f"deb {uri} {release}{suite[1]} main")
    if not any(line.endswith(f" {release} main") for line in lines):
        raise StackError(f"apt has no source of {own}, component main; is `apt-get update` due?")
    return sorted(set(lines), key=lines.index)


class Roots:
    """Makes roots of one release below `directory`; keeps what it can use again in `cache`."""

    def __init__(self, release, cache, directory):
        self.release, self.cache, self.directory = release, cache, directory
        self.log = directory / "log" / "packages"
        self.resolv_conf = Path("/etc/resolv.conf").read_text()
        self.downloads = cache / "downloads"  # laid out like a root
        for name in (ARCHIVES, LISTS):
            (self.downloads / name / "partial").mkdir(parents=True, exist_ok=True)

    def _run(self, *argv):
        """Run a command; its output goes to the log."""
        with open(self.log, "ab") as log:
            run = subprocess.run([str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=log,
                                 stderr=subprocess.STDOUT)
        if run.returncode != 0:
            raise StackError(f"{argv[0]} failed ({run.returncode}), see {self.log}:\n"
                             + "".join(self.log.read_text(errors="replace")
                                       .splitlines(keepends=True)[-15:]))

    def bare(self):
        """A root with nothing but what every machine has, never to be written to."""
        root, new = self.cache / "root", self.cache / "root.new"
        if root.exists():
            return root
        if new.exists():
            shutil.rmtree(new)  # left by a run that was killed
        lines = sources(self.release)
        uri = next(line.split()[1] for line in lines if line.split()[2] == self.release)
        self._run("debootstrap", "--variant=minbase", f"--include={INCLUDE}", self.release, new,
                  uri)
        (new / "etc/apt/sources.list").write_text("".join(line + "\n" for line in lines))
        self._open_apt(new)
        self.chroot(new, "apt-get", "-q", "update")
        self.chroot(new, "apt-get", "-q", "-y", "upgrade")
        self._close_apt(new)
        for path in (new / ARCHIVES).glob("*.deb"):
            path.unlink()
        new.rename(root)
        return root

    def layer(self, name, *below):
        """A root that looks like those below and can be written to.

        Without any below, it is a root for a machine: the bare one, with all
        downloads where apt looks for them.
        """
        below = below or (self.downloads, self.bare())
        base = self.directory / "roots" / name
        root, upper, work = base / "root", base / "upper", base / "work"
        for directory in (root, upper, work):
            directory.mkdir(parents=True)
        lower = ":".join(map(str, below))
        try:
            self._run("mount", "-t", "overlay", "overlay", "-o",
                      f"lowerdir={lower},upperdir={upper},workdir={work}", root)
        except StackError:  # not every file system can do that
            for path in reversed(below):
                self._run("cp", "-a", "--reflink=auto", f"{path}/.", root)
        return root

    def remove(self, name):
        """Remove the root of that name."""
        base = self.directory / "roots" / name
        if os.path.ismount(base / "root"):
            self._run("umount", base / "root")
        shutil.rmtree(base)

    def chroot(self, root, *argv):
        environment = {k: v for k, v in os.environ.items() if k.lower().endswith("_proxy")}
        words = [f"{k}={v}" for k, v in environment.items()]
        self._run("chroot", root, "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C",
                  "DEBIAN_FRONTEND=noninteractive", *words, *argv)

    def _open_apt(self, root):
        """Let apt in this root reach the network, and keep what it downloads."""
        (root / "etc/resolv.conf").write_text(self.resolv_conf)
        dump = _output("apt-config", "dump").splitlines()
        (root / "etc/apt/apt.conf.d/99host").write_text(
            "".join(line + "\n" for line in dump if ACQUIRE.match(line))
            + 'Acquire::Languages "none";\nDir::Cache::pkgcache "";\nDir::Cache::srcpkgcache "";\n')
        for where in (ARCHIVES, LISTS):
            subprocess.run(["mount", "--bind", self.downloads / where, root / where], check=True)

    def _close_apt(self, root):
        for where in (ARCHIVES, LISTS):
            subprocess.run(["umount", root / where], check=True)
        for name in ("etc/resolv.conf", "etc/apt/apt.conf.d/99host"):
            (root / name).unlink()

    def with_network(self, root, action):
        """Call action(), in which apt in this root can download packages."""
        self._open_apt(root)
        try:
            action()
        finally:
            self._close_apt(root)

    def refresh(self):
        """Update apt's lists; without a network, those of an earlier run have to do."""
        root = self.layer("refresh", self.bare())
        try:
            self.with_network(root, lambda: self.chroot(root, "apt-get", "-q", "update"))
        except StackError:
            if not any((self.downloads / LISTS).glob("*_Packages*")):
                raise
        self.remove("refresh")

    def download(self, sets, debs=()):
        """Download what `apt-get install` of each set of words will need.

        The words may name files, which are looked for in a folder with copies of `debs`.
        """
        root = self.layer("download", self.bare())
        for deb in debs:
            shutil.copy(deb, root / "root")

        def get():
            for words in sets:
                self.chroot(root, "sh", "-c",
                            'cd /root && apt-get -q -y --download-only install '
                            + " ".join(words))
            self.chroot(root, "apt-get", "-q", "autoclean")

        self.with_network(root, get)
        self.remove("download")
