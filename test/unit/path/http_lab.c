/* SPDX-License-Identifier: BSD-3-Clause */
/* A client and a server that speak TCP with each other through the fixture's path. */
#include "http_lab.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ISS 1000u
#define MSS 536u /* nobody says more */

#define MANY(id)             "SecRule ARGS \"@contains many\" \"id:" #id ",phase:1,pass,log,t:none\"\n"
#define MANY5(a, b, c, d, e) MANY(a) MANY(b) MANY(c) MANY(d) MANY(e)
#define MANY10(tens)                                       \
	MANY5(tens##0, tens##1, tens##2, tens##3, tens##4) \
	MANY5(tens##5, tens##6, tens##7, tens##8, tens##9)

static const char rules[] =
	"SecRuleEngine On\n"
	"SecRequestBodyAccess On\n"
	"SecRequestBodyLimit 131072\n"
	"SecRequestBodyLimitAction Reject\n"
	"SecResponseBodyAccess On\n"
	"SecResponseBodyMimeType text/plain text/html\n"
	"SecResponseBodyLimit 65536\n"
	"SecResponseBodyLimitAction ProcessPartial\n"
	"SecRule REQUEST_URI \"@contains attack1\" \"id:1,phase:1,deny,status:403,log,t:none,"
	"msg:'an attack',logdata:'the attack4711',severity:CRITICAL\"\n"
	"SecRule ARGS_POST \"@contains attack2\" \"id:2,phase:2,deny,status:403,log,t:none,"
	"msg:'an attack'\"\n"
	"SecRule RESPONSE_HEADERS:X-Leak \"@contains attack3\" \"id:3,phase:3,deny,status:403,log,"
	"t:none,msg:'an attack'\"\n"
	"SecRule RESPONSE_BODY \"@contains attack4\" \"id:4,phase:4,deny,status:403,log,t:none,"
	"msg:'an attack'\"\n"
	"SecRule REQUEST_URI \"@contains redirectme\" \"id:5,phase:1,status:302,log,t:none,"
	"redirect:'http://elsewhere.example/'\"\n"
	"SecRule REQUEST_URI \"@contains dropme\" \"id:6,phase:1,drop,log,t:none\"\n"
	"SecRule ARGS_POST \"@rx o.*?!c\" \"id:7,phase:2,pass,nolog,t:none\"\n"
	"SecRule RESPONSE_BODY \"@rx o.*?!c\" \"id:8,phase:4,pass,nolog,t:none\"\n" MANY10(10)
		MANY10(11) MANY10(12) MANY10(13) MANY10(14) MANY10(15)
			MANY10(16) "SecRule ARGS \"@contains many\" "
				   "\"id:170,phase:1,deny,log,t:none,msg:'too many'\"\n";

#define POLICY                                                                     \
	POLICY_WEB "---\nkind: Service\nmetadata: {name: shop}\n"                  \
		   "spec: {addresses: [servers], ports: [80], protocol: http%s}\n" \
		   "---\nkind: ThreatPolicy\nmetadata: {name: shop-rules}\n"       \
		   "spec: {services: [shop], rules: {crs: [], before: ['%s']}%s%s}\n"

static void write_rules(char path[64])
{
	int fd;

	snprintf(path, 64, "/tmp/weir-http-lab-XXXXXX");
	fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, rules, sizeof(rules) - 1), (ssize_t)sizeof(rules) - 1);
	close(fd);
}

/* With the path of the rules, which are to be removed after they were read. */
static char *policy_of(const char *service, const char *threat, char path[64])
{
	const char *mode = strstr(threat, "mode:") ? "" : ", mode: enforce";
	char *text;

	write_rules(path);
	ck_assert_int_gt(asprintf(&text, POLICY, service, path, mode, threat), 0);
	return text;
}

struct http_lab *lab_create_with(const char *service, const char *threat, const char *http2)
{
	struct http_lab *l = calloc(1, sizeof(*l));
	char path[64], *policy = policy_of(service, threat, path);

	ck_assert_ptr_nonnull(l);
	l->f = fixture_create_with(policy, 1000, http2);
	l->piece = MSS;
	l->port = 40000;
	unlink(path);
	free(policy);
	lab_connect(l);
	return l;
}

struct http_lab *lab_create(const char *service, const char *threat)
{
	return lab_create_with(service, threat, "64MiB");
}

void lab_destroy(struct http_lab *l)
{
	(void)lab_record(l, NULL);
	fixture_destroy(l->f);
	free(l);
}

void lab_reload(struct http_lab *l, const char *service, const char *threat, uint32_t generation)
{
	char path[64], *policy = policy_of(service, threat, path);

	fixture_reload(l->f, policy, generation);
	unlink(path);
	free(policy);
}

/* ---- segments ---- */

