"""A chosen file is never lost: it waits on the device for the network, and through a reload."""

from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from examhall.question_types.file_upload import FileUpload
from tests.core.media.files import picture
from tests.journeys.hall import Hall
from tests.journeys.room import Faults, enter_room, sign_in, wait_for_room, wait_for_saving

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

FILES = "**/items/*/files"


def photo(name: str, width: int) -> Any:
    return {"name": name, "mimeType": "image/png", "buffer": picture(size=(width, 5))}


def choose(page: Page, *files: Any) -> None:
    page.get_by_label("Your files").set_input_files(list(files))


def sent(page: Page, name: str) -> None:
    expect(page.get_by_role("link", name=name)).to_be_visible()


def test_files_wait_for_the_network_and_through_a_reload(
    hall: Hall, device: BrowserContext, faults: Faults
) -> None:
    hall.open_exam(questions=[("file_upload", FileUpload().example(), "1")])
    page = sign_in(device, hall.url, "candidate", hall.password)
    faults.watch(page)
    faults.allow("ERR_", "413", "422")
    enter_room(page, watched=False)
    page.route(FILES, lambda route: route.abort())
    choose(page, photo("first.png", 3))
    waiting = page.get_by_text("Waits for the connection")
    expect(waiting).to_be_visible()
    page.get_by_role("button", name="Hand in").first.click()
    page.get_by_role("button", name="Hand in now").click()
    expect(page.locator("#submit-problem")).to_contain_text("not saved yet", timeout=12_000)
    page.unroute(FILES)
    page.reload()
    wait_for_room(page)
    sent(page, "first.png")
    choose(page, photo("second.png", 4), {**photo("evil.png", 5), "buffer": b"MZ a program"})
    sent(page, "second.png")
    expect(page.get_by_text("Not taken: ")).to_be_visible()
    page.get_by_role("button", name="Dismiss evil.png").click()
    wait_for_saving(page, "saved", 0)
    assert [line.rpartition(" ")[2] for line in hall.saved(1)["files"]] == [
        "first.png", "second.png"
    ]  # fmt: skip
