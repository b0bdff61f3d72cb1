# SPDX-License-Identifier: BSD-3-Clause
"""A laboratory: client - weir - server in three network namespaces of its own.

    with Lab("af_xdp") as lab, lab.weir(policy=ALLOW_ALL) as weir:
        lab.client.run("ping", "-c", "1", lab.server.v4)
        weir.ctl("status")

Nothing here touches the host's network: all interfaces are made inside the namespaces, whose names
hold this process's id. Everything is taken away at the end, also after a failure; what a killed run
left behind is swept by the next one. Devices: af_xdp, af_packet, tap, memif and vhost (whose ends
are weir-bench, not hosts), and two without weir, for comparison and for trying the laboratory
itself: bridge, cable.

A bad line may stand before either end, `weir-bench line` in a namespace of its own:

    with Lab("cable", lines=["client"]) as lab, lab.line("client", "--loss", "1%"):
"""
import contextlib
import ctypes
import functools
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from cases import Failure, Skip, check_equal

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("WEIR_BUILD", os.path.join(ROOT, "build"))
WEIR = os.path.join(BUILD, "app/weir/weir")
WEIRCTL = os.path.join(BUILD, "app/weirctl/weirctl")
WEIR_BENCH = os.path.join(BUILD, "app/weir-bench/weir-bench")
WEIR_DEVICES = ("af_xdp", "af_packet", "tap", "memif", "vhost")
NO_HOSTS = ("memif", "vhost")
VDEVS = ("tap", *NO_HOSTS)
REFERENCES = ("bridge", "cable")
CLONE_NEWNET = 0x40000000

ALLOW_ALL = """
kind: Defaults
metadata: { name: defaults }
spec: { unmatched: allow, nonIP: allow, unknownProtocol: allow }
"""

_libc = ctypes.CDLL(None, use_errno=True)


def sh(*command, timeout=120, check=True, **more):
    """Runs a command to its end, with its output as text; a failure tells all of it."""
    done = subprocess.run([str(word) for word in command], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          timeout=timeout, check=False, **more)
    if check and done.returncode:
        raise Failure(f"{' '.join(map(str, command))}: exit {done.returncode}: "
                      f"{done.stdout.strip()[-800:]}")
    return done


def cpus():
    return sorted(os.sched_getaffinity(0))


def wait_for(condition, seconds, what, step_s=0.02):
    """Waits until `condition` gives something true, and gives that back."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Failure(f"{what}: not within {seconds} s")
        time.sleep(step_s)


class Namespace:
    def __init__(self, lab, name):
        self.lab = lab
        self.name = f"weir-{os.getpid()}-{name}"
        self.v4 = self.v6 = None
        sh("ip", "netns", "add", self.name)
        sh("ip", "-n", self.name, "link", "set", "lo", "up")

    def ip(self, *words, **more):
        return sh("ip", "-n", self.name, *words, **more)

    def run(self, *command, **more):
        return sh("ip", "netns", "exec", self.name, *command, **more)

    def sysctl(self, key, value, check=True):
        return self.run("sysctl", "-qw", f"{key}={value}", check=check)

    def start(self, *command, **more):
        """Starts a process that the laboratory ends."""
        more.setdefault("stdout", subprocess.DEVNULL)
        more.setdefault("stderr", subprocess.STDOUT)
        process = subprocess.Popen(["ip", "netns", "exec", self.name, *map(str, command)],
                                   stdin=subprocess.DEVNULL, start_new_session=True, **more)
        self.lab.processes.append(process)
        return process

    @contextlib.contextmanager
    def inside(self):
        """Sockets made within belong to this namespace, and stay there."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        there = os.open(f"/run/netns/{self.name}", os.O_RDONLY)
        try:
            if _libc.setns(there, CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), f"setns {self.name}")
            yield
        finally:
            if _libc.setns(home, CLONE_NEWNET):
                os._exit(70)  # in a foreign namespace nothing may go on
            os.close(there)
            os.close(home)

    def socket(self, *kind):
        with self.inside():
            return socket.socket(*kind)

    def offloads_off(self, device="eth0"):
        """Without this a veth peer leaves checksums to hardware that does not exist."""
        features = ("tx", "rx", "sg", "tso", "gso", "gro")
        self.run("ethtool", "-K", device, *(word for f in features for word in (f, "off")),
                 check=False)

    def delete(self):
        pids = sh("ip", "netns", "pids", self.name, check=False).stdout.split()
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)
        sh("ip", "netns", "del", self.name, check=False)


