"""`systemctl` of the drill: hands its arguments to the stand-in for systemd (units.py), and ends as that says.

Run as `python -I -S systemctl.py SOCKET ARGUMENTS…`, so it imports little.
"""

import json
import socket
import sys

with socket.socket(socket.AF_UNIX) as server:
    server.connect(sys.argv[1])
    server.sendall(json.dumps(sys.argv[2:]).encode() + b"\n")
    answer = json.loads(server.makefile().readline())
if answer["text"]:
    print(answer["text"], file=sys.stderr if answer["code"] == 1 else sys.stdout)
sys.exit(answer["code"])
