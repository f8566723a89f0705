"""The page that the bar's code opens, used as guests use it."""

import re
import uuid
from itertools import count

import pytest
from playwright.sync_api import expect

from tests.browser.accessibility import find_faults
from tests.browser.conftest import OUTAGE

pytestmark = pytest.mark.browser

PASSWORD = "abcd@123"
HERE = re.compile(r"^\d+ here$")
numbers = count(1)


def unique(text):
    return f"{text} ({next(numbers)})"


def sign_in(page, username, var_id="v1"):
    page.goto(f"/v/{var_id}")
    page.get_by_role("button", name="Password", exact=True).click()
    page.get_by_label("Username").locator("visible=true").fill(username)
    page.get_by_label("Password").locator("visible=true").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect_live(page)
    return page


def expect_live(page):
    expect(page.locator("#standing-text")).to_have_text(HERE)


def say(page, text, room="#chat"):
    page.locator(f"{room} textarea").fill(text)
    page.keyboard.press("Enter")


def texts(page, room="#chat"):
    """What the log says, oldest first, letters that are not stored yet included."""
    return page.locator(f"{room} .bubble .text").all_inner_texts()


def since(page, first, room="#chat"):
    said = texts(page, room)
    return said[said.index(first) :]


def message(page, text, room="#chat"):
    return page.locator(f"{room} .message", has=page.get_by_text(text, exact=True))


def show(page, view):
    page.get_by_role("navigation").get_by_role("button", name=view).click()


def open_options(page, text):
    message(page, text).get_by_role("button", name="What to do with").click()


# Signing in


def test_code_that_came_by_mail_signs_in(phones, mails):
    phones.expected.append("status of 400")
    page = phones.open()
    page.goto("/v/v1")
    page.get_by_label("Username").locator("visible=true").fill("c3")
    page.get_by_label("E-mail").locator("visible=true").fill("c3@example.com")
    page.get_by_role("button", name="Send me a code").click()
    expect(page.get_by_label("Code", exact=True)).to_be_focused()
    page.get_by_label("Code", exact=True).fill("000000")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert").locator("visible=true")).to_have_text("Invalid or expired OTP.")

    page.reload()
    page.get_by_label("Code", exact=True).fill(code_for("c3@example.com", mails, page))
    page.get_by_role("button", name="Sign in").click()

    expect_live(page)


def code_for(address, mails, page):
    for _ in range(100):
        for mail in mails.mails:
            if mail["To"] == address:
                return re.search(r"\b\d{6}\b", mail.get_body(("plain",)).get_content())[0]
        page.wait_for_timeout(100)
    raise AssertionError(f"no mail for {address}")


def test_wrong_password_is_told_and_the_right_one_then_signs_in(phones):
    phones.expected.append("status of 401")
    page = phones.open()
    page.goto("/v/v1/")
    page.get_by_role("button", name="Password", exact=True).click()
    page.get_by_label("Username").locator("visible=true").fill("c1")
    page.get_by_label("Password").locator("visible=true").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert").locator("visible=true")).to_have_text("Invalid username or password.")

    page.get_by_label("Password").locator("visible=true").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()

    expect_live(page)


def test_somebody_new_joins(phones):
    page = phones.open()
    name = f"new{uuid.uuid4().hex[:8]}"
    page.goto("/v/v1")
    page.get_by_role("button", name="New here").click()
    page.get_by_label("Username").locator("visible=true").fill(name)
    page.get_by_label("E-mail").locator("visible=true").fill(f"{name}@example.com")
    page.get_by_label("Password").locator("visible=true").fill("Correct-horse-7")
    page.get_by_role("button", name="Join").click()

    expect_live(page)
    expect(page.get_by_role("button", name=f"Signed in as {name}")).to_be_visible()


