/* SPDX-License-Identifier: BSD-3-Clause */
/* ports[].device in its three forms. */
#include "conf_test.h"

/* Port a has `device`; port b and the wire are good. */
static void put_device(struct weir_buf *text, const char *device)
{
	weir_buf_printf(text,
			"ports: [ {name: b, device: 'vdev:net_null9'}, {name: a, device: %s} ]\n"
			"wires: [ {name: w, ports: [a, b]} ]\n",
			device);
}

static const struct {
	const char *text;
	enum weir_conf_device kind;
	const char *device;
} good[] = {
	{"'0000:18:00.0'", WEIR_DEVICE_PCI, "0000:18:00.0"},
	{"0000:18:00.0", WEIR_DEVICE_PCI, "0000:18:00.0"},
	{"'18:00.0'", WEIR_DEVICE_PCI, "0000:18:00.0"},
	{"'0000:AF:1f.7'", WEIR_DEVICE_PCI, "0000:af:1f.7"},
	{"'10000:01:00.1'", WEIR_DEVICE_PCI, "10000:01:00.1"},
	{"'FFFFFFFF:ff:1F.0'", WEIR_DEVICE_PCI, "ffffffff:ff:1f.0"},
	{"'3:0.0'", WEIR_DEVICE_PCI, "0000:03:00.0"},
	{"iface:gw1", WEIR_DEVICE_IFACE, "gw1"},
	{"'iface:enp24s0f0np0.x'", WEIR_DEVICE_IFACE, "enp24s0f0np0.x"},
	{"iface:exactly15chars0", WEIR_DEVICE_IFACE, "exactly15chars0"},
	{"iface:eth0.100", WEIR_DEVICE_IFACE, "eth0.100"},
	{"'vdev:net_memif0,role=server,id=0'", WEIR_DEVICE_VDEV, "net_memif0,role=server,id=0"},
	{"'vdev:net_pcap0,rx_pcap=/tmp/a b:c.pcap'", WEIR_DEVICE_VDEV,
	 "net_pcap0,rx_pcap=/tmp/a b:c.pcap"},
	{"vdev:net_null0", WEIR_DEVICE_VDEV, "net_null0"},
};

START_TEST(good_devices_come_out_in_one_form)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(good); i++) {
		struct weir_buf text = {0};
		struct weir_conf *c;

		put_device(&text, good[i].text);
		c = conf_of(text.ptr, "");
		ck_assert_int_eq(c->ports[1].kind, good[i].kind);
		ck_assert_str_eq(c->ports[1].device, good[i].device);
		weir_conf_destroy(c);
		weir_buf_fini(&text);
	}
}
END_TEST

#define AT      "t.yaml:1:65: error: device "
#define NO_PCI  "is no PCI address: write it as 0000:18:00.0\n"
#define NO_FORM "is neither of a PCI address (0000:18:00.0), iface:NAME or vdev:DEVARGS\n"
#define NO_NAME "names an interface as no kernel does\n"

static const struct said_row refused[] = {
	{"'0000:18:00'", AT "'0000:18:00' " NO_PCI},
	{"'0000:18:00.8'", AT "'0000:18:00.8' " NO_PCI},
	{"'0000:18:00.00'", AT "'0000:18:00.00' " NO_PCI},
	{"'0000:18:20.0'", AT "'0000:18:20.0' " NO_PCI},
	{"'0000:180:00.0'", AT "'0000:180:00.0' " NO_PCI},
	{"'000000000:18:00.0'", AT "'000000000:18:00.0' " NO_PCI},
	{"'000:18:00.0'", AT "'000:18:00.0' " NO_PCI},
	{"':18:00.0'", AT "':18:00.0' " NO_PCI},
	{"'0000::00.0'", AT "'0000::00.0' " NO_PCI},
	{"'18:00.'", AT "'18:00.' " NO_PCI},
	{"'18:00:0'", AT "'18:00:0' " NO_PCI},
	{"'pci:18:00.0'", AT "'pci:18:00.0' " NO_FORM},
	{"'18:00.0 '", AT "'18:00.0 ' " NO_FORM},
	{"''", AT "'' " NO_FORM},
	{"eth0", AT "'eth0': did you mean 'iface:eth0'?\n"},
	{"'Iface:eth0'", AT "'Iface:eth0' " NO_FORM},
	{"'net_memif0,role=server'",
	 AT "'net_memif0,role=server': did you mean 'vdev:net_memif0,role=server'?\n"},
	{"'iface:'", AT "'iface:' names no interface\n"},
	{"iface:sixteen-letters0",
	 AT "'iface:sixteen-letters0' names an interface of more than 15 characters, which no "
	    "kernel has\n"},
	{"iface:a/b", AT "'iface:a/b' " NO_NAME},
	{"'iface:a b'", AT "'iface:a b' " NO_NAME},
	{"'iface:a:b'", AT "'iface:a:b' " NO_NAME},
	{"iface:.", AT "'iface:.' " NO_NAME},
	{"iface:..", AT "'iface:..' " NO_NAME},
	{"\"iface:a\\tb\"", AT "'iface:a\\x09b' has control characters or more than 255 bytes\n"},
	{"'vdev:'", AT "'vdev:' names no DPDK driver: vdev:net_memif0,role=server for example\n"},
	{"'vdev:,role=server'",
	 AT "'vdev:,role=server' names no DPDK driver: vdev:net_memif0,role=server for example\n"},
	{"'vdev:net memif0'",
	 AT "'vdev:net memif0' names a DPDK device with other than letters, digits, '_' and '-'\n"},
	{"'vdev:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa,x=1'",
	 AT "'vdev:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa,x=1' names "
	    "a DPDK device with more than 63 characters\n"},
	{"[a]", "t.yaml:1:65: error: device must be a value, not a list\n"},
	{"~", "t.yaml:1:65: error: 'device' is empty\n"},
};

