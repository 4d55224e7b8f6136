"""The client of `cargo xtask demo`: a real MCP client that lets Notepad write a file and checks what it wrote.

It is given one JSON file: where the server is, where its key lies, where to keep what it saw, and the job. Every step
follows from what the server answered; there are no coordinates and no refs known beforehand.

Standard output is for the program that started it, one JSON object a line: `step` before each call, `look` when the
reopened file is on the screen (the client then waits for one line on standard input), `done` at the end.
"""

import asyncio
import base64
import json
import logging
import os
import re
import sys
import time
from importlib.metadata import version
from pathlib import Path

from mcp import Client, MCPError
from mcp.client.streamable_http import create_mcp_http_client, streamable_http_client

SECONDS_PER_CALL = 60
PICTURE = {"max_width": 960, "max_bytes": 120_000, "quality": 70}
SETTLE_EVERY, SETTLE_WITHIN = 0.2, 3
LINE = re.compile(r'(e\d+) (\w+)(?: "((?:[^"\\]|\\.)*)")?(.*)')


class Wrong(Exception):
    """An answer that the job cannot go on with."""


def say(event, **fields):
    print(json.dumps({"event": event, **fields}), flush=True)


def elements(text):
    """Every line of an answer that names an element, as (ref, role, name, rest)."""
    found = [LINE.search(line) for line in text.splitlines()]
    return [(m[1], m[2], m[3] or "", m[4]) for m in found if m]


def the_ref(text, role, part=""):
    """The ref of the first element of that role with that text in its line."""
    for ref, found, name, rest in elements(text):
        if found == role and part.lower() in (name + rest).lower():
            return ref
    raise Wrong(f"no {role} {part!r} in the answer:\n{text}")


def the_field(text, label):
    """The ref of the field of that name, or of the field that follows a text of that name."""
    labelled = False
    for ref, role, name, _ in elements(text):
        named = name.rstrip(":").lower() == label.lower()
        if role in ("edit", "combobox") and (named or labelled):
            return ref
        labelled = role == "text" and named
    raise Wrong(f"no field {label!r} in the answer:\n{text}")


def the_choice(text, part):
    """The one choice of a list that holds that text."""
    found = re.search(r'choices: ((?:"(?:[^"\n]|"")*"(?:, )?)*)', text)
    choices = re.findall(r'"((?:[^"]|"")*)"', found[1]) if found else []
    fitting = [choice.replace('""', '"') for choice in choices if part in choice]
    if len(fitting) != 1:
        raise Wrong(f"{len(fitting)} choices hold {part!r} in the answer:\n{text}")
    return fitting[0]


class Log:
    """The client's record: one JSON line a call, pictures beside it."""

    def __init__(self, folder):
        self.folder = folder
        self.file = (folder / "client.jsonl").open("w", encoding="utf-8")
        self.pictures = 0

    def write(self, **fields):
        self.file.write(json.dumps(fields, ensure_ascii=False) + "\n")
        self.file.flush()

    def keep(self, block):
        self.pictures += 1
        name = f"picture-{self.pictures:03}.{block.mime_type.rsplit('/', 1)[-1]}"
        (self.folder / name).write_bytes(base64.b64decode(block.data))
        return name

    def same(self, one, other):
        return (self.folder / one).read_bytes() == (self.folder / other).read_bytes()


class Desk:
    """Calls tools and records each call."""

    def __init__(self, client, log):
        self.client, self.log, self.order = client, log, 0

    async def _call(self, kind, title, tool, arguments, **more):
        self.order += 1
        started = time.time()
        clock = time.perf_counter()
        result = await asyncio.wait_for(self.client.call_tool(tool, arguments), SECONDS_PER_CALL)
        millis = (time.perf_counter() - clock) * 1000
        text = "\n".join(b.text for b in result.content if b.type == "text")
        images = [self.log.keep(b) for b in result.content if b.type == "image"]
        self.log.write(
            kind=kind, order=self.order, title=title, tool=tool, arguments=arguments, answer=text,
            is_error=bool(result.is_error), started=started, millis=round(millis, 2), images=images, **more,
        )
        return text, images, bool(result.is_error)

    async def picture(self):
        _, images, wrong = await self._call("picture", "", "Screenshot", PICTURE)
        return None if wrong or not images else images[0]

    async def settled(self):
        """The picture when two in succession are the same, or the last one of those that there was time for.

        A window that another one covered is drawn by its own program, which may come to it after the act was answered.
        """
        until = time.monotonic() + SETTLE_WITHIN
        last = await self.picture()
        while last and time.monotonic() < until:
            await asyncio.sleep(SETTLE_EVERY)
            now = await self.picture()
            if now and self.log.same(last, now):
                return now
            last = now
        return last

    async def ask(self, title, tool, **arguments):
        """A call that changes nothing."""
        say("step", title=title)
        text, _, wrong = await self._call("ask", title, tool, arguments)
        if wrong:
            raise Wrong(f"{tool} was refused or failed:\n{text}")
        return text

    async def do(self, title, tool, **arguments):
        """A call that acts, with a picture before it and one when the screen rests."""
        say("step", title=title)
        before = await self.picture()
        text, _, wrong = await self._call("act", title, tool, arguments, before=before)
        self.log.write(kind="after", order=self.order, picture=await self.settled())
        if wrong:
            raise Wrong(f"{tool} was refused or failed:\n{text}")
        return text

    async def refused(self, title, tool, **arguments):
        """A call that must be refused."""
        say("step", title=title)
        text, _, wrong = await self._call("refused", title, tool, arguments)
        if not wrong or "not_enabled" not in text:
            raise Wrong(f"{tool} should have been refused with not_enabled:\n{text}")

    async def check(self, title, ok, text):
        self.log.write(kind="check", order=self.order, title=title, ok=ok, text=text)
        if not ok:
            raise Wrong(f"{title}:\n{text}")


