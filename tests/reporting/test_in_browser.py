"""What a reader's browser makes of a report."""

from __future__ import annotations

import json
import time

import pytest

PAGES = ["index.html", "lamps.html", "provenance.html"]


def wait_for(browser, script, seconds=10.0):
    """The value of a script as soon as it is true."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = browser.execute_script(f"return {script}")
        if found:
            return found
        time.sleep(0.05)
    pytest.fail(f"not within {seconds} s: {script}")


def open_page(browser, run, name="lamps.html", fragment=""):
    browser.get("about:blank")
    browser.get_log("browser")
    browser.get_log("performance")
    browser.get(f"{(run / name).as_uri()}{fragment}")
    if name == "lamps.html":
        wait_for(browser, "document.querySelector('#question h3')")


def count(browser):
    return browser.execute_script("return document.getElementById('questions-count').textContent")


def choose(browser, name, value):
    script = """const field = document.getElementById('filter-' + arguments[0]);
    field.value = arguments[1];
    field.dispatchEvent(new Event(field.tagName === 'INPUT' ? 'input' : 'change'));"""
    browser.execute_script(script, name, value)
    time.sleep(0.2)


@pytest.mark.parametrize("page", PAGES)
def test_opens_from_a_file_with_no_error_and_no_request(browser, lamps_run, page):
    open_page(browser, lamps_run, page)
    assert browser.get_log("browser") == []
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = [
        event["params"]["request"]["url"]
        for event in events
        if event["method"] == "Network.requestWillBeSent" and not event["params"]["request"]["url"].startswith("about:")
    ]
    assert asked == [(lamps_run / page).as_uri()]


@pytest.mark.parametrize("page", PAGES)
def test_hostile_texts_run_nothing(browser, lamps_run, page):
    open_page(browser, lamps_run, page)
    if page == "lamps.html":
        for question in range(12):
            open_page(browser, lamps_run, page, f"#question=q{question:02d}&arm=tuned&prompts=retrieved")
            assert not browser.execute_script("return window.hacked")
        assert browser.execute_script("return document.querySelectorAll('#question img, #question script').length") == 0
    assert not browser.execute_script("return window.hacked")
    width = "return [document.documentElement.scrollWidth, window.innerWidth]"
    needed, given = browser.execute_script(width)
    assert needed <= given


def test_filters(browser, lamps_run):
    open_page(browser, lamps_run, fragment="#arm=tuned&prompts=retrieved")
    assert count(browser) == "12 of 12 questions"
    # The base knows the first six, the tuned arm the fifth to the eleventh.
    for show, expected in (("to-right", 5), ("to-wrong", 4), ("both-wrong", 1), ("unscored", 0)):
        choose(browser, "show", show)
        assert count(browser) == f"{expected} of 12 questions", show
    choose(browser, "show", "declined")
    assert count(browser) == "1 of 12 questions"
    choose(browser, "show", "all")
    choose(browser, "find", "PLUM")
    assert count(browser) == "1 of 12 questions"
    choose(browser, "find", "")
    choose(browser, "arm", "failing")
    choose(browser, "show", "unscored")
    assert count(browser) == "12 of 12 questions"


def test_sorting(browser, lamps_run):
    open_page(browser, lamps_run, fragment="#arm=tuned&prompts=retrieved")
    browser.execute_script("document.querySelector('.tabulator-col[tabulator-field=change]').click()")
    time.sleep(0.3)
    script = """return [...document.querySelectorAll('#questions-grid .tabulator-cell[tabulator-field=change]')]
    .map((cell) => cell.textContent)"""
    changes = [float(text) for text in browser.execute_script(script)]
    assert changes == sorted(changes)
    assert changes[0] < 0 < changes[-1]


def test_a_link_opens_its_question_and_keys_go_on(browser, lamps_run):
    from selenium.webdriver.common.by import By
    from selenium.webdriver.common.keys import Keys

    open_page(browser, lamps_run, fragment="#question=q05&arm=tuned&prompts=none")
    shown = "document.querySelector('#question h3').textContent"
    assert browser.execute_script(f"return {shown}") == "What is the colour of lampf?"
    assert browser.execute_script("return document.getElementById('filter-prompts').value") == "none"
    button = browser.find_element(By.ID, "next")
    button.send_keys(Keys.ARROW_RIGHT)
    wait_for(browser, f"{shown} === 'What is the colour of lampg?'")
    assert "question=q06" in browser.current_url
    button.send_keys(Keys.ARROW_LEFT)
    wait_for(browser, f"{shown} === 'What is the colour of lampf?'")


def test_answers_stand_side_by_side_with_their_differences(browser, lamps_run):
    open_page(browser, lamps_run, fragment="#question=q08&arm=tuned&prompts=retrieved")
    sides = browser.execute_script(
        "return [...document.querySelectorAll('#question > .sides .side')].map((one) => one.innerText)"
    )
    assert [side.split("\n")[0] for side in sides] == ["base", "tuned"]
    script = "return [...document.querySelectorAll('#question > .sides ins')].map((one) => one.textContent.trim())"
    assert browser.execute_script(script) == ["beige", "teal"]
    assert browser.execute_script("return document.querySelectorAll('#question .passages .gold').length") == 1


def test_tables_become_grids_that_export(browser, lamps_run):
    open_page(browser, lamps_run)
    script = """const table = document.querySelector('table.data');
    const cells = [...table.tBodies[0].rows].map((row) => row.cells[5].textContent.trim());
    [...document.querySelectorAll('button.tool')].find((one) => one.textContent.startsWith('Sort')).click();
    return cells;"""
    before = browser.execute_script(script)
    time.sleep(0.5)
    cells = ".as-grid .tabulator-cell[tabulator-field='5']"
    script = "return [...document.querySelectorAll(arguments[0])].map((one) => one.textContent)"
    after = browser.execute_script(script, cells)
    assert after == before
    script = """const kept = URL.createObjectURL;
    URL.createObjectURL = (blob) => { blob.text().then((text) => { window.saved = text; }); return kept(blob); };
    [...document.querySelectorAll('button.tool')].find((one) => one.textContent === 'CSV').click();"""
    browser.execute_script(script)
    lines = wait_for(browser, "window.saved").strip().splitlines()
    assert len(lines) == len(before) + 1
    assert lines[0].startswith('"prompts","measure","arm"')


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_serious_barrier(browser, lamps_run, page, scheme):
    from axe_selenium_python import Axe

    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    )
    open_page(browser, lamps_run, page)
    axe = Axe(browser)
    axe.inject()
    found = [
        (one["id"], one["nodes"][0]["html"][:200])
        for one in axe.run()["violations"]
        if one["impact"] in ("serious", "critical")
    ]
    assert found == []
