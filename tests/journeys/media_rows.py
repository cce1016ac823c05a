"""How questions are answered with files, recordings and drawings."""

from playwright.sync_api import expect

from tests.core.media.files import picture
from tests.journeys.answering import Finger, Keys

PHOTO = {"name": "photo.png", "mimeType": "image/png", "buffer": picture()}


def hand_in(hand: Keys | Finger) -> None:
    """Choose a file in the browser's own dialogue, and wait until it is sent."""
    control = hand.question.get_by_label("Your files")
    # The dialogue is caught from now on: to begin with it takes the browser a moment.
    hand.page.on("filechooser", lambda chooser: None)
    control.wait_for()
    if isinstance(hand, Keys):
        hand.reach(control)
    with hand.page.expect_file_chooser() as chooser:
        hand.press("Enter") if isinstance(hand, Keys) else hand.tap(control)
    chooser.value.set_files(PHOTO)
    expect(hand.question.get_by_role("link", name="photo.png")).to_be_visible()


def speak(hand: Keys | Finger) -> None:
    """Record for a moment, and wait until the recording is sent."""
    for name in ("Record", "Stop"):
        button = hand.question.get_by_role("button", name=name, exact=True)
        expect(button).to_be_enabled()
        if isinstance(hand, Keys):
            hand.reach(button)
            hand.press("Enter")
        else:
            hand.tap(button)
        hand.page.wait_for_timeout(600)
    expect(hand.question.get_by_text("The recording was sent.")).to_be_visible()


def draw_by_keys(keys: Keys) -> None:
    """Put the pen down, go, lift it; then say it in words."""
    keys.reach(keys.question.get_by_label("Sheet to draw on"))
    keys.press("Space", "ArrowRight", "Shift+ArrowUp", "ArrowRight", "Space")
    keys.fill("In words (if you cannot draw, or to say more)", "A step upwards")


def draw_by_touch(finger: Finger) -> None:
    """Make two points and choose another pen between them."""
    sheet = finger.question.get_by_label("Sheet to draw on")
    finger.tap(sheet)
    finger.question.get_by_label("Pen", exact=True).select_option("Red")
    finger.tap(sheet)
