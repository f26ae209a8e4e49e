"""The directory of one stack: ours alone while it runs, as it was afterwards.

Everything but the file RUNDIR/env goes into one new directory, RUNDIR/stack, so
that taking it away again can never touch what somebody else keeps in RUNDIR.
"""

import fcntl
import os
import re
import shutil
import tempfile
from pathlib import Path

from .process import StackError

MARK = ".made-by-acmeproxy"
ENV_HEAD = "ACMEPROXY_URL="
TMP = Path("/tmp")
ALIAS = "run"  # the only thing in a directory below TMP
# What means the same to Redis, nginx, PowerDNS, JSON and a shell.
PLAIN = re.compile(r"[A-Za-z0-9_./+@=:-]+")
PATH_MAX_OCTETS = 80  # room for "/pdns.controlsocket" in the 107 of a socket


class RunDir:
    """enter() makes it, leave() takes it away; both once."""

    def __init__(self, path):
        self.top = Path(os.path.abspath(path))
        self.env = self.top / "env"
        self.files = self.top / "stack"
        self.plain = self.files  # the same, by a short name without odd letters
        self.fd = None
        self._made = []  # directories above files, outermost first

    def enter(self):
        if not str(self.top).isprintable():
            raise StackError(f"{str(self.top)!r} does not fit into a line of RUNDIR/env")
        try:
            self._make_top()
            self._lock()
            self._remove_env()
            self._make_files()
            if not PLAIN.fullmatch(str(self.files)) or len(str(self.files)) > PATH_MAX_OCTETS:
                self._make_alias()
        except OSError as error:
            self.leave()
            raise StackError(f"{self.top}: {error.strerror}: {error.filename}") from error
        except BaseException:
            self.leave()
            raise

    def _make_top(self):
        missing = [p for p in (self.top, *self.top.parents) if not p.exists()]
        for path in reversed(missing):
            try:
                path.mkdir()
                self._made.append(path)
            except FileExistsError:
                pass  # another stack starts there, too

    def _lock(self):
        """A lock on the directory itself: it leaves no file, and dies with us."""
        fd = os.open(self.top, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not os.path.samestat(os.fstat(fd), os.stat(self.top)):
                raise BlockingIOError  # its last user took it away meanwhile
        except OSError as error:
            os.close(fd)
            self._made.clear()  # the other one lives in there
            raise StackError(f"another stack runs in {self.top}; "
                             "set ACMEPROXY_RUN_DIR to start one elsewhere") from error
        self.fd = fd

    def _make_files(self):
        if (self.files / MARK).exists():  # somebody's who was killed
            self._remove_files()
        try:
            self.files.mkdir()
        except FileExistsError as error:
            raise StackError(f"{self.files} is there already, and is not ours") from error
        (self.files / MARK).touch()

    def _make_alias(self):
        directory = Path(tempfile.mkdtemp(prefix="acmeproxy-", dir=TMP))
        (self.files / MARK).write_text(str(directory))
        self.plain = directory / ALIAS
        self.plain.symlink_to(self.files)

    def write_env(self, text):
        """All of it at once: somebody may be waiting for the file."""
        new = self.files / "env.new"
        new.write_text(text)
        new.rename(self.env)

    def _remove_env(self):
        """Ours, or what a run left that was killed: nobody must read it."""
        try:
            if not self.env.read_text(errors="replace").startswith(ENV_HEAD):
                raise StackError(f"{self.env} is there already, and is not ours")
            self.env.unlink()
        except FileNotFoundError:
            pass

    def _remove_files(self):
        alias = (self.files / MARK).read_text()
        if alias and Path(alias).parent == TMP:
            try:
                (Path(alias) / ALIAS).unlink(missing_ok=True)
                Path(alias).rmdir()
            except OSError:
                pass  # it is not what we left there
        # The mark goes last: a removal that fails can be tried again.
        for path in self.files.iterdir():
            if path.name == MARK:
                continue
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink()
        shutil.rmtree(self.files)

    def leave(self):
        if self.fd is None and not self._made:
            return
        if self.fd is not None and (self.files / MARK).exists():
            self._remove_env()
            self._remove_files()
        for path in reversed(self._made):
            try:
                path.rmdir()
            except OSError:
                break  # somebody put a file of theirs there
        self._made.clear()
        if self.fd is not None:
            os.close(self.fd)
            self.fd = None
