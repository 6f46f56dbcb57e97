"""A service that costs little, so that the load is on what stands before it. On SIGTERM it takes no more connections,
and ends when it has answered what it has."""
import asyncio
import signal
from urllib.parse import parse_qs, urlparse

VERSION = open("/srv/VERSION").read().strip()
busy = 0
stopping = asyncio.Event()


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
    global busy
    try:
        while True:
            request = await reader.readuntil(b"\r\n\r\n")
            busy += 1
            try:
                close = b"connection: close" in request.lower() or stopping.is_set()
                await answer(request.split(b" ", 2)[1].decode(), writer, close)
                await writer.drain()
            finally:
                busy -= 1
            if close:
                break
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def main():
    loop = asyncio.get_running_loop()
    server = await asyncio.start_server(serve, "", 8000, backlog=1024)
    loop.add_signal_handler(signal.SIGTERM, stopping.set)
    await stopping.wait()
    server.close()
    while busy:
        await asyncio.sleep(0.05)


asyncio.run(main())
