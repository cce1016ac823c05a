"""The order in which recorded attempts saw shuffled answers.

Responses to Moodle's cloze name answers by their place in the shuffled order. The recordings were
made with PHP's generator seeded with 42 before each attempt: a Mersenne twister with the classic
seeding (Matsumoto and Nishimura 1998), whose numbers PHP's `shuffle` takes without bias.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from random import Random

SEED = 42
STATE = 624
WORD = 2**32


@lru_cache(maxsize=1)
def _seeded_state() -> tuple[int, ...]:
    state = [SEED]
    for place in range(1, STATE):
        last = state[-1]
        state.append((1812433253 * (last ^ (last >> 30)) + place) % WORD)
    return tuple(state)


def shown_orders(sizes: Sequence[int]) -> list[list[int]]:
    """Return the order of each of several shuffled lists, as places in the author's order."""
    generator = Random()  # noqa: S311 - it repeats what was recorded
    generator.setstate((3, (*_seeded_state(), STATE), None))
    return [_shuffled(generator, size) for size in sizes]


def _shuffled(generator: Random, size: int) -> list[int]:
    places = list(range(size))
    for last in range(size - 1, 0, -1):
        chosen = _below(generator, last + 1)
        places[last], places[chosen] = places[chosen], places[last]
    return places


def _below(generator: Random, count: int) -> int:
    """Return a number below `count`; what would make some numbers likelier is drawn again."""
    drawn = generator.getrandbits(32)
    if count & (count - 1) == 0:
        return drawn & (count - 1)
    largest = WORD - 1 - (WORD - 1) % count - 1
    while drawn > largest:
        drawn = generator.getrandbits(32)
    return drawn % count
