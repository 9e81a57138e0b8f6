"""Pages for the browser scene, and the server that brings them."""

from __future__ import annotations

TARGET = "display:block;width:90vw;height:80vh;font-size:60px"
"""What is clicked fills the window, so that a click in its middle hits it."""
SPIN = """<style>@keyframes s{to{transform:rotate(360deg)}} #s{width:40px;height:40px;border:6px solid #ccc;
border-top-color:#06c;border-radius:50%;animation:s 1s linear infinite}</style>"""


def _link(to: str) -> str:
    return f"<a href='{to}' style='{TARGET}'>go</a>"


def _button(script: str) -> str:
    return f'<button id=b style="{TARGET}" onclick="{script}">go</button>'


DONE = "document.body.style.background='#fc8';this.textContent='done'"


def _later(milliseconds: int) -> str:
    return _button(f"this.textContent='wait';setTimeout(()=>{{{DONE}}},{milliseconds})")


PAGES = {
    "now": _button(DONE),
    "after120": _later(120),
    "after400": _later(400),
    "after900": _later(900),
    "fade": "<style>button{transition:background .3s linear}</style>" + _button("this.style.background='#f84'"),
    "to-long": _link("long"),
    "long": "<style>body{font:16px/1.5 serif}</style>"
    + "".join(
        f"<h2>Chapter {n}</h2><p>{'The quick brown fox jumps over the lazy dog. ' * 40}</p>"
        f"<table border=1><tr>{'<td>cell</td>' * 12}</tr></table>"
        for n in range(300)
    ),
    "to-spinner": _link("spinner"),
    "spinner": f"{SPIN}<h1>Loading for ever</h1><div id=s></div>",
    "spinner-then-text": SPIN
    + _button("this.outerHTML='<div id=s></div>';setTimeout(()=>{document.body.innerHTML='<h1>Here it is</h1>'},600)"),
    "to-clock": _link("clock"),
    "clock": "<h1>A page</h1><p id=c>0</p><script>setInterval(()=>{c.textContent=Date.now()/1000|0},1000)</script>",
    "to-slow": _link("slow"),
    "work700": _button(
        f"setTimeout(()=>{{const t=Date.now();while(Date.now()-t<700);{DONE.replace('this', 'b')}}},30)"
    ),
    "fade1000": "<style>button{transition:background 1s linear}</style>" + _button("this.style.background='#f84'"),
    "to-canvas": _link("canvas"),
    "canvas": "<canvas id=c width=1200 height=600></canvas><script>const x=c.getContext('2d');"
    "for(let i=0;i<60000;i++){x.fillStyle=`hsl(${i%360},80%,50%)`;x.fillRect(i*37%1200,i*91%600,9,9)}</script>",
    "to-frames": _link("frames"),
    "frames": "<h1>Frames</h1>" + "<iframe src=long width=380 height=250></iframe>" * 6,
    "rows": _button("for(let i=0;i<4000;i++)document.body.append(i,document.createElement('p'));scrollTo(0,99999)"),
    "field": f"<textarea style='{TARGET}' autofocus></textarea>",
}

SERVER = '''\
import http.server, pathlib, time

class Pages(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/slow":
            time.sleep(0.4)
            body = b"<title>slow</title>" + b"<h1>A slow answer</h1>" * 20
        else:
            page = pathlib.Path("/home/user/pages" + self.path)
            body = page.read_bytes() if page.is_file() else b""
        self.send_response(200 if body else 404)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        """Nothing."""

http.server.ThreadingHTTPServer(("127.0.0.1", 8000), Pages).serve_forever()
'''
