/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Counters of a worker, the one list of drop reasons, and histograms. The worker writes, anybody
 * reads: every field is a naturally aligned 64-bit word with one writer, read relaxed.
 */
#ifndef WEIR_STATS_H
#define WEIR_STATS_H

#include <weir_base.h>

/*
 * Every reason for which a packet is not passed on: name (counter, metric label, event field) and
 * text (what it means to an operator). The documentation and the tests read this list too.
 */
#define WEIR_DROPS(X)                                                                              \
	X(ETH_TRUNCATED, "eth_truncated", "frame shorter than its Ethernet or VLAN header")        \
	X(VLAN_TOO_DEEP, "vlan_too_deep", "more than two VLAN tags")                               \
	X(NON_IP_DENIED, "non_ip_denied", "frame that is not IP, which Defaults do not pass")      \
	X(HEADERS_SEGMENTED, "headers_segmented", "headers span buffers and could not be joined")  \
	X(IPV4_TRUNCATED, "ipv4_truncated", "shorter than an IPv4 header")                         \
	X(IPV4_BAD_VERSION, "ipv4_bad_version", "EtherType says IPv4, the version field does not") \
	X(IPV4_BAD_HEADER_LENGTH, "ipv4_bad_header_length", "IHL below 5 or past the packet")      \
	X(IPV4_BAD_TOTAL_LENGTH, "ipv4_bad_total_length",                                          \
	  "total length below the header's or past the frame")                                     \
	X(IPV4_BAD_CHECKSUM, "ipv4_bad_checksum", "IPv4 header checksum is wrong")                 \
	X(IPV4_BAD_OPTION, "ipv4_bad_option", "IPv4 option with a length that cannot be")          \
	X(IPV4_SOURCE_ROUTE, "ipv4_source_route", "source-route option (RFC 7126 section 4.3)")    \
	X(IPV4_BAD_SOURCE, "ipv4_bad_source",                                                      \
	  "source is multicast, broadcast, loopback or class E")                                   \
	X(IPV4_BAD_DESTINATION, "ipv4_bad_destination", "destination is unspecified or loopback")  \
	X(IPV4_TTL_ZERO, "ipv4_ttl_zero", "TTL is zero")                                           \
	X(IPV4_RESERVED_FLAG, "ipv4_reserved_flag", "reserved bit of the flags field is set")      \
	X(IPV6_TRUNCATED, "ipv6_truncated", "shorter than an IPv6 header")                         \
	X(IPV6_BAD_VERSION, "ipv6_bad_version", "EtherType says IPv6, the version field does not") \
	X(IPV6_BAD_LENGTH, "ipv6_bad_length", "payload length past the frame, or a jumbogram")     \
	X(IPV6_HOP_LIMIT_ZERO, "ipv6_hop_limit_zero", "hop limit is zero")                         \
	X(IPV6_BAD_SOURCE, "ipv6_bad_source", "source is multicast, loopback or v4-mapped")        \
	X(IPV6_BAD_DESTINATION, "ipv6_bad_destination",                                            \
	  "destination is unspecified, loopback or v4-mapped")                                     \
	X(IPV6_EXT_TRUNCATED, "ipv6_ext_truncated", "extension header past the packet")            \
	X(IPV6_EXT_TOO_MANY, "ipv6_ext_too_many", "more extension headers than weir follows (8)")  \
	X(IPV6_EXT_ORDER, "ipv6_ext_order",                                                        \
	  "hop-by-hop header that is not first, or a header twice")                                \
	X(IPV6_BAD_OPTION, "ipv6_bad_option", "hop-by-hop or destination option that cannot be")   \
	X(IPV6_ROUTING, "ipv6_routing",                                                            \
	  "routing header of type 0 (RFC 5095) or with segments left")                             \
	X(FRAG_DENIED, "frag_denied", "fragment, which Defaults do not pass")                      \
	X(FRAG_BAD_LENGTH, "frag_bad_length",                                                      \
	  "fragment not a multiple of 8, empty, or past 65,535 bytes")                             \
	X(FRAG_TINY_FIRST, "frag_tiny_first",                                                      \
	  "first fragment without the whole transport header (RFC 1858, 7112)")                    \
	X(FRAG_OVERLAP, "frag_overlap", "fragments that overlap (RFC 5722) or came twice")         \
	X(FRAG_QUOTA, "frag_quota", "source has too many unfinished datagrams")                    \
	X(FRAG_TABLE_FULL, "frag_table_full", "no room for another unfinished datagram")           \
	X(FRAG_TIMEOUT, "frag_timeout", "datagram was not complete in time")                       \
	X(TCP_TRUNCATED, "tcp_truncated", "shorter than a TCP header")                             \
	X(TCP_BAD_OFFSET, "tcp_bad_offset", "TCP data offset below 5 or past the packet")          \
	X(TCP_BAD_FLAGS, "tcp_bad_flags",                                                          \
	  "flag combination that no endpoint sends (null, SYN+FIN, SYN+RST…)")                     \
	X(TCP_BAD_OPTION, "tcp_bad_option", "TCP option with a length that cannot be, or twice")   \
	X(TCP_BAD_CHECKSUM, "tcp_bad_checksum", "TCP checksum is wrong")                           \
	X(TCP_PORT_ZERO, "tcp_port_zero", "TCP port 0")                                            \
	X(TCP_OUT_OF_WINDOW, "tcp_out_of_window",                                                  \
	  "sequence number outside what the receiver offered")                                     \
	X(TCP_BAD_ACK, "tcp_bad_ack", "acknowledges data that was never sent")                     \
	X(TCP_BAD_STATE, "tcp_bad_state", "segment that the connection's state does not allow")    \
	X(TCP_WRONG_SIDE, "tcp_wrong_side",                                                        \
	  "segment of a connection from the side that its sender is not on")                       \
	X(TCP_OLD_TIMESTAMP, "tcp_old_timestamp",                                                  \
	  "timestamp older than the last one of this peer (PAWS, RFC 7323 section 5)")             \
	X(TCP_MEMORY, "tcp_memory",                                                                \
	  "payload that no buffer could be kept for; its sender repeats it")                       \
	X(TCP_MIDSTREAM, "tcp_midstream",                                                          \
	  "TCP segment of no known connection, which Defaults do not pass")                        \
	X(UDP_TRUNCATED, "udp_truncated", "shorter than a UDP header")                             \
	X(UDP_BAD_LENGTH, "udp_bad_length", "UDP length below 8 or past the packet")               \
	X(UDP_BAD_CHECKSUM, "udp_bad_checksum", "UDP checksum is wrong, or absent over IPv6")      \
	X(UDP_PORT_ZERO, "udp_port_zero", "UDP destination port 0")                                \
	X(ICMP_TRUNCATED, "icmp_truncated", "shorter than an ICMP header")                         \
	X(ICMP_BAD_CHECKSUM, "icmp_bad_checksum", "ICMP checksum is wrong")                        \
	X(ICMP_ERROR_BAD_QUOTE, "icmp_error_bad_quote",                                            \
	  "ICMP error whose quoted packet cannot be read")                                         \
	X(ICMP_ERROR_NO_FLOW, "icmp_error_no_flow",                                                \
	  "ICMP error about no known flow, or outside its window (RFC 5927)")                      \
	X(ICMP_UNSOLICITED, "icmp_unsolicited", "ICMP reply that nobody asked for, or a redirect") \
	X(L4_CHECKSUM_UNFINISHED, "l4_checksum_unfinished",                                        \
	  "sender left the checksum to hardware it does not have (ethtool -K DEV tx off)")         \
	X(UNKNOWN_PROTOCOL, "unknown_protocol", "IP protocol that Defaults do not pass")           \
	X(POLICY_DENY, "policy_deny", "a policy denies the flow (answered with RST or ICMP)")      \
	X(POLICY_DROP, "policy_drop", "a policy drops the flow silently")                          \
	X(DEFAULT_DENY, "default_deny", "policies name these groups and none allows the flow")     \
	X(NO_POLICY, "no_policy", "no policy names either side and Defaults do not pass that")     \
	X(FLOW_TABLE_FULL, "flow_table_full", "no room for another flow (memory.connections)")     \
	X(MBUF_EXHAUSTED, "mbuf_exhausted", "no packet buffer left (memory.packets)")              \
	X(HANDOFF_FULL, "handoff_full", "the ring to the worker that owns the flow is full")       \
	X(STREAM_RULE, "stream_rule", "a stream rule with action reset or drop has matched")       \
	X(SCAN_EXHAUSTED, "scan_exhausted", "no stream state left (memory.inspected)")             \
	X(HTTP, "http", "weir has ended the connection because of what it said as HTTP")           \
	X(HTTP_EXHAUSTED, "http_exhausted",                                                        \
	  "no memory or time left to judge a transaction (memory.waf)")                            \
	X(TLS, "tls", "weir has ended the connection because of its TLS")                          \
	X(SNI_DENIED, "sni_denied", "no policy allows the name that the client asks for")          \
	X(SNI_MISSING, "sni_missing", "ClientHello without a name, where policy asks for one")     \
	X(SNI_BAD, "sni_bad", "ClientHello whose name is none: an address, two, NUL, too long")    \
	X(NO_HELLO, "no_hello", "no TLS where policy asks for the name that TLS tells")            \
	X(HELLO_BAD, "hello_bad", "ClientHello that is malformed")                                 \
	X(HELLO_TIMEOUT, "hello_timeout", "no whole ClientHello in time (timeouts.clientHello)")   \
	X(NAME_UNSEEN, "name_unseen",                                                              \
	  "policy asks for a name, and the flow's beginning was not seen")                         \
	X(IDENTITY_DENIED, "identity_denied",                                                      \
	  "no policy allows who the client's certificate names")                                   \
	X(IDENTITY_MISSING, "identity_missing",                                                    \
	  "no certificate, or one that names nobody, where policy asks who the client is")         \
	X(IDENTITY_UNSEEN, "identity_unseen",                                                      \
	  "policy asks who the client is, and no Service there verifies clients, or did")          \
	X(TX_FULL, "tx_full", "the port's transmit queue is full")                                 \
	X(TX_TOO_BIG, "tx_too_big", "larger than the other port can send")                         \
	X(TX_LINK_DOWN, "tx_link_down", "the other port's link is down")

