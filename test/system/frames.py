# SPDX-License-Identifier: BSD-3-Clause
"""Whole frames at the ends: capturing, sending, and VLAN sub-interfaces without the kernel's."""
import contextlib
import fcntl
import os
import select
import socket
import struct
import threading
import time

ETH_P_ALL = 0x0003
SO_RCVBUFFORCE = 33  # as large as that, whatever the kernel's maximum is
SOL_PACKET = 263
PACKET_AUXDATA = 8
PACKET_IGNORE_OUTGOING = 23
TP_STATUS_VLAN_VALID = 1 << 4
TP_STATUS_VLAN_TPID_VALID = 1 << 6
TUNSETIFF = 0x400454CA
IFF_TAP, IFF_NO_PI = 0x0002, 0x1000


def packet_socket(namespace, device="eth0"):
    s = namespace.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    s.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 8 << 20)
    s.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    s.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
    s.bind((device, ETH_P_ALL))
    return s


def receive(s):
    """One frame as it was on the wire: the kernel takes a VLAN tag out and tells it aside."""
    frame, ancillary, _, _ = s.recvmsg(65536 + 64, 256)
    for level, kind, data in ancillary:
        if level != SOL_PACKET or kind != PACKET_AUXDATA:
            continue
        status, _, _, _, _, tci, tpid = struct.unpack("=IIIHHHH", data[:20])
        if status & TP_STATUS_VLAN_VALID:
            tpid = tpid if status & TP_STATUS_VLAN_TPID_VALID else 0x8100
            frame = frame[:12] + struct.pack("!HH", tpid, tci) + frame[12:]
    return frame


def send(s, frame):
    s.send(bytes(frame))


def drain(s):
    """All frames that wait."""
    frames = []
    while select.select([s], [], [], 0)[0]:
        frames.append(receive(s))
    return frames


class Capture:
    """All frames that reach a namespace's interface, from `with` to its end."""

    def __init__(self, namespace, device="eth0"):
        self.socket = packet_socket(namespace, device)
        self.frames = []
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        while not self.done.is_set():
            if select.select([self.socket], [], [], 0.05)[0]:
                self.frames.append(receive(self.socket))
        self.frames += drain(self.socket)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        time.sleep(0.1)  # what is on its way still counts
        self.done.set()
        self.thread.join()
        self.socket.close()

    def having(self, *needles):
        """Frames that hold all of these bytes."""
        return [f for f in list(self.frames) if all(needle in f for needle in needles)]


def open_tap(namespace, name):
    with namespace.inside():
        fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22s", name.encode(), IFF_TAP | IFF_NO_PI, b""))
    return fd


class VlanRelay:
    """A sub-interface for kernels without 8021q: a tap whose frames get the tags on eth0."""

    def __init__(self, namespace, name, tags):
        self.tag = b"".join(struct.pack("!HH", tpid, vid) for tpid, vid in tags)
        self.socket = packet_socket(namespace)
        self.tap = open_tap(namespace, name)
        namespace.offloads_off(name)
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def out(self):
        with contextlib.suppress(OSError):
            while True:
                frame = os.read(self.tap, 65536)
                send(self.socket, frame[:12] + self.tag + frame[12:])

    def back(self):
        frame = receive(self.socket)
        end = 12 + len(self.tag)
        same_tag = all(frame[i] == self.tag[i - 12] for i in range(12, min(end, len(frame))))
        if len(frame) > end and same_tag:
            with contextlib.suppress(OSError):
                os.write(self.tap, frame[:12] + frame[end:])

    def run(self):
        while not self.done.is_set():
            ready = select.select([self.tap, self.socket], [], [], 0.05)[0]
            if self.tap in ready:
                self.out()
            if self.socket in ready:
                self.back()

    def close(self):
        self.done.set()
        self.thread.join()
        os.close(self.tap)
        self.socket.close()


@contextlib.contextmanager
def vlan(namespace, name, address, tags):
    """A sub-interface with an address, the kernel's own or a relay; `tags` is [(tpid, vid)]."""
    relay = None
    made = len(tags) == 1 and namespace.ip("link", "add", "link", "eth0", "name", name, "type",
                                           "vlan", "id", tags[0][1], check=False).returncode == 0
    if not made:
        relay = VlanRelay(namespace, name, tags)
    namespace.ip("link", "set", name, "mtu", 1500 - 4 * len(tags), "up")
    namespace.ip("addr", "add", address, "dev", name)
    try:
        yield
    finally:
        if relay:
            relay.close()