class Lab:
    """The namespaces `client`, `server` and between them `gateway`, wired but with no weir yet."""

    def __init__(self, device="af_packet", workers=1, mtu=1500, quiet=False, lines=()):
        self.device = device
        self.workers = workers
        self.mtu = mtu
        self.quiet = quiet  # no addresses, no IPv6: no frame but ours
        self.lines = lines  # ends, `client` or `server`, before which a line stands
        self.processes = []
        self.namespaces = []
        self.line_namespaces = {}
        self.dir = None

    # ---- making and unmaking ----

    def __enter__(self):
        need_root()
        sweep()
        if self.device in WEIR_DEVICES:
            need_weir()
        if self.lines:
            need_bench()
        try:
            self.dir = tempfile.mkdtemp(prefix="weir-lab-")
            os.chmod(self.dir, 0o755)
            self.client = self.namespace("client")
            self.server = self.namespace("server")
            self.gateway = None if self.device == "cable" else self.namespace("gateway")
            for end in (self.client, self.server):
                end.sysctl("net.ipv6.conf.default.accept_dad", 0, check=False)
                if self.quiet:
                    end.sysctl("net.ipv6.conf.default.disable_ipv6", 1, check=False)
            if self.device not in VDEVS:
                self.make_veth()
                self.address()
            if self.device == "bridge":
                self.make_bridge()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        for process in reversed(self.processes):
            end_process(process)
        for namespace in self.namespaces:
            namespace.delete()
        if self.dir:
            shutil.rmtree(self.dir, ignore_errors=True)

    def namespace(self, name):
        namespace = Namespace(self, name)
        self.namespaces.append(namespace)
        return namespace

    def make_veth(self):
        queues = max(self.workers, 1)
        size = ("numrxqueues", queues, "numtxqueues", queues)
        if self.device == "cable":
            far, device = self.plug("client", self.client, size)
            self.wire(far, device, size, *self.plug("server", self.server, size))
            return
        self.gateway.sysctl("net.ipv6.conf.default.disable_ipv6", 1, check=False)
        for near, end, name in (("g0", self.client, "client"), ("g1", self.server, "server")):
            self.wire(self.gateway, near, size, *self.plug(name, end, size))
            self.gateway.ip("link", "set", near, "mtu", self.mtu, "promisc", "on", "up")
            self.gateway.offloads_off(near)

    @staticmethod
    def wire(near, name, size, far, far_name):
        near.ip("link", "add", name, *size, "type", "veth", "peer", "name", far_name, *size,
                "netns", far.name)

    def plug(self, name, end, size):
        """Where what leads to an end is to be wired: itself, or the far side of its line."""
        if name not in self.lines:
            return end, "eth0"
        line = self.namespace("line-" + name)
        line.sysctl("net.ipv6.conf.default.disable_ipv6", 1, check=False)
        self.line_namespaces[name] = line
        self.wire(line, "near", size, end, "eth0")
        return line, "far"

    def line(self, name, *words, seconds=600, check=True):
        """A context with the line before an end running; `words` are options of weir-bench line,
        where FROM_A is what the end sends."""
        return Line(self, self.line_namespaces[name], words, seconds, check)

    def make_bridge(self):
        self.gateway.ip("link", "add", "br0", "type", "bridge", "mcast_snooping", 0)
        for near in ("g0", "g1"):
            self.gateway.ip("link", "set", near, "master", "br0")
        self.gateway.ip("link", "set", "br0", "mtu", self.mtu, "up")

    def address(self):
        for end, host in ((self.client, 1), (self.server, 2)):
            end.offloads_off()
            end.ip("link", "set", "eth0", "mtu", self.mtu, "address", f"02:00:00:77:00:0{host}",
                   "up")
            if self.quiet:
                continue
            end.v4, end.v6 = f"10.77.0.{host}", f"fd77::{host}"
            end.ip("addr", "add", f"{end.v4}/24", "dev", "eth0")
            end.ip("addr", "add", f"{end.v6}/64", "dev", "eth0", "nodad")

        for namespace in self.line_namespaces.values():
            for device in ("near", "far"):
                namespace.ip("link", "set", device, "mtu", self.mtu, "promisc", "on", "up")
                namespace.offloads_off(device)

    def all_lines(self, *words, **more):
        """A context with the lines before all ends running."""
        return Lines([self.line(name, *words, **more) for name in self.line_namespaces])

    # ---- weir ----

    def port_devices(self):
        if self.device == "tap":
            return [f"vdev:net_tap{i},iface=wtap{i}" for i in (0, 1)]
        if self.device == "memif":
            return [self.memif(i, "server") for i in (0, 1)]
        if self.device == "vhost":
            return [f"vdev:net_vhost{i},iface={self.dir}/vhost{i},queues=1" for i in (0, 1)]
        return ["iface:g0", "iface:g1"]

    def peer_device(self, i):
        """What weir-bench opens to be the peer of port `i` where there are no hosts."""
        if self.device == "memif":
            return self.memif(i, "client")
        return f"vdev:net_virtio_user{i},path={self.dir}/vhost{i},queues=1,queue_size=256"

    def memif(self, i, role):
        return (f"vdev:net_memif{i},role={role},id={i},socket={self.dir}/memif{i},"
                "socket-abstract=no")

    def conf(self, connections=20000, memory="", more="", port="", log=""):
        driver = "" if self.device in VDEVS else f", driver: {self.device}"
        mtu = f", mtu: {self.mtu}" if self.mtu != 1500 else ""
        ports = "\n".join(f'  - {{ name: {name}, device: "{device}"{driver}{mtu}{port} }}'
                          for name, device in zip(("client", "server"), self.port_devices()))
        return f"""# made by test/system/lab.py
workers: {cpus()[-self.workers:]}
memory: {{ connections: {connections}{memory} }}
ports:
{ports}
wires: [ {{ name: w0, ports: [client, server] }} ]
policy: [ policy.d ]
log: {{ events: events.json{log} }}
control: {{ socket: weir.sock }}
{more}"""

    def weir(self, policy=ALLOW_ALL, arguments=(), start=True, **conf):
        """A context with a running weir; without one for bridge and cable."""
        if self.device in REFERENCES:
            return contextlib.nullcontext()
        return Weir(self, policy, self.conf(**conf), arguments, start)

    def adopt_taps(self):
        """A tap's kernel end begins where weir runs, and belongs to the end hosts."""
        for i, end in enumerate((self.client, self.server)):
            self.gateway.ip("link", "set", f"wtap{i}", "netns", end.name)
            end.ip("link", "set", f"wtap{i}", "down")
            end.ip("link", "set", f"wtap{i}", "name", "eth0")
        self.address()

    # ---- things that tests need at the ends ----

    def nginx(self, listen=(80,), end=None, http="", server="", tls=None, http2=False):
        """A web server of our own, configuration and pid file included. Takes PUT, too; `http` and
        `server` are further directives. `tls` is a certificate's path without its .pem, .key."""
        home = os.path.join(self.dir, "nginx")
        os.makedirs(os.path.join(home, "www"), exist_ok=True)
        how = (" ssl" if tls else "") + (" http2" if http2 else "")
        lines = "".join(f"listen 0.0.0.0:{p}{how}; listen [::]:{p}{how}; " for p in listen)
        if tls:
            lines += (f"ssl_certificate {tls}.pem; ssl_certificate_key {tls}.key; "
                      "ssl_protocols TLSv1.2 TLSv1.3; ")
        temp = "".join(f"{kind}_temp_path {home}/{kind}; "
                       for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        with open(f"{home}/nginx.conf", "w", encoding="utf-8") as f:
            f.write(f"daemon off; user root; worker_processes 1; pid {home}/pid; "
                    f"error_log {home}/error.log;\nevents {{ worker_connections 10000; }}\n"
                    f"http {{ access_log off; {temp}"
                    f"client_max_body_size 0; keepalive_requests 10000000; sendfile on; {http} "
                    f"server {{ {lines} root {home}/www; {server} "
                    f"location / {{ dav_methods PUT; create_full_put_path on; }} }} }}\n")
        end = end or self.server
        process = end.start("nginx", "-e", f"{home}/error.log", "-c", f"{home}/nginx.conf")
        wait_for(lambda: listens(end, listen[0]) or process.poll() is not None, 30, "nginx")
        if process.poll() is not None:
            raise Failure("nginx ended: " + read_file(f"{home}/error.log")[-500:])
        return os.path.join(home, "www")

    def iperf3_server(self, port=5201):
        process = self.server.start("iperf3", "-s", "-p", port)
        wait_for(lambda: listens(self.server, port), 30, "iperf3 -s")
        return process

    def iperf3(self, *words, port=5201, target=None, seconds=3, check=True):
        """A client's run; gives its JSON report. The server may still be busy."""
        for _ in range(10):
            done = self.client.run("iperf3", "-c", target or self.server.v4, "-p", port, "-J", "-t",
                                   seconds, *words, timeout=seconds + 40, check=False)
            try:
                report = json.loads(done.stdout)
            except ValueError:
                raise Failure(f"iperf3: {done.stdout[-300:]}") from None
            if "busy" not in report.get("error", ""):
                break
            time.sleep(1)
        if check and "error" in report:
            raise Failure(f"iperf3: {report['error']}")
        return report


def listens(namespace, port):
    out = namespace.run("ss", "-Hltn", f"sport = :{port}", check=False).stdout
    return bool(out.strip())


def read_file(path):
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            return f.read()
    except OSError:
        return ""


def end_process(process, seconds=30):
    """SIGTERM, and SIGKILL when that is not enough; then it is gone."""
    if process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)


