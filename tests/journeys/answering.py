"""Answering questions as people do: by keyboard alone, and by touch."""

from dataclasses import dataclass

from playwright.sync_api import Locator, Page

MOST_TABS = 200
MOST_ARROWS = 60
DOUBLE_TAP = 400
"""Milliseconds."""
IS_FOCUSED = "e => e === document.activeElement"
SELECTED = "e => e.selectedOptions[0]?.textContent.trim() ?? ''"


@dataclass
class Keys:
    """A keyboard, and one question of the exam room; nothing else is touched."""

    page: Page
    question: Locator

    def press(self, *keys: str) -> None:
        """Press keys one after another."""
        for key in keys:
            self.page.keyboard.press(key)

    def write(self, text: str) -> None:
        """Write at the cursor."""
        self.page.keyboard.type(text)

    def reach(self, target: Locator) -> None:
        """Go to a control with the Tab key."""
        for _ in range(MOST_TABS):
            if target.evaluate(IS_FOCUSED):
                return
            self.press("Tab")
        raise AssertionError(f"the Tab key never reaches {target}")

    def tick(self, name: str) -> None:
        """Tick a box by its name."""
        box = self.question.get_by_role("checkbox", name=name, exact=True)
        self.reach(box)
        self.press("Space")

    def choose(self, name: str) -> None:
        """Choose a radio button by its name: Tab goes to its group, arrows to the button."""
        wanted = self.question.get_by_role("radio", name=name, exact=True)
        group = wanted.get_attribute("name")
        inside = f"() => document.activeElement.name === {group!r}"
        for _ in range(MOST_TABS):
            if self.page.evaluate(inside) and self.question.locator(":focus").count():
                break
            self.press("Tab")
        self.press("Space")
        for _ in range(MOST_ARROWS):
            if wanted.is_checked():
                return
            self.press("ArrowDown")
        raise AssertionError(f"the arrow keys never reach {name}")

    def select(self, name: str, option: str) -> None:
        """Choose in a list by its name."""
        box = self.question.get_by_role("combobox", name=name, exact=True)
        self.reach(box)
        self.press("Home")
        for _ in range(MOST_ARROWS):
            if box.evaluate(SELECTED) == option:
                return
            self.press("ArrowDown")
        raise AssertionError(f"{name} has no {option}")

    def fill(self, name: str, text: str) -> None:
        """Write into a field by its name."""
        self.reach(self.question.get_by_label(name, exact=True))
        self.press("Control+a")
        self.write(text)


@dataclass
class Finger:
    """A finger on a telephone, and one question of the exam room."""

    page: Page
    question: Locator

    def tap(self, target: Locator) -> None:
        """Tap the middle of something."""
        target.tap()

    def tap_name(self, role: str, name: str) -> None:
        """Tap a control by its role and name."""
        self.question.get_by_role(role, name=name, exact=True).tap()  # type: ignore[arg-type]

    def tap_text(self, text: str) -> None:
        """Tap a text, as it can be seen."""
        self.question.get_by_text(text, exact=True).first.tap()

    def tap_picture(self, x: float, y: float) -> None:
        """Tap a place of the question's picture, in its own pixels."""
        picture = self.question.locator("[data-picture]")
        picture.evaluate("picture => picture.scrollIntoView({block: 'center'})")
        box = picture.bounding_box()
        assert box is not None
        width = float(picture.locator("img").get_attribute("width") or 1)
        scale = box["width"] / width
        self.page.touchscreen.tap(box["x"] + x * scale, box["y"] + y * scale)

    def fill(self, name: str, text: str) -> None:
        """Tap a field and write into it."""
        field = self.question.get_by_label(name, exact=True)
        field.tap()
        field.fill(text)

    def select(self, name: str, option: str) -> None:
        """Choose in a list, whose menu belongs to the telephone and not to the page."""
        box = self.question.get_by_role("combobox", name=name, exact=True)
        box.scroll_into_view_if_needed()
        box.select_option(label=option)

    def drag(self, start: Locator, end: Locator) -> None:
        """Put the finger on something, move it over something else, and lift it."""
        start.scroll_into_view_if_needed()
        places = [_middle(start), _middle(end)]
        hand = self.page.context.new_cdp_session(self.page)
        (from_x, from_y), (to_x, to_y) = places
        for step in range(11):
            x, y = (a + (b - a) * step / 10 for a, b in ((from_x, to_x), (from_y, to_y)))
            kind = "touchMove" if step else "touchStart"
            hand.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
        hand.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        hand.detach()
        # A tap that follows at once would be the second of a double tap.
        self.page.wait_for_timeout(DOUBLE_TAP)


def _middle(target: Locator) -> tuple[float, float]:
    box = target.bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
