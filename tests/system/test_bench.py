"""What `make bench` makes of its figures, and the instructions that a question costs."""

import json

import pytest
from bench import instructions, plot, readme
from bench.report import ROWS, Results


@pytest.fixture
def found(capsys):
    """The figures of a benchmark that nobody ran."""
    results = Results()
    results.table("by_ns", "Questions", {"lmdb": [100.0, 90.0, 110.0], "ours": [80.0, 75.0, 200.0]})
    results.ratio("by_ns", "by_ns", "ours", "lmdb")
    for n in (100, 1000):
        results.point(n, {"lmdb": [n * 2.0], "ours": [n * 1.5]})
    results.percentiles("2,000 questions/s", (50, 99), {"by_NS": [[0.1, 5.0], [0.2, 1.0]]})
    results.lists(0.1, {"--tsv": {"lines": 9, "seconds": 3.0, "peak_mib": 2.5, "pause_ms": 4.0}})
    results.audit(10, 1000)
    results.print_ratios()
    assert ROWS["by_ns"].what in capsys.readouterr().out
    return json.loads(json.dumps(results.found()))


def test_a_ratio_is_one_of_medians(found):
    row = found["ratios"]["by_ns"]
    assert row["medians"] == [80, 100] and row["ratio"] == 0.8
    assert row["spread"] == [0.8, 200 / 110]
    assert found["versions"]["Debian"] and found["machine"]["cpus"] > 0


def test_the_same_figures_give_the_same_pictures(found, tmp_path):
    pictures = plot.draw_all(found, f"{tmp_path}/a-")
    first = [open(path).read() for path in pictures]
    assert [open(path).read() for path in plot.draw_all(found, f"{tmp_path}/a-")] == first
    assert all("</svg>" in text for text in first)
    assert ">by_NS<" in first[1]


def test_readme_has_the_figures_that_are_kept(found):
    text = readme.README.read_text()
    filled = readme.fill_in(text, found)
    assert "| 80/s | lmdb with caches off | 100/s | 0.80 |" in filled
    assert readme.fill_in(filled, found) == filled
    if readme.FIGURES.exists():
        assert readme.fill_in(text, json.loads(readme.FIGURES.read_text())) == text, \
            "make bench-readme"


@pytest.mark.parametrize("count, said", [
    (100, []), (109, []), (91, []),
    (112, ["a: 112 instructions, 1.12 of the expected 100"]),
    (89, ["a: 89 instructions, 0.89 of the expected 100"])])
def test_what_is_not_as_expected(count, said):
    assert instructions.differences({"a": count}, {"a": 100}) == said
    assert instructions.differences({}, {"a": 100}) == ["a: not counted"]
    assert instructions.differences({"a": count}, {}) == ["a: not expected"]


def test_no_question_and_no_request_costs_more_instructions(stack, tmp_path):
    """`make bench-instructions UPDATE=1` keeps others, if that is as it should be."""
    try:
        wrong = instructions.check(stack.build, tmp_path / "counted")
    except instructions.Skipped as why:
        pytest.skip(str(why))
    assert wrong == []
