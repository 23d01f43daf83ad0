"""uiautomator2's server: asked, found dead, started again, and that this is not hidden."""

from __future__ import annotations

import base64
import io
import json
import socket
import threading

import pytest
from PIL import Image

from holdfast.deadline import Deadline, SystemClock
from holdfast.device.adb import AdbLink
from holdfast.device.ui import AdbUi, key_code
from holdfast.device.ui_server import JAR, UiServer
from holdfast.errors import UiLost
from selftests.holdfast.device.adb_server import AdbServer, running
from selftests.holdfast.device.fakes import FakeFiles, FakeShell

XML = '<hierarchy rotation="0"><node/></hierarchy>'


class Phone:
    """A device whose UI server runs from its launch until `kill`, or until its shell ends."""

    def __init__(self) -> None:
        self.alive = threading.Event()
        self.launches = 0
        self.methods: list[str] = []
        self.error: dict[str, object] | None = None
        self.starts_alive = True
        self.result = XML
        self.server = AdbServer(services={"shell:CLASSPATH=": self._launch})
        self.shell = FakeShell(replies=[("md5", "no such file"), ("screencap", b"\x89PNG x")])
        self.files = FakeFiles()

    def driver(self) -> UiServer:
        link = AdbLink(device="phone", serial="x", server_port=self.server.port)
        return UiServer(link, self.shell, self.files, clock=SystemClock())

    def kill(self) -> None:
        self.alive.clear()
        self.server.services.pop("tcp:9008", None)

    def _launch(self, sock: socket.socket, _: str) -> None:
        self.launches += 1
        if self.starts_alive:
            self.server.services["tcp:9008"] = self._http
            self.alive.set()
        sock.recv(1)  # until the driver closes the stream
        self.kill()

    def _http(self, sock: socket.socket, _: str) -> None:
        request = sock.recv(65536)
        head, _separator, body = request.partition(b"\r\n\r\n")
        if head.startswith(b"GET /ping"):
            answer = b"pong"
        else:
            method = json.loads(body)["method"]
            self.methods.append(method)
            result = {"error": self.error} if self.error else {"result": self.result}
            answer = json.dumps({"jsonrpc": "2.0", "id": 1, **result}).encode()
        sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(answer) + answer)


def soon() -> Deadline:
    return Deadline.after(20)


def test_it_is_brought_started_and_asked() -> None:
    phone = Phone()
    with running(phone.server):
        driver = phone.driver()
        assert driver.call("dumpWindowHierarchy", False, 50, deadline=soon()) == XML
        driver.call("click", 1, 2, deadline=soon())
        driver.stop()
    assert phone.launches == 1
    assert len(phone.files.files[JAR]) > 1_000_000
    assert phone.methods == ["dumpWindowHierarchy", "click"]
    assert driver.interruptions == []


def test_a_dead_server_is_started_again_and_the_interruption_is_kept() -> None:
    phone = Phone()
    with running(phone.server):
        driver = phone.driver()
        driver.call("dumpWindowHierarchy", deadline=soon())
        phone.kill()
        assert driver.call("dumpWindowHierarchy", deadline=soon()) == XML
        driver.stop()
    assert phone.launches == 2
    (hole,) = driver.interruptions
    assert "closed" in hole.why
    assert hole.ended >= hole.began


def test_a_server_that_lost_android_is_started_again_too() -> None:
    phone = Phone()
    with running(phone.server):
        driver = phone.driver()
        driver.call("ping", deadline=soon())
        phone.error = {"code": -32001, "message": "UiAutomation not connected", "data": ""}
        with pytest.raises(UiLost, match="UiAutomation not connected"):
            driver.call("dumpWindowHierarchy", deadline=soon())
        driver.stop()
    assert phone.launches == 2


def test_an_error_of_one_call_is_no_reason_to_restart() -> None:
    phone = Phone()
    with running(phone.server):
        driver = phone.driver()
        driver.call("ping", deadline=soon())
        phone.error = {"code": -32002, "message": "no such object", "data": ""}
        with pytest.raises(UiLost, match="no such object"):
            driver.call("click", 1, 2, deadline=soon())
        driver.stop()
    assert phone.launches == 1


def test_a_server_that_never_answers_is_lost_within_the_deadline() -> None:
    phone = Phone()
    phone.starts_alive = False
    with running(phone.server), pytest.raises(UiLost, match="UI server's answer"):
        phone.driver().call("ping", deadline=Deadline.after(0.3))


def picture(mode: str, colour: tuple[int, ...], kind: str = "PNG") -> bytes:
    out = io.BytesIO()
    Image.new(mode, (4, 4), colour).save(out, kind)
    return out.getvalue()


def screenshot(phone: Phone, raw: bytes) -> bytes:
    phone.shell.replies.insert(0, ("screencap", raw))
    with running(phone.server):
        driver = phone.driver()
        taken = AdbUi(driver, phone.shell).screenshot(deadline=soon())
        driver.stop()
    return taken


def test_a_screenshot_is_what_screencap_gives() -> None:
    png = picture("RGBA", (9, 9, 9, 255))
    assert screenshot(Phone(), png) == png


def test_a_picture_whose_every_pixel_is_transparent_is_made_visible() -> None:
    taken = screenshot(Phone(), picture("RGBA", (200, 10, 10, 0)))
    with Image.open(io.BytesIO(taken)) as image:
        assert image.mode == "RGB"
        assert image.getpixel((1, 1)) == (200, 10, 10)


def test_where_screencap_fails_the_ui_server_takes_the_picture() -> None:
    phone = Phone()
    phone.result = base64.b64encode(picture("RGB", (1, 2, 3), "JPEG")).decode()
    assert screenshot(phone, b"error: no display").startswith(b"\x89PNG")


def test_a_picture_that_is_none_is_not_passed_on() -> None:
    with pytest.raises(UiLost, match="picture"):
        screenshot(Phone(), b"\x89PNG broken")


@pytest.mark.parametrize(
    ("key", "code"), [("a", 29), ("Z", 54), ("0", 7), (" ", 62), ("\n", 66), ("home", 3)]
)
def test_keys_have_androids_codes(key: str, code: int) -> None:
    assert key_code(key) == code


def test_a_character_without_a_key_is_refused() -> None:
    with pytest.raises(ValueError, match="no key"):
        key_code("名")