START_TEST(bad_devices_are_refused_with_what_was_meant)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(refused); i++) {
		struct weir_buf text = {0};
		struct said_row row;

		put_device(&text, refused[i].text);
		row = (struct said_row){text.ptr, refused[i].said};
		assert_refused("", &row, 1);
		weir_buf_fini(&text);
	}
}
END_TEST

START_TEST(devargs_have_at_most_255_bytes_with_their_prefix)
{
	for (size_t len = 255; len <= 256; len++) {
		char device[300] = "vdev:net_null0,x=";
		struct weir_buf text = {0}, quoted = {0}, said = {0};
		struct said_row row;

		memset(device + strlen(device), 'y', len - strlen(device));
		weir_buf_printf(&quoted, "'%s'", device);
		put_device(&text, quoted.ptr);
		weir_buf_printf(&said, AT "'%s' has control characters or more than 255 bytes\n",
				device);
		row = (struct said_row){text.ptr, said.ptr};
		if (len <= 255)
			weir_conf_destroy(conf_of(text.ptr, ""));
		else
			assert_refused("", &row, 1);
		weir_buf_fini(&text);
		weir_buf_fini(&quoted);
		weir_buf_fini(&said);
	}
}
END_TEST

static const struct said_row twins[] = {
	{"ports: [{name: a, device: 'iface:x'}, {name: b, device: 'iface:x'}]\n",
	 "t.yaml:1:57: error: port 'a' has device 'x' already\n"},
	{"ports: [{name: a, device: '0000:0a:00.0'}, {name: b, device: '0A:00.0'}]\n",
	 "t.yaml:1:62: error: port 'a' has device '0000:0a:00.0' already\n"},
	{"ports: [{name: a, device: 'vdev:n0,q=1'}, {name: b, device: 'vdev:n0,q=2'}]\n",
	 "t.yaml:1:61: error: port 'a' has device 'n0,q=1' already\n"},
};

START_TEST(a_device_belongs_to_one_port)
{
	for (size_t i = 0; i < WEIR_ARRAY_LEN(twins); i++) {
		struct said_row row = {ONE_WIRE, twins[i].said};

		assert_refused(twins[i].text, &row, 1);
	}
}
END_TEST

START_TEST(devices_that_only_look_alike_are_different)
{
	weir_conf_destroy(conf_of("ports: [{name: a, device: 'iface:n0'}, {name: b, device: "
				  "'vdev:n0'}, {name: c, device: 'vdev:n01'}, {name: d, device: "
				  "'vdev:n,id=0'}]\n"
				  "wires: [{name: w, ports: [a, b]}, {name: v, ports: [c, d]}]\n",
				  ""));
}
END_TEST

Suite *device_suite(void)
{
	return WEIR_SUITE("conf device", good_devices_come_out_in_one_form,
			  bad_devices_are_refused_with_what_was_meant,
			  devargs_have_at_most_255_bytes_with_their_prefix,
			  a_device_belongs_to_one_port, devices_that_only_look_alike_are_different);
}
