"""The figures of the README: wrk on loopback, 64 connections, medians of three rounds in turn."""
import json, os, re, subprocess, time

from harness import CONNECTIONS, HERE, Clientele, bearer, example, free_port, median, ratio, save, start, stop, wrk

ROUNDS = 3
CUSTOMER = {
    "name": "Ada Lovelace", "email": "ada@example.com", "phone": "+441234567890", "company": "Analytical Engines",
    "tags": ["first", "programmer"], "address": {"line1": "12 St James's Square", "city": "London", "country": "GB"},
}


def alternate(seconds, bare, url, token):
    """Reads a second of each server by turns."""
    limit, read = [], []
    for _ in range(ROUNDS):
        limit.append(wrk(seconds, bare)["rate"])
        outcome = wrk(seconds, url, *bearer(token))
        assert outcome["failed"] == 0, outcome["output"]
        read.append(outcome["rate"])
    return limit, read, outcome["p99"]


def measure_starts(server, report):
    report["first_start_with_admin_ms"] = round(server.first_start, 1)
    report["start_to_ready_ms"] = median([server.restart() for _ in range(ROUNDS)])
    time.sleep(2)
    report["idle_rss_mib"] = round(server.rss_mib(), 1)


def measure_creates(seconds, server, token, report):
    script, rates = os.path.join(HERE, "create.lua"), []
    for number in range(ROUNDS):
        outcome = wrk(seconds, f"{server.base}/api/v1/customers", "-s", script, arguments=(f"r{number}", token))
        assert outcome["failed"] == 0, outcome["output"]
        rates.append(outcome["rate"])
    report |= {"creates_per_s": median(rates), "create_p99": outcome["p99"]}


def measure_logins(seconds, server, report):
    threads = max(os.cpu_count() - 1, 1)
    hashes, logins = [], []
    for _ in range(ROUNDS):
        hashing = [example("argon2"), str(threads), str(seconds)]
        hashes.append(float(subprocess.run(hashing, capture_output=True, text=True, check=True).stdout))
        outcome = wrk(seconds, f"{server.base}/api/v1/auth/login", "-s", os.path.join(HERE, "login.lua"))
        logins.append(float(re.search(r"Signed in: ([\d.]+)", outcome["output"])[1]))
    report |= {
        "argon2_threads": threads, "argon2_per_s": median(hashes), "logins_per_s": median(logins),
        "login_ratio": ratio(logins, hashes), "login_refused_and_other": re.search(r"refused: .*", outcome["output"])[0],
    }


def measure(seconds):
    report = {"seconds": seconds, "rounds": ROUNDS, "connections": CONNECTIONS, "cores": os.cpu_count()}
    server = Clientele()
    measure_starts(server, report)
    token = server.token()
    customer = server.call("/customers", CUSTOMER, token)
    path = f"/api/v1/customers/{json.loads(customer)['id']}"
    sample = os.path.join(server.folder, "customer.json")
    with open(sample, "wb") as file:
        file.write(customer)
    port = free_port()
    bare = f"http://127.0.0.1:{port}{path}"
    bare_server, _ = start([example("bare"), str(port), sample], server.environment, bare)

    limit, read, p99 = alternate(seconds, bare, server.base + path, token)
    report |= {"bare_reads_per_s": median(limit), "reads_per_s": median(read), "read_ratio": ratio(read, limit), "read_p99": p99}
    measure_creates(seconds, server, token, report)
    measure_logins(seconds, server, report)
    report["rss_after_mib"] = round(server.rss_mib(), 1)
    # The bare server writes no access log: once more without ours.
    server.restart(LOG_LEVEL="info,access=off")
    limit, read, _ = alternate(seconds, bare, server.base + path, token)
    report |= {"reads_without_access_log_per_s": median(read), "read_ratio_without_access_log": ratio(read, limit)}
    stop(bare_server)
    server.end()
    save("latest", report)
