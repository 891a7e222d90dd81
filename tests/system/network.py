"""Hosts as network namespaces on a switch of their own: nothing of it is seen from outside."""
import itertools
import os
import shutil
import subprocess

PREFIX = "10.77.0"
NUMBERS = itertools.count(1)

CUT = """
table inet cut {
    chain inward { type filter hook input priority 0; policy accept; %s }
    chain outward { type filter hook output priority 0; policy accept; %s }
}
"""


def why_not():
    """Why no network can be made here; None: it can."""
    if os.geteuid() != 0:
        return "network namespaces need root"
    missing = [name for name in ("ip", "nft") if not shutil.which(name)]
    if missing:
        return f"{' and '.join(missing)} not found"
    probe = f"mayhem-{os.getpid()}-probe"
    made = subprocess.run(["ip", "netns", "add", probe], capture_output=True, check=False)
    subprocess.run(["ip", "netns", "del", probe], capture_output=True, check=False)
    return None if made.returncode == 0 else "network namespaces are not allowed here"


def run(*command, stdin=None):
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")


class Host:
    def __init__(self, network, number):
        self.namespace = f"{network.name}-{number}"
        self.address = f"{PREFIX}.{number}"
        #  In front of a command: it then runs on this host.
        self.wrap = ["ip", "netns", "exec", self.namespace]

    def endpoint(self, port):
        return f"tcp://{self.address}:{port}"

    def cut(self, other, hear=False, speak=False):
        """From now on this host does not hear the other one, is not heard by it, or neither."""
        self.heal()
        inward = "" if hear else f"ip saddr {other.address} drop;"
        outward = "" if speak else f"ip daddr {other.address} drop;"
        run(*self.wrap, "nft", "-f", "-", stdin=CUT % (inward, outward))

    def heal(self):
        subprocess.run([*self.wrap, "nft", "delete", "table", "inet", "cut"],
                       capture_output=True, check=False)


class Network:
    """A context manager: count hosts that see each other."""

    def __init__(self, count):
        self.name = f"mayhem-{os.getpid()}-{next(NUMBERS)}"
        self.switch = f"{self.name}-0"
        self.made = []
        self.hosts = [Host(self, number) for number in range(1, count + 1)]

    def __enter__(self):
        try:
            self.namespace(self.switch)
            in_switch = ("ip", "-n", self.switch)
            run(*in_switch, "link", "add", "name", "hub", "type", "bridge", "forward_delay", "0")
            run(*in_switch, "link", "set", "hub", "up")
            for number, host in enumerate(self.hosts, 1):
                self.namespace(host.namespace)
                run(*in_switch, "link", "add", "name", f"port{number}", "type", "veth",
                    "peer", "name", "eth0", "netns", host.namespace)
                run(*in_switch, "link", "set", f"port{number}", "master", "hub", "up")
                on_host = ("ip", "-n", host.namespace)
                run(*on_host, "addr", "add", f"{host.address}/24", "dev", "eth0")
                run(*on_host, "link", "set", "eth0", "up")
                run(*on_host, "link", "set", "lo", "up")
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self.hosts

    def namespace(self, name):
        run("ip", "netns", "add", name)
        self.made.append(name)

    def __exit__(self, kind, error, trace):
        for name in self.made:
            subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
