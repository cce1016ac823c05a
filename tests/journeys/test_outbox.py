"""Answers on their way: the scripts alone, with a server and a store that are played."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

import examhall.web
from examhall.core.attempts.control import pause_attempt
from examhall.core.attempts.queries import lock_attempt
from examhall.core.db import database_now
from examhall.core.permissions import SYSTEM
from tests.journeys.hall import Hall
from tests.journeys.room import (
    Faults,
    enter_room,
    show_question,
    sign_in,
    wait_for_room,
    wait_for_saving,
)

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

TEXT = 3
SCRIPTS = Path(*examhall.web.__path__) / "static" / "js"

PLAYED = """async (act) => {
  const {Outbox} = await import('/static/js/outbox.js');
  const bodies = [];
  const told = [];
  const saved = (revision) => ({status: 200, text: JSON.stringify(
    {success: true, data: {state: 'saved', revision, saved_at: '2026-01-01T00:00:00Z'}})});
  window.fetch = async (url, {body}) => {
    bodies.push(JSON.parse(body));
    const {status, text} = told.shift() ?? saved(bodies.length);
    return new Response(text, {status});
  };
  const store = {
    isLasting: true, numbers: 0, saves: new Map(),
    async all() { return [...this.saves.values()]; },
    async put(name, op) { this.saves.set(op.operation_id, {...op}); },
    async remove(name, id) { this.saves.delete(id); },
    async next(mark, least = 0) { return this.numbers = Math.max(this.numbers + 1, least); },
  };
  const make = () => new Outbox(store, 'an-attempt', 'a-lease-id');
  const turn = () => new Promise((resolve) => setTimeout(resolve, 0));
  return eval(act)({make, store, bodies, told, turn});
}"""


@pytest.fixture
def page(device: BrowserContext) -> Page:
    """An empty page with our scripts beside it, and no server."""
    page = device.new_page()
    page.route("http://localhost/**", serve_scripts)
    page.goto("http://localhost/")
    return page


def serve_scripts(route: Route) -> None:
    name = route.request.url.rpartition("/")[2]
    if name.endswith(".js"):
        route.fulfill(path=SCRIPTS / name, content_type="text/javascript")
    else:
        route.fulfill(body="<!doctype html><title>Empty</title>", content_type="text/html")


def end_now(hall: Hall) -> None:
    """Let the time of the attempt be over."""
    with hall.platform.db.transaction() as session:
        attempt = lock_attempt(session, hall.attempt().id)
        attempt.deadline_at = database_now(session)


def play(page: Page, act: str) -> Any:
    return page.evaluate(PLAYED.replace("eval(act)", f"({act})"), None)


def test_what_an_earlier_page_left_says_on_top_of_what_it_was_written(page: Page) -> None:
    bodies = play(
        page,
        """async ({make, store, bodies}) => {
          const before = make();
          await before.open([{id: 'one', revision: 2}]);
          await before.note('one', {text: 'written here'});
          before.lose();
          const outbox = make();
          await outbox.open([{id: 'one', revision: 5}]);
          await outbox.flush();
          await outbox.note('one', {text: 'and on'});
          await outbox.flush();
          return bodies;
        }""",
    )
    assert [body["base_revision"] for body in bodies] == [2, 5]
    assert [body["raw"]["text"] for body in bodies] == ["written here", "and on"]


def test_of_what_several_pages_left_the_last_answer_counts_and_no_other_comes_back(
    page: Page,
) -> None:
    found = play(
        page,
        """async ({make, store, bodies}) => {
          for (const [n, sent] of [[3, true], [1, true], [4, false], [2, false]]) {
            await store.put('saves', {operation_id: `op ${n}`, attempt_id: 'an-attempt', sent,
              item_id: 'one', client_sequence: n, base_revision: 0, raw: {text: `${n}`}});
          }
          const outbox = make();
          await outbox.open([{id: 'one', revision: 0}]);
          await outbox.drain();
          return {texts: bodies.map(({raw}) => raw.text), left: store.saves.size};
        }""",
    )
    assert found == {"texts": ["1", "4"], "left": 0}


def test_a_store_that_fails_stops_no_answer(page: Page) -> None:
    found = play(
        page,
        """async ({make, store, bodies}) => {
          for (const name of ['all', 'put', 'remove', 'next']) {
            store[name] = async () => { throw new DOMException('full', 'QuotaExceededError'); };
          }
          const outbox = make();
          await outbox.open([{id: 'one', revision: 0}]);
          for (const text of ['a', 'b']) {
            await outbox.note('one', {text});
            await outbox.flush();
          }
          return {bodies, isKept: outbox.isKept, waiting: outbox.waiting};
        }""",
    )
    first, second = found["bodies"]
    assert (first["raw"], second["raw"]) == ({"text": "a"}, {"text": "b"})
    assert 0 < first["client_sequence"] < second["client_sequence"] < 2**53
    assert (found["isKept"], found["waiting"]) == (False, 0)


def test_numbers_go_on_rising_where_a_reload_forgets_them(page: Page) -> None:
    bodies = play(
        page,
        """async ({make, store, bodies}) => {
          for (const text of ['before the reload', 'after it']) {
            Object.assign(store, {isLasting: false, numbers: 0, saves: new Map()});
            const outbox = make();
            await outbox.open([{id: 'one', revision: 0}]);
            await outbox.note('one', {text});
            await outbox.flush();
            outbox.lose();
            await new Promise((resolve) => setTimeout(resolve, 5));
          }
          return bodies;
        }""",
    )
    before, after = (body["client_sequence"] for body in bodies)
    assert before < after < 2**53


def test_numbers_go_on_rising_after_last_words_that_could_not_wait_for_the_store(
    page: Page,
) -> None:
    bodies = play(
        page,
        """async ({make, store, bodies, turn}) => {
          const {next} = store;
          store.next = () => new Promise(() => {});
          const before = make();
          await before.open([{id: 'one', revision: 0}]);
          before.note('one', {text: 'before the reload'});
          before.leave();
          before.lose();
          Object.assign(store, {next, saves: new Map()});
          await new Promise((resolve) => setTimeout(resolve, 5));
          const outbox = make();
          await outbox.open([{id: 'one', revision: 0}]);
          await outbox.note('one', {text: 'after it'});
          await outbox.flush();
          return bodies;
        }""",
    )
    [last], after = bodies[0]["operations"], bodies[1]
    assert last["raw"] == {"text": "before the reload"}
    assert last["client_sequence"] < after["client_sequence"] < 2**53


def test_an_answer_is_the_last_one_however_slowly_the_store_forgets_a_refused_one(
    page: Page,
) -> None:
    texts = play(
        page,
        """async ({make, store, bodies, told, turn}) => {
          const refusal = {success: false, error: {code: 'invalid', message: 'Too long.'}};
          told.push({status: 422, text: JSON.stringify(refusal)});
          const outbox = make();
          await outbox.open([{id: 'one', revision: 0}]);
          await outbox.note('one', {text: 'refused'});
          await outbox.flush();
          const forgotten = [];
          store.remove = () => new Promise((done) => forgotten.push(done));
          outbox.note('one', {text: 'first'});
          outbox.note('one', {text: 'second'});
          forgotten.shift()?.();
          await turn();
          outbox.note('one', {text: 'third'});
          await turn();
          forgotten.shift()?.();
          await turn();
          outbox.leave();
          outbox.lose();
          return bodies.at(-1).operations.map(({raw}) => raw.text);
        }""",
    )
    assert texts == ["third"]


def test_the_last_words_of_a_page_are_those_that_fit_however_large_others_are(page: Page) -> None:
    found = play(
        page,
        """async ({make, store, bodies, turn}) => {
          store.next = () => new Promise(() => {});
          const outbox = make();
          await outbox.open(['large', 'wide', 'small'].map((id) => ({id, revision: 0})));
          outbox.note('large', {text: 'x'.repeat(100000)});
          outbox.note('wide', {text: '\\u8a9e'.repeat(25000)});
          outbox.note('small', {text: 'Paris'});
          await turn();
          outbox.leave();
          await turn();
          outbox.lose();
          const words = ({item_id, raw}) => [item_id, raw.text];
          return bodies.map(({operations}) => operations.map(words));
        }""",
    )
    assert found == [[["small", "Paris"]]]


@pytest.mark.parametrize("status", [403, 404, 502])
def test_an_answer_from_something_on_the_way_refuses_nothing(page: Page, status: int) -> None:
    found = play(
        page,
        f"""async ({{make, bodies, told}}) => {{
          told.push({{status: {status}, text: '<h1>Not now</h1>'}});
          const outbox = make();
          await outbox.open([{{id: 'one', revision: 0}}]);
          await outbox.note('one', {{text: 'Paris'}});
          await outbox.flush();
          const first = [outbox.waiting, outbox.refused.length, outbox.isOffline];
          await outbox.flush();
          return {{first, then: [outbox.waiting, bodies.length]}};
        }}""",
    )
    assert found == {"first": [1, 0, True], "then": [0, 2]}


def test_pasted_text_that_no_database_takes_does_not_cost_the_answer(page: Page) -> None:
    read = page.evaluate(
        """async () => {
          const {readControls} = await import('/static/js/controls.js');
          const box = document.createElement('div');
          box.innerHTML = '<textarea name="text"></textarea>';
          box.firstChild.value = 'a\\0b \\ud83d c \\ud83d\\ude00';
          return readControls(box);
        }"""
    )
    assert read == {"text": "ab \ufffd c \U0001f600"}


def test_the_clock_asks_as_soon_as_the_device_has_slept(page: Page) -> None:
    asked = page.evaluate(
        """async () => {
          const {Clock} = await import('/static/js/clock.js');
          const asked = new Promise((resolve) => { window.fetch = async (url) => resolve(url); });
          const every = window.setInterval;
          window.setInterval = (act, time) => time < 1000 && every(act, time);
          const clock = new Clock('an-attempt');
          clock.sync({now: '2026-01-01T00:00:00', state: 'in_progress', deadline_version: 1,
            remaining_seconds: 600});
          clock.start();
          const now = Date.now;
          Date.now = () => now() + 60000;
          return asked;
        }"""
    )
    assert asked == "/api/v1/attempts/an-attempt/clock"


def test_a_room_whose_time_is_not_over_after_all_opens_again(
    hall: Hall, device: BrowserContext, faults: Faults
) -> None:
    hall.open_exam(time={"limit_seconds": 600})
    room = sign_in(device, hall.url, "candidate", hall.password)
    faults.watch(room)
    enter_room(room, watched=False)
    left = iter([0.0, 0.0])

    def tell(route: Route) -> None:
        answer = route.fetch()
        body = answer.json()
        body["data"]["remaining_seconds"] = next(left, 300.0)
        route.fulfill(response=answer, json=body)

    room.route("**/clock", tell)
    controls = show_question(room, TEXT).locator("[data-controls]")
    room.evaluate("dispatchEvent(new Event('online'))")
    expect(room.locator("#banner")).to_contain_text("The time is over")
    assert controls.get_attribute("inert") is not None
    expect(room.locator("#banner")).to_be_hidden(timeout=20_000)
    expect(controls).not_to_have_attribute("inert", "")


def answer_in_vain(hall: Hall, device: BrowserContext, faults: Faults) -> Page:
    """Return a room that keeps nothing on the device, with an answer that cannot be sent."""
    hall.open_exam(time={"limit_seconds": 600})
    room = sign_in(device, hall.url, "candidate", hall.password)
    room.add_init_script("delete IDBFactory.prototype.open")
    faults.watch(room)
    faults.allow("ERR_FAILED")
    enter_room(room, watched=False)
    expect(room.locator("#banner")).to_contain_text("keeps nothing on the device")
    room.route("**/responses/*", lambda route: route.abort())
    show_question(room, TEXT).get_by_role("textbox").fill("Paris")
    wait_for_saving(room, "offline", 1)
    return room


def test_a_window_that_keeps_nothing_sends_what_it_has_before_it_takes_over(
    hall: Hall, device: BrowserContext, faults: Faults
) -> None:
    faults.allow("409 ")
    room = answer_in_vain(hall, device, faults)
    other = device.new_page()
    other.goto(room.url)
    wait_for_room(other)
    wait_for_saving(room, "lost", 1)
    expect(room.locator("#save")).to_contain_text("Read-only, 1 answer waits")
    room.get_by_role("button", name="Take over here").click()
    wait_for_saving(other, "lost")
    wait_for_saving(room, "offline", 1)
    room.unroute_all()
    wait_for_room(room)
    expect(show_question(room, TEXT).get_by_role("textbox")).to_have_value("Paris")
    assert hall.saved(TEXT) == {"text": "Paris"}


def test_a_window_that_keeps_nothing_sends_what_it_has_before_a_pause_loads_it_anew(
    hall: Hall, device: BrowserContext, faults: Faults
) -> None:
    room = answer_in_vain(hall, device, faults)
    pause_attempt(hall.platform, SYSTEM, hall.attempt().id, "Fire alarm")
    expect(room.locator("#room")).not_to_have_attribute("data-ready", "", timeout=20_000)
    room.unroute_all()
    with room.expect_request("**/responses/*") as sent:
        expect(room.get_by_role("heading", name="The exam is paused")).to_be_visible(timeout=20_000)
    assert sent.value.post_data_json["raw"] == {"text": "Paris"}


def test_answers_that_could_not_be_sent_before_the_end_are_handed_over_afterwards(
    hall: Hall, device: BrowserContext, faults: Faults
) -> None:
    hall.open_exam(time={"limit_seconds": 600})
    room = sign_in(device, hall.url, "candidate", hall.password)
    faults.watch(room)
    faults.allow("ERR_INTERNET_DISCONNECTED")
    enter_room(room, watched=False)
    device.set_offline(True)
    show_question(room, TEXT).get_by_role("textbox").fill("Paris")
    wait_for_saving(room, "offline", 1)
    address = room.url.partition("#")[0]
    room.close()
    end_now(hall)
    other = device.new_page()
    while hall.attempt().state != "submitted":
        other.wait_for_timeout(100)
    device.set_offline(False)
    faults.watch(other)
    other.goto(address)
    expect(other.locator("#left")).to_contain_text("have been sent")
    assert hall.saved(TEXT) == {"text": "Paris"}
