"""Answers are counted by group; recall and precision are told only where they can be."""

from examhall.detectors.tallies import Tally


def tally_of(*answers: tuple[str, str, str]) -> Tally[str]:
    tally: Tally[str] = Tally()
    for group, wanted, found in answers:
        tally.add(group, wanted, found)
    return tally


EXAMPLE = tally_of(
    *[("hall", "one", "one")] * 3,
    ("hall", "one", "none"),
    ("desk", "none", "one"),
    ("desk", "two", "two"),
)


def test_answers_are_counted_as_wanted_as_found_and_as_both() -> None:
    assert EXAMPLE.total == 6
    assert [EXAMPLE.wanted(one) for one in ("none", "one", "two")] == [1, 4, 1]
    assert [EXAMPLE.found(one) for one in ("none", "one", "two")] == [1, 4, 1]
    assert [EXAMPLE.hits(one) for one in ("none", "one", "two")] == [0, 3, 1]
    assert [EXAMPLE.false_alarms(one) for one in ("none", "one", "two")] == [1, 1, 0]


def test_rates_are_shares_of_the_wanted_and_of_the_found() -> None:
    assert EXAMPLE.rates("one") == {"recall": 3 / 4, "precision": 3 / 4}
    assert EXAMPLE.rates("none") == {"recall": 0, "precision": 0}


def test_rates_that_cannot_be_told_are_left_out() -> None:
    assert tally_of(("hall", "one", "two")).rates("one") == {"recall": 0}
    assert tally_of(("hall", "two", "one")).rates("one") == {"precision": 0}
    assert tally_of().rates("one") == {}


def test_groups_are_told_in_the_order_of_their_names_and_apart() -> None:
    assert list(EXAMPLE.by_group(lambda one: {"samples": one.total}).items()) == [
        ("desk", {"samples": 2}),
        ("hall", {"samples": 4}),
    ]
    assert EXAMPLE.of("hall") == EXAMPLE.without("desk")
    assert EXAMPLE.of("nowhere") == tally_of()
