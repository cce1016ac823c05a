"""The candidate's pages in a real browser: into the exam room, and what to look at there."""

from dataclasses import dataclass, field

from playwright.sync_api import BrowserContext, Locator, Page, expect

SIZES = ((320, 640), (390, 844), (768, 1024), (1280, 720), (1440, 900))

CLIPPED = """() => [...document.querySelectorAll(
    'a,button,input,select,textarea,[tabindex="0"]')].filter(e => {
  const r = e.getBoundingClientRect();
  if (!r.width || e.closest('.vh') || e.classList.contains('skip')) return false;
  for (let p = e.parentElement; p; p = p.parentElement) {
    const o = getComputedStyle(p).overflowX;
    if (o === 'auto' || o === 'scroll') return false;
  }
  return r.left < -1 || r.right > innerWidth + 1;
}).map(e => e.outerHTML.slice(0, 100))"""
"""Controls that are cut off at the sides; a page's scrollWidth does not tell."""

SMALL = """() => [...document.querySelectorAll(
    'a,button,input:not([type=hidden]),select')].filter(e => {
  const r = e.getBoundingClientRect();
  return r.width && r.height && (r.width < 24 || r.height < 24)
    && !e.closest('.vh,p') && !e.classList.contains('skip');
}).map(e => e.outerHTML.slice(0, 100))"""
"""Controls that are too small for a finger."""


@dataclass
class Faults:
    """What a page must never show: script errors, breaches of its policy, answers of 5xx."""

    seen: list[str] = field(default_factory=list)
    allowed: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        """Note everything from now on."""
        page.on("pageerror", lambda error: self.seen.append(f"script error: {error}"))
        page.on("console", lambda entry: self._note_console(entry.type, entry.text))
        page.on("response", lambda answer: self._note_status(answer.status, answer.url))

    def allow(self, *parts: str) -> None:
        """Expect messages with these parts."""
        self.allowed += parts

    def check(self) -> None:
        """Fail when there was anything unexpected."""
        bad = [text for text in self.seen if not any(part in text for part in self.allowed)]
        assert not bad, bad

    def _note_console(self, kind: str, text: str) -> None:
        # The answers themselves are noted with their addresses.
        if kind == "error" and "server responded with a status" not in text:
            self.seen.append(text)

    def _note_status(self, status: int, url: str) -> None:
        if status >= 400:
            self.seen.append(f"{status} {url}")


def find_misfits(page: Page) -> list[str]:
    """Return controls that are cut off or too small at any of the usual sizes."""
    found = []
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        page.wait_for_timeout(50)
        found += [f"{width}: clipped {text}" for text in page.evaluate(CLIPPED)]
        found += [f"{width}: small {text}" for text in page.evaluate(SMALL)]
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > width:
            found.append(f"{width}: the page is {wide} wide")
    return found


def sign_in(context: BrowserContext, base_url: str, login: str, password: str) -> Page:
    """Sign a person in through the page, and return it at their start page."""
    page = context.new_page()
    page.goto(f"{base_url}/sign-in")
    page.get_by_label("Login").fill(login)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/sign-in" not in url)
    return page


def enter_room(page: Page, *, watched: bool) -> None:
    """Go from the candidate's home through the check-in into the exam room."""
    page.get_by_role("button", name="Begin the check-in").click()
    page.locator("body[data-ready]").wait_for()
    page.get_by_role("button", name="Continue").click()
    if watched:
        for box in page.locator("#consent input[type=checkbox]").all():
            box.check()
        page.get_by_role("button", name="I agree", exact=True).click()
        pass_devices(page)
    page.get_by_role("button", name="Start the exam").click()
    wait_for_room(page)


def pass_devices(page: Page) -> None:
    """Go through the steps that look at devices and take photos, to the start."""
    page.locator("[data-step=Consent]").wait_for(state="hidden")
    while True:
        step = page.locator("[data-step]:visible")
        name = step.get_attribute("data-step")
        if name == "Start":
            return
        if step.get_attribute("data-photo"):
            for press in ("Open the camera", "Take the photo", "Use this photo"):
                step.get_by_role("button", name=press).click()
        elif name in {"Camera", "Microphone"}:
            step.get_by_role("button", name=f"Test the {name.lower()}").click()
        step.locator("[data-next]:enabled").click()


def wait_for_room(page: Page) -> None:
    """Wait until the exam room listens."""
    page.locator("#room[data-ready]").wait_for(timeout=20_000)


def wait_for_saving(page: Page, kind: str, waiting: int | None = None, seconds: int = 15) -> None:
    """Wait until the room says `saved`, `saving`, `offline` or `lost`."""
    count = "" if waiting is None else f'[data-waiting="{waiting}"]'
    expect(page.locator(f'#room[data-save="{kind}"]{count}')).to_be_attached(timeout=seconds * 1000)


def show_question(page: Page, number: int) -> Locator:
    """Show a question and return its section."""
    page.evaluate("n => { location.hash = '#q' + n; }", number)
    section = page.locator("#items > section:visible")
    expect(section.locator("h1")).to_have_text(f"Question {number}")
    return section
