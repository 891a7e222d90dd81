"""Real, disposable work for --action exec: commands that leave a record of what they did.

The record says `start HOST PID TIME`, `end HOST PID TIME`, and `overlap HOST` when a command
found another one of the same host still at work (a file lock per host, held by the whole process
group). TIME is seconds since the machine started.
"""
import os
import signal

# Restarts a "host": takes its lock, works, writes down both ends.
WORK = """#!/bin/sh
# HOST FOLDER SECONDS
exec 9> "$2/$1.lock"
flock -n 9 || echo "overlap $1" >> "$2/record"
read -r now rest < /proc/uptime
echo "start $1 $$ $now" >> "$2/record"
sleep "$3"
read -r now rest < /proc/uptime
echo "end $1 $$ $now" >> "$2/record"
"""

# The same, but TERM does not end it: its lease must run out first.
DEAF = WORK.replace("exec 9>", 'trap "" TERM\nexec 9>')

# The same where a "host" is a process: it is killed and started anew. The new one must be out of
# the command's group when the command ends, or it is ended with it.
RENEW = """#!/bin/sh
# HOST FOLDER LIFETIME
exec 9> "$2/$1.lock"
flock -n 9 || echo "overlap $1" >> "$2/record"
echo "start $1 $$ 0" >> "$2/record"
read -r old < "$2/$1.pid" || exit 1
kill "$old" || exit 1
setsid sh -c 'echo $$ > "$1"; exec sleep "$2"' sh "$2/$1.new" "$3" \\
    < /dev/null > /dev/null 2>&1 9>&- &
until read -r new < "$2/$1.new"; do :; done 2> /dev/null
echo "$new" > "$2/$1.pid"
echo "end $1 $$ 0" >> "$2/record"
"""


class Record:
    """A folder with a script in it, and what the script wrote down."""

    def __init__(self, folder, script=WORK):
        self.folder = os.path.join(folder, "hosts")
        os.makedirs(self.folder, exist_ok=True)
        self.script = os.path.join(self.folder, "restart")
        self.path = os.path.join(self.folder, "record")
        with open(self.script, "w", encoding="utf-8") as file:
            file.write(script)
        os.chmod(self.script, 0o755)

    def action(self, *args):
        """Options of a handler."""
        return ["--action", "exec", "--any-host", "--", self.script, "{host}", self.folder, *args]

    def rows(self, kind):
        """The words of each line of that kind."""
        if not os.path.exists(self.path):
            return []
        with open(self.path, encoding="utf-8") as file:
            lines = [line.split() for line in file]
        return [words[1:] for words in lines if words and words[0] == kind]

    def hosts(self, kind):
        """Short host names of each line of that kind."""
        return [words[0].split(".")[0] for words in self.rows(kind)]

    def pid_path(self, host):
        return os.path.join(self.folder, f"{host}.pid")

    def pid(self, host):
        with open(self.pid_path(host), encoding="utf-8") as file:
            return int(file.read() or 0)

    def end_hosts(self):
        """End the processes that RENEW left, known by their files; none must survive a test."""
        for name in os.listdir(self.folder):
            if name.endswith(".pid"):
                try:
                    os.kill(self.pid(name[:-len(".pid")]), signal.SIGKILL)
                except (ProcessLookupError, ValueError):
                    pass
