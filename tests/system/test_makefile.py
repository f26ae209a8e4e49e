"""What the Makefile rebuilds, in a small tree that is made for each test."""

import shutil
import subprocess

import pytest
from stack.config import TOP

CHANGELOG = "deploy/debian/changelog"


@pytest.fixture
def tree(tmp_path):
    shutil.copy(TOP / "Makefile", tmp_path)
    (tmp_path / CHANGELOG).parent.mkdir(parents=True)
    (tmp_path / CHANGELOG).write_text("acmeproxy (1.2.3) unstable\n")
    return tmp_path


def make(tree, *arguments):
    return subprocess.run(["make", "-s", "BUILD=build", *arguments], cwd=tree, capture_output=True,
                          text=True, timeout=60)


def test_a_new_version_reaches_every_object(tree):
    (tree / "common").mkdir()
    (tree / "common" / "version.c").write_text(
        "extern const char version[];\nconst char version[] = ACMEPROXY_VERSION;\n")
    made = "build/common/version.o"
    assert make(tree, made).returncode == 0
    assert b"1.2.3" in (tree / made).read_bytes()
    (tree / CHANGELOG).write_text("acmeproxy (1.2.4) unstable\n")
    # -W: both files may have the same time.
    assert make(tree, "-W", CHANGELOG, made).returncode == 0
    assert b"1.2.4" in (tree / made).read_bytes()
