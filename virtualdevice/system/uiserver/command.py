"""app_process: the only Java program it runs is the uiautomator2 server."""

from __future__ import annotations

import asyncio
import contextlib

from virtualdevice.system.commands.arguments import CommandRefused
from virtualdevice.system.invocation import Invocation
from virtualdevice.system.phone import Phone
from virtualdevice.system.uiserver.http import serve_connection
from virtualdevice.system.uiserver.methods import UiMethods

__all__ = ["app_process"]

MAIN_CLASS = "com.wetest.uia2.Main"
DEFAULT_PORT = 9008
WATCH_S = 0.2
REQUESTS_BEFORE_A_FAULT = 20


async def app_process(phone: Phone, call: Invocation) -> int:
    """`CLASSPATH=/data/local/tmp/u2.jar app_process / com.wetest.uia2.Main -p 9008`."""
    arguments = list(call.arguments)
    if MAIN_CLASS not in arguments:
        raise CommandRefused(f"Error: could not find class '{(arguments or ['?'])[-1]}'")
    jar = call.environment("CLASSPATH")
    if await phone.parts.files.stat(jar) is None:
        raise CommandRefused(f"java.lang.ClassNotFoundException: {MAIN_CLASS} in {jar!r}")
    port = DEFAULT_PORT
    if "-p" in arguments[:-1]:
        port = int(arguments[arguments.index("-p") + 1])
    return await _serve(phone, call, port)


async def _serve(phone: Phone, call: Invocation, port: int) -> int:
    """Until the shell that started it is gone; there is only one UiAutomation on a phone."""
    if phone.ui_server_running:
        await call.out(
            "java.lang.IllegalStateException: UiAutomationService "
            "android.accessibilityservice.IAccessibilityServiceClient$Stub$Proxy"
            "already registered!"
        )
        return 1
    methods = UiMethods(phone)
    served, ended = 0, asyncio.Event()

    async def on_connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal served
        served += 1
        late = served >= REQUESTS_BEFORE_A_FAULT
        if late and phone.defects.has("ui_server_hangs"):
            await ended.wait()
        await serve_connection(methods, reader, writer)
        if late and phone.defects.has("ui_server_dies"):
            server.close()
            phone.ui_server_running = False
            ended.set()

    listener = await phone.parts.machine.listen_tcp(port)
    phone.ui_server_running = True
    server = await asyncio.start_server(on_connect, sock=listener)
    try:
        await call.out(f"I/UIAutomator2: server listening on port {port}")
        while not (call.caller_is_gone or ended.is_set()):
            # The other end of a pipe cannot be awaited: it is looked at from time to time.
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(ended.wait(), WATCH_S)
    finally:
        if not ended.is_set():
            phone.ui_server_running = False
            server.close()
        ended.set()
    return 129