def test_reload_stays_signed_in_and_signing_out_does_not(phones):
    page = sign_in(phones.open(), "c1")
    page.reload()
    expect_live(page)

    page.get_by_role("button", name="Signed in as c1").click()
    # The page then loads itself anew, which must be over before it is told to.
    with page.expect_navigation():
        page.get_by_role("button", name="Sign out").click()

    expect(page.get_by_role("button", name="Send me a code")).to_be_visible()
    page.reload()
    expect(page.get_by_role("button", name="Send me a code")).to_be_visible()


def test_session_that_is_ended_elsewhere_leads_back_to_the_door(phones, server):
    phones.expected.append("status of 401")
    page = sign_in(phones.open(), "c5")
    refresh = page.evaluate("JSON.parse(localStorage['pub.session']).refresh")

    page.request.post(f"{server.url}/logout/", data={"refresh": refresh})

    expect(page.get_by_role("alert").locator("visible=true")).to_have_text(
        "You have been signed out. Please sign in again."
    )


def test_token_is_replaced_before_it_ends_and_the_socket_told(phones):
    page = phones.open()
    page.clock.install()
    sign_in(page, "c1")
    sent = []
    page.on("request", lambda request: sent.append(request.url.rsplit("/", 3)[-3:]))

    page.clock.fast_forward("50:00")

    expect_live(page)
    text = unique("Still here")
    say(page, text)
    page.clock.run_for(1000)
    expect(message(page, text)).not_to_have_class(re.compile("letter"))
    assert [url for url in sent if url[:2] == ["token", "refresh"]] == [["token", "refresh", ""]]


def test_code_that_has_ended_says_what_to_do(phones):
    phones.expected.append("status of 400")
    page = phones.open()

    page.goto("/v/long-gone")

    expect(page.get_by_role("heading")).to_have_text("This code has ended")


# The group


def test_two_phones_chat_with_each_other(phones):
    ann, bob = sign_in(phones.open(), "c1"), sign_in(phones.open(), "c2")
    hello, answer = unique("Hello <b>group</b> & all"), unique("Hi\nthere")

    say(ann, hello)
    expect(message(bob, hello)).to_be_visible()
    bob.locator("#chat textarea").press_sequentially("H")
    expect(ann.get_by_text("c2 is typing…")).to_be_visible()
    say(bob, answer)

    expect(ann.locator("#chat .bubble .text").last).to_have_text(answer)
    expect(ann.get_by_text("c2 is typing…")).to_be_hidden()
    expect(ann.locator("#standing-text")).to_have_text("2 here")
    expect(bob.locator("#standing-text")).to_have_text("2 here")
    expect(ann.locator("#announcer")).to_have_text(f"c2: {answer}")
    assert since(ann, hello) == since(bob, hello) == [hello, answer]
    bob.context.close()
    expect(ann.locator("#standing-text")).to_have_text("1 here")


def test_message_is_edited_reacted_to_and_deleted_on_both_phones(phones):
    ann, bob = sign_in(phones.open(), "c1"), sign_in(phones.open(), "c2")
    first, second = unique("Darts at eight?"), unique("Darts at nine?")
    say(ann, first)

    open_options(bob, first)
    expect(bob.get_by_role("button", name="Edit")).to_be_hidden()
    expect(bob.get_by_role("button", name="Delete")).to_be_hidden()
    bob.get_by_role("button", name="thumbs up").click()
    expect(message(ann, first).get_by_role("button", name="👍 1")).to_have_attribute("aria-pressed", "false")
    expect(message(bob, first).get_by_role("button", name="👍 1")).to_have_attribute("aria-pressed", "true")
    message(ann, first).get_by_role("button", name="👍 1").click()
    expect(message(bob, first).get_by_role("button", name="👍 2")).to_be_visible()
    open_options(ann, first)
    ann.get_by_role("button", name="Edit").click()
    say(ann, second)
    expect(message(bob, second)).to_contain_text("edited")
    expect(ann.get_by_text("Editing your message")).to_be_hidden()
    bob.reload()
    expect(message(bob, second).get_by_role("button", name="👍 2")).to_be_visible()
    open_options(ann, second)
    ann.get_by_role("button", name="Delete").click()
    ann.get_by_role("dialog", name="Delete this message?").get_by_role("button", name="Delete").click()

    expect(message(bob, second)).to_have_count(0)
    assert texts(ann)[-1] == texts(bob)[-1] == "This message was deleted."


