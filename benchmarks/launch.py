"""Start a command from a process so small that it does not count, and tell what it took.

python launch.py FD COMMAND… writes seconds, peak memory and exit code to the descriptor. A process
inherits the peak memory of whoever started it, so a large one cannot measure a small one.
"""

import os
import sys
from time import perf_counter

descriptor, *command = sys.argv[1:]
started = perf_counter()
child = os.posix_spawn(command[0], command, os.environ)
_, status, usage = os.wait4(child, 0)
seconds = perf_counter() - started
code = os.waitstatus_to_exitcode(status)
os.write(int(descriptor), f"{seconds} {usage.ru_maxrss} {code}".encode())