static uint32_t load_u32(const uint8_t *b)
{
	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static void feed(struct http_lab *l, unsigned int from, uint8_t flags, const char *bytes,
		 size_t len)
{
	struct lab_end *e = &l->end[from];
	struct frame_spec s = e->spec;
	struct frame frame;

	ck_assert_uint_lt(l->n_burst, LAB_BURST);
	s.tcp_flags = flags;
	s.seq = e->next;
	s.ack = e->expect;
	s.payload = len ? bytes : NULL;
	s.payload_len = len;
	frame = frame_tcp(&s);
	e->next += (uint32_t)len + !!(flags & 0x03);
	if (l->gathers)
		l->burst[l->n_burst++] = frame;
	else
		fixture_feed(l->f, from, &frame);
}

static void take_bytes(struct lab_end *e, const uint8_t *tcp, size_t len)
{
	size_t head = (size_t)(tcp[12] >> 4) * 4, n = len - head;

	if (load_u32(tcp + 4) != e->expect)
		return;
	ck_assert_uint_le(e->n_got + n, LAB_BYTES);
	memcpy(e->got + e->n_got, tcp + head, n);
	e->n_got += n;
	e->got[e->n_got] = '\0';
	e->expect += (uint32_t)n;
	if (tcp[13] & 0x01) {
		e->fin = true;
		e->expect++;
	}
}

/* True when it wants an acknowledgement. */
static bool take(struct http_lab *l, const struct out_frame *o)
{
	struct lab_end *e = &l->end[o->port];
	const uint8_t *ip = o->frame.bytes + 14, *tcp = ip + (ip[0] & 15) * 4;
	size_t len = (size_t)(ip[2] << 8 | ip[3]) - (size_t)(tcp - ip);
	uint32_t edge = load_u32(tcp + 8) + (uint32_t)(tcp[14] << 8 | tcp[15]);

	if ((uint16_t)(tcp[2] << 8 | tcp[3]) != e->spec.sport)
		return false; /* of a connection before */
	if (tcp[13] & 0x04) {
		e->rst = true;
		return false;
	}
	if (tcp[13] & 0x10)
		e->edge = edge;
	if (tcp[13] & 0x02) {
		e->expect = load_u32(tcp + 4) + 1;
		return false;
	}
	if (e->silent)
		return false;
	take_bytes(e, tcp, len);
	return !e->late && (len > (size_t)(tcp[12] >> 4) * 4 || tcp[13] & 0x01);
}

static void settle(struct http_lab *l)
{
	while (l->seen != l->f->n_out) {
		const struct out_frame o = l->f->out[l->seen % OUT_MAX];

		ck_assert_uint_le(l->f->n_out - l->seen, OUT_MAX);
		l->seen++;
		if (take(l, &o) && !l->end[o.port].rst)
			feed(l, o.port, 0x10, NULL, 0);
	}
}

/* ---- the connection ---- */

void lab_connect(struct http_lab *l)
{
	l->port++;
	for (unsigned int i = 0; i < 2; i++) {
		l->end[i] = (struct lab_end){.spec = i ? server : client, .next = ISS};
		*(i ? &l->end[i].spec.dport : &l->end[i].spec.sport) = l->port;
	}
	feed(l, CLIENT, 0x02, NULL, 0);
	settle(l);
	feed(l, SERVER, 0x12, NULL, 0);
	settle(l);
	feed(l, CLIENT, 0x10, NULL, 0);
	settle(l);
}

size_t lab_send(struct http_lab *l, unsigned int from, const char *bytes, size_t len)
{
	struct lab_end *e = &l->end[from];
	size_t at = 0;

	while (at < len && !e->rst) {
		size_t n = len - at < l->piece ? len - at : l->piece;

		if ((int32_t)(e->edge - e->next) < (int32_t)n)
			break;
		feed(l, from, 0x18, bytes + at, n);
		settle(l);
		at += n;
	}
	return at;
}

void lab_say(struct http_lab *l, unsigned int from, const char *text)
{
	ck_assert_uint_eq(lab_send(l, from, text, strlen(text)), strlen(text));
	lab_wait(l, 50 * WEIR_NS_PER_MS);
}

void lab_acknowledge(struct http_lab *l, unsigned int from)
{
	feed(l, from, 0x10, NULL, 0);
	settle(l);
}

void lab_fin(struct http_lab *l, unsigned int from)
{
	feed(l, from, 0x11, NULL, 0);
	settle(l);
}

void lab_reset(struct http_lab *l, unsigned int from)
{
	feed(l, from, 0x14, NULL, 0);
	settle(l);
}

void lab_gather(struct http_lab *l)
{
	l->gathers = true;
}

void lab_release(struct http_lab *l, unsigned int from)
{
	fixture_feed_burst(l->f, from, l->burst, l->n_burst);
	l->gathers = false;
	l->n_burst = 0;
	settle(l);
}

void lab_wait(struct http_lab *l, uint64_t ns)
{
	fixture_wait(l->f, ns);
	settle(l);
}

void lab_clear(struct http_lab *l, unsigned int end)
{
	l->end[end].n_got = 0;
	l->end[end].got[0] = '\0';
}

const char *lab_got(const struct http_lab *l, unsigned int end)
{
	return l->end[end].got;
}

bool lab_has(const struct http_lab *l, unsigned int end, const char *text)
{
	return strstr(lab_got(l, end), text) != NULL;
}

uint64_t lab_count(const struct http_lab *l, enum weir_counter c)
{
	return fixture_count(l->f, c);
}

struct weir_event_http lab_record(struct http_lab *l, unsigned int *n)
{
	struct weir_event_http last = {0};
	struct weir_event e;
	unsigned int found = 0;

	while (fixture_events(l->f, &e, 1)) {
		if (e.type != WEIR_EVENT_HTTP)
			continue;
		last = *e.http;
		weir_event_http_give(e.http);
		found++;
	}
	if (n)
		*n = found;
	return last;
}