def test_what_people_write_stays_text(phones):
    ann, bob = sign_in(phones.open(), "c1"), sign_in(phones.open(), "c2")
    hostile = unique('<img src=x onerror="document.title=1"><script>document.title=2</script>')

    say(ann, hostile)

    expect(message(bob, hostile)).to_be_visible()
    expect(bob.locator("#chat .messages img, #chat .messages script")).to_have_count(0)


def test_earlier_messages_come_when_asked_for(phones):
    page = sign_in(phones.open(), "c1")
    expect(page.locator("#chat .message").first).to_be_attached()
    newest = texts(page)
    before = page.locator("#chat .message").count()

    page.locator("#chat .older").click()

    expect(page.locator("#chat .message")).not_to_have_count(before)
    said = texts(page)
    assert said[-len(newest) :] == newest
    assert len(said) >= len(newest) + 50


def test_unread_messages_are_counted_and_marked(phones):
    ann, bob = sign_in(phones.open(), "c1"), sign_in(phones.open(), "c2")
    before, first, second = unique("Before"), unique("First"), unique("Second")
    say(ann, before)
    expect(message(bob, before)).to_be_visible()

    show(bob, "Offers")
    say(ann, first)
    say(ann, second)

    expect(bob.get_by_role("button", name="Chat").locator(".badge")).to_have_text("2")
    expect(bob).to_have_title("(2) The Anchor")
    show(bob, "Chat")
    expect(message(bob, first).locator(".heading.new")).to_be_visible()
    expect(bob.get_by_role("button", name="Chat").locator(".badge")).to_be_hidden()
    expect(bob).to_have_title("The Anchor")


def test_ice_breaker_is_offered_replaced_and_used(phones):
    page = sign_in(phones.open(), "c1")
    shown = page.locator("#chat .ice-text")
    expect(shown).not_to_be_empty()
    seen = {shown.inner_text()}

    for _ in range(10):
        with page.expect_response("**/icebreakers/random/"):
            page.get_by_role("button", name="Another one").click()
        page.wait_for_timeout(50)
        seen.add(shown.inner_text())
    page.get_by_role("button", name="Use it").click()

    assert len(seen) > 1
    expect(page.locator("#chat textarea")).not_to_be_empty()
    expect(shown).to_be_hidden()


# Losing the network


def test_phone_that_was_offline_has_everything_once_and_in_order(phones):
    phones.expected.append(OUTAGE)
    ann, bob = sign_in(phones.open(), "c1"), sign_in(phones.open(), "c2")
    start = unique("Start")
    say(ann, start)
    expect(message(bob, start)).to_be_visible()

    bob.context.set_offline(True)
    expect(bob.locator("#standing-text")).to_contain_text("No network")
    missed = [unique("While you were away") for _ in range(5)]
    for text in missed:
        say(ann, text)
    kept = [unique("Written in the cellar") for _ in range(3)]
    for text in kept:
        say(bob, text)
    expect(bob.locator("#chat .letter.waiting")).to_have_count(3)
    bob.context.set_offline(False)

    expect(bob.locator("#chat .letter")).to_have_count(0)
    expect(message(ann, kept[-1])).to_be_visible()
    expect_live(bob)
    assert since(ann, start) == since(bob, start) == [start, *missed, *kept]
    bob.reload()
    expect(message(bob, kept[-1])).to_be_visible()
    assert since(bob, start) == [start, *missed, *kept]


