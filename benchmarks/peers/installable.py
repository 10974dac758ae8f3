"""Which peers still install on this machine's Python, and what the others say; writes results/installable.json.

    python benchmarks/peers/installable.py [PEER …]

Each is resolved, and built where it must be, in a fresh environment without being installed (`pip --dry-run`).
"""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

PEERS = (
    "implicit",
    "rectools",
    "recbole",
    "recbole-cdr",
    "lenskit",
    "cornac",
    "lightfm",
    "obp",
    "recommenders",
    "replay-rec",
    "scikit-surprise",
    "tensorflow-recommenders",
)
RESULTS = Path(__file__).resolve().parents[1] / "results"


def asked(peer: str) -> dict[str, str]:
    """Try one peer; return its version, or the first line of pip that says what is wrong."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        told = [f"{folder}/bin/pip", "install", "--dry-run", "--quiet", "--report", f"{folder}/report.json", peer]
        try:
            done = subprocess.run(told, capture_output=True, text=True, timeout=600)
        except subprocess.TimeoutExpired:
            return {"error": "no answer within ten minutes"}
        if done.returncode == 0:
            found = json.loads(Path(folder, "report.json").read_text(encoding="utf-8"))["install"]
            version = next(one["metadata"]["version"] for one in found if one.get("requested"))
            return {"version": version}
        lines = [line.strip() for line in done.stderr.splitlines() if "Error:" in line or line.startswith("ERROR")]
        return {"error": (lines or ["failed"])[-1][:200]}


def main() -> int:
    kept = RESULTS / "installable.json"
    found = json.loads(kept.read_text(encoding="utf-8"))["peers"] if kept.exists() else {}
    for peer in sys.argv[1:] or PEERS:
        found[peer] = asked(peer)
        print(peer, found[peer], flush=True)
    text = json.dumps({"python": platform.python_version(), "peers": found}, indent=2)
    kept.write_text(text + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
