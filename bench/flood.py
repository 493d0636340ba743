"""Five times more than the server can do, open loop: clients that come at their pace whether or not they are answered.

What is flooded are routes whose work costs far more than to refuse it: sign-ins (a thread that hashes) and statistics over
50,000 customers (threads that read the store). The peak is what clients get that ask again as soon as they are answered.
"""
import json, os, re, shutil, subprocess, threading, time, urllib.error, urllib.request

from harness import EMAIL, HERE, PASSWORD, Clientele, bearer, cpu_seconds, save, wrk

TIMES, CONNECTIONS = 5, 256
CUSTOMERS, OHA = 50_000, os.path.expanduser("~/.cache/clientele/tools-oha")
SIGN_IN = json.dumps({"email": EMAIL, "password": PASSWORD})


def oha():
    """The load generator (MIT), built once."""
    program = shutil.which("oha") or os.path.join(OHA, "bin", "oha")
    if not os.path.exists(program):
        subprocess.run(["cargo", "install", "oha", "--locked", "--root", OHA], check=True)
    return program


class Watcher(threading.Thread):
    """Looks at the server's memory four times a second, and asks for the same as the flood does, to see a whole answer."""

    def __init__(self, server, ask):
        super().__init__(daemon=True)
        self.server, self.ask, self.over = server, ask, threading.Event()
        self.rss, self.retry_after, self.other = [], [], []

    def run(self):
        while not self.over.wait(0.25):
            self.rss.append(round(self.server.rss_mib(), 1))
            try:
                with urllib.request.urlopen(self.ask(), timeout=10) as answer:
                    answer.read()
            except urllib.error.HTTPError as refusal:
                problem = json.loads(refusal.read())
                if (refusal.code, problem["code"]) == (503, 5001):
                    self.retry_after.append(int(refusal.headers["Retry-After"]))
                else:
                    self.other.append(refusal.code)


def flood(seconds, server, rate, url, options, ask):
    """What becomes of `rate` requests a second."""
    watcher = Watcher(server, ask)
    watcher.start()
    before = server.cpu_seconds()
    command = [oha(), "--no-tui", "--output-format", "json", "--stats-success-breakdown", "--latency-correction", "-w",
               "-z", f"{seconds}s", "-q", str(rate), "-c", str(CONNECTIONS), *options, url]
    generator = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    used = {}

    def look():
        while generator.poll() is None:
            try:
                used["generator"] = cpu_seconds(generator.pid)
            except OSError:
                return
            time.sleep(0.1)

    looking = threading.Thread(target=look, daemon=True)
    looking.start()
    output = json.loads(generator.communicate()[0])
    used["server"] = server.cpu_seconds() - before
    watcher.over.set()
    watcher.join()
    return output, watcher, {who: round(took / seconds, 2) for who, took in used.items()}


def milliseconds(percentiles, name):
    value = percentiles.get(name)
    return None if value is None else round(value * 1_000, 2)


def overload(seconds, server, peaks, url, options, ask):
    """Floods with five times the peak, and tells what came of it. A peak before and after: the machine changes."""
    before = peaks()
    rate = round(TIMES * before)
    output, watcher, cores = flood(seconds, server, rate, url, options, ask)
    after = peaks()
    peak = (before + after) / 2
    statuses, lasted = output["statusCodeDistribution"], output["summary"]["total"]
    accepted, refused = statuses.get("200", 0), statuses.get("503", 0)
    good, bad = output["latencyPercentilesSuccessful"], output["latencyPercentilesNotSuccessful"]
    return {
        "peak_per_s": round(peak, 1), "sent_per_s": round(sum(statuses.values()) / lasted, 1), "asked_per_s": rate,
        "goodput_per_s": round(accepted / lasted, 1), "goodput_of_peak": round(accepted / lasted / peak, 3),
        "accepted": accepted, "refused": refused,
        "other": {**{status: count for status, count in statuses.items() if status not in ("200", "503")},
                  **output["errorDistribution"]},
        "accepted_p50_ms": milliseconds(good, "p50"), "accepted_p99_ms": milliseconds(good, "p99"),
        "refused_p50_ms": milliseconds(bad, "p50"), "refused_p99_ms": milliseconds(bad, "p99"),
        "retry_after_s": sorted(set(watcher.retry_after)), "refused_otherwise": watcher.other,
        "cores_used": cores, "rss_mib": watcher.rss,
    }


def sign_ins(seconds, server):
    url = f"{server.base}/api/v1/auth/login"

    def peak():
        output = wrk(4, url, "-s", os.path.join(HERE, "login.lua"))["output"]
        return float(re.search(r"Signed in: ([\d.]+)", output)[1])

    def ask():
        return urllib.request.Request(url, SIGN_IN.encode(), {"Content-Type": "application/json"})

    return overload(seconds, server, peak, url, ["-m", "POST", "-T", "application/json", "-d", SIGN_IN], ask)


def statistics(seconds, server):
    token = server.token()
    wrk(max(2, CUSTOMERS // 10_000), f"{server.base}/api/v1/customers", "-s", os.path.join(HERE, "create.lua"), arguments=("f", token))
    url = f"{server.base}/api/v1/customers/statistics?interval=day"

    def peak():
        # As many clients as have every thread at work, and none of them refused.
        outcome = wrk(4, url, *bearer(token), connections=4)
        assert outcome["failed"] == 0, outcome["output"]
        return outcome["rate"]

    def ask():
        return urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})

    return overload(seconds, server, peak, url, bearer(token), ask)


def measure(seconds):
    report = {"seconds": seconds, "times": TIMES, "connections": CONNECTIONS, "cores": os.cpu_count()}
    for bench in (sign_ins, statistics):
        server = Clientele(LOG_LEVEL="info,access=off")
        report[bench.__name__] = bench(seconds, server)
        server.end()
    save("flood", report)
