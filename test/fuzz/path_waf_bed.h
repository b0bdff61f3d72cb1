/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The bed (path_bed.h) of connections whose requests rules judge: what is added to the streams of
 * clients and servers, and reloads. A stream rule looks at the bytes, too.
 */
#ifndef PATH_WAF_BED_H
#define PATH_WAF_BED_H

#include "path_bed.h"

/* `policy` has FOLDER for the folder in which waf.conf, with `rules`, is. The second connection
 * goes to the port `second` of the server, the first one to 80. "streamattack" is reset. */
void waf_bed_start(const char *policy, const char *rules, uint16_t second);
/* Another one of that policy. */
struct weir_generation *waf_bed_generation(void);
/* Both connections, anew. */
void waf_bed_begin(void);
/* `what` may be 8, 9 or 15, too. */
void waf_bed_act(const struct bed_record *r);
/* Adds of the `left` bytes of input as many as the record says; returns how many. */
size_t waf_bed_write_raw(const struct bed_record *r, const uint8_t *in, size_t left);

#endif
