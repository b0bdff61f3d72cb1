/* SPDX-License-Identifier: BSD-3-Clause */
/* Captures through libpcap: several merged by time, and which side of the wire a frame came from.
 */
#include "replay_pcap.h"

#include <stdio.h>
#include <stdlib.h>

#include <pcap/pcap.h>
#include <rte_mbuf.h>

#define MACS_MAX   4096
#define SNAP_BYTES 262144
#define NO_PORT    UINT32_MAX

struct input {
	pcap_t *pcap;
	unsigned int port; /* NO_PORT: told by address */
	char *name;
	const u_char *bytes; /* the frame that waits; NULL: the capture has ended */
	struct pcap_pkthdr *header;
};

struct mac {
	uint8_t bytes[6];
	uint8_t side;
};

struct replay_source {
	struct replay_source_cfg cfg;
	struct input input[REPLAY_INPUTS_MAX];
	unsigned int n;
	struct input *given; /* whose frame was given out last */
	struct mac mac[MACS_MAX];
	unsigned int macs;
};

struct replay_sink {
	pcap_t *form;
	pcap_dumper_t *dumper[WEIR_CONF_PORTS_MAX];
	unsigned int n;
};

/* ---- source ---- */

struct replay_source *replay_source_create(const struct replay_source_cfg *cfg)
{
	struct replay_source *s = calloc(1, sizeof(*s));

	if (s)
		s->cfg = *cfg;
	return s;
}

void replay_source_destroy(struct replay_source *s)
{
	if (!s)
		return;
	for (unsigned int i = 0; i < s->n; i++) {
		pcap_close(s->input[i].pcap);
		free(s->input[i].name);
	}
	free(s);
}

/* Reads the input's next frame. 0, or negative and *why says. */
static int advance(struct input *in, struct weir_buf *why)
{
	int rc = pcap_next_ex(in->pcap, &in->header, &in->bytes);

	if (rc == 1)
		return 0;
	in->bytes = NULL;
	if (rc == PCAP_ERROR_BREAK)
		return 0;
	weir_buf_printf(why, "%s: %s", in->name, pcap_geterr(in->pcap));
	return -WEIR_EFORMAT;
}

static unsigned int port_by_name(const struct weir_conf *conf, const char *name)
{
	for (unsigned int i = 0; i < conf->n_ports; i++)
		if (strcmp(conf->ports[i].name, name) == 0)
			return i;
	return NO_PORT;
}

/* Takes ":PORT" off `name` when there is such a port. */
static unsigned int split_port(const struct weir_conf *conf, char *name)
{
	char *colon = strrchr(name, ':');
	unsigned int port = colon ? port_by_name(conf, colon + 1) : NO_PORT;

	if (port != NO_PORT)
		*colon = '\0';
	return port;
}

static int open_input(struct input *in, struct weir_buf *why)
{
	char error[PCAP_ERRBUF_SIZE];

	in->pcap = pcap_open_offline_with_tstamp_precision(in->name, PCAP_TSTAMP_PRECISION_NANO,
							   error);
	if (!in->pcap) {
		weir_buf_printf(why, "%s", error);
		return -WEIR_EIO;
	}
	if (pcap_datalink(in->pcap) != DLT_EN10MB) {
		const char *type = pcap_datalink_val_to_name(pcap_datalink(in->pcap));

		weir_buf_printf(why, "%s: link type %s; weir reads Ethernet", in->name,
				type ? type : "unknown");
		pcap_close(in->pcap);
		return -WEIR_ENOTSUP;
	}
	return 0;
}

int replay_source_add(struct replay_source *s, const char *spec, struct weir_buf *why)
{
	struct input *in = &s->input[s->n];

	if (s->n == REPLAY_INPUTS_MAX) {
		weir_buf_printf(why, "more than %u captures", REPLAY_INPUTS_MAX);
		return -WEIR_ELIMIT;
	}
	in->name = strdup(spec);
	if (!in->name)
		return -WEIR_ENOMEM;
	in->port = split_port(s->cfg.conf, in->name);
	if (open_input(in, why) < 0) {
		free(in->name);
		return -WEIR_EIO;
	}
	s->n++;
	return advance(in, why);
}

static uint64_t frame_ns(const struct input *in)
{
	return (uint64_t)in->header->ts.tv_sec * WEIR_NS_PER_S + (uint64_t)in->header->ts.tv_usec;
}

static struct mac *find_mac(struct replay_source *s, const uint8_t *bytes)
{
	for (unsigned int i = 0; i < s->macs; i++)
		if (memcmp(s->mac[i].bytes, bytes, 6) == 0)
			return &s->mac[i];
	return NULL;
}

static void learn_mac(struct replay_source *s, const uint8_t *bytes, unsigned int side)
{
	struct mac *m = &s->mac[s->macs];

	if (bytes[0] & 1 || s->macs == MACS_MAX)
		return;
	memcpy(m->bytes, bytes, 6);
	m->side = (uint8_t)side;
	s->macs++;
}

/* Like a learning bridge that has seen no frame yet: a sender is on the first port unless what it
 * talks to is. */
static unsigned int side_by_mac(struct replay_source *s, struct weir_bytes frame)
{
	const struct mac *from, *to;
	unsigned int side;

	if (frame.len < 12)
		return 0;
	from = find_mac(s, frame.ptr + 6);
	if (from)
		return from->side;
	to = find_mac(s, frame.ptr);
	side = to ? !to->side : 0;
	learn_mac(s, frame.ptr + 6, side);
	if (!to)
		learn_mac(s, frame.ptr, !side);
	return side;
}

