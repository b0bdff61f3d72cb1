# SPDX-License-Identifier: BSD-3-Clause
"""Who stands in the middle of a measurement: an nginx or another proxy beside weir's laboratory,
and the CPU time of their processes and of weir's."""
import os
import statistics

from cases import Failure
from lab import Lab, cpus, listens, read_file, sh, wait_for

ORIGIN_CPU, MIDDLE_CPU = cpus()[0], cpus()[-1]
OWN_STACKS = os.environ.get("OWN_STACKS") != "0"
NGINX = """{load}daemon off; user root; worker_processes 1; pid {home}/pid;
error_log /dev/null crit;
events {{ worker_connections 16384; }}
http {{
    access_log off; keepalive_timeout 300s; keepalive_requests 1000000000;
    client_body_buffer_size 1m; default_type text/html;
    client_body_temp_path {home}/body; proxy_temp_path {home}/proxy;
    fastcgi_temp_path {home}/fcgi; uwsgi_temp_path {home}/uwsgi; scgi_temp_path {home}/scgi;
    {http}
}}
"""


# ---- client - proxy - origin beside client - weir - origin ----


def plug(lab, middle, near, end, network, host, offloads=True):
    """A veth from `end` to the proxy in the middle, as the kernel makes it, with all offloads; or
    without any, so that what crosses it are frames of 1,500 bytes."""
    Lab.wire(middle, near, (), end, "eth1")
    for namespace, device, last in ((middle, near, 1), (end, "eth1", host)):
        if not offloads:
            namespace.offloads_off(device)
        namespace.ip("link", "set", device, "up")
        namespace.ip("addr", "add", f"10.78.{network}.{last}/24", "dev", device)


def own_stacks(lab):
    """What arrives at an end goes up its stack on the end's CPU (RPS), as on a host of its own:
    whoever sends into a veth would do that work, too, otherwise."""
    if not OWN_STACKS:
        return
    for end in (lab.client, lab.server):
        for device in ("eth0", "eth1"):
            end.run("sh", "-c", f"echo {1 << int(ORIGIN_CPU):x} > "
                    f"/sys/class/net/{device}/queues/rx-0/rps_cpus")


def start_nginx(lab, namespace, name, port, http, load="", cpu=MIDDLE_CPU):
    home = os.path.join(lab.dir, name)
    os.makedirs(home)
    with open(f"{home}/nginx.conf", "w", encoding="utf-8") as f:
        f.write(NGINX.format(home=home, http=http.replace("PORT", str(port)), load=load))
    process = namespace.start("taskset", "-c", cpu, "nginx", "-e", f"{home}/error.log", "-c",
                              f"{home}/nginx.conf")
    wait_for(lambda: listens(namespace, port) or process.poll() is not None, 30, name)
    if process.poll() is not None:
        raise Failure(f"{name} ended: {read_file(home + '/error.log')[-500:]}")
    return int(read_file(f"{home}/pid"))


# ---- CPU time ----


def thread_seconds(pid, tid):
    """To the nanosecond where the kernel tells it, else to its tick."""
    try:
        return int(read_file(f"/proc/{pid}/task/{tid}/schedstat").split()[0]) / 1e9
    except (IndexError, ValueError):
        fields = read_file(f"/proc/{pid}/task/{tid}/stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def cpu_by_thread(pids):
    return {(pid, tid): thread_seconds(pid, tid)
            for pid in pids for tid in os.listdir(f"/proc/{pid}/task")}


def children(pid):
    return [int(word) for word in read_file(f"/proc/{pid}/task/{pid}/children").split()]


class Processes:
    """A process and its children."""

    def __init__(self, pid):
        self.pids = [pid, *children(pid)]

    def read(self):
        return sum(cpu_by_thread(self.pids).values())

    @staticmethod
    def spent(before, after):
        return {"cpu_s": after - before}


class Gateway:
    def __init__(self, weir):
        self.weir = weir

    def read(self):
        return cpu_by_thread([self.weir.process.pid]), self.weir.counters()

    @staticmethod
    def spent(before, after):
        took = {tid: s - before[0].get(tid, 0) for tid, s in after[0].items()}
        worker = max(took, key=took.get)
        cycles, busy = (after[1][key] - before[1][key] for key in ("cycles", "cycles_busy"))
        others = sum(took.values()) - took[worker]
        return {"cpu_s": took[worker] * busy / cycles + others, "busy": busy / cycles,
                "others_s": others}


# ---- what came of it ----


def machine():
    model = next((line.split(":")[1].strip() for line in read_file("/proc/cpuinfo").splitlines()
                  if line.startswith("model name")), "unknown")
    load = os.getloadavg()[0]
    return f"{model}, {len(cpus())} cores, Linux {os.uname().release}; load {load:.2f}"


def version(package):
    return sh("dpkg-query", "-Wf", "${Version}", package, check=False).stdout or "none"


def median(runs, key):
    return statistics.median(run[key] for run in runs)


def spread(runs, key):
    values = [run[key] for run in runs]
    return f"{statistics.median(values):.1f} ({min(values):.1f} to {max(values):.1f})"
