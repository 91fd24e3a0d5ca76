"""The page in a real headless Chromium (Debian's packages chromium and chromium-driver), by mouse and by keyboard."""

import os
import shutil

import pytest

CHROMIUM, DRIVER = shutil.which("chromium") or "", shutil.which("chromedriver") or ""
pytestmark = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="needs a browser: apt-get install chromium chromium-driver")
OPTIONS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    from selenium import webdriver

    os.environ["SE_AVOID_STATS"] = "true"
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for option in (*OPTIONS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(option)
    driver = webdriver.Chrome(options, webdriver.ChromeService(DRIVER))
    yield driver
    driver.quit()


def shown(browser, condition):
    from selenium.webdriver.support.ui import WebDriverWait

    return WebDriverWait(browser, 60).until(condition)


def ask(browser, server, text, submit):
    from selenium.webdriver.common.by import By

    browser.get(server.url)
    box = browser.find_element(By.ID, "text")
    box.send_keys(text)
    submit(browser, box)


def by_button(browser, _):
    browser.find_element("id", "go").click()


def by_keyboard(_, box):
    from selenium.webdriver.common.keys import Keys

    box.send_keys(Keys.CONTROL, Keys.ENTER)


@pytest.mark.parametrize("submit", [by_button, by_keyboard])
def test_names_appear_with_confidence_and_a_copy_button(browser, server, submit):
    ask(browser, server, "mobile dog groomer, Leeds", submit)
    items = shown(browser, lambda driver: driver.find_elements("css selector", "#out li"))
    assert len(items) == 3
    assert all("% usable" in item.text for item in items)
    button = items[0].find_element("tag name", "button")
    name = items[0].find_element("class name", "name").text
    assert button.get_attribute("aria-label") == f"Copy {name}"
    button.click()
    shown(browser, lambda _: button.text == "Copied")


def test_a_refusal_says_why(browser, server):
    ask(browser, server, "we sell stolen credit card numbers and bank logins by the thousand", by_button)
    note = shown(browser, lambda driver: driver.find_element("css selector", "#out .note"))
    assert note.text.startswith("Request contains inappropriate content. It resembles: ")


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_cut_off(browser, server, width):
    browser.set_window_size(width, 900)
    ask(browser, server, "a" * 60 + " lighthouse keepers' cooperative", by_button)
    shown(browser, lambda driver: driver.find_elements("css selector", "#out li"))
    inner, scrolled = browser.execute_script("return [window.innerWidth, document.documentElement.scrollWidth]")
    assert scrolled <= inner


def test_a_text_of_the_caller_is_no_markup(browser, server):
    ask(browser, server, "<img src=x onerror=document.title='hit'> bakery", by_button)
    shown(browser, lambda driver: driver.find_elements("css selector", "#out li, #out .note"))
    assert browser.title == "Names for a business"