enum weir_drop {
	WEIR_DROP_NONE,
#define WEIR_DROP_ENUM(id, name, text) WEIR_DROP_##id,
	WEIR_DROPS(WEIR_DROP_ENUM)
#undef WEIR_DROP_ENUM
		WEIR_DROP_END
};

/* What is counted beside drops. */
#define WEIR_COUNTERS(X)                                                                          \
	X(RX_PACKETS, "rx_packets", "frames received")                                            \
	X(RX_BYTES, "rx_bytes", "bytes received")                                                 \
	X(TX_PACKETS, "tx_packets", "frames sent on")                                             \
	X(TX_BYTES, "tx_bytes", "bytes sent on")                                                  \
	X(FORWARDED_NON_IP, "forwarded_non_ip", "frames passed that are not IP")                  \
	X(FORWARDED_STATELESS, "forwarded_stateless",                                             \
	  "packets passed without a flow (failure: open)")                                        \
	X(FLOWS_CREATED, "flows_created", "flows begun")                                          \
	X(FLOWS_CLOSED, "flows_closed", "flows ended by their peers")                             \
	X(FLOWS_EXPIRED, "flows_expired", "flows ended by age")                                   \
	X(FLOWS_EVICTED, "flows_evicted", "half-open flows ended early to make room")             \
	X(FLOWS_DENIED, "flows_denied", "flows that policy denied or dropped")                    \
	X(FLOWS_INSPECTED, "flows_inspected", "flows begun that weir carries itself")             \
	X(FLOWS_RELEASED, "flows_released",                                                       \
	  "flows that were inspected and are forwarded since a reload")                           \
	X(FLOWS_WOULD_DENY, "flows_would_deny",                                                   \
	  "flows that a policy in mode detect would have denied")                                 \
	X(FLOWS_MIDSTREAM, "flows_midstream", "flows picked up without their beginning")          \
	X(FLOWS_REEVALUATED, "flows_reevaluated", "decisions made again after a reload")          \
	X(DENIED_UNTRACKED, "denied_untracked",                                                   \
	  "denied flows not remembered (their share of the table is used)")                       \
	X(RST_SENT, "rst_sent", "TCP resets sent by weir")                                        \
	X(ICMP_SENT, "icmp_sent", "ICMP errors sent by weir")                                     \
	X(ANSWERS_LIMITED, "answers_limited",                                                     \
	  "resets and ICMP errors held back by the rate limit")                                   \
	X(ICMP_ERRORS_RELATED, "icmp_errors_related",                                             \
	  "ICMP errors passed because of a known flow")                                           \
	X(TCP_OPENED, "tcp_opened", "TCP connections that weir carries itself, opened")           \
	X(TCP_SEGMENTS_IN, "tcp_segments_in", "segments of such connections received")            \
	X(TCP_SEGMENTS_OUT, "tcp_segments_out", "segments of such connections sent")              \
	X(TCP_REPEATED, "tcp_repeated", "segments received that had come before")                 \
	X(TCP_RESENT, "tcp_resent", "segments sent again")                                        \
	X(TCP_TIMEOUTS, "tcp_timeouts", "retransmission timeouts")                                \
	X(TCP_RECOVERIES, "tcp_recoveries", "losses repaired without a timeout")                  \
	X(TCP_UNDONE, "tcp_undone", "of both, found to be late and not lost")                     \
	X(TCP_NO_BLOCKS, "tcp_no_blocks", "SACK blocks not noted, for there was no room")         \
	X(TCP_CHALLENGES, "tcp_challenges", "challenge acknowledgements sent (RFC 5961)")         \
	X(TCP_MARKS, "tcp_marks", "congestion told by ECN and heeded (RFC 3168)")                 \
	X(TCP_COOKIES_SENT, "tcp_cookies_sent", "SYNs answered by cookie (RFC 4987)")             \
	X(TCP_COOKIES_TAKEN, "tcp_cookies_taken", "connections begun by such a cookie")           \
	X(SCANNED_BYTES, "scanned_bytes", "bytes held against the stream rules")                  \
	X(ALERTS, "alerts", "matches of stream rules told")                                       \
	X(ALERTS_HELD_BACK, "alerts_held_back", "matches over eight at a time, not told")         \
	X(STREAMS_STOPPED, "streams_stopped", "connections ended by a stream rule")               \
	X(UNSCANNED, "unscanned", "connections passed unscanned (failure: open)")                 \
	X(HTTP_REQUESTS, "http_requests", "requests that weir has read")                          \
	X(HTTP_RESPONSES, "http_responses", "responses that have ended")                          \
	X(HTTP_DENIED, "http_denied", "requests and responses that rules have refused")           \
	X(HTTP_WOULD_DENY, "http_would_deny",                                                     \
	  "those that a threat policy in mode detect would have refused")                         \
	X(HTTP_LIMIT, "http_limit", "bodies over a limit of the rules, or of what can be held")   \
	X(HTTP_BUDGET, "http_budget", "judgements that took too long")                            \
	X(HTTP_TURNS, "http_turns", "times that judging went on when others had had their turn")  \
	X(HTTP_MEMORY, "http_memory", "judgements without memory (memory.waf)")                   \
	X(HTTP_TEXTS_CUT, "http_texts_cut",                                                       \
	  "records whose texts were cut: too many long ones at a time")                           \
	X(HTTP_EVICTED, "http_evicted", "held requests whose memory was given to newer ones")     \
	X(HTTP_TOLD_EARLY, "http_told_early", "records made before the end, to have memory")      \
	X(HTTP_UNJUDGED, "http_unjudged", "transactions passed for such reasons (failure: open)") \
	X(HTTP_BAD_REQUEST, "http_bad_request", "requests that are not well formed, or too slow") \
	X(HTTP_BAD_RESPONSE, "http_bad_response",                                                 \
	  "responses that are not well formed, or unasked")                                       \
	X(HTTP_TIMEOUTS, "http_timeouts", "clients that were too slow, or idle for too long")     \
	X(HTTP2_CONNECTIONS, "http2_connections", "connections whose clients speak HTTP/2")       \
	X(HTTP_TUNNELS, "http_tunnels", "connections that ceased to be HTTP (CONNECT, Upgrade)")  \
	X(TLS_HANDSHAKES, "tls_handshakes", "TLS handshakes finished with clients")               \
	X(TLS_RESUMED, "tls_resumed", "of them those that resumed a session")                     \
	X(TLS_FAILED, "tls_failed", "clients' TLS that failed, in handshakes and afterwards")     \
	X(TLS_SERVER_HANDSHAKES, "tls_server_handshakes", "TLS handshakes finished with servers") \
	X(TLS_SERVER_RESUMED, "tls_server_resumed", "of those with servers the resumed ones")     \
	X(TLS_SERVER_FAILED, "tls_server_failed", "servers' TLS that failed, certificates too")   \
	X(TLS_TIMEOUTS, "tls_timeouts", "TLS handshakes that took too long")                      \
	X(TLS_TRUNCATED, "tls_truncated", "TLS connections that ended without close_notify")      \
	X(TLS_HTTP2_ONLY, "tls_http2_only",                                                       \
	  "servers found to take HTTP/2 alone, where http2Upstream is auto")                      \
	X(TLS_KEPT, "tls_kept", "TLS connections whose records libssl makes")                     \
	X(TLS_MEMORY, "tls_memory", "times that TLS had to wait for packet buffers")              \
	X(NAMES_ALLOWED, "names_allowed", "flows that policy allowed by their ClientHello")       \
	X(NAMES_DENIED, "names_denied", "flows that it refused by that, or for want of it")       \
	X(IDENTITIES_ALLOWED, "identities_allowed",                                               \
	  "flows that policy allowed by who their clients are")                                   \
	X(IDENTITIES_DENIED, "identities_denied",                                                 \
	  "flows that it refused by that, or for want of a certificate")                          \
	X(IDENTITIES_LOST, "identities_lost",                                                     \
	  "identities of flows not remembered for the next reload")                               \
	X(NAMES_LOST, "names_lost",                                                               \
	  "names of flows not remembered for the next reload or a record")                        \
	X(TLS_INTERCEPTED, "tls_intercepted", "flows whose TLS is opened by policy")              \
	X(TLS_BYPASSED, "tls_bypassed", "flows left closed by an interception's bypass")          \
	X(TLS_PINNED, "tls_pinned", "clients that did not take a certificate that weir has made") \
	X(TX_RECORDS_LOST, "tx_records_lost", "records of transactions lost (log.transactions)")  \
	X(FRAGMENTS_IN, "fragments_in", "fragments received")                                     \
	X(FRAGMENTS_OUT, "fragments_out", "fragments sent on")                                    \
	X(DATAGRAMS_REASSEMBLED, "datagrams_reassembled", "datagrams completed from fragments")   \
	X(CHECKSUM_UNFINISHED, "checksum_unfinished",                                             \
	  "packets whose sender left the checksum to hardware")                                   \
	X(CHECKSUM_REPAIRED, "checksum_repaired",                                                 \
	  "unfinished checksums completed (ports.checksum: repair)")                              \
	X(HANDOFF_OUT, "handoff_out", "packets given to the worker that owns their flow")         \
	X(HANDOFF_IN, "handoff_in", "packets taken from other workers")                           \
	X(EVENTS_LOST, "events_lost", "decision records lost because the ring was full")          \
	X(LOOPS, "loops", "turns of the worker's loop")                                           \
	X(LOOPS_BUSY, "loops_busy", "turns that had packets")                                     \
	X(CYCLES, "cycles", "TSC cycles of all turns, another process's on the core among them")  \
	X(CYCLES_BUSY, "cycles_busy", "of those the ones of turns that received or sent")         \
	X(GENERATION, "generation", "the generation that the worker last saw")