def test_restart_of_the_server_loses_and_doubles_nothing(phones, server):
    phones.expected.append(OUTAGE)
    ann, bob = sign_in(phones.open(), "c1"), sign_in(phones.open(), "c2")
    start = unique("Start")
    say(ann, start)
    expect(message(bob, start)).to_be_visible()

    server.stop()
    written = [unique("Written meanwhile") for _ in range(3)]
    for text in written:
        say(ann, text)
    expect(ann.locator("#standing-text")).to_have_text("Connecting…")
    server.start()

    expect(message(bob, written[-1])).to_be_visible(timeout=30_000)
    expect(ann.locator("#chat .letter")).to_have_count(0)
    assert since(ann, start) == since(bob, start) == [start, *written]


def test_message_whose_acknowledgement_was_lost_is_stored_once(phones):
    lost = []

    def lose_first_acknowledgement(page_side):
        server_side = page_side.connect_to_server()

        def pass_on(frame):
            if '"type":"ack"' in frame and not lost:
                lost.append(frame)
                page_side.close()
            else:
                page_side.send(frame)

        server_side.on_message(pass_on)

    ann, bob = phones.open(), sign_in(phones.open(), "c2")
    ann.route_web_socket("**/ws/group/**", lose_first_acknowledgement)
    sign_in(ann, "c1")
    text = unique("Did you hear me?")

    say(ann, text)

    expect(message(bob, text)).to_be_visible()
    expect(ann.locator("#chat .letter")).to_have_count(0)
    expect_live(ann)
    assert len(lost) == 1
    assert since(ann, text) == since(bob, text) == [text]


def test_what_was_not_sent_survives_a_reload(phones):
    is_cut = True

    def cut(page_side):
        if is_cut:
            page_side.close()
        else:
            page_side.connect_to_server()

    ann, bob = phones.open(), sign_in(phones.open(), "c2")
    sign_in(ann, "c1")
    ann.route_web_socket("**/ws/group/**", cut)
    ann.reload()
    expect(ann.locator("#chat .message").first).to_be_attached()
    text = unique("Written before the reload")
    say(ann, text)
    expect(ann.locator("#chat .letter.waiting")).to_have_count(1)

    is_cut = False
    ann.reload()

    expect(message(bob, text)).to_be_visible()
    expect(ann.locator("#chat .letter")).to_have_count(0)
    assert since(ann, text) == since(bob, text) == [text]


# Offers


def test_offer_is_redeemed_once_and_its_code_stays(phones):
    page = sign_in(phones.open(), "c4")
    show(page, "Offers")
    offer = page.locator(".offer", has_text="First drink on us")
    offer.get_by_role("button", name="Redeem").click()
    page.get_by_role("button", name="Redeem now").click()
    expect(page.locator("#question .voucher")).to_have_text(re.compile(r"^[0-9A-Z]{6,}$"))
    code = page.locator("#question .voucher").inner_text()
    page.get_by_role("button", name="Done").click()
    expect(offer.get_by_text("You have already redeemed this offer.")).to_be_visible()

    page.reload()
    show(page, "Offers")
    offer.get_by_role("button", name=f"Show the code {code}").click()

    expect(page.locator("#question .voucher")).to_have_text(code)
    expect(offer.get_by_role("button", name="Redeem", exact=True)).to_have_count(0)


def test_redemption_whose_answer_was_lost_is_not_lost(phones):
    phones.expected.append(OUTAGE)
    page = sign_in(phones.open(), "c5")
    codes = []

    def lose_first_answer(route):
        answer = route.fetch()
        codes.append(answer.json()["redemption"]["code"])
        if len(codes) == 1:
            route.abort()
        else:
            route.fulfill(response=answer)

    page.route("**/venues/redeem-offer/", lose_first_answer)
    show(page, "Offers")
    offer = page.locator(".offer", has_text="First drink on us")
    offer.get_by_role("button", name="Redeem").click()
    page.get_by_role("button", name="Redeem now").click()
    expect(page.locator("#toast")).to_have_text("The server cannot be reached. Please try again.")

    offer.get_by_role("button", name="Get my code").click()

    expect(page.locator("#question .voucher")).to_have_text(codes[0])
    assert codes == [codes[0], codes[0]]