def same(read, wanted):
    return read.replace("\r\n", "\n").rstrip("\n") == wanted


async def open_notepad(desk, title):
    """Starts Notepad; answers the refs of its window and of its text area."""
    window = the_ref(await desk.do(title, "App", action="launch", name="notepad"), "window")
    found = await desk.ask("Find the text area", "FindElement", window=window, role="document")
    return window, the_ref(found, "document")


async def fill_dialog(desk, dialog, path, encoding):
    """Fills the dialog by refs and answers the refs of its button."""
    text = await desk.ask("Read the dialog", "Snapshot", window=dialog)
    if encoding:
        found = await desk.ask("Find the Encoding list", "FindElement", window=dialog, role="combobox", name="Encoding")
        choice = the_choice(found, encoding)
        box = the_ref(found, "combobox")
        await desk.do(f"Choose {choice}", "Invoke", ref=box, action="set_value", value=choice)
    await desk.do("Fill in the name", "Type", ref=the_field(text, "File name"), text=path, clear=True)
    return text


async def job(desk, plan):
    wanted = "\n".join(plan["lines"])
    title = plan["file"].rsplit("\\", 1)[-1]
    encoding = None if plan["leave_encoding"] else "UTF-8"
    await desk.ask("Look at the displays", "DisplayInventory")
    await desk.refused("Try what is not allowed", "SetClipboard", text="not in the list of tools")

    window, area = await open_notepad(desk, "Start Notepad")
    await desk.do("Type three lines", "Type", ref=area, text=wanted)
    read = await desk.ask("Read them back", "GetText", ref=area)
    await desk.check("The text area holds the three lines", same(read, wanted), read)

    await desk.do("Open Save As", "Shortcut", keys="ctrl+s", window=window)
    found = await desk.ask("Wait for the dialog", "WaitFor", condition="window_exists", window_name="Save As")
    dialog = the_ref(found, "window", "Save As")
    await fill_dialog(desk, dialog, plan["file"], encoding)
    shown = await desk.ask("Read the filled dialog", "Snapshot", window=dialog)
    await desk.do("Press Save", "Invoke", ref=the_ref(shown, "button", "Save"))
    if plan["leave_encoding"]:
        await desk.do("Let Notepad drop what the encoding lacks", "Shortcut", keys="enter")
    await desk.ask("Wait until the file's name is the title", "WaitFor", condition="window_exists", window_name=title)
    await desk.do("Close Notepad", "App", action="close", ref=window)

    window, area = await open_notepad(desk, "Start Notepad again")
    await desk.do("Open the Open dialog", "Shortcut", keys="ctrl+o", window=window)
    found = await desk.ask("Wait for the dialog", "WaitFor", condition="window_exists", window_name="Open")
    dialog = the_ref(found, "window", "Open")
    await fill_dialog(desk, dialog, plan["file"], encoding)
    shown = await desk.ask("Read the filled dialog", "Snapshot", window=dialog)
    await desk.do("Press Open", "Invoke", ref=the_ref(shown, "button", "Open"))
    await desk.ask("Wait until the file's name is the title", "WaitFor", condition="window_exists", window_name=title)
    read = await desk.ask("Read the file in Notepad", "GetText", ref=area)
    if not plan["leave_encoding"]:
        await desk.check("The reopened file holds the three lines", same(read, wanted), read)
    say("look")
    sys.stdin.readline()
    await desk.do("Close Notepad", "App", action="close", ref=window)
    await desk.ask("See that no Notepad is left", "WaitFor", condition="window_gone", window_name="Notepad")


async def main(plan):
    folder = Path(plan["folder"])
    logging.basicConfig(filename=folder / "client.log", filemode="w", level=logging.DEBUG,
                        format="%(asctime)s %(name)s %(levelname)s %(message)s")
    log = Log(folder)
    key = Path(plan["key_file"]).read_text(encoding="ascii").strip()
    web = create_mcp_http_client(headers={"Authorization": f"Bearer {key}"})
    async with web, Client(streamable_http_client(plan["url"], http_client=web)) as client:
        tools = await client.list_tools()
        server = client.server_info
        log.write(kind="connected", protocol=client.protocol_version, tools=[tool.name for tool in tools.tools],
                  client=f"mcp {version('mcp')}", server=f"{server.name} {server.version}" if server else "")
        desk = Desk(client, log)
        try:
            await job(desk, plan)
        except (Wrong, MCPError, asyncio.TimeoutError) as wrong:
            log.write(kind="wrong", text=str(wrong), picture=await desk.picture())
            say("wrong", text=str(wrong))
            # Ending the connection in order may wait for answers that nobody needs any more.
            os._exit(1)
    say("done")
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))))
