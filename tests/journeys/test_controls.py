"""Controls read and restored by name, numbers and leases: the scripts tried in a browser."""

from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page

from tests.journeys.hall import Hall

pytestmark = [pytest.mark.browser, pytest.mark.timeout(60)]

FORM = """<p>
<input name="text"><textarea name="long"></textarea>
<input type="radio" name="one" value="a"><input type="radio" name="one" value="b">
<input type="checkbox" name="many" value="x"><input type="checkbox" name="many" value="y">
<select name="pick"><option value=""></option><option value="p">P</option></select>
<select name="several" multiple><option>s</option><option>t</option></select>
<eh-test name="own"></eh-test><button name="press" value="1">Press</button>
<span data-no-response><input name="helper" value="not an answer"></span></p>"""

ROUND_TRIP = """async ({form, raw}) => {
  customElements.get('eh-test') || customElements.define('eh-test', class extends HTMLElement {
    #value = ''; get value() { return this.#value; } set value(v) { this.#value = v; } });
  const {readControls, restoreControls, isAnswered} = await import('/static/js/controls.js');
  const box = document.createElement('div');
  box.innerHTML = form;
  restoreControls(box, raw);
  const read = readControls(box);
  return {read, answered: isAnswered(read)};
}"""

EMPTY = {"text": "", "long": "", "many": [], "pick": "", "several": [], "own": ""}


@pytest.fixture
def page(hall: Hall, device: BrowserContext) -> Page:
    """A page of our origin, for its scripts."""
    page = device.new_page()
    page.goto(f"{hall.url}/sign-in")
    return page


def round_trip(page: Page, raw: dict[str, Any] | None) -> dict[str, Any]:
    found: dict[str, Any] = page.evaluate(ROUND_TRIP, {"form": FORM, "raw": raw})
    return found


def test_a_response_comes_back_as_it_was(page: Page) -> None:
    raw = {
        "text": "a <b> & \u202e\U0001f600",
        "long": "two\nlines",
        "one": "b",
        "many": ["x", "y"],
        "pick": "p",
        "several": ["t"],
        "own": {"points": [[1, 2]]},
    }
    assert round_trip(page, raw)["read"] == raw


@pytest.mark.parametrize("raw", [None, {}, {"unknown": "name"}, {"one": "gone", "many": "z"}])
def test_nothing_is_answered_by_an_empty_or_foreign_response(
    page: Page, raw: dict[str, Any] | None
) -> None:
    assert round_trip(page, raw) == {"read": EMPTY, "answered": False}


def test_two_tabs_never_get_the_same_number(page: Page, device: BrowserContext, hall: Hall) -> None:
    other = device.new_page()
    other.goto(f"{hall.url}/sign-in")
    take = """async () => {
      const {openStore} = await import('/static/js/store.js');
      const store = await openStore();
      return Promise.all(Array.from({length: 50}, () => store.next('mark')));
    }"""
    numbers = [*page.evaluate(take), *other.evaluate(take), *page.evaluate(take)]
    assert sorted(numbers) == list(range(150))


def test_a_duplicated_tab_gets_a_lease_of_its_own(page: Page, device: BrowserContext) -> None:
    find = """async () => (await import('/static/js/lease.js')).findLease('some-attempt')"""
    first = page.evaluate(find)
    copied = page.evaluate("JSON.stringify({...sessionStorage})")
    page.reload()
    assert page.evaluate(find) == first
    twin = device.new_page()
    twin.goto(page.url)
    twin.evaluate("text => Object.assign(sessionStorage, JSON.parse(text))", copied)
    assert twin.evaluate(find) != first