class Lines:
    """All of a laboratory's lines, alike; they start together."""

    def __init__(self, lines):
        self.lines = lines

    def __enter__(self):
        for line in self.lines:
            line.begin()
        for line in self.lines:
            line.await_ready()
        return self.lines

    def __exit__(self, *why):
        for line in self.lines:
            line.stop()
        for line in self.lines:
            line.__exit__(*why)


class Line:
    """`weir-bench line` before an end; its counts once it has ended."""

    def __init__(self, lab, namespace, words, seconds, check):
        self.lab = lab
        self.namespace = namespace
        self.command = [WEIR_BENCH, "line", "--a", "iface:near", "--b", "iface:far", "--driver",
                        "af_packet", "--for", seconds, *words]
        self.check = check
        self.log_path = os.path.join(lab.dir, namespace.name + ".log")
        self.process = None
        self.stopped = False
        self.report = None

    def __enter__(self):
        self.begin()
        self.await_ready()
        return self

    def begin(self):
        with open(self.log_path, "w", encoding="utf-8") as log:
            self.process = self.namespace.start(*self.command, stdout=log)

    def await_ready(self):
        wait_for(lambda: self.process.poll() is not None or "ready" in read_file(self.log_path),
                 30, "the line")
        if self.process.poll() is not None:
            raise Failure(f"the line ended: {read_file(self.log_path).strip()[-300:]}")

    def stop(self):
        """Once: the second signal would not let it finish."""
        if not self.stopped:
            self.stopped = True
            self.process.terminate()

    def __exit__(self, kind, *_):
        self.stop()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(30)
        with contextlib.suppress(ValueError, IndexError):
            self.report = json.loads(read_file(self.log_path).splitlines()[-1])
        if kind is None and self.check and (self.process.returncode or not self.report):
            raise Failure(f"the line failed: {read_file(self.log_path).strip()[-300:]}")

    def total(self, counter):
        return self.report["there"][counter] + self.report["back"][counter]