# Private chats


def test_private_chat_is_opened_from_the_group_counted_and_read(phones):
    ann, bob = sign_in(phones.open(), "c4"), sign_in(phones.open(), "c5")
    public, private, answer = unique("Who likes stout?"), unique("Only between us"), unique("Gladly")
    say(ann, public)

    open_options(bob, public)
    bob.get_by_role("button", name="Message c4 privately").click()
    expect(bob.get_by_role("heading", name="c4")).to_be_visible()
    say(bob, private, "#private")
    expect(message(bob, private, "#private")).to_be_visible()
    expect(bob.locator("#private .letter")).to_have_count(0)
    show(ann, "Private")
    row = ann.locator(".chat-row", has_text="c5")
    expect(row).to_contain_text(private)
    expect(row.get_by_label("1 unread")).to_be_visible()
    expect(ann.get_by_role("button", name="Private").locator(".badge")).to_have_text("1")
    row.click()

    expect(bob.get_by_text("Seen").locator("visible=true")).to_be_visible()
    say(ann, answer, "#private")
    expect(message(bob, answer, "#private")).to_be_visible()
    assert texts(ann, "#private")[-2:] == texts(bob, "#private")[-2:] == [private, answer]
    ann.get_by_role("button", name="Back to private chats").click()
    expect(row).to_contain_text(f"You: {answer}")
    expect(ann.get_by_role("button", name="Private").locator(".badge")).to_be_hidden()


def test_private_chat_with_nobody_is_refused_in_words(phones):
    phones.expected.append("status of 404")
    page = sign_in(phones.open(), "c1")
    show(page, "Private")

    page.get_by_label("Username to chat with").fill("nobody-at-all")
    page.get_by_role("button", name="Open").click()

    expect(page.locator("#toast")).to_have_text("There is nobody called nobody-at-all.")


# For everybody


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(320, 568), (390, 844), (1280, 800)])
def test_every_view_can_be_read_reached_and_named(phones, scheme, width, height):
    size = {"viewport": {"width": width, "height": height}, "is_mobile": width < 1000, "has_touch": width < 1000}
    page = phones.open(color_scheme=scheme, reduced_motion="reduce", **size)
    page.goto("/v/v1")
    faults = {"welcome": find_faults(page)}
    sign_in(page, "c1")
    expect(page.locator("#chat .message").last).to_be_visible()
    text = unique("Readable?")
    say(page, text)
    expect(message(page, text).get_by_role("button")).to_be_visible()
    faults["chat"] = find_faults(page)
    open_options(page, text)
    faults["sheet"] = find_faults(page)
    page.keyboard.press("Escape")
    expect(message(page, text).get_by_role("button")).to_be_focused()
    show(page, "Offers")
    expect(page.locator(".offer").first).to_be_visible()
    faults["offers"] = find_faults(page)
    show(page, "Private")
    page.locator(".chat-row").first.click()
    expect(page.locator("#private .message").last).to_be_visible()
    faults["private"] = find_faults(page)

    assert faults == {"welcome": [], "chat": [], "sheet": [], "offers": [], "private": []}


def test_everything_can_be_done_from_the_keyboard(phones):
    page = phones.open(viewport={"width": 1280, "height": 800}, is_mobile=False, has_touch=False)
    sign_in(page, "c1")
    text = unique("Typed")
    expect(page.locator("#chat textarea")).to_be_focused()

    page.keyboard.type(text)
    page.keyboard.press("Enter")
    expect(message(page, text).get_by_role("button")).to_be_visible()
    page.keyboard.press("Shift+Tab")
    for _ in range(4):
        if message(page, text).get_by_role("button").evaluate("button => button === document.activeElement"):
            break
        page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="Message")).to_be_visible()
    page.keyboard.press("Enter")

    expect(message(page, text).get_by_role("button", name="👍 1")).to_be_visible()
