/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * YAML files as checked trees whose every node knows its line and column, typed readers over them
 * that report instead of failing, and the appliance file itself. Control thread only.
 */
#ifndef WEIR_CONF_H
#define WEIR_CONF_H

#include <weir_base.h>

#include <stdio.h>

/* ---- what is wrong, and where ---- */

struct weir_conf_pos {
	const char *file; /* lives as long as the documents or the report that names it */
	uint32_t line;    /* from 1 */
	uint32_t column;  /* from 1 */
};

/* Messages in the order found; at most WEIR_CONF_MESSAGES_MAX are kept, all are counted. Texts are
 * cut at 500 bytes and control characters come out as \xNN: they quote the file. */
#define WEIR_CONF_MESSAGES_MAX 200
struct weir_conf_report;
struct weir_conf_report *weir_conf_report_create(void);
void weir_conf_report_destroy(struct weir_conf_report *r);
void weir_conf_error(struct weir_conf_report *r, struct weir_conf_pos at, const char *format, ...)
	WEIR_PRINTF(3, 4);
void weir_conf_warning(struct weir_conf_report *r, struct weir_conf_pos at, const char *format, ...)
	WEIR_PRINTF(3, 4);
unsigned int weir_conf_errors(const struct weir_conf_report *r);
unsigned int weir_conf_warnings(const struct weir_conf_report *r);
/* Lines "FILE:LINE:COL: error: TEXT" (or warning); a position without a line prints "FILE: error:
 * …". */
void weir_conf_report_text(const struct weir_conf_report *r, struct weir_buf *out);

/* ---- trees ---- */

enum weir_conf_kind { WEIR_CONF_SCALAR, WEIR_CONF_SEQUENCE, WEIR_CONF_MAPPING };

struct weir_conf_node {
	enum weir_conf_kind kind;
	struct weir_conf_pos pos;
	const char *text; /* scalar: NUL-terminated (text with a NUL inside is refused at load) */
	bool quoted;      /* scalar: written with quotes, so never null */
	const char *key;  /* of a mapping's member, else NULL */
	struct weir_conf_pos key_pos;
	struct weir_conf_node *first; /* sequence and mapping: members in file order */
	struct weir_conf_node *next;
	uint32_t count; /* members */
};

/*
 * The documents of one YAML file. Refused with an error: files over 16 MiB, nesting over 32,
 * anchors and aliases (a bomb and a riddle; nobody needs them here), tags, duplicate keys, keys
 * that are not scalars, over 256 keys in a mapping, over 1,000,000 values, bytes that are not
 * UTF-8. Empty documents are left out. Returns NULL when anything was wrong (then `r` says what).
 */
struct weir_conf_docs;
struct weir_conf_docs *weir_conf_load_file(const char *path, struct weir_conf_report *r);
/* The same from memory; `name` stands for the file in messages and is copied. */
struct weir_conf_docs *weir_conf_load_text(const char *name, struct weir_bytes text,
					   struct weir_conf_report *r);
void weir_conf_docs_destroy(struct weir_conf_docs *d);
uint32_t weir_conf_doc_count(const struct weir_conf_docs *d);
const struct weir_conf_node *weir_conf_doc(const struct weir_conf_docs *d, uint32_t i);

#define weir_conf_foreach(member, node) \
	for (const struct weir_conf_node *member = (node)->first; member; member = member->next)

/* ---- typed readers ---- */

/*
 * Each looks `key` up in mapping `map` and leaves *out alone when it is absent (so set the default
 * first). Wrong kind or value: an error at its place and false. Absent or good: true.
 */
const struct weir_conf_node *weir_conf_get(const struct weir_conf_node *map, const char *key);
/* An unquoted ~, null, Null, NULL or nothing. Such a value is an error to each reader below: a key
 * whose lines were commented out must not silently mean its default. */
bool weir_conf_is_null(const struct weir_conf_node *n);
/* Reports unless `n`, called `what` in the message, is of that kind and not null. */
bool weir_conf_expect(const struct weir_conf_node *n, enum weir_conf_kind kind, const char *what,
		      struct weir_conf_report *r);
/* Reports each key of `map` that is not in `keys` (ended by NULL), with the nearest known one
 * within distance 3 as a suggestion: "unknown key 'polcy', did you mean 'policy'?". */
bool weir_conf_known_keys(const struct weir_conf_node *map, const char *const *keys,
			  struct weir_conf_report *r);
bool weir_conf_require(const struct weir_conf_node *map, const char *key,
		       struct weir_conf_report *r);
bool weir_conf_str(const struct weir_conf_node *map, const char *key, const char **out,
		   struct weir_conf_report *r);
/* YAML 1.1's true, yes, on, false, no, off (also True and TRUE), without quotes. */
bool weir_conf_bool(const struct weir_conf_node *map, const char *key, bool *out,
		    struct weir_conf_report *r);
/* Decimal digits without sign, leading zero or separators, in quotes or not. */
bool weir_conf_u64(const struct weir_conf_node *map, const char *key, uint64_t min, uint64_t max,
		   uint64_t *out, struct weir_conf_report *r);
/* "250ms", "30s", "5m", "2h", "1d"; nanoseconds. */
bool weir_conf_duration(const struct weir_conf_node *map, const char *key, uint64_t min_ns,
			uint64_t max_ns, uint64_t *out_ns, struct weir_conf_report *r);
/* "4096", "64KiB", "512MiB", "2GiB"; bytes. */
bool weir_conf_size(const struct weir_conf_node *map, const char *key, uint64_t min, uint64_t max,
		    uint64_t *out_bytes, struct weir_conf_report *r);
