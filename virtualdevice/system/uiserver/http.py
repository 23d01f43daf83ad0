"""The server's HTTP: one request after another on a connection, as NanoHTTPD answers them."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from virtualdevice.system.uiserver.methods import NoSuchMethod, ObjectNotFound, UiMethods

__all__ = ["serve_connection"]

BODY_LIMIT_BYTES = 16 << 20
NOT_FOUND = "androidx.test.uiautomator.UiObjectNotFoundException: "
REASONS = {200: "OK", 400: "Bad Request", 404: "Not Found", 413: "Payload Too Large"}


class _Refused(Exception):
    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


async def serve_connection(
    methods: UiMethods, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Until the client closes, or asks for it."""
    try:
        while await _serve_one(methods, reader, writer):
            continue
    except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        pass
    finally:
        writer.close()


async def _serve_one(
    methods: UiMethods, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> bool:
    """Whether the connection stays open."""
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    method, path, *_ = [*lines[0].split(" "), "", ""]
    headers = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
    try:
        body = await _body(reader, headers)
        status, kind, content = await _answer(methods, method, path, body)
    except _Refused as refused:
        status, kind, content = refused.status, "text/plain", REASONS[refused.status]
    keep = headers.get("connection") != "close" and status == 200
    data = content.encode("utf-8", "replace")
    held = "keep-alive" if keep else "close"
    writer.write(
        (
            f"HTTP/1.1 {status} {REASONS[status]}\r\nContent-Type: {kind}\r\n"
            f"Content-Length: {len(data)}\r\nConnection: {held}\r\n\r\n"
        ).encode()
        + data
    )
    await writer.drain()
    return keep


async def _body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    text = headers.get("content-length", "0")
    if not text.isdigit():
        raise _Refused(400)
    if int(text) > BODY_LIMIT_BYTES:
        raise _Refused(413)
    return await reader.readexactly(int(text))


async def _answer(methods: UiMethods, method: str, path: str, body: bytes) -> tuple[int, str, str]:
    if method == "GET" and path.startswith("/ping"):
        return 200, "text/plain", "pong"
    if method != "POST" or not path.startswith("/jsonrpc"):
        raise _Refused(404)
    try:
        request = json.loads(body)
        name, parameters = str(request["method"]), request.get("params") or []
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _Refused(400) from error
    answer = await _call(methods, name, list(parameters))
    answer |= {"jsonrpc": "2.0", "id": request.get("id")}
    return 200, "application/json", json.dumps(answer, ensure_ascii=False)


async def _call(methods: UiMethods, name: str, parameters: list[Any]) -> dict[str, Any]:
    try:
        return {"result": await methods.call(name, parameters)}
    except NoSuchMethod:
        return _error(-32601, "method not found", name)
    except ObjectNotFound as error:
        message = f"{NOT_FOUND}{error}"
        return _error(-32002, message, message)
    except (TypeError, ValueError, IndexError) as error:
        return _error(-32602, f"method parameters invalid: {error}", name)


def _error(code: int, message: str, data: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "data": data}}