class Weir:
    """`weir run` in the gateway's namespace, and its control socket."""

    def __init__(self, lab, policy, conf, arguments, start):
        self.lab = lab
        self.arguments = arguments
        self.start_now = start
        self.conf_path = os.path.join(lab.dir, "weir.yaml")
        self.policy_path = os.path.join(lab.dir, "policy.d", "policy.yaml")
        self.events_path = os.path.join(lab.dir, "events.json")
        self.socket_path = os.path.join(lab.dir, "weir.sock")
        self.log_path = os.path.join(lab.dir, "weir.log")
        os.makedirs(os.path.dirname(self.policy_path), exist_ok=True)
        self.write_conf(conf)
        self.write_policy(policy)
        self.process = None

    def __enter__(self):
        if self.start_now:
            self.start()
        return self

    def __exit__(self, kind, why, _):
        self.stop()
        if kind and not issubclass(kind, Skip) and os.environ.get("WEIR_TEST_VERBOSE"):
            print("# weir's log:\n# " + "\n# ".join(self.log().splitlines()[-30:]), flush=True)

    def write_policy(self, text):
        with open(self.policy_path + ".new", "w", encoding="utf-8") as f:
            f.write(text)
        os.rename(self.policy_path + ".new", self.policy_path)

    def write_conf(self, text):
        with open(self.conf_path, "w", encoding="utf-8") as f:
            f.write(text)

    def log(self):
        return read_file(self.log_path)

    def start(self, wait_s=30, by=(), **more):
        """`by` is a command that executes the one that is given to it."""
        with open(self.log_path, "a", encoding="utf-8") as log:
            self.process = self.lab.gateway.start(*by, WEIR, "run", "-c", self.conf_path,
                                                  *self.arguments, stdout=log, **more)
        wait_for(lambda: self.process.poll() is not None or self.answers(), wait_s,
                 "weir's control socket")
        if self.process.poll() is not None:
            raise Failure(f"weir ended with {self.process.returncode}: "
                          f"{self.log().strip()[-600:]}")
        if self.lab.device == "tap":
            self.lab.adopt_taps()
        if self.lab.device not in NO_HOSTS:
            self.wait_for_carrier()

    def wait_for_carrier(self):
        for end in (self.lab.client, self.lab.server):
            wait_for(lambda end=end: "LOWER_UP" in end.ip("link", "show", "eth0").stdout, 30,
                     f"carrier in {end.name}")

    def answers(self):
        try:
            return self.ctl("status", timeout=2)["ok"]
        except (OSError, ValueError):
            return False

    def stop(self):
        if self.process:
            end_process(self.process)

    def kill(self):
        """As the kernel would: at once and without a word."""
        self.process.kill()
        self.process.wait(10)

    def alive(self):
        return self.process.poll() is None

    def rss_kib(self, kind="VmRSS"):
        for line in read_file(f"/proc/{self.process.pid}/status").splitlines():
            if line.startswith(kind + ":"):
                return int(line.split()[1])
        raise Failure("weir is gone")

    def heap_kib(self):
        """Without the pools, which are there from the start, though the system gives their pages
        when they are touched for the first time: as many as places were ever taken at once."""
        return self.rss_kib("RssAnon")

    # ---- control ----

    def ctl(self, cmd, timeout=60, **arguments):
        """One request on the control socket, its answer as a dictionary."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(timeout)
            s.connect(self.socket_path)
            s.sendall(json.dumps({"cmd": cmd, **arguments}).encode() + b"\n")
            answer = b""
            while not answer.endswith(b"\n"):
                more = s.recv(1 << 20)
                if not more:
                    break
                answer += more
        return json.loads(answer)

    def weirctl(self, *words, check=True, timeout=60):
        """The operator's command line, run here: the socket is a file."""
        return sh(WEIRCTL, "--socket", self.socket_path, *words, check=check, timeout=timeout)

    def drops(self):
        """Packets dropped by reason, without zeros."""
        return {row["reason"]: row["count"] for row in self.ctl("drops")["drops"]}

    def counters(self):
        return self.ctl("stats")["counters"]

    def await_counters(self, **wanted):
        """What a client has been told may not be counted yet."""
        def now():
            counters = self.counters()
            return {name: counters[name] for name in wanted}

        with contextlib.suppress(Failure):
            wait_for(lambda: now() == wanted, 30, "counters")
        check_equal(now(), wanted, "counters")

    def by_worker(self, counter):
        """A counter of each worker, in their order."""
        found = re.findall(rf'^weir_{counter}_total{{worker="(\d+)"}} (\d+)$',
                           self.weirctl("metrics").stdout, re.MULTILINE)
        if not found:
            raise Failure(f"no counter {counter} by worker")
        return [int(value) for _, value in sorted(found, key=lambda one: int(one[0]))]

    def explain(self, source, destination, protocol, port):
        """What policy would decide: policy, rule, verdict, reason."""
        answer = self.ctl("explain", **{"from": source, "to": destination, "protocol": protocol,
                                        "port": port})
        if not answer["ok"]:
            raise Failure(f"explain: {answer}")
        return answer["explain"]["decision"]

    def events(self, **match):
        """Decision records in the file so far, those whose members are as in `match`."""
        found = []
        for line in read_file(self.events_path).splitlines():
            try:
                record = json.loads(line)
            except ValueError:
                continue  # the last line may be on its way
            if matches(record, match):
                found.append(record)
        return found

    def wait_event(self, seconds=30, **match):
        return wait_for(lambda: self.events(**match), seconds, f"an event with {match}")[0]


