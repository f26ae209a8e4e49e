"""The directory of one stack: ours while it runs, and afterwards as it was before.

Everything but the file RUNDIR/env goes into one new directory, RUNDIR/stack, so
that removing it can never touch what somebody else keeps in RUNDIR.
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
# Characters that mean the same to Redis, nginx, PowerDNS, JSON and a shell.
PLAIN = re.compile(r"[A-Za-z0-9_./+@=:-]+")
PATH_MAX_OCTETS = 80  # leaves room for "/pdns.controlsocket" in a socket's 107


class RunDir:
    """enter() makes it, leave() removes it; call each once."""

    def __init__(self, path):
        self.top = Path(os.path.abspath(path))
        self.env = self.top / "env"
        self.files = self.top / "stack"
        self.plain = self.files  # the same, by a short path without odd characters
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
                pass  # another stack is starting there too

    def _lock(self):
        """Lock the directory itself: that leaves no file, and ends with us."""
        fd = os.open(self.top, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not os.path.samestat(os.fstat(fd), os.stat(self.top)):
                raise BlockingIOError  # its last user removed it meanwhile
        except OSError as error:
            os.close(fd)
            self._made.clear()  # the other one uses them
            raise StackError(f"another stack runs in {self.top}; "
                             "set ACMEPROXY_RUN_DIR to start one elsewhere") from error
        self.fd = fd

    def _make_files(self):
        if (self.files / MARK).exists():  # left by a run that was killed
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
        """Write the file all at once: somebody may be waiting for it."""
        new = self.files / "env.new"
        new.write_text(text)
        new.rename(self.env)

    def _remove_env(self):
        """Remove ours, or that of a run that was killed: nobody must read it."""
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
        # The mark goes last, so that a removal that fails can be tried again.
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
                break  # somebody else has put a file there
        self._made.clear()
        if self.fd is not None:
            os.close(self.fd)
            self.fd = None
