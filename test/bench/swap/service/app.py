"""A service that costs little, so that the load is on what stands before it. It ends at once when it is told to stop, as
most programs do."""
import asyncio
import os
import signal
from urllib.parse import parse_qs, urlparse

VERSION = open("/srv/VERSION").read().strip()


def head(more, status="200 OK"):
    return f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\n{more}\r\n\r\n".encode()


def whole(text, close):
    end = "\r\nConnection: close" if close else ""
    return head(f"Content-Length: {len(text)}{end}") + text.encode()


async def answer(path, writer, close):
    url = urlparse(path)
    seconds = float(parse_qs(url.query).get("seconds", ["1"])[0])
    if url.path == "/stream":
        writer.write(head("Transfer-Encoding: chunked" + ("\r\nConnection: close" if close else "")))
        for number in range(int(seconds * 10)):
            await asyncio.sleep(0.1)
            line = f"{VERSION} {number}\n".encode()
            writer.write(b"%x\r\n%s\r\n" % (len(line), line))
            await writer.drain()
        return writer.write(b"0\r\n\r\n")
    if url.path == "/slow":
        await asyncio.sleep(seconds)
    writer.write(whole(f"{VERSION}\n", close))


async def serve(reader, writer):
    try:
        close = False
        while not close:
            request = await reader.readuntil(b"\r\n\r\n")
            close = b"connection: close" in request.lower()
            await answer(request.split(b" ", 2)[1].decode(), writer, close)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def main():
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, os._exit, 0)
    server = await asyncio.start_server(serve, "", 8000, backlog=1024)
    await server.serve_forever()


asyncio.run(main())