def matches(record, partial):
    """Whether every member of `partial` is in `record`, to any depth."""
    if isinstance(partial, dict):
        return isinstance(record, dict) and all(
            key in record and matches(record[key], value) for key, value in partial.items())
    return record == partial


# ---- what must be there ----


def need_root():
    if os.geteuid():
        raise Skip("network namespaces need root")


def need_weir():
    if not os.access(WEIR, os.X_OK):
        raise Failure(f"{WEIR} is not built")


def need_bench():
    if not os.access(WEIR_BENCH, os.X_OK):
        raise Skip("weir-bench is not built")


def need(program):
    path = os.environ.get("PATH", "") + ":/usr/sbin:/sbin"
    if not shutil.which(program, path=path):
        raise Skip(f"{program} is not installed")


@functools.cache
def xdp_missing():
    """Why AF_XDP cannot be used here; empty when it can."""
    try:
        socket.socket(44, socket.SOCK_RAW).close()  # AF_XDP
    except OSError as why:
        return f"no AF_XDP sockets: {why.strerror}"
    if os.geteuid():
        return "AF_XDP needs root"
    return ""


def need_device(device):
    if device == "af_xdp" and xdp_missing():
        raise Skip(xdp_missing())
    if device == "tap" and not os.path.exists("/dev/net/tun"):
        raise Skip("no /dev/net/tun")


@functools.cache
def best_device():
    """The kernel-interface device that the machine is best at."""
    return "af_packet" if xdp_missing() else "af_xdp"


@functools.cache
def sweep():
    """Takes away namespaces of runs whose process is gone."""
    for line in sh("ip", "netns", "list", check=False).stdout.splitlines():
        name = line.split()[0] if line.split() else ""
        parts = name.split("-")
        if parts[0] != "weir" or len(parts) != 3 or not parts[1].isdigit():
            continue
        if not os.path.exists(f"/proc/{parts[1]}"):
            sh("ip", "netns", "del", name, check=False)
