# SPDX-License-Identifier: Apache-2.0
"""What the checks with Leshan stand on: the count, the Java process of Servers.java as answers and events, our client as lines."""
import json
import os
import pathlib
import queue
import subprocess
import threading
import time

HERE, PATIENCE = pathlib.Path(__file__).resolve().parent, 15.0
results = []


def check(name, passed, detail=""):
    results.append(bool(passed))
    print(f"{'ok' if passed else 'not ok'} {len(results)} - {name}" + ("" if passed else f" # got {detail}"), flush=True)


def finish(folder, logs):
    """The plan, the ends of the logs of what failed, the exit status."""
    print(f"1..{len(results)}")
    if not all(results):
        for name in logs:
            with open(os.path.join(folder, name)) as log:
                print("".join(f"# {name}: {line}" for line in log.readlines()[-40:]))
    return 0 if results and all(results) else 1


class Leshan:
    """The Java process; its lines as answers and events."""

    def __init__(self, jars, log, *arguments):
        self.process = subprocess.Popen(
            ["java", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData", "-cp", jars + "/*", str(HERE / "Servers.java"), *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=open(log, "w"), text=True, bufsize=1)
        self.events, self.answers, self.count = [], {}, 0
        self.news = threading.Condition()
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        for text in self.process.stdout:
            if not text.startswith("{"):  # a word of the Java machine itself
                print(f"# {text.strip()}", flush=True)
                continue
            line = json.loads(text)
            with self.news:
                if "id" in line:
                    self.answers[line["id"]] = line
                else:
                    self.events.append(line)
                self.news.notify_all()

    def wait(self, found, seconds=PATIENCE):
        """What found() gives, when it is something."""
        end = time.monotonic() + seconds
        with self.news:
            while not (got := found()) and time.monotonic() < end:
                self.news.wait(end - time.monotonic())
            return got

    def tell(self, op, ep, **fields):
        self.count += 1
        self.process.stdin.write(json.dumps({"id": self.count, "op": op, "ep": ep, **fields}) + "\n")
        return self.count

    def answer(self, number, seconds=PATIENCE):
        return self.wait(lambda: self.answers.get(number), seconds) or {}

    def ask(self, op, ep, **fields):
        return self.answer(self.tell(op, ep, **fields))

    def code(self, op, ep, **fields):
        got = self.ask(op, ep, **fields)
        return got.get("code", got.get("error", "silence"))

    def event(self, kind, since=0, seconds=PATIENCE, **wanted):
        """The first such event behind that many, or None."""
        return self.wait(lambda: next((e for e in self.events[since:] if e["event"] == kind and all(e.get(k) == v for k, v in wanted.items())), None), seconds)


class Client:
    def __init__(self, tool, log, endpoint, port, *more):
        self.process = subprocess.Popen([tool, "--uri", f"coaps://127.0.0.1:{port}", "--endpoint", endpoint, *more], stdout=subprocess.PIPE, stderr=open(log, "a"), text=True)
        self.lines = queue.Queue()
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self):
        for text in self.process.stdout:
            self.lines.put(text.strip())

    def says(self, start, seconds=PATIENCE):
        end = time.monotonic() + seconds
        try:
            while True:
                text = self.lines.get(timeout=max(0.01, end - time.monotonic()))
                if text.startswith(start):
                    return text
        except queue.Empty:
            return ""

    def signal(self, what):
        self.process.send_signal(what)

    def end(self):
        self.process.kill()
        self.process.wait()