static bool source_address(struct weir_bytes frame, struct weir_addr *out)
{
	struct weir_cursor c = weir_cursor_of(frame.ptr, frame.len);
	const uint8_t *at;
	uint16_t type;

	weir_cursor_take(&c, 12);
	type = weir_cursor_u16(&c);
	while (type == 0x8100 || type == 0x88a8) {
		weir_cursor_u16(&c);
		type = weir_cursor_u16(&c);
	}
	if (type == 0x0800) {
		weir_cursor_take(&c, 12);
		*out = weir_addr_v4(weir_cursor_u32(&c));
		return c.ok;
	}
	weir_cursor_take(&c, 8);
	at = type == 0x86dd ? weir_cursor_take(&c, 16) : NULL;
	if (at)
		*out = weir_addr_v6(at);
	return at != NULL;
}

static unsigned int side_of(struct replay_source *s, struct weir_bytes frame)
{
	struct weir_addr from;

	if (s->cfg.inside.addr.family && source_address(frame, &from))
		return weir_prefix_contains(&s->cfg.inside, &from);
	return side_by_mac(s, frame);
}

static struct input *earliest(struct replay_source *s)
{
	struct input *first = NULL;

	for (unsigned int i = 0; i < s->n; i++)
		if (s->input[i].bytes && (!first || frame_ns(&s->input[i]) < frame_ns(first)))
			first = &s->input[i];
	return first;
}

int replay_source_next(struct replay_source *s, struct replay_frame *out, struct weir_buf *why)
{
	struct input *in;

	/* The frame given out last lives in libpcap's buffer, so it is passed over only now. */
	if (s->given && advance(s->given, why) < 0)
		return -WEIR_EFORMAT;
	s->given = in = earliest(s);
	if (!in)
		return 0;
	*out = (struct replay_frame){
		.unix_ns = frame_ns(in),
		.bytes = {in->bytes, in->header->caplen},
		.cut = in->header->caplen < in->header->len,
		.port = in->port,
	};
	if (out->port == NO_PORT)
		out->port = s->cfg.conf->wires[s->cfg.wire].port[side_of(s, out->bytes)];
	return 1;
}

/* ---- mbufs ---- */

static struct rte_mbuf *add_segment(struct rte_mempool *pool, struct rte_mbuf *head,
				    struct weir_bytes *left)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(pool);
	size_t room, take;

	if (!m)
		return NULL;
	room = rte_pktmbuf_tailroom(m);
	take = left->len < room ? left->len : room;
	memcpy(rte_pktmbuf_append(m, (uint16_t)take), left->ptr, take);
	left->ptr += take;
	left->len -= take;
	if (!head)
		return m;
	if (rte_pktmbuf_chain(head, m)) {
		rte_pktmbuf_free(m);
		return NULL;
	}
	return head;
}

struct rte_mbuf *replay_frame_mbuf(struct rte_mempool *pool, struct weir_bytes frame)
{
	struct rte_mbuf *head = NULL;

	do {
		struct rte_mbuf *grown = add_segment(pool, head, &frame);

		if (!grown) {
			rte_pktmbuf_free(head);
			return NULL;
		}
		head = grown;
	} while (frame.len);
	return head;
}

/* ---- sink ---- */

struct replay_sink *replay_sink_create(const struct weir_conf *conf, const char *folder,
				       struct weir_buf *why)
{
	struct replay_sink *s = calloc(1, sizeof(*s));
	char path[4096];

	if (!s)
		return NULL;
	s->form = pcap_open_dead_with_tstamp_precision(DLT_EN10MB, SNAP_BYTES,
						       PCAP_TSTAMP_PRECISION_NANO);
	for (s->n = 0; s->form && s->n < conf->n_ports; s->n++) {
		snprintf(path, sizeof(path), "%s/%s.pcap", folder, conf->ports[s->n].name);
		s->dumper[s->n] = pcap_dump_open(s->form, path);
		if (!s->dumper[s->n]) {
			weir_buf_str(why, pcap_geterr(s->form));
			replay_sink_destroy(s);
			return NULL;
		}
	}
	return s;
}

void replay_sink_destroy(struct replay_sink *s)
{
	if (!s)
		return;
	for (unsigned int i = 0; i < s->n; i++)
		pcap_dump_close(s->dumper[i]);
	if (s->form)
		pcap_close(s->form);
	free(s);
}

void replay_sink_write(struct replay_sink *s, unsigned int port, const struct rte_mbuf *m,
		       uint64_t unix_ns)
{
	struct pcap_pkthdr header = {0};
	uint8_t *copy = malloc(rte_pktmbuf_pkt_len(m));
	const void *bytes;

	if (!copy)
		return;
	bytes = rte_pktmbuf_read(m, 0, rte_pktmbuf_pkt_len(m), copy);
	header.ts.tv_sec = (time_t)(unix_ns / WEIR_NS_PER_S);
	header.ts.tv_usec = (suseconds_t)(unix_ns % WEIR_NS_PER_S);
	header.caplen = header.len = rte_pktmbuf_pkt_len(m);
	pcap_dump((u_char *)s->dumper[port], &header, bytes);
	free(copy);
}
