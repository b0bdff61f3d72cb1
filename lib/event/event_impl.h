/* SPDX-License-Identifier: BSD-3-Clause */
/* What the files of event/ share: the file that lines are appended to, and the newest lines. */
#ifndef EVENT_IMPL_H
#define EVENT_IMPL_H

#include <weir_event.h>

#include <stdatomic.h>

/* ---- event_file.c: lines appended to a file that may be full, rotated or moved ---- */

#define EVENT_FILE_NONE (-1) /* no file: lines are thrown away */

/* Where lines go. One thread adds and flushes; any thread may switch. */
struct event_file {
	/* the adding thread only */
	int fd;
	struct weir_buf lines; /* whole lines that wait to be written */
	bool torn;             /* the file ends within a line: a write was cut short */
	bool failing;
	uint64_t said_ns; /* when failures were last logged; 0: never */
	uint64_t unsaid;  /* lines lost since */

	/* any thread */
	_Atomic int next_fd; /* taken at the next flush; EVENT_FILE_STAY: nothing new */
	_Atomic uint64_t written;
	_Atomic uint64_t lost;
};

/* Opens `path` for appending, its folder made when that is missing. The descriptor, or -WEIR_EIO,
 * logged. NULL gives EVENT_FILE_NONE. */
WEIR_MUST_CHECK int event_file_open(const char *path, int *fd);
void event_file_init(struct event_file *f, int fd);
/* Flushes what waits, closes. */
void event_file_fini(struct event_file *f);
/* From the next flush on lines go to `fd`, which is taken; what waits still goes to the old one. */
void event_file_switch(struct event_file *f, int fd);
/* Writes what waits and takes up a switch. */
void event_file_flush(struct event_file *f);

/* ---- event_ring.c ---- */

/* How many records wait in it, about. The consumer. */
unsigned int event_ring_waiting(const struct weir_event_ring *r);

/* ---- event_encode.c: what records of all types are made of ---- */

/* Text that is known here. */
#define LIT(out, text) weir_buf_add(out, text, sizeof(text) - 1)
/* A member with a number, its comma before it. */
#define MEMBER_U64(out, name, value) (LIT(out, ",\"" name "\":"), weir_buf_u64(out, value))

/* In quotes; what is not UTF-8 is replaced. */
void event_add_bytes(struct weir_buf *out, struct weir_bytes text);
void event_add_text(struct weir_buf *out, const char *text);
/* `key` with its comma and colon, and the name's text; nothing when `id` is 0. */
void event_add_name(struct weir_buf *out, const struct weir_names *names, const char *key,
		    uint32_t id);

/* ---- event_http.c: a transaction ---- */

/* What each record has of it is in another core's cache: asks for it while another one is encoded.
 */
void event_http_prefetch(const struct weir_event_http *h);
/* eve's `tx_id`, `http` and, when a rule decided, `alert`. */
void event_add_http(struct weir_buf *out, const struct weir_event_http *h);
/* The members of our own object. */
void event_add_transaction(struct weir_buf *out, const struct weir_event *e,
			   const struct weir_names *names);

/* ---- event_tls.c ---- */

/* eve's `tls`, of the client's side; nothing where there was none and no name was seen. */
void event_add_tls(struct weir_buf *out, const struct weir_event_tls tls[2], const char *sni,
		   size_t sni_room);
/* As Suricata writes it. */
const char *event_tls_version(uint16_t version);
/* The members of our own object. */
void event_add_tls_legs(struct weir_buf *out, const struct weir_event_tls tls[2]);
void event_add_identity(struct weir_buf *out, const struct weir_event_identity *identity);

/* ---- event_hello.c: a ClientHello ---- */

/* eve's `tls`. */
void event_add_hello(struct weir_buf *out, const struct weir_event_hello *h);
/* The members of our own object. */
void event_add_hello_members(struct weir_buf *out, const struct weir_event *e,
			     const struct weir_names *names);

/* A text in quotes with its key; nothing when it is empty. */
void event_add_field(struct weir_buf *out, const char *key, const char *text, size_t room);
/* The parts of a text between commas, as an array. */
void event_add_list(struct weir_buf *out, const char *key, const char *text, size_t room);

/* ---- event_server.c: what a server has answered to it ---- */

/* eve's `tls`. */
void event_add_server(struct weir_buf *out, const struct weir_event_server *s);
/* The member of our own object. */
void event_add_server_members(struct weir_buf *out, const struct weir_event_server *s);

/* ---- event_pinned.c: servers whose leaves clients did not take ---- */

/* The caller locks. */
struct event_pinned {
	unsigned int n;
	struct weir_event_pinned name[WEIR_EVENT_PINNED_MAX];
};
void event_pinned_add(struct event_pinned *p, const struct weir_event *e);

/* ---- event_recent.c: the newest lines, for `weirctl events` ---- */

#define EVENT_RECENT_LINES 1000

/* The caller locks. */
struct event_recent {
	struct weir_buf line[EVENT_RECENT_LINES];
	uint64_t added; /* line[added % EVENT_RECENT_LINES] is the next one to be replaced */
};

void event_recent_fini(struct event_recent *r);
void event_recent_add(struct event_recent *r, const char *line, size_t len);
void event_recent_copy(const struct event_recent *r, unsigned int max, struct weir_buf *out);

#endif
