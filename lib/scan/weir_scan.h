/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Byte streams against pattern databases (Hyperscan, streaming mode). Control loads rules from
 * files and makes all that workers need beforehand; a worker opens a stream a direction of a
 * connection, feeds it bytes in order and is told matches. No allocation, no system call there.
 */
#ifndef WEIR_SCAN_H
#define WEIR_SCAN_H

#include <weir_base.h>
#include <weir_conf.h>

/* ---- rules ---- */

enum weir_scan_action {
	WEIR_SCAN_ALERT, /* told; the bytes go on */
	WEIR_SCAN_RESET, /* the bytes that complete it do not go on; both peers are reset */
	WEIR_SCAN_DROP   /* the same, and the connection falls silent */
};

enum weir_scan_severity {
	WEIR_SCAN_CRITICAL = 1, /* as eve's alert.severity */
	WEIR_SCAN_HIGH,
	WEIR_SCAN_MEDIUM,
	WEIR_SCAN_LOW
};

#define WEIR_SCAN_TO_SERVER 0x1
#define WEIR_SCAN_TO_CLIENT 0x2

/* A pattern and what stands about it in the side-car. Lives as long as its database. */
struct weir_scan_rule {
	char *expression; /* without slashes and flags */
	uint32_t id;      /* as written; unique over all files */
	uint32_t message; /* interned */
	uint8_t severity; /* enum weir_scan_severity */
	uint8_t action;   /* enum weir_scan_action */
	uint8_t directions;
	uint8_t n_ports; /* 0: any port of the server */
	struct weir_scan_ports {
		uint16_t first, last;
	} ports[16];
};

const char *weir_scan_action_name(enum weir_scan_action a);
const char *weir_scan_severity_name(enum weir_scan_severity s);

/* ---- databases; control thread ---- */

struct weir_scan_cfg {
	const char *const *paths; /* files NAME.hs, and folders of them */
	unsigned int n_paths;
	const char *cache; /* folder for compiled databases; NULL: none */
	unsigned int n_workers;
	uint32_t streams; /* that a worker may have open at a time, half of them a direction */
	struct weir_names *names;
};

struct weir_scan_db;

/*
 * Reads rules and compiles them for this CPU, or takes the databases from the cache. *out becomes
 * NULL when there is not one rule. 0; or -WEIR_EFORMAT when anything is wrong (then `r` says what,
 * all at once, with file, line and column), -WEIR_ENOMEM (said, too).
 *
 * NAME.hs has a pattern a line, `id:/expression/flags` as Hyperscan's own tools read it, and lines
 * of comment that begin with '#'. Flags: i s m H V O 8 W P L, then {min_offset=,max_offset=,
 * min_length=,edit_distance=,hamming_distance=}. A pattern is told once a stream unless it has L;
 * one that can match nothing at all is refused, V or not; O is for Hyperscan's tests alone. C and Q
 * (combinations) are refused: in a stream they are told too late to stop anything.
 * NAME.yaml beside it has `defaults` and `patterns`, a list of {id, message, severity, direction,
 * ports, action}. A pattern that it does not name has the defaults and its expression for message.
 *
 * Each direction has a database of its own, with the patterns that are about it.
 */
WEIR_MUST_CHECK int weir_scan_load(const struct weir_scan_cfg *cfg, struct weir_conf_report *r,
				   struct weir_scan_db **out);
/* References are counted by control alone; the last one frees. A worker needs none: it must have
 * left the generation that has the database before control puts that generation's reference. */
struct weir_scan_db *weir_scan_db_get(struct weir_scan_db *db);
/* True: it was the last reference and no worker has a stream open on it, so it is gone. False with
 * the last reference: ask again later (weir_scan_db_put_again). */
WEIR_MUST_CHECK bool weir_scan_db_put(struct weir_scan_db *db);
WEIR_MUST_CHECK bool weir_scan_db_put_again(struct weir_scan_db *db);

struct weir_scan_info {
	uint32_t rules;
	uint64_t database_bytes;
	uint64_t stream_bytes; /* of a connection: the streams of both directions */
	uint32_t streams;      /* open now, over all workers */
	bool cached;           /* all of it came from the cache */
	uint32_t load_ms;
	uint64_t hash; /* of the rules */
};
void weir_scan_db_info(const struct weir_scan_db *db, struct weir_scan_info *out);
const struct weir_scan_rule *weir_scan_rule(const struct weir_scan_db *db, uint32_t index);

/* ---- streams; worker ---- */

struct weir_scan_stream {
	struct weir_scan_db *db; /* NULL: not open */
	void *state;
	uint64_t fed; /* bytes */
	uint16_t port;
	uint8_t direction : 2; /* WEIR_SCAN_TO_* */
	uint8_t stopped : 1;
	uint8_t worker;
};

struct weir_scan_match {
	uint32_t rule; /* index */
	uint64_t end;  /* offset in the stream of the byte after the match; never before the first
			  of the bytes that were fed, even where `\b` or `$` had to see one more */
};

/* Whether any rule is about this direction of a connection to this port. */
bool weir_scan_applies(const struct weir_scan_db *db, uint8_t direction, uint16_t port);
/* To be asked only where weir_scan_applies. 0, or -WEIR_ENOMEM when the worker's streams of that
 * direction are all open. */
WEIR_MUST_CHECK int weir_scan_open(struct weir_scan_stream *s, struct weir_scan_db *db,
				   unsigned int worker, uint8_t direction, uint16_t port);
void weir_scan_close(struct weir_scan_stream *s);

/*
 * The stream's next bytes, less than 4 GiB. Matches of rules about this direction and port are put
 * into `out` in the order of their ends, at most `max` (from 1); what is over that is counted in
 * *more and not told. The first match with action reset or drop ends the scan: it is the last in
 * `out`, and *stop is set then and at each later call. Returns how many stand in `out`, or
 * -WEIR_EIO when Hyperscan failed.
 */
WEIR_MUST_CHECK int weir_scan_feed(struct weir_scan_stream *s, struct weir_bytes bytes,
				   struct weir_scan_match *out, unsigned int max,
				   unsigned int *more, bool *stop);

/* ---- what is told of a match ---- */

#define WEIR_SCAN_CONTEXT 64
/*
 * The bytes before `end` (an offset into `bytes`, where the match of `rule` ends) and eight after
 * it as text that may be kept in a log: at most WEIR_SCAN_CONTEXT - 1 printable characters.
 * Punctuation stays, and so do words that stand in the rule's expression, by which an analyst knows
 * the attack; other letters become 'x', digits '0', what cannot be printed '.': names, tokens, card
 * numbers and passwords around a match are not kept.
 */
void weir_scan_context(const struct weir_scan_rule *rule, struct weir_bytes bytes, size_t end,
		       char text[WEIR_SCAN_CONTEXT]);

#endif
