"""What the benchmarks share: servers to start and to end, wrk, medians, results."""
import json, os, re, shutil, signal, socket, statistics, subprocess, sys, tempfile, time, urllib.request

CONNECTIONS = 64
HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
TARGET = os.environ.setdefault("CARGO_TARGET_DIR", os.path.expanduser("~/.cache/clientele/target"))
RELEASE = os.path.join(TARGET, "release")
EMAIL, PASSWORD = "bench@example.com", "correct horse battery"
children = []


def build():
    """The release build, and wrk."""
    if not shutil.which("wrk"):
        subprocess.run(["apt-get", "install", "-y", "-qq", "wrk"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["cargo", "build", "--release", "--locked", "--bins", "--examples"], cwd=ROOT, check=True)


def example(name):
    return os.path.join(RELEASE, "examples", name)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def start(command, environment, ready):
    """Starts a server; gives it and the milliseconds until it was ready."""
    before = time.monotonic()
    child = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    children.append(child)
    while True:
        try:
            with urllib.request.urlopen(ready, timeout=1) as answer:
                if answer.status == 200:
                    return child, (time.monotonic() - before) * 1000
        except OSError:
            if child.poll() is not None:
                sys.exit(f"{command[0]} ended with {child.returncode}")
            time.sleep(0.001)


def stop(child):
    child.send_signal(signal.SIGTERM)
    child.wait()


class Clientele:
    """The program over a temporary data folder, its limits off."""

    def __init__(self, **settings):
        self.folder = tempfile.mkdtemp(prefix="clientele-bench-")
        port = free_port()
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "DATA_DIR": self.folder, "PORT": str(port),
            "RATE_LIMIT_MAX_REQUESTS": "4000000000", "RATE_LIMIT_AUTH_MAX_REQUESTS": "4000000000",
            "LOGIN_ADDRESS_MAX_FAILURES": "0", "APP_ENV": "production", "JWT_SECRET": "b" * 40,
            "JWT_REFRESH_SECRET": "r" * 40, "ADMIN_EMAIL": EMAIL, "ADMIN_PASSWORD": PASSWORD, "JWT_EXPIRES_IN": "1d",
        } | settings
        self.base = f"http://127.0.0.1:{port}"
        self.first_start = self.start()

    def start(self, **settings):
        command = [os.path.join(RELEASE, "clientele")]
        self.child, took = start(command, self.environment | settings, f"{self.base}/health/ready")
        return took

    def restart(self, **settings):
        stop(self.child)
        return self.start(**settings)

    def call(self, path, body=None, token=None):
        request = urllib.request.Request(
            f"{self.base}/api/v1{path}", json.dumps(body).encode() if body else None, {"Content-Type": "application/json"})
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        with urllib.request.urlopen(request) as answer:
            return answer.read()

    def token(self):
        return json.loads(self.call("/auth/login", {"email": EMAIL, "password": PASSWORD}))["accessToken"]

    def rss_mib(self):
        with open(f"/proc/{self.child.pid}/status") as status:
            return int(re.search(r"VmRSS:\s+(\d+)", status.read())[1]) / 1024

    def cpu_seconds(self):
        return cpu_seconds(self.child.pid)

    def end(self):
        stop(self.child)
        shutil.rmtree(self.folder)


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wrk(seconds, url, *options, arguments=(), connections=CONNECTIONS):
    command = ["wrk", "-t2", f"-c{connections}", f"-d{seconds}s", "--latency", *options, url]
    if arguments:
        command += ["--", *arguments]
    output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", output)
    return {
        "rate": float(re.search(r"Requests/sec:\s+([\d.]+)", output)[1]),
        "p99": re.search(r"99%\s+(\S+)", output)[1],
        "failed": int(failed[1]) if failed else 0,
        "output": output,
    }


def bearer(token):
    return ("-H", f"Authorization: Bearer {token}")


def median(figures):
    return round(statistics.median(figures), 1)


def ratio(above, below):
    return round(statistics.median(above) / statistics.median(below), 3)


def save(name, report):
    os.makedirs(os.path.join(HERE, "results"), exist_ok=True)
    with open(os.path.join(HERE, "results", f"{name}.json"), "w") as file:
        json.dump(report, file, indent=2)
        file.write("\n")
    print(json.dumps(report, indent=2))


def run(main):
    """Runs `main`; whatever it started has ended after that."""
    try:
        main()
    finally:
        for child in children:
            if child.poll() is None:
                child.kill()
