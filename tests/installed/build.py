"""The project's packages, built by `make deb` in a root of the release.

The root has the packages' build dependencies, and nothing else of ours.  Nothing
is kept from one run to the next: what gets installed is built from the tree.
"""

import os
import shutil
import subprocess
from pathlib import Path

from stack.process import StackError

TOP = Path(__file__).resolve().parent.parent.parent
# How the previous version differs, so that an upgrade has something to decide:
# (file in deploy/, its text now, its text then).
PREVIOUS = (
    ("acmeproxy.json", '  "store_id_file"',
     '  "caa_issuers": ["letsencrypt.org"],\n  "store_id_file"'),
    ("redis/acmeproxy.conf", "appendfsync always", "appendfsync everysec"),
)
VARIANTS = {"new": "", "previous": "~1"}  # with the suffix of each version


def copy_tree(target):
    """Copy the files that git tracks, as they are now."""
    run = subprocess.run(["git", "-C", TOP, "ls-files", "-z"], capture_output=True, text=True)
    if run.returncode != 0:
        raise StackError(f"git ls-files: {run.stderr}")
    for name in run.stdout.split("\0"):
        source = TOP / name
        if name and source.exists():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target / name)


def _make_previous(tree):
    for name, now, then in PREVIOUS:
        path = tree / "deploy" / name
        text = path.read_text()
        if now not in text:
            raise StackError(f"deploy/{name} does not say {now!r} any more")
        path.write_text(text.replace(now, then))


def build(roots, directory):
    """Build the packages below `directory`; returns {"new": folder, "previous": folder}."""
    root = roots.layer("build", roots.bare())
    for variant in VARIANTS:
        copy_tree(root / "src" / variant)
    _make_previous(root / "src" / "previous")
    # Where apt looks for it.
    shutil.copytree(root / "src/new/deploy/debian", root / "src/needs/debian")
    apt = ("apt-get", "-q", "-y", "--no-install-recommends")
    roots.with_network(root, lambda: roots.chroot(root, *apt, "build-dep", "/src/needs"))
    folders = {}
    for variant, suffix in VARIANTS.items():
        # One run of the unit tests is enough.
        roots.chroot(root, "env", f"DEB_BUILD_OPTIONS={'nocheck' if suffix else ''}",
                     "make", "-C", f"/src/{variant}", "deb-only", f"BUILD=/build/{variant}",
                     f"VERSION_SUFFIX={suffix}", f"DEBFLAGS=-j{os.cpu_count()}")
        folders[variant] = directory / variant
        folders[variant].mkdir(parents=True)
        for deb in (root / "build" / variant / "deb").glob("*.deb"):
            shutil.copy(deb, folders[variant])
    # Not earlier: none of its dependencies may help to build.
    roots.with_network(root, lambda: roots.chroot(root, *apt, "install", "lintian"))
    roots.chroot(root, "sh", "-c", "lintian --fail-on error,warning /build/new/deb/*.changes")
    roots.remove("build")
    return folders
