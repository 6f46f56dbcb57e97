"""A stand-in for a service: says its version, is slow, streams, and breaks in every way a release can."""
import os
import signal
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlparse

VERSION = "v1"
BREAK = ""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def answer(self, status, body, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def do_GET(self):
        url = urlparse(self.path)
        seconds = float(parse_qs(url.query).get("seconds", ["1"])[0])
        if url.path == "/up":
            if BREAK == "redirect":
                return self.answer(301, "", Location="https://elsewhere.test/up")
            if BREAK == "error":
                return self.answer(500, "database is \x1b[31mgone\n")
            return self.answer(200, "ok\n")
        if url.path == "/stream":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for number in range(int(seconds * 10)):
                time.sleep(0.1)
                line = f"{VERSION} {number}\n".encode()
                self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
            return self.wfile.write(b"0\r\n\r\n")
        if url.path == "/kept" or url.path.startswith("/static/"):
            body = f"{VERSION} {os.environ.get('GREETING', '-')}\n"
            return self.answer(200, body, **{"Cache-Control": "max-age=600"})
        if url.path == "/slow":
            time.sleep(seconds)
        if BREAK == "later" and url.path == "/version":
            return self.answer(500, "broken\n")
        self.answer(200, f"{VERSION} {os.environ.get('GREETING', '-')}\n")


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    if BREAK == "crash":
        print("cannot import name 'settings'", file=sys.stderr)
        sys.exit(3)
    if BREAK == "crash-later":
        threading.Timer(5, os._exit, [4]).start()
    ThreadingHTTPServer.daemon_threads = True
    ThreadingHTTPServer.request_queue_size = 128
    ThreadingHTTPServer(("", 9999 if BREAK == "port" else 8000), Handler).serve_forever()