/* A word out of `words` (ended by NULL); *out becomes its index. Suggests like known_keys. */
bool weir_conf_word(const struct weir_conf_node *map, const char *key, const char *const *words,
		    unsigned int *out, struct weir_conf_report *r);
/* The same for a scalar node that is at hand (a sequence's member). */
bool weir_conf_node_word(const struct weir_conf_node *n, const char *const *words,
			 unsigned int *out, struct weir_conf_report *r);
bool weir_conf_node_u64(const struct weir_conf_node *n, uint64_t min, uint64_t max, uint64_t *out,
			struct weir_conf_report *r);

/* ---- the appliance file ---- */

#define WEIR_CONF_WORKERS_MAX 64
#define WEIR_CONF_PORTS_MAX   32
#define WEIR_CONF_WIRES_MAX   16
#define WEIR_CONF_PATHS_MAX   64
#define WEIR_CONF_NAME_MAX    31

enum weir_conf_device {
	WEIR_DEVICE_PCI,   /* "0000:18:00.0" */
	WEIR_DEVICE_IFACE, /* "iface:gw1": a kernel interface */
	WEIR_DEVICE_VDEV   /* "vdev:net_memif0,…": any DPDK devargs */
};

/* How a kernel interface is driven; only for iface devices. */
enum weir_conf_driver { WEIR_DRIVER_AUTO, WEIR_DRIVER_AF_XDP, WEIR_DRIVER_AF_PACKET };

enum weir_conf_checksum {
	WEIR_CHECKSUM_VERIFY, /* wrong and unfinished ones are dropped by name */
	WEIR_CHECKSUM_REPAIR, /* unfinished ones are completed, wrong ones dropped */
	WEIR_CHECKSUM_IGNORE  /* transport checksums are not looked at */
};

struct weir_conf_port {
	char name[WEIR_CONF_NAME_MAX + 1];
	char device[256]; /* without "iface:" or "vdev:"; a PCI address as 0000:18:00.0 */
	enum weir_conf_device kind;
	enum weir_conf_driver driver;
	enum weir_conf_checksum checksum;
	uint16_t mtu;    /* bytes of L3, default 1500, at most 9216 */
	uint16_t queues; /* 0: as many as there are workers, as far as the device can */
	struct weir_conf_pos pos;
};

struct weir_conf_wire {
	char name[WEIR_CONF_NAME_MAX + 1];
	uint16_t port[2]; /* indexes into ports */
	bool carry_link;  /* linkState: carry (default) | ignore */
};

enum weir_conf_hugepages { WEIR_HUGEPAGES_AUTO, WEIR_HUGEPAGES_REQUIRE, WEIR_HUGEPAGES_NEVER };

/* Immutable once loaded. Relative paths count from the file's own folder; here all are absolute. */
struct weir_conf {
	char *file;
	uint16_t workers[WEIR_CONF_WORKERS_MAX]; /* CPU numbers */
	uint16_t n_workers;                      /* 0: every core but the first */
	bool workers_given;                      /* the file names them: nobody filled them in */
	uint32_t connections;                    /* flows over all workers; default 100000 */
	uint32_t packets;                        /* mbufs over all workers; 0: auto */
	uint32_t inspected;   /* flows whose content is inspected, of them; default a quarter */
	uint32_t fragments;   /* unfinished datagrams a worker; default 1024 */
	uint64_t waf_bytes;   /* memory.waf: a worker's, for HTTP transactions; default 64 MiB */
	uint64_t http2_bytes; /* memory.http2: a worker's, for its sessions; default 64 MiB */
	enum weir_conf_hugepages hugepages;
	bool dumps; /* memory.dumps: core dumps and debuggers may see keys and contents; false */
	struct weir_conf_port ports[WEIR_CONF_PORTS_MAX];
	uint16_t n_ports;
	struct weir_conf_wire wires[WEIR_CONF_WIRES_MAX];
	uint16_t n_wires;
	char *policy[WEIR_CONF_PATHS_MAX];
	uint16_t n_policy;
	char *stream_rules[WEIR_CONF_PATHS_MAX]; /* rules.stream */
	uint16_t n_stream_rules;
	char *rule_cache;    /* rules.cache; NULL: none */
	char *event_file;    /* log.events; NULL: none */
	uint32_t event_ring; /* log.ring: records a worker may have waiting; default 65536 */
	uint32_t event_transactions; /* log.transactions: records of them a worker may have
					waiting; default 1024 */
	bool log_values; /* log.values: matched values stand in records as they came; false */
	uint64_t ticket_rotation_ns; /* tls.ticketRotation: age of a key of session tickets when
					the next takes its place; default 1 h */
	char *control_socket;        /* control.socket; default /run/weir/weir.sock */
};

/* Returns NULL when anything is wrong (then `r` says what). */
struct weir_conf *weir_conf_load(const char *path, struct weir_conf_report *r);
struct weir_conf *weir_conf_from_text(const char *name, struct weir_bytes text,
				      struct weir_conf_report *r);
void weir_conf_destroy(struct weir_conf *c);
/* The effective configuration as YAML that loads to the same; comments tell units. */
void weir_conf_dump(const struct weir_conf *c, struct weir_buf *out);
/* Names in `out` (NULL allowed) the first key that differs and that only a restart can change
 * (workers, memory, ports, wires, control, log but for its events); false when there is none.
 * Workers that were filled into `running` because its file names none are no difference to a file
 * that names none. */
bool weir_conf_needs_restart(const struct weir_conf *running, const struct weir_conf *wanted,
			     const char **out);

#endif
