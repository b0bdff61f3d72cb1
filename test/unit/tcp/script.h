/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Segments as a script, in the manner of packetdrill. Statements are separated by ';':
 *
 *   open                            the handshake, with what it must look like on both sides
 *   c> FLAGS SEQ ACK LEN [more]     the client sends; s> the server
 *   c< FLAGS SEQ ACK LEN [more]     weir must now have sent this to the client; s< to the server
 *   c< -                            and nothing
 *   wait MS                         time passes
 *   drop NAME                       the last segment given to weir was refused for this reason
 *   counted NAME N                  a counter has this value
 *   end closed|reset|timeout|none   the connection is over, and why
 *   hold, pass N                    bytes are not passed on by themselves; the first N are
 *   write c|s SEQ N [refused]       weir sends N bytes of its own to this side, there in number SEQ
 *   discard c|s N, shut c|s,
 *   abort c|s, apart, uncouple,
 *   tell c|s                        weir_tcp_discard, _shut, _abort_leg, _keep_ends, _uncouple,
 *                                   _tell_room
 *   told c|s N                      on_bytes was called so often for the leg
 *   later, flush                    what weir is asked to do until `flush` goes out only then, as
 *                                   what segments of one burst ask for does
 *   queued c|s N, offset c|s N,
 *   quiet, unquiet                  what weir_tcp_queued, _offset, _is_quiet say
 *
 * Numbers count from the sender's initial number, acknowledgements from the other one's. FLAGS are
 * letters of SFRPAUEC; what weir sends is compared without P. more: win N, mss N, scale N, maysack,
 * sack A-B[,C-D], ts VAL ECR, urg N, tfo, ect, ce, from N (the payload is that of number N); a
 * segment of weir must have just what is written, but for win.
 */
#ifndef SCRIPT_H
#define SCRIPT_H

#include "lab.h"

#define CLIENT_ISN 4294967000u /* numbers wrap in every script */
#define SERVER_ISN 5000u

/* A new connection; aborts the test with the statement that does not hold. */
void script_run(const char *name, const char *text, const struct lab_cfg *cfg);

#endif
