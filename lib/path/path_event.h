/* SPDX-License-Identifier: BSD-3-Clause */
/* What is told of packets, flows and messages: records of the event log (path_event.c). */
#ifndef PATH_EVENT_H
#define PATH_EVENT_H

#include "path_impl.h"

struct weir_tls_hello;

void path_event_decision(struct path_worker *w, const struct path_burst *b,
			 const struct weir_pkt *p, const struct weir_policy_decision *d,
			 uint64_t flow_id);
void path_event_flow(struct path_worker *w, const struct weir_flow *f, enum weir_flow_end why);
void path_event_alert(struct path_worker *w, const struct weir_flow *f, uint8_t dir,
		      const struct weir_scan_rule *rule, uint64_t offset, const char *context);
/* Whether control wants to see this flow's packets now. */
bool path_is_traced(const struct path_worker *w, const struct weir_flow *f);
/* `port` is an interned name. */
void path_event_trace(struct path_worker *w, uint32_t port, enum weir_event_step step,
		      const struct weir_pkt *p, const struct weir_flow *f, uint8_t dir,
		      enum weir_drop reason);
void path_event_stopped(struct path_worker *w, const struct weir_flow *f, uint8_t dir, uint32_t len,
			uint8_t verdict);
/* Takes `http`. */
void path_event_transaction(struct path_worker *w, const struct weir_flow *f,
			    struct weir_event_http *http);
/* A ClientHello of `f`, and what policy has said to it; NULL: what it said before stands. */
void path_event_hello(struct path_worker *w, const struct weir_flow *f,
		      const struct weir_policy_decision *d, const struct weir_tls_hello *hello);
/* What its server has answered in the clear. */
void path_event_server(struct path_worker *w, const struct weir_flow *f,
		       const struct weir_event_server *server);
/* Its client did not take the certificate that was made for the server. */
void path_event_pinned(struct path_worker *w, const struct weir_flow *f, const char *name);
/* It was refused by what came, or did not come, in place of a ClientHello, or by who its client is;
 * NULL: that is not known. */
void path_event_refused(struct path_worker *w, const struct weir_flow *f,
			const struct weir_policy_decision *d,
			const struct weir_policy_identity *identity);
void path_note_drop(struct path_worker *w, const struct path_burst *b, const struct weir_pkt *p,
		    enum weir_drop reason);
void path_tell_untold(struct path_worker *w);

/* path_event.c: the wire form of a filter's tuple and events */
struct weir_addr path_addr(const uint8_t *bytes, uint8_t family);

#endif