enum weir_counter {
#define WEIR_COUNTER_ENUM(id, name, text) WEIR_COUNT_##id,
	WEIR_COUNTERS(WEIR_COUNTER_ENUM)
#undef WEIR_COUNTER_ENUM
		WEIR_COUNT_END
};

/* The stages of the packet's path, for cycles a stage; see lib/path. */
#define WEIR_STAGES(X)          \
	X(RX, "rx")             \
	X(PARSE, "parse")       \
	X(CLASSIFY, "classify") \
	X(POLICE, "police")     \
	X(CARRY, "carry")       \
	X(TX, "tx")

enum weir_stage {
#define WEIR_STAGE_ENUM(id, name) WEIR_STAGE_##id,
	WEIR_STAGES(WEIR_STAGE_ENUM)
#undef WEIR_STAGE_ENUM
		WEIR_STAGE_END
};

/* What HTTP spends cycles on, each counted apart but for `all`, which has the rest in it. All of
 * them are counted, not a sample. */
#define WEIR_HTTP_WORK(X)                                        \
	X(ALL, "all")                     /* all of the below */ \
	X(PARSE, "parse")                 /* heads */            \
	X(REQUEST_HEAD, "request_head")   /* phase 1 */          \
	X(REQUEST_BODY, "request_body")   /* taking it in */     \
	X(REQUEST_END, "request_end")     /* phase 2 */          \
	X(RESPONSE_HEAD, "response_head") /* phase 3 */          \
	X(RESPONSE_BODY, "response_body") /* taking it in */     \
	X(RESPONSE_END, "response_end")   /* phase 4 */          \
	X(LOG, "log")                     /* phase 5 */          \
	X(TRANSACTION, "transaction")     /* begin, destroy */   \
	X(RECORD, "record")               /* of a transaction */

