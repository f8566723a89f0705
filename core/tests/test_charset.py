import asyncio
import json

import pytest
from asgiref.testing import ApplicationCommunicator
from django.core.handlers.asgi import ASGIHandler

from core.surface.charset import WithoutCharset


async def post(content_type: str, query: bytes):
    """Through the handler that serves in production: the test client makes its requests another way."""
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/throwaway/echo/",
        "query_string": query,
        "headers": [(b"host", b"testserver"), (b"content-type", content_type.encode("latin-1"))],
    }
    communicator = ApplicationCommunicator(WithoutCharset(ASGIHandler()), scope)
    await communicator.send_input({"type": "http.request", "body": '{"name": "café"}'.encode()})
    start = await communicator.receive_output(5)
    body = await communicator.receive_output(5)
    await communicator.wait()
    return start["status"], json.loads(body["body"])


@pytest.mark.parametrize("charset", ["utf-16", "zlib", "rot13", "hex", "idna", "utf-7", "nobody-knows", '"utf-8"'])
@pytest.mark.parametrize("query", [b"a=%41", b"&".join([b"a=1"] * 2000)])
def test_whatever_charset_is_named_json_is_utf_8(two_contracts, charset, query):
    answer = asyncio.run(post(f"application/json; charset={charset}", query))

    assert answer == (200, {"ok": True, "data": {"name": "café"}})


def test_the_rest_of_the_media_type_stays():
    asked = []

    async def application(scope, receive, send):
        asked.extend(scope["headers"])

    headers = [(b"Content-Type", b"multipart/form-data; Charset=hex; boundary=abc"), (b"accept", b"a; charset=b")]
    asyncio.run(WithoutCharset(application)({"type": "http", "headers": headers}, None, None))

    assert asked == [(b"Content-Type", b"multipart/form-data; boundary=abc"), (b"accept", b"a; charset=b")]
