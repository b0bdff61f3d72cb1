/* SPDX-License-Identifier: BSD-3-Clause */
/* A client and a server that speak TCP with each other through the fixture's path, a connection at
 * a time, to a Service that a handful of rules protects. Port 0 of the fixture is the client's. */
#ifndef HTTP_LAB_H
#define HTTP_LAB_H

#include "fixture.h"

enum { CLIENT, SERVER };

#define LAB_BYTES (512u << 10)
#define LAB_BURST 16 /* frames */

struct lab_end {
	struct frame_spec spec;
	uint32_t next;   /* its own next number */
	uint32_t edge;   /* up to which it may send */
	uint32_t expect; /* the peer's next number */
	bool fin, rst;   /* came from the other side */
	bool silent;     /* does not acknowledge, does not read */
	bool late;       /* reads, and acknowledges with lab_acknowledge() only */
	size_t n_got;
	char got[LAB_BYTES + 1]; /* ends with NUL */
};

struct http_lab {
	struct fixture *f;
	size_t piece; /* bytes a segment */
	unsigned int seen;
	uint16_t port;
	struct lab_end end[2];
	/* what comes in together, see lab_gather() */
	bool gathers;
	unsigned int n_burst;
	struct frame burst[LAB_BURST];
};

/* `service` is added to the Service's spec and `threat` to the ThreatPolicy's, "" for nothing;
 * mode is enforce. The rules refuse, with 403: "attack1" in the URI, "attack2" in an argument of a
 * form, "attack3" in the response's field X-Leak, "attack4" in its text; bodies of requests are
 * taken up to 128 KiB, and text of responses is looked at up to 64 KiB. "redirectme" and "dropme"
 * in the URI do what they say. Each 'o' in an argument or text takes long where a 'c' ends it. */
struct http_lab *lab_create(const char *service, const char *threat);
/* `http2` is the memory.http2. */
struct http_lab *lab_create_with(const char *service, const char *threat, const char *http2);
void lab_destroy(struct http_lab *l);
void lab_reload(struct http_lab *l, const char *service, const char *threat, uint32_t generation);
/* Another connection; what the ends got before is forgotten. */
void lab_connect(struct http_lab *l);
/* Sends as much as the window takes; returns how much. */
size_t lab_send(struct http_lab *l, unsigned int from, const char *bytes, size_t len);
/* All of `text`; asserts that the window takes it. */
void lab_say(struct http_lab *l, unsigned int from, const char *text);
void lab_acknowledge(struct http_lab *l, unsigned int from);
void lab_fin(struct http_lab *l, unsigned int from);
void lab_reset(struct http_lab *l, unsigned int from);
/* What one end sends from now on comes in at lab_release(), as one burst. */
void lab_gather(struct http_lab *l);
void lab_release(struct http_lab *l, unsigned int from);
void lab_wait(struct http_lab *l, uint64_t ns);
/* Forgets what `end` got. */
void lab_clear(struct http_lab *l, unsigned int end);
const char *lab_got(const struct http_lab *l, unsigned int end);
bool lab_has(const struct http_lab *l, unsigned int end, const char *text);
uint64_t lab_count(const struct http_lab *l, enum weir_counter c);
/* The record of the last transaction of those that wait, all of which are taken; how many in *n.
 * Its matches are to be read before the next transaction takes their place. */
struct weir_event_http lab_record(struct http_lab *l, unsigned int *n);

#endif
