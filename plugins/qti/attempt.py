"""A candidate's way through a test: selection, ordering, conditions, branches, outcomes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from examhall.plugins.qti.assessment import Assessment, Flow, ItemRef, Node, Part, Section
from examhall.plugins.qti.attempt_state import Placed, TestState
from examhall.plugins.qti.errors import QtiError
from examhall.plugins.qti.expressions import is_true
from examhall.plugins.qti.item import Item
from examhall.plugins.qti.rules import run_rules
from examhall.plugins.qti.session import ItemSession
from examhall.plugins.qti.state import Dice
from examhall.plugins.qti.values import Value, write_value

Flows: TypeAlias = tuple[tuple[str, Flow], ...]
"""What decides about a step: that of its part, of its sections from outside, and its own."""

MAX_PLACES = 5000
FIRST_SECTION = 1


@dataclass(frozen=True, slots=True)
class Step:
    """An item on the way, with the flows that it has to pass, from outside."""

    placed: Placed
    part: Part
    flows: Flows


@dataclass(frozen=True, slots=True)
class Jump:
    """Where a branch leads: from a step whose branch stands at a place among its flows."""

    target: str
    step: Step
    place: int

    def lands(self, step: Step) -> bool:
        """Say whether the test goes on with a step that comes later."""
        if self.target == "EXIT_TESTPART":
            return step.part is not self.step.part
        if self.target == "EXIT_SECTION":
            around = self.step.flows[: self.place]
            return len(around) < FIRST_SECTION + 1 or step.flows[: self.place] != around
        return any(name == self.target for name, _ in step.flows)


class TestSession:
    """One candidate's test; `items` go by the identifiers of their places, `seed` is for chance."""

    __test__ = False

    def __init__(self, assessment: Assessment, items: Mapping[str, Item], seed: int = 0) -> None:
        self.assessment = assessment
        self.items = items
        self.dice = Dice(seed)
        self.seed = seed
        self.state = TestState(assessment.outcomes, self.dice)
        self.steps = [step for part in assessment.parts for step in self._walk_part(part)]
        self.state.placed = [step.placed for step in self.steps]

    def _walk_part(self, part: Part) -> Iterator[Step]:
        for node in part.sections:
            yield from self._walk(node, part, ((part.identifier, part.flow),), ())

    def _walk(
        self,
        node: Node,
        part: Part,
        flows: Flows,
        sections: tuple[str, ...],
    ) -> Iterator[Step]:
        flows = (*flows, (node.identifier, node.flow))
        if isinstance(node, Section):
            for child in self._order(node, self._select(node)):
                yield from self._walk(child, part, flows, (*sections, node.identifier))
            return
        yield Step(self._place(node, sections), part, flows)

    def _place(self, ref: ItemRef, sections: tuple[str, ...]) -> Placed:
        if ref.identifier not in self.items:
            raise QtiError(f"The test has no item for {ref.identifier[:60]!r}.")
        session = ItemSession(self.items[ref.identifier], self.seed + self.dice.below(2**31))
        return Placed(ref, session, sections)

    def _select(self, section: Section) -> list[Node]:
        """Draw children: required ones are always in, the order stays as it was."""
        nodes = list(section.children)
        if section.select is None or not nodes:
            return nodes
        count = min(max(section.select, 0), MAX_PLACES)
        chosen = [place for place, node in enumerate(nodes) if node.required]
        others = [place for place, node in enumerate(nodes) if not node.required]
        while len(chosen) < count and (others or section.with_replacement):
            pool = list(range(len(nodes))) if section.with_replacement else others
            place = pool[self.dice.below(len(pool))]
            chosen.append(place)
            if not section.with_replacement:
                others.remove(place)
        return [nodes[place] for place in sorted(chosen)]

    def _order(self, section: Section, nodes: list[Node]) -> Sequence[Node]:
        """Shuffle; fixed children keep their places, invisible sections may be mixed in."""
        if not section.shuffle:
            return nodes
        mixed: list[Node] = []
        for node in nodes:
            loose = isinstance(node, Section) and not node.keep_together and not node.fixed
            mixed += self._select(node) if loose and isinstance(node, Section) else [node]
        free = [place for place, node in enumerate(mixed) if not node.fixed]
        moved = [mixed[place] for place in free]
        for last in range(len(moved) - 1, 0, -1):
            other = self.dice.below(last + 1)
            moved[last], moved[other] = moved[other], moved[last]
        for place, node in zip(free, moved, strict=True):
            mixed[place] = node
        return mixed

    def run(self, responses: Mapping[str, Mapping[str, Value | None]]) -> dict[str, list[str]]:
        """Go through the whole test with these responses by item, and return its outcomes.

        Items whose conditions do not hold, or that a branch passes over, are not presented.
        """
        jump: Jump | None = None
        before: Flows = ()
        closed: Flows = ()
        for place, step in enumerate(self.steps):
            passed_over = jump is not None and not jump.lands(step)
            if passed_over or _is_in(step.flows, closed):
                continue
            closed = self._find_closed(step, before)
            if not closed:
                self._present(step, responses.get(step.placed.ref.identifier))
                before = step.flows
            jump = self._branch(step, place, closed)
            if jump and jump.target == "EXIT_TEST":
                break
        self.process()
        return self.outcomes()

    def _present(self, step: Step, given: Mapping[str, Value | None] | None) -> None:
        step.placed.presented = True
        if given is not None:
            step.placed.session.submit(given)
            step.placed.submitted = True
            self.process()

    def _find_closed(self, step: Step, before: Flows) -> Flows:
        """Return the way to what is entered with a step and does not let anybody in; () if none.

        Conditions are looked at once, on the way in. Those in a nonlinear part do not count.
        """
        for depth in range(1, len(step.flows) + 1 if step.part.linear else FIRST_SECTION + 1):
            way = step.flows[:depth]
            if depth < len(step.flows) and _is_in(before, way):
                continue
            if not all(is_true(condition(self.state)) for condition in way[-1][1].preconditions):
                return way
        return ()

    def _branch(self, step: Step, place: int, closed: Flows) -> Jump | None:
        """Return where the branches of an item, and of what ends with it, lead.

        What was not entered has none, and those in a nonlinear part do not count.
        """
        later = (step.flows for step in self.steps[place + 1 :])
        after = next((flows for flows in later if not _is_in(flows, closed)), ())
        count = len(closed) - 1 if closed else len(step.flows)
        for depth in reversed(range(count if step.part.linear else min(count, FIRST_SECTION))):
            if depth < len(step.flows) - 1 and _is_in(after, step.flows[: depth + 1]):
                continue
            for branch in step.flows[depth][1].branches:
                if is_true(branch.condition(self.state)):
                    return Jump(branch.target, step, depth)
        return None

    def process(self) -> None:
        """Run outcome processing from the start: outcomes are reset before (2.1)."""
        for name, declaration in self.assessment.outcomes.items():
            self.state.values[name] = declaration.default
        if self.assessment.rule is not None:
            run_rules(self.assessment.rule, self.state)

    def outcomes(self) -> dict[str, list[str]]:
        """Return the test's outcomes as lists of texts."""
        return {name: write_value(self.state.find(name)) for name in self.assessment.outcomes}


def _is_in(flows: Flows, way: Flows) -> bool:
    return bool(way) and flows[: len(way)] == way
