"""README's "Deployment" can be typed as it is written; tests/installed does that."""

import pytest
from installed.readme import Readme, agrees
from stack.process import StackError

TEXT = """# Top
## Deployment
Text.

1. Install:

        apt-get install one \\
            two
        for x in 1 2; do
            echo $x
        done

2. See:

        $ date
        Mon ... 2016
        $ echo 'a
        b'
        a
        b

### From source
- cat:

      cat >f <<EOF
      text
      EOF
## API

    $ not this
"""


@pytest.fixture
def readme(tmp_path):
    path = tmp_path / "README.md"
    path.write_text(TEXT)
    return Readme("Deployment", path)


def test_every_block_is_complete_commands():
    for block in Readme("Deployment").blocks:
        assert block.commands(), block


def test_blocks_and_their_commands(readme):
    assert [block.commands() for block in readme.blocks] == [
        [(" apt-get install one \\\n     two", None),
         (" for x in 1 2; do\n     echo $x\n done", None)],
        [("date", "Mon ... 2016"), ("echo 'a\n b'", "a\nb")],
        [("cat >f <<EOF\ntext\nEOF", None)],
    ]
    assert [block.heading for block in readme.blocks] == ["Deployment"] * 2 + ["From source"]
    assert [block.first_line for block in readme.blocks] == [7, 15, 25]


def test_packages(readme):
    assert readme.packages() == [["one", "two"]]


def test_a_missing_heading_is_an_error(readme, tmp_path):
    with pytest.raises(StackError, match="no heading 'Upgrade'"):
        Readme("Upgrade", tmp_path / "README.md")
    with pytest.raises(StackError, match="below 'Upgrade'"):
        readme.below("Upgrade")


def test_unused_blocks(readme):
    readme.below("From source")
    assert [block.heading for block in readme.unused()] == ["Deployment"] * 2


def test_half_a_command_is_an_error(tmp_path):
    path = tmp_path / "README.md"
    # Copied from below "1. ", the here-document would end with " EOF".
    path.write_text("## Deployment\n1. cat:\n\n        cat <<EOF\n        EOF\n")
    with pytest.raises(StackError, match="line 4 .*not a complete command"):
        Readme("Deployment", path).blocks[0].commands()


@pytest.mark.parametrize("expected, output, same", [
    ("active\n", "active\n", True),
    ("active", "inactive", False),
    ("a ... c", "a b\nb c", True),
    ("a ... c", "a b", False),
    ("a.c", "abc", False),
])
def test_agrees(expected, output, same):
    assert agrees(expected, output) == same
