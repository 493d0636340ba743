"""What the supervision layer costs: an ask against plain `Addr::send`, and a request with one hop against none."""
import json, os, subprocess

from harness import CONNECTIONS, example, free_port, median, ratio, save, start, stop, wrk

ROUNDS = 5


def measure(seconds):
    asks = subprocess.run([example("hop"), "ask"], capture_output=True, text=True, check=True).stdout
    bare, hop = free_port(), free_port()
    server, _ = start([example("hop"), "serve", str(bare), str(hop)], dict(os.environ), f"http://127.0.0.1:{hop}/1")
    without, through = [], []
    for number in range(ROUNDS):
        ways = [(bare, without), (hop, through)]
        for port, rates in ways if number % 2 == 0 else reversed(ways):
            outcome = wrk(seconds, f"http://127.0.0.1:{port}/7")
            assert outcome["failed"] == 0, outcome["output"]
            rates.append(outcome["rate"])
    stop(server)
    save("hop", {
        "seconds": seconds, "rounds": ROUNDS, "connections": CONNECTIONS, "cores": os.cpu_count(),
        "ask": json.loads(asks),
        "http": {
            "without_hop_per_s": median(without), "with_hop_per_s": median(through), "ratio": ratio(through, without),
            "ratios": [round(b / a, 3) for a, b in zip(without, through)],
        },
    })