enum weir_http_work {
#define WEIR_HTTP_WORK_ENUM(id, name) WEIR_HTTP_WORK_##id,
	WEIR_HTTP_WORK(WEIR_HTTP_WORK_ENUM)
#undef WEIR_HTTP_WORK_ENUM
		WEIR_HTTP_WORK_END
};

/* Log-linear histogram: 8 buckets an octave, values up to 2^40, about 9 % resolution. */
#define WEIR_HIST_BUCKETS (8 * 38)
struct weir_hist {
	uint64_t count;
	uint64_t sum;
	uint64_t max;
	uint64_t bucket[WEIR_HIST_BUCKETS];
};

void weir_hist_add(struct weir_hist *h, uint64_t value);
/* The value below which `part` (0..1) of the samples lie, a bucket's upper edge; 0 when empty. */
uint64_t weir_hist_quantile(const struct weir_hist *h, double part);
void weir_hist_merge(struct weir_hist *into, const struct weir_hist *from);

/* One a worker. */
struct weir_stats {
	/* worker writes, control reads */
	uint64_t count[WEIR_COUNT_END];
	uint64_t drop[WEIR_DROP_END];
	/* Stage cycles are sampled: `stage_packets` tells over how many packets. */
	uint64_t stage_cycles[WEIR_STAGE_END];
	uint64_t stage_packets[WEIR_STAGE_END];
	uint64_t http_cycles[WEIR_HTTP_WORK_END];
} __attribute__((aligned(WEIR_CACHE_LINE)));

static inline void weir_count(struct weir_stats *s, enum weir_counter c, uint64_t n)
{
	s->count[c] += n;
}

static inline void weir_count_drop(struct weir_stats *s, enum weir_drop d)
{
	s->drop[d]++;
}

/* Adds `from` (which its worker may be writing) to `into`; GENERATION becomes the lowest non-zero.
 */
void weir_stats_add(struct weir_stats *into, const struct weir_stats *from);

const char *weir_drop_name(enum weir_drop d); /* "none" for 0, never NULL */
const char *weir_drop_text(enum weir_drop d);
const char *weir_counter_name(enum weir_counter c);
const char *weir_counter_text(enum weir_counter c);
const char *weir_stage_name(enum weir_stage s);
const char *weir_http_work_name(enum weir_http_work w);

/* Prometheus text exposition (version 0.0.4) of `n` workers' counters, label worker="<lcore>";
 * `first` also writes HELP and TYPE lines. Sizes and families are in lib/ctl. */
void weir_stats_prometheus(struct weir_buf *out, const struct weir_stats *const *workers,
			   const unsigned int *lcores, unsigned int n);

#endif
