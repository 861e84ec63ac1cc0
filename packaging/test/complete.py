"""Types a command and a tab in an interactive shell of a root directory: complete.py bash|zsh|fish ROOT"""

import os
import pty
import re
import select
import sys
import time

shell, root = sys.argv[1:]
START = {
    # What Debian's .bashrc and zsh's compinstall set up.
    "bash": (["bash", "--norc", "-i"], ". /usr/share/bash-completion/bash_completion\n"),
    "zsh": (["zsh", "-f", "-i"], "autoload -U compinit; compinit -u\n"),
    "fish": (["fish", "--private", "--interactive"], ""),
}
TYPED, COMPLETED = b"amiusage ent\t", b"amiusage entries"
# fish colors what is typed, and moves the cursor.
ESCAPE = re.compile(rb"\x1b(\[[0-9;?]*[A-Za-z]|\(B)")

command, setup = START[shell]
pid, terminal = pty.fork()
if pid == 0:
    os.chroot(root)
    os.chdir("/")
    os.execvpe(command[0], command, {"PATH": "/usr/bin:/bin", "HOME": "/root", "TERM": "xterm"})

output = b""


def wait_for(text, seconds=20):
    """Reads until the text arrives, or fails."""
    global output
    end = time.monotonic() + seconds
    while text not in ESCAPE.sub(b"", output):
        if not select.select([terminal], [], [], max(0, end - time.monotonic()))[0]:
            sys.exit(f"{shell} did not show {text!r}: {output!r}")
        output += os.read(terminal, 65536)
    output = b""


os.write(terminal, setup.encode() + b"echo rea''dy\n")
wait_for(b"ready")
os.write(terminal, TYPED)
wait_for(COMPLETED)
print(f"{shell}: {TYPED!r} becomes {COMPLETED!r}")
os.close(terminal)
