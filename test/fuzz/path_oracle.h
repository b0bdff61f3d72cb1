/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What must come of a conversation, found without its segments, its timing and its window: each
 * request of the client's stream is read and judged in one piece, and held against what the server
 * got; what the client got is read as responses to them.
 */
#ifndef PATH_ORACLE_H
#define PATH_ORACLE_H

#include <weir_http.h>
#include <weir_http2.h>
#include <weir_waf.h>

#define ORACLE_REQUESTS 512

struct oracle_request {
	struct weir_bytes bytes; /* as far as they are there and well formed */
	size_t head;             /* of them are of its head */
	bool whole;              /* to its end */
	bool passes;             /* judged so, by what is there of it */
	bool is_head, is_connect, keep_alive, upgrade;
	bool offers_http; /* to go on in HTTP/2 or TLS, which the server may not hear of */
};

struct oracle {
	struct weir_waf *waf;
	struct weir_waf_worker *worker;
	bool lenient; /* some were refused for want of memory or time, whatever they are */
	bool tunnel;  /* a connection has become one */
	unsigned int n;
	struct oracle_request request[ORACLE_REQUESTS];
};

/* Reads what the client has sent. */
void oracle_read(struct oracle *o, struct weir_bytes sent);
/* Asserts that the server got requests that pass, whole and in order, and of the last one perhaps
 * a part. */
void oracle_check_server(const struct oracle *o, struct weir_bytes got);
/* Asserts that the client got a response each, in order, of the last one perhaps a part, and none
 * that the rules refuse. */
void oracle_check_client(const struct oracle *o, struct weir_bytes got);

#endif
