"""The local stack on a disk that can be slow or full, and that knows what is on it for good."""

import os
import struct
import subprocess

from stack.config import TOP
from stack.process import Process, StackError, wait_until
from stack.replica import Replica
from stack.stack import Stack

SOURCE = TOP / "tests" / "torture" / "slow.c"


class SlowDisk:
    """Makes fsync slower, and knows how much of each file it has reached."""

    def __init__(self, directory):
        self.file = directory / "disk"
        self.log = directory / "disk.log"
        self.library = directory / "slow.so"
        self.set(0)
        run = subprocess.run([os.environ.get("CC", "cc"), "-O2", "-shared", "-fPIC", "-o",
                              str(self.library), str(SOURCE)], capture_output=True, text=True)
        if run.returncode != 0:
            raise StackError(f"slow.c: {run.stderr}")

    def set(self, delay_ms):
        with open(self.file, "r+b" if self.file.exists() else "wb") as control:
            control.write(struct.pack("i", delay_ms))

    def prefix(self):
        return ["env", f"LD_PRELOAD={self.library}", f"ACMEPROXY_TORTURE_DISK={self.file}"]

    def cut_power(self, directory):
        """Take from each file what was not on the disk; its writer is dead."""
        reached = {}
        for line in self.log.read_text().splitlines():
            inode, size = map(int, line.split())
            reached[inode] = size
        for path in directory.rglob("*"):
            if path.is_file():
                have = path.stat()
                os.truncate(path, min(have.st_size, reached.get(have.st_ino, 0)))


class SmallDisk:
    """A tmpfs at a directory, in a mount namespace of its own; close() ends it."""

    def __init__(self, directory, log, mib=64):
        self.directory = directory
        self.holder = Process("disk", [
            "unshare", "--mount", "--propagation", "private", "sh", "-c",
            f'mount -t tmpfs -o size={mib}m tmpfs "$1" && exec sleep infinity', "sh", directory],
            log).start()
        wait_until("the small disk is there", self._is_there, self.holder)
        self.filler = self.inside / "filler"

    @property
    def inside(self):
        return self.directory.__class__(f"/proc/{self.holder.pid}/root{self.directory}")

    def _is_there(self):
        with open(f"/proc/{self.holder.pid}/mounts") as mounts:
            return any(f" {self.directory} tmpfs" in line for line in mounts)

    def prefix(self):
        return ["nsenter", f"--mount=/proc/{self.holder.pid}/ns/mnt"]

    def fill(self):
        with open(self.filler, "ab", buffering=0) as filler:
            try:
                while filler.write(b"x" * 4096):
                    pass
            except OSError:
                pass  # it is full

    def free(self):
        self.filler.unlink()

    def close(self):
        self.holder.kill()


def may_mount():
    return subprocess.run(["unshare", "--mount", "--propagation", "private", "sh", "-c",
                           "mount -t tmpfs tmpfs /mnt"], capture_output=True).returncode == 0


class TortureStack(Stack):
    """disk is a SlowDisk ("slow"), a SmallDisk ("small") or None ("").

    redis_line is added to the shipped configuration, to compare that with others.
    """

    def __init__(self, directory, disk="", redis_line="", **more):
        super().__init__(directory, **more)
        self.kind_of_disk, self.disk = disk, None
        self.redis_line = redis_line
        self.redis_options = []

    def _configure_redis(self, base):
        super()._configure_redis(base)
        if self.redis_line:
            (self.dir / "etc" / "redis.d" / "torture.conf").write_text(self.redis_line + "\n")
        if self.kind_of_disk == "slow":
            self.disk = SlowDisk(self.dir)
        elif self.kind_of_disk == "small":
            self.disk = SmallDisk((self.dir / "redis").resolve(), self.log("disk"))

    def _argv(self, part):
        argv = super()._argv(part)
        if part == "redis":
            return [*(self.disk.prefix() if self.disk else []), *argv, *self.redis_options]
        return argv

    def stop(self):
        try:
            super().stop()
        finally:
            if isinstance(self.disk, SmallDisk):
                self.disk.close()


class SmallReplica(Replica):
    """A replica on a SmallDisk."""

    disk = None

    def argv(self):
        if self.disk is None:
            self.disk = SmallDisk((self.dir / "redis").resolve(), self.dir / "disk.log")
        return [*self.disk.prefix(), *super().argv()]

    def __exit__(self, *error):
        super().__exit__(*error)
        self.disk.close()
