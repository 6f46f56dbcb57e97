"""Two slots of one host, each a small service that says which slot it is and breaks when it is told to."""
import hashlib
import json
import sys
import threading
import time
from base64 import b64encode
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlparse


class Slot(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, name, port):
        self.name, self.health, self.dropped, self.count = name, 200, 0, 0
        super().__init__(("", port), Handler)


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *args):
        pass

    def answer(self, body, status=200, **headers):
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def do_GET(self):
        url = urlparse(self.path)
        query = parse_qs(url.query)
        seconds = float(query.get("seconds", ["0"])[0])
        slot = self.server
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if url.path == "/up":
            return self.answer("up\n", slot.health)
        if url.path == "/health":
            slot.health = int(query["status"][0])
            return self.answer("set\n")
        if url.path == "/stream":
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for number in range(int(seconds * 10)):
                line = f"{slot.name} {number}\n".encode()
                self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
                time.sleep(0.1)
            return self.wfile.write(b"0\r\n\r\n")
        if url.path == "/socket":
            return self.socket()
        if url.path == "/headers":
            return self.answer(json.dumps({name.lower(): value for name, value in self.headers.items()}))
        if url.path == "/error":
            return self.answer("broken\n", 500)
        if url.path == "/drop":
            slot.dropped += 1
            self.close_connection = True
            return self.connection.shutdown(2)
        if url.path == "/dropped":
            return self.answer(f"{slot.dropped}\n")
        time.sleep(seconds)
        if url.path == "/kept" or url.path.startswith("/static/"):
            slot.count += 1
            cookie = {"Set_Cookie": "user=a"} if "cookie" in query else {}
            status = int(query.get("status", ["200"])[0])
            return self.answer(f"{slot.name} kept {slot.count}\n", status, Cache_Control="max-age=600", **cookie)
        self.answer(f"{slot.name} {len(body)}\n")

    do_POST = do_GET

    def socket(self):
        """Says back what it is sent, line by line, once the connection is no longer HTTP."""
        key = self.headers.get("Sec-WebSocket-Key", "") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", b64encode(hashlib.sha1(key.encode()).digest()).decode())
        self.end_headers()
        self.close_connection = True
        for line in self.rfile:
            self.wfile.write(self.server.name.encode() + b" " + line)


if __name__ == "__main__":
    host, *ports = sys.argv[1:]
    for slot, port in zip(("blue", "green", "api-blue", "api-green"), ports):
        threading.Thread(target=Slot(f"{host}-{slot}", int(port)).serve_forever).start()
