"""What waits for a slow page is bounded, and a page that missed something gets everything."""

import asyncio
import json
import threading
from concurrent.futures import ThreadPoolExecutor

from starlette.websockets import WebSocket, WebSocketState

from handwrought.errors import InvalidArgument
from handwrought.studio.server.websockets import Outbox, converse


class Page:
    """The other end of a WebSocket: says what it is given, and reads when ``reads`` is set."""

    application_state = WebSocketState.CONNECTED

    def __init__(self, says=()):
        self.says = list(says)
        self.got = []
        self.reads = asyncio.Event()
        self.gone = asyncio.Event()

    async def send_text(self, text):
        await self.reads.wait()
        self.got.append(json.loads(text))

    async def receive(self):
        if self.says:
            return {"type": "websocket.receive", "text": self.says.pop(0)}
        await self.gone.wait()
        return {"type": "websocket.disconnect"}


def run(coroutine):
    """In a thread of its own, since Playwright's event loop may run in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result(timeout=30)


def test_a_page_gets_the_state_first_and_increments_after():
    async def talk():
        outbox = Outbox(lambda: {"kind": "state"})
        page = Page()
        page.reads.set()
        sending = asyncio.create_task(outbox.deliver(page))
        await asyncio.sleep(0.01)
        for n in range(3):
            outbox.offer({"n": n})
        await asyncio.sleep(0.01)
        sending.cancel()
        return page.got

    assert run(talk()) == [{"kind": "state"}, {"n": 0}, {"n": 1}, {"n": 2}]


def test_a_slow_page_misses_increments_and_gets_the_whole_state_again():
    async def talk():
        states = iter(range(100))
        outbox = Outbox(lambda: {"state": next(states)}, room=4)
        page = Page()
        sending = asyncio.create_task(outbox.deliver(page))
        await asyncio.sleep(0.01)
        for n in range(1000):
            outbox.offer({"n": n})
        await asyncio.sleep(0.01)
        assert len(outbox._waiting) <= 4
        page.reads.set()
        await asyncio.sleep(0.01)
        outbox.offer({"n": "after"})
        await asyncio.sleep(0.01)
        sending.cancel()
        return page.got

    assert run(talk()) == [{"state": 0}, {"state": 1}, {"n": "after"}]


def test_any_thread_may_offer_even_when_the_loop_is_gone():
    outboxes = []

    async def talk():
        outbox = Outbox(lambda: {"kind": "state"})
        outboxes.append(outbox)
        page = Page()
        page.reads.set()
        sending = asyncio.create_task(outbox.deliver(page))
        await asyncio.sleep(0.01)
        thread = threading.Thread(target=outbox.offer, args=({"n": 1},))
        thread.start()
        await asyncio.to_thread(thread.join)
        await asyncio.sleep(0.01)
        sending.cancel()
        return page.got

    assert run(talk()) == [{"kind": "state"}, {"n": 1}]
    outboxes[0].offer({"n": 2})


def test_a_refusal_is_answered_and_the_conversation_goes_on():
    async def talk():
        page = Page(["wrong", "right", "quiet"])
        page.reads.set()

        async def hear(said):
            if said == "wrong":
                raise InvalidArgument("that was wrong")
            if not page.says:
                page.gone.set()
                return None
            return {"heard": said}

        await converse(page, hear)
        return page.got

    assert run(talk()) == [{"kind": "error", "error": "that was wrong"}, {"heard": "right"}]


def test_when_the_page_goes_nothing_is_sent_any_more():
    async def talk():
        page = Page()
        outbox = Outbox(lambda: {"kind": "state"})
        talking = asyncio.create_task(converse(page, lambda said: None, outbox))
        await asyncio.sleep(0.01)
        page.gone.set()
        await talking
        return [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]

    assert run(talk()) == []


def test_an_answer_to_a_page_that_the_outbox_found_gone_is_left_unsaid():
    async def talk():
        heard = asyncio.Event()
        news = iter([{"type": "websocket.connect"}, {"type": "websocket.receive", "text": "hello"}])

        async def receive():
            return next(news)

        async def send(message):
            if message["type"] == "websocket.send":
                raise OSError("the connection is gone")

        async def hear(said):
            heard.set()
            await asyncio.sleep(0.01)  # meanwhile the outbox tries to send the state
            return {"heard": said}

        page = WebSocket({"type": "websocket"}, receive, send)
        await page.accept()
        await converse(page, hear, Outbox(lambda: {"kind": "state"}))
        return heard.is_set()

    assert run(talk())
