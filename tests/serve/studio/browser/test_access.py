"""Every page through axe: light and dark, desktop and phone. And nothing is wider than the screen."""

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.model


@pytest.fixture(scope="module")
def filled(shared_studio: Any, chromium: Any) -> dict[str, str]:
    """Something on every page; paths by name."""
    studio = shared_studio
    studio.ask("me", "DELETE")
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"{studio.address}/talk")
    made: dict[str, str] = page.evaluate(
        """async () => {
          const post = async (path, body) => {
            const headers = { 'Content-Type': 'application/json' };
            const init = { method: 'POST', body: JSON.stringify(body), headers };
            const answer = await fetch('/api/v1' + path, init);
            return (answer.headers.get('content-type') ?? '').includes('json') ? answer.json() : answer.text();
          };
          const chat = await post('/chats', {});
          const say = (content, n) => post(`/chats/${chat.id}/messages`, { content, client_id: `client-0${n}` });
          await say('I am scared that I will lose my job.', 1);
          await say('I want to kill myself tonight.', 2);
          const run = await post('/exercise-runs', { exercise: 'gratitude' });
          const practice = await post('/practices', { situation: 'My neighbor is loud.', partner: 'my neighbor' });
          const asked = { content: 'Please be quiet after ten.', client_id: 'client-03' };
          await post(`/practices/${practice.id}/messages`, asked);
          const form = new FormData();
          form.set('text', 'I am so happy!\\nI am afraid of the dark.');
          const analysis = await (await fetch('/api/v1/analyses', { method: 'POST', body: form })).json();
          return {
            talk: `talk/${chat.id}`, practices: 'practice', practice: `practice/${practice.id}`, exercises: 'exercises',
            exercise: `exercises/run/${run.id}`, questionnaire: 'exercises/questionnaire/gad7', analyses: 'analyze',
            analysis: `analyze/${analysis.id}`, assessments: 'assess', studies: 'studies',
            study: 'studies/text_recognizer', me: 'me',
          };
        }"""
    )
    context.close()
    return made


@pytest.mark.parametrize(
    ("phone", "scheme"),
    [
        (False, "light"),
        (True, "dark"),
        pytest.param(True, "light", marks=pytest.mark.slow),
        pytest.param(False, "dark", marks=pytest.mark.slow),
    ],
)
def test_every_page_is_clean(
    shared_studio: Any,
    filled: dict[str, str],
    open_page: Callable[..., Any],
    check: Callable[[Any, str], None],
    phone: bool,
    scheme: str,
) -> None:
    page = open_page(f"{shared_studio.address}/talk", phone=phone, scheme=scheme)
    page.get_by_role("button", name="I understand").wait_for()
    check(page, "first contact")
    for name, path in filled.items():
        page.goto(f"{shared_studio.address}/{path}")
        page.locator("h1").first.wait_for(state="attached")
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.dataset.mantineColorScheme") == scheme
        for summary in page.locator("details:not([open]) > summary").all():
            summary.click()
        check(page, name)
    page.get_by_role("button", name="Help lines").click()
    page.get_by_role("dialog").wait_for()
    page.wait_for_timeout(400)  # colors of a dialog that fades in are no colors yet
    check(page, "help lines")


def test_pages_on_a_phone_are_reached_by_the_bar_below(
    shared_studio: Any, filled: dict[str, str], open_page: Callable[..., Any]
) -> None:
    page = open_page(f"{shared_studio.address}/{filled['talk']}", phone=True)
    field = page.get_by_label("Your message")
    field.wait_for()
    assert field.bounding_box()["y"] + field.bounding_box()["height"] < 844 - 50
    page.get_by_role("button", name="Talks").click()
    page.get_by_role("dialog").get_by_role("link", name="I am scared").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("navigation").get_by_role("link", name="Exercises").click()
    page.get_by_role("heading", name="Exercises", level=1).wait_for()
    page.get_by_role("button", name="More").click()
    page.get_by_role("menuitem", name="Studies").click()
    page.get_by_role("heading", name="Studies", level=1).wait_for()


def test_a_new_page_is_where_the_keyboard_goes_on(shared_studio: Any, open_page: Callable[..., Any]) -> None:
    page = open_page(f"{shared_studio.address}/exercises")
    page.get_by_role("link", name="Studies").click()
    page.get_by_role("heading", name="Studies", level=1).wait_for()
    assert page.evaluate("document.activeElement.id") == "main"
    assert page.title() == "Studies · thymos studio"
