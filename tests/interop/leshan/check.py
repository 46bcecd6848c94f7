# SPDX-License-Identifier: Apache-2.0
# What a server that others wrote sees of our LwM2M client. Runs inside a private network namespace; every check asks Leshan, by REST or by its
# event stream, never the client.
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request

from bench import check, finish, results

JARS, TOOL, WORK = sys.argv[1:4]
REST = "http://127.0.0.1:8080"
ENDPOINT, IDENTITY, KEY = "gateway-1", "gateway-1-identity", "00112233445566778899aabbccddeeff"
events = []


def rest(method, path, body=None):
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(REST + path, data=data, method=method, headers={"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            text = answer.read().decode()
            return json.loads(text) if text else None
    except urllib.error.HTTPError as error:
        return {"status": error.code, "reason": error.read().decode(errors="replace")[:300]}


def wait(seconds, condition):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    return None


def listen():
    connection = http.client.HTTPConnection("127.0.0.1", 8080)  # urllib would say "Connection: close", and Leshan then holds events back
    connection.request("GET", f"/event?ep={ENDPOINT}", headers={"Accept": "text/event-stream"})
    kind = ""
    for raw in iter(connection.getresponse().readline, b""):
        line = raw.decode().rstrip("\r\n")
        if line.startswith("event: "):
            kind = line[7:]
        elif line.startswith("data: "):
            events.append((kind, json.loads(line[6:])))


def seen(kind, test):
    return [data for what, data in list(events) if what == kind and test(data)]


def start_leshan():
    with open(os.path.join(WORK, "logback.xml"), "w") as config:
        config.write('<configuration><appender name="C" class="ch.qos.logback.core.ConsoleAppender"><encoder><pattern>%d %level %logger{20} %msg%n'
                     '</pattern></encoder></appender><root level="INFO"><appender-ref ref="C"/></root></configuration>')
    log = open(os.path.join(WORK, "leshan.log"), "w")
    return subprocess.Popen(
        ["java", "-XX:-UsePerfData", "--add-opens", "java.base/java.util=ALL-UNNAMED", "--add-opens", "java.base/java.lang=ALL-UNNAMED",
         "-Dlogback.configurationFile=" + os.path.join(WORK, "logback.xml"), "-cp", JARS + "/*",
         "org.eclipse.leshan.server.demo.LeshanServerDemo", "-lh", "127.0.0.1", "-slh", "127.0.0.1", "-wh", "127.0.0.1", "-wp", "8080"],
        stdout=log, stderr=subprocess.STDOUT, cwd=WORK)


def start_client(*more):
    log = open(os.path.join(WORK, "client.log"), "a")
    return subprocess.Popen([TOOL, "--uri", "coaps://127.0.0.1:5684", "--endpoint", ENDPOINT, "--identity", IDENTITY, "--key", KEY, "--lifetime", "300",
                             *more], stdout=subprocess.PIPE, stderr=log, text=True)


def is_up():
    try:
        return rest("GET", "/api/clients") is not None
    except OSError:
        return False


def client_path(path):
    return f"/api/clients/{ENDPOINT}{path}"


def check_registration():
    entry = wait(10, lambda: next((c for c in rest("GET", "/api/clients") if c["endpoint"] == ENDPOINT), None))
    check("ets_101, ets_401: the client is registered over DTLS", entry and entry["secure"], entry)
    entry = entry or {}
    check("lifetime and version are told", entry.get("lifetime") == 300 and entry.get("lwM2mVersion") == "1.1", entry)
    urls = {link["url"] for link in entry.get("objectLinks", [])}
    check("objects 1 and 3 are announced, 0 is not", {"/1/0", "/3/0"} <= urls and not any(u.startswith("/0") for u in urls), urls)


def check_read():
    for form in ("", "?format=TLV", "?format=SENML_JSON", "?format=SENML_CBOR"):
        got = rest("GET", client_path("/3/0" + form))
        values = {r["id"]: r.get("value", r.get("values")) for r in got.get("content", {}).get("resources", [])}
        good = values.get(0) == "gateway-agent" and values.get(2) == "SN-0001" and values.get(11) == {"0": 0} and values.get(16) == "UT"
        check(f"Read /3/0 {form or 'without format'}", good, got)
    for form in ("?format=TEXT", "?format=TLV", "?format=SENML_JSON", "?format=SENML_CBOR"):
        got = rest("GET", client_path("/3/0/0" + form))
        check(f"Read /3/0/0 {form}", got.get("content", {}).get("value") == "gateway-agent", got)
    got = rest("GET", client_path("/3/0/13"))
    stamp = time.strptime(got["content"]["value"], "%Y-%m-%dT%H:%M:%SZ") if "content" in got else None
    check("Read /3/0/13 is the time", stamp and abs(time.time() - time.mktime(stamp) + time.timezone) < 5, got)
    got = rest("GET", client_path("/3"))
    check("ets_222: Read of the object", "0" in json.dumps(got.get("content", {}).get("instances", "")), got)
    for path, status in (("/3/0/4", "405"), ("/3/1", "404"), ("/5/0", "404"), ("/3/0/99", "404"), ("/0/0/0", "401"), ("/0", "401")):
        got = rest("GET", client_path(path))
        check(f"Read {path} is refused with {status}", f"({status})" in got.get("status", ""), got)
    got = rest("GET", client_path("/3/0?format=TEXT"))
    check("Read of an instance as text is refused with 406", "(406)" in got.get("status", ""), got)


def check_discover():
    got = rest("GET", client_path("/3/0/discover"))
    links = {link["url"]: link["attributes"] for link in got.get("objectLinks", [])}
    check("Discover /3/0 shows resources and dim", "/3/0/13" in links and links.get("/3/0/11", {}).get("dim") == "1", got)


def statuses(path, form, body, method="PUT", query=""):
    return str(rest(method, client_path(f"{path}?format={form}{query}"), body))


def check_formats():
    for form in ("TEXT", "CBOR", "TLV", "SENML_JSON", "SENML_CBOR"):
        value = 200 + len(results)
        got = statuses("/1/0/1", form, {"id": 1, "value": value})
        check(f"Write /1/0/1 as {form}", "(204)" in got, got)
        got = rest("GET", client_path(f"/1/0/1?format={form}"))
        check(f"and Read as {form}", str(got.get("content", {}).get("value")) == str(value), got)
    for form in ("TLV", "SENML_JSON", "SENML_CBOR"):
        got = statuses("/1/0", form, {"id": 0, "resources": [{"id": 2, "value": 3}]}, query="&replace=false")
        check(f"Write of part of /1/0 as {form}", "(204)" in got, got)
    rest("PUT", client_path("/1/0/2"), {"id": 2, "value": 0})


def identities(value):
    return {"id": 0, "resources": [{"id": 0, "values": {"0": value, "2": "second"}}]}


def check_create_delete():
    for form in ("TLV", "SENML_JSON", "SENML_CBOR"):
        before = len(updates())
        got = statuses("/16", form, identities("host"), "POST")
        check(f"ets_270: Create /16/0 as {form}", "(201)" in got, got)
        check("brings an Update with the new list", wait(5, lambda: len(updates()) > before) and
              wait(5, lambda: "/16/0" in {link["url"] for link in rest("GET", "/api/clients")[0]["objectLinks"]}))
        got = rest("GET", client_path("/16/0/0"))
        check("Read of the multiple resource", got.get("content", {}).get("values") == {"0": "host", "2": "second"}, got)
        got = statuses("/16/0", form, identities("other"))
        check(f"Write (replace) of the instance as {form}", "(204)" in got, got)
        check("Create of an instance that is there is refused", "(400)" in statuses("/16", form, identities("x"), "POST"))
        got = statuses("/16/0", form, identities("x" * 3000))
        check(f"a value of 3000 octets comes whole in blocks, and is refused as too long ({form})", "(400)" in got, got)
        got = rest("DELETE", client_path("/16/0"))
        check("ets_290: Delete /16/0", "(202)" in str(got), got)
        check("it is gone", "(404)" in str(rest("GET", client_path("/16/0"))))
    check("Delete of the device is refused", "(405)" in str(rest("DELETE", client_path("/3/0"))))


def text(path):
    return str(rest("GET", client_path(path)).get("content", {}).get("value"))


def check_location():
    got = {path: text(path) for path in ("/6/0/0", "/6/0/1", "/6/0/3")}
    check("Read of the place, object 6", [float(v) for v in got.values()] == [59.3293, -18.0686, 25.0] and "(404)" in str(rest("GET", client_path("/6/0/2"))), got)


def check_software():
    """Object 9, from Create to Delete; the package comes in blocks, as TLV (the demo makes octets of hex digits there, and in no other format)."""
    got = statuses("/9", "TLV", {"id": 0, "resources": []}, "POST")
    check("Create /9/0", "(201)" in got, got)
    check("Install without a package is refused", "(405)" in str(rest("POST", client_path("/9/0/4"))))
    got = rest("PUT", client_path("/9/0/2?format=TLV&timeout=20"), {"id": 2, "value": (bytes(range(256)) * 20).hex()})
    check("Write of the package, 5120 octets", "(204)" in str(got), got)
    check("it is delivered", wait(5, lambda: text("/9/0/7") == "3" and text("/9/0/9") == "3"), text("/9/0/9"))
    check("and known by name", (text("/9/0/0"), text("/9/0/1")) == ("operator-meter", "1.0"))
    check("Install", "(204)" in str(rest("POST", client_path("/9/0/4"))) and wait(5, lambda: text("/9/0/7") == "4" and text("/9/0/9") == "2"))
    check("Activate", "(204)" in str(rest("POST", client_path("/9/0/10"))) and wait(5, lambda: text("/9/0/12") == "True"), text("/9/0/12"))
    check("Delete of what is installed is refused", "(405)" in str(rest("DELETE", client_path("/9/0"))))
    check("Uninstall", "(204)" in str(rest("POST", client_path("/9/0/6"))) and wait(5, lambda: text("/9/0/7") == "0"))
    check("Delete /9/0", "(202)" in str(rest("DELETE", client_path("/9/0"))))


def check_observe():
    check("Write-Attributes pmin=1 pmax=2", "(204)" in str(rest("PUT", client_path("/3/0/13/attributes?pmin=1&pmax=2"))))
    got = rest("GET", client_path("/3/0/discover"))
    links = {link["url"]: link["attributes"] for link in got.get("objectLinks", [])}
    check("Discover shows the attributes", links.get("/3/0/13") == {"pmin": "1", "pmax": "2"}, links.get("/3/0/13"))
    check("Write-Attributes lt >= gt is refused", "(400)" in str(rest("PUT", client_path("/3/0/13/attributes?lt=5&gt=5"))))
    start = time.monotonic()
    got = rest("POST", client_path("/3/0/13/observe"))
    check("Observe /3/0/13", "(205)" in str(got), got)
    first = wait(5, lambda: seen("NOTIFICATION", lambda d: d["res"] == "/3/0/13"))
    check("a notification comes when pmax ends", first and 1.5 < time.monotonic() - start < 3.5, first)
    check("and another", wait(4, lambda: len(seen("NOTIFICATION", lambda d: d["res"] == "/3/0/13")) >= 2))
    rest("DELETE", client_path("/3/0/13/observe"))
    check("ets_302: the next notification is reset by the server", wait(5, lambda: seen("COAPLOG", lambda d: d["type"] == "RST")))
    count = len(events)
    time.sleep(4.5)
    check("and none follows", not [d for k, d in events[count:] if k == "COAPLOG" and d["type"] == "CON"], events[count:])


def updates():
    return seen("COAPLOG", lambda d: d["incoming"] and d.get("code") == "POST" and '"rd"' in d.get("options", ""))


def check_write_and_execute(client):
    got = rest("PUT", client_path("/1/0/1"), {"id": 1, "value": 120})
    check("Write /1/0/1", "(204)" in str(got), got)
    check("ets_107: the new lifetime comes by an Update", wait(5, lambda: next((c for c in rest("GET", "/api/clients") if c.get("lifetime") == 120), None)))
    check("Write of a wrong lifetime is refused with 400", "(400)" in str(rest("PUT", client_path("/1/0/1"), {"id": 1, "value": 0})))
    check("Write of a read-only resource is refused with 405", "(405)" in str(rest("PUT", client_path("/3/0/0"), {"id": 0, "value": "x"})))
    before = len(updates())
    check("Execute /1/0/8", "(204)" in str(rest("POST", client_path("/1/0/8"))))
    check("ets_104: brings an Update", wait(5, lambda: len(updates()) > before))
    before = len(updates())
    client.send_signal(signal.SIGUSR1)
    check("an Update asked for by the gateway is seen", wait(5, lambda: len(updates()) > before))
    check("Execute /3/0/4 is accepted", "(204)" in str(rest("POST", client_path("/3/0/4"))))
    check("Execute of a value is refused with 405", "(405)" in str(rest("POST", client_path("/3/0/0"))))


def check_end(client):
    first = rest("GET", "/api/clients")[0]["registrationId"]
    client.send_signal(signal.SIGHUP)
    check("a new lease brings a new registration", wait(10, lambda: [c for c in rest("GET", "/api/clients") if c["registrationId"] != first]))
    client.send_signal(signal.SIGTERM)
    check("ets_103: the de-registration is seen", wait(5, lambda: rest("GET", "/api/clients") == []))
    check("the client ends by itself", client.wait(timeout=6) == 0)


def check_refused(client):
    """Leshan keeps silent about an unknown identity; that takes the client a minute to believe."""
    lines = iter(client.stdout.readline, "")
    line = next((text for text in lines if text.startswith("error")), "")
    check("an unknown identity is a visible error", line.startswith("error KeyUnanswered "), line)
    client.kill()
    client.wait()


def main():
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    leshan = start_leshan()
    client = None
    try:
        if not wait(60, is_up):
            print("Bail out! Leshan does not start")
            return 1
        rest("PUT", "/api/security/clients", {"endpoint": ENDPOINT, "psk": {"identity": IDENTITY, "key": KEY}})
        refused = start_client("--identity", "somebody-else")
        client = start_client("--packages", WORK)
        check_registration()
        threading.Thread(target=listen, daemon=True).start()  # Leshan traces messages only of who is registered by then
        check_read()
        check_discover()
        check_observe()
        check_write_and_execute(client)
        check_formats()
        check_create_delete()
        check_location()
        check_software()
        check_end(client)
        check_refused(refused)
    finally:
        if client and client.poll() is None:
            client.kill()
        leshan.kill()
    return finish(WORK, ("client.log", "leshan.log"))


sys.exit(main())
