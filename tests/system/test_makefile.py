"""What the Makefile rebuilds, in a small tree that is made for each test."""

import shutil
import subprocess

import pytest
from stack.config import TOP

CHANGELOG = "deploy/debian/changelog"
SCRIPTS = "fcgi-app/store/scripts"


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


@pytest.mark.parametrize("script", ["publish", "head", "init"])
def test_a_misspelt_name_in_a_script_is_reported(tree, script):
    shutil.copytree(TOP / SCRIPTS, tree / SCRIPTS)
    (tree / "common").mkdir()
    shutil.copy(TOP / "common/keys.def", tree / "common")
    made = "build/fcgi-app/store/scripts.c"
    assert make(tree, made).returncode == 0
    with (tree / SCRIPTS / f"{script}.lua").open("a") as lua:
        lua.write("-- arg.comment\nlocal x = arg.nmae\n")
    line = len((tree / SCRIPTS / f"{script}.lua").read_text().splitlines())
    run = make(tree, "-W", f"{SCRIPTS}/{script}.lua", made)
    assert run.returncode != 0
    assert run.stderr.startswith(f"{SCRIPTS}/{script}.lua:{line}:arg.nmae is in neither keys.def nor args.def\n")
