/* SPDX-License-Identifier: BSD-3-Clause */
/* Failures of ports told so that an operator knows the cause and the command that mends it. */
#include "port_impl.h"

#include <ctype.h>
#include <stdio.h>

/* Of a driver's own line. */
#define QUOTE_MAX 300

const char *port_device_text(const struct weir_conf_port *c, char *out, size_t size)
{
	static const char *const prefix[] = {
		[WEIR_DEVICE_PCI] = "",
		[WEIR_DEVICE_IFACE] = "iface:",
		[WEIR_DEVICE_VDEV] = "vdev:",
	};

	snprintf(out, size, "%s%s", prefix[c->kind], c->device);
	return out;
}

int port_fail(const struct weir_port *p, int code, struct weir_buf *why, const char *format, ...)
{
	char device[sizeof(p->conf->device) + 8];
	va_list args;

	if (!why)
		return code;
	weir_buf_reset(why);
	weir_buf_printf(why, "port %s (%s): ", p->conf->name,
			port_device_text(p->conf, device, sizeof(device)));
	va_start(args, format);
	weir_buf_vprintf(why, format, args);
	va_end(args);
	return code;
}

/* ---- drivers' words ---- */

/* What a driver or the kernel says, what it means, and what to do; %s is the device's own name. */
static const struct {
	const char *said;
	const char *text;
} causes[] = {
	{"MTU is too large",
	 "the kernel refuses XDP because the MTU of the interface or of its peer "
	 "is over 3506; mend: ip link set dev %s mtu 3430 (at both ends), or "
	 "driver: af_packet"},
	{"no driver found", "no poll-mode driver has this name"},
	{"/dev/net/tun",
	 "the kernel gives no tap interfaces; mend: modprobe tun, and run as root or "
	 "with CAP_NET_ADMIN"},
	{"Unable to open TUN/TAP control",
	 "the kernel gives no tap interfaces; mend: modprobe tun, "
	 "and run as root or with CAP_NET_ADMIN"},
	{"already loaded",
	 "another XDP program is on the interface; mend: ip link set dev %s xdp off"},
	{"already attached",
	 "another XDP program is on the interface; mend: ip link set dev %s xdp off"},
	{"Device or resource busy",
	 "something else holds the device or its queue; mend: end the other "
	 "program, or ip link set dev %s xdp off"},
	{"Address already in use", "another program uses its socket; mend: end it, or give another "
				   "path"},
	{"Operation not permitted", "the kernel does not permit it; mend: run as root, or setcap "
				    "cap_net_raw,cap_net_admin,cap_ipc_lock+ep on the program"},
	{"Permission denied", "permission is denied; mend: run as root, or setcap "
			      "cap_net_raw,cap_net_admin,cap_ipc_lock+ep on the program"},
	{"Cannot allocate memory", "memory cannot be locked or had; mend: ulimit -l unlimited, or "
				   "raise memory.packets"},
	{"bytes will not fit in mbuf", "the packet buffers are smaller than the device's frames; "
				       "mend: lower the port's mtu"},
	{"Failed to get enough buffers", "there are too few packet buffers; mend: raise "
					 "memory.packets"},
	{"Invalid kvargs", "the device has arguments that its driver does not know"},
	{"rror in parsing", "the device has arguments that its driver does not know"},
	{"No such file or directory", "a file or socket that the device names is not there"},
	{"Connection refused",
	 "nobody listens at the socket that the device names; mend: start the "
	 "peer first"},
	/* Said after every failure, so it stands last. */
	{"Driver cannot attach the device", "its driver does not take it and does not say why; "
					    "mend: look at its arguments, unknown ones "
					    "are refused"},
};

static bool tells_failure(const char *line, size_t len)
{
	static const char *const words[] = {"error",  "fail",    "cannot",
					    "unable", "invalid", "no driver"};
	char text[512];

	snprintf(text, sizeof(text), "%.*s", (int)len, line);
	for (size_t i = 0; i < WEIR_ARRAY_LEN(words); i++)
		if (strcasestr(text, words[i]))
			return true;
	return false;
}

/* The line around `at`, or without it the first one that tells of a failure, else the first. */
static size_t telling_line(const char *said, const char *at, const char **line)
{
	size_t first = strcspn(said, "\n"), len;

	for (const char *next = said; *next; next += len + (next[len] == '\n')) {
		len = strcspn(next, "\n");
		if (at ? at < next + len : tells_failure(next, len)) {
			*line = next;
			return len > QUOTE_MAX ? QUOTE_MAX : len;
		}
	}
	*line = said;
	return first > QUOTE_MAX ? QUOTE_MAX : first;
}

static void add_cause(struct weir_buf *why, const char *text, const char *name)
{
	const char *at = strstr(text, "%s");

	if (at)
		weir_buf_printf(why, "%.*s%s%s", (int)(at - text), text, name, at + 2);
	else
		weir_buf_str(why, text);
}

int port_fail_said(const struct weir_port *p, int code, const char *what, const char *said,
		   struct weir_buf *why)
{
	const char *name = *p->state->ifname ? p->state->ifname : p->conf->device;
	const char *line, *at = NULL;
	size_t i = 0, len;

	if (!why)
		return code;
	port_fail(p, code, why, "%s: ", what);
	while (i < WEIR_ARRAY_LEN(causes) && !(at = strstr(said, causes[i].said)))
		i++;
	if (at)
		add_cause(why, causes[i].text, name);
	len = telling_line(said, at, &line);
	if (len)
		weir_buf_printf(why, at ? " (said: %.*s)" : "%.*s", (int)len, line);
	else
		weir_buf_str(why, "the driver does not say why");
	return code;
}

/* ---- names of drivers ---- */

static const char *const drivers[] = {
	"net_af_packet", "net_af_xdp", "net_bonding",     "net_failsafe", "net_memif",
	"net_null",      "net_pcap",   "net_ring",        "net_softnic",  "net_tap",
	"net_tun",       "net_vhost",  "net_virtio_user",
};

const char *port_driver_suggestion(const char *name)
{
	unsigned int best = UINT32_MAX;
	const char *nearest = NULL;
	char word[PORT_NAME_BYTES];
	size_t len;

	for (size_t i = 0; i < WEIR_ARRAY_LEN(drivers); i++)
		if (!strncmp(name, drivers[i], strlen(drivers[i])))
			return NULL;
	snprintf(word, sizeof(word), "%s", name);
	for (len = strlen(word); len && isdigit((unsigned char)word[len - 1]); len--)
		word[len - 1] = '\0';
	for (size_t i = 0; i < WEIR_ARRAY_LEN(drivers); i++) {
		unsigned int d = weir_edit_distance(word, drivers[i]);
		unsigned int bare = weir_edit_distance(word, drivers[i] + strlen("net_"));

		d = bare < d ? bare : d;
		if (d < best) {
			best = d;
			nearest = drivers[i];
		}
	}
	return nearest;
}
