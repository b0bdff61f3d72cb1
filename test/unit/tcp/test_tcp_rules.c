/* SPDX-License-Identifier: BSD-3-Clause */
/* What an endpoint on the wire can be asked, one row a rule, each with the section that has it. */
#include "script.h"
#include "weir_test.h"

#include <stdio.h>

struct rule {
	const char *section;
	const char *name;
	const char *script;
};

/* ---- RFC 9293: opening ---- */

static const struct rule opening[] = {
	{"9293 3.5", "a connection opens with the peers' own numbers", "open; end none"},
	{"9293 3.5", "a syn that is repeated goes on again",
	 "c> S 0 0 0 mss 1460; s< S 0 0 0 mss 1460; c> S 0 0 0 mss 1460; s< S 0 0 0 mss 1460"},
	{"9293 3.5", "a syn-ack that is repeated goes on again",
	 "c> S 0 0 0; s< S 0 0 0; s> SA 0 1 0; c< SA 0 1 0; s> SA 0 1 0; c< SA 0 1 0"},
	{"9293 3.5", "data that came with the third segment is taken",
	 "c> S 0 0 0; s< S 0 0 0; s> SA 0 1 0; c< SA 0 1 0; c> A 1 1 10; s< A 1 1 10; c< A 1 11 0"},
	{"9293 3.5.1", "both may open at once",
	 "c> S 0 0 0; s< S 0 0 0; s> S 0 0 0; c< S 0 0 0; c> SA 0 1 0; s< SA 0 1 0;"
	 "s> SA 0 1 0; c< SA 0 1 0; c< A 1 1 0; c> A 1 1 5; s< A 1 1 5"},
	{"9293 3.5.1", "a responder that remembers an older connection is heard",
	 "c> S 0 0 0; s< S 0 0 0; s> A 700 9 0; c< A 700 9 0; c> R 9 0 0; s< R 9 0 0"},
	{"9293 3.10.7.3", "a syn-ack for another number is refused",
	 "c> S 0 0 0; s< S 0 0 0; s> SA 0 2 0; drop tcp_bad_ack; c< -"},
	{"9293 3.10.7.3", "a port that is refused is refused",
	 "c> S 0 0 0; s< S 0 0 0; s> RA 0 1 0; c< RA 0 1 0; end reset"},
	{"9293 3.10.7.3", "a refusal of another number is none",
	 "c> S 0 0 0; s< S 0 0 0; s> RA 0 7 0; drop tcp_bad_ack; c< -; end none"},
	{"9293 3.10.7.4", "an initiator may give up",
	 "c> S 0 0 0; s< S 0 0 0; c> R 1 0 0; s< R 1 0 0;"
	 "end reset"},
	{"9293 3.5", "an initiator that begins anew has a new connection",
	 "c> S 0 0 0; s< S 0 0 0; c> S 900 0 0; s< S 900 0 0; s> SA 0 901 0; c< SA 0 901 0;"
	 "c> A 901 1 0; s< A 901 1 0"},
	{"9293 3.10.7.4", "an ack of what was never sent does not open",
	 "c> S 0 0 0; s< S 0 0 0; s> SA 0 1 0; c< SA 0 1 0; c> A 1 9 0; drop tcp_bad_ack; s< -"},
	{"9293 3.10.7.4", "data in a syn is left to its sender to repeat",
	 "c> S 0 0 20 mss 1460; s< S 0 0 0 mss 1460; s> SA 0 1 0; c< SA 0 1 0; c> A 1 1 20;"
	 "s< A 1 1 20; c< A 1 21 0"},
	{"9293 3.7.1", "a segment size larger than the line takes is cut",
	 "c> S 0 0 0 mss 8960; s< S 0 0 0 mss 1460; s> SA 0 1 0 mss 9000; c< SA 0 1 0 mss 1460"},
	{"7413", "fast open is not offered on",
	 "c> S 0 0 0 mss 1460 tfo; s< S 0 0 0 mss 1460; s> SA 0 1 0 mss 1460; c< SA 0 1 0 mss "
	 "1460"},
	{"7323 2.3", "a shift above 14 is 14", "c> S 0 0 0 scale 15; s< S 0 0 0 scale 14"},
};

/* ---- RFC 9293, 5961: segments ---- */

static const struct rule segments[] = {
	{"9293 3.10.7.4", "data goes on and is acknowledged",
	 "open; c> A 1 1 100; s< A 1 1 100; c< A 1 101 0; s> A 1 101 200; c< A 1 101 200;"
	 "s< A 101 201 0"},
	{"9293 3.10.7.4", "segments out of order go on in order",
	 "open; c> A 101 1 100; s< -; c< A 1 1 0; c> A 1 1 100; s< A 1 1 200; c< A 1 201 0"},
	{"9293 3.10.7.4", "data left of the window is acknowledged again",
	 "open; c> A 1 1 100; s< A 1 1 100; c< A 1 101 0; c> A 1 1 100; drop none;"
	 "c< A 1 101 0; s< -"},
	{"9293 3.10.7.4", "data that is partly old is taken from where it is new",
	 "open; c> A 1 1 100; s< A 1 1 100; c< A 1 101 0; c> A 51 1 100; s< A 101 1 50;"
	 "c< A 1 151 0"},
	{"9293 3.10.7.4", "data right of the window is answered and not taken",
	 "open; c> A 200001 1 100; drop tcp_out_of_window; c< A 1 1 0; s< -"},
	{"9293 3.10.7.4", "a segment without ack is dropped",
	 "open; c> P 1 0 10; drop tcp_bad_flags; s< -; c< -"},
	{"9293 3.10.7.4", "an ack of what was not sent is answered and dropped",
	 "open; c> A 1 2 10; drop tcp_bad_ack; c< A 1 1 0; s< -"},
	{"5961 5.2", "an ack from long ago is answered and dropped",
	 "open; c> A 1 4294900000 10; drop tcp_bad_ack; c< A 1 1 0; s< -"},
	{"5961 3.2", "a reset at the next number resets",
	 "open; c> R 1 0 0; s< RA 1 1 0; end reset"},
	{"5961 3.2", "a reset elsewhere in the window is challenged",
	 "open; c> R 2 0 0; drop tcp_out_of_window; c< A 1 1 0; s< -; end none"},
	{"5961 3.2", "a reset outside of the window is dropped",
	 "open; c> R 4294967290 0 0; drop tcp_out_of_window; c< -; s< -; end none"},
	{"5961 4.2", "a syn in the window is challenged",
	 "open; c> S 5 0 0; drop tcp_bad_state; c< A 1 1 0; s< -; end none"},
	{"5961 4.2", "a syn elsewhere is answered, too",
	 "open; c> S 900000 0 0; drop tcp_out_of_window; c< A 1 1 0; s< -; end none"},
	{"5961 10", "challenges are limited",
	 "open; c> R 2 0 0; c< A 1 1 0; c> R 2 0 0; c< -; c> R 2 0 0; c< -"},
	{"9293 3.10.7.4", "a reset comes after the data before it",
	 "open; c> A 1 1 100; s< A 1 1 100; c< A 1 101 0; c> R 101 0 0; s< RA 101 1 0;"
	 "s< RA 1 1 0; end reset"},
	{"6093", "urgent data goes on in band",
	 "open; c> AU 1 1 10 urg 5; s< A 1 1 10; c< A 1 11 0"},
	{"5681 4.2", "at the beginning each segment is acknowledged at once",
	 "open; c> A 1 1 1; s< A 1 1 1; c< A 1 2 0"},
	{"9293 3.8.4", "a keep-alive is asked on and answered when it is answered",
	 "open; c> A 0 1 0; c< -; s< A 0 1 0; s> A 1 1 0; c< A 1 1 0"},
	{"9293 3.8.4", "a keep-alive with a byte is one, too",
	 "open; c> A 0 1 1; c< -; s< A 0 1 0; s> A 1 1 0; c< A 1 1 0"},
	{"9293 3.8.4", "nobody answers for a peer that is gone",
	 "open; c> A 0 1 0; c< -; s< A 0 1 0; wait 1000; c< -"},
};

/* ---- RFC 9293: closing ---- */

static const struct rule closing[] = {
	{"9293 3.6", "the initiator closes, then the responder",
	 "open; c> FA 1 1 0; c< A 1 2 0; s< FA 1 1 0; s> A 1 2 0; c< -; s> FA 1 2 0; c< FA 1 2 0;"
	 "s< A 2 2 0; c> A 2 2 0; wait 61000; end closed"},
	{"9293 3.6", "the responder closes, then the initiator",
	 "open; s> FA 1 1 0; s< A 1 2 0; c< FA 1 1 0; c> A 1 2 0; s< -; c> FA 1 2 0; s< FA 1 2 0;"
	 "c< A 2 2 0; s> A 2 2 0; wait 61000; end closed"},
	{"9293 3.6 case 3", "both close at once",
	 "open; c> FA 1 1 0; c< A 1 2 0; s< FA 1 1 0; s> FA 1 1 0; s< A 2 2 0; c< FA 1 2 0;"
	 "s> A 2 2 0; c> A 2 2 0; wait 61000; end closed"},
	{"9293 3.6", "a fin follows the data before it",
	 "open; c> FA 1 1 10; c< A 1 12 0; s< A 1 1 10; s< FA 11 1 0"},
	{"9293 3.6", "a fin behind a gap waits",
	 "open; c> FA 11 1 0; c< A 1 1 0; s< -; c> A 1 1 10; c< A 1 12 0; s< A 1 1 10;"
	 "s< FA 11 1 0"},
	{"9293 3.6", "bytes that were sent behind the place of a fin are none",
	 "open; c> A 11 1 10; c< A 1 1 0; c> FA 1 1 5; c< A 1 7 0; s< A 1 1 5; s< FA 6 1 0;"
	 "c> A 6 1 5; s< -; end none"},
	{"9293 3.6", "data still flows towards a peer that has closed",
	 "open; c> FA 1 1 0; c< A 1 2 0; s< FA 1 1 0; s> A 1 2 100; c< A 1 2 100; s< A 2 101 0;"
	 "c> A 2 101 0; s< -; end none"},
	{"9293 3.10.7.4", "data behind a fin is not taken",
	 "open; c> FA 1 1 0; c< A 1 2 0; s< FA 1 1 0; c> A 2 1 10; s< -"},
	{"9293 3.10.7.4", "a fin that is repeated is acknowledged again",
	 "open; c> FA 1 1 0; c< A 1 2 0; s< FA 1 1 0; s> A 1 2 0; c> FA 1 1 0; c< A 1 2 0"},
	{"9293 3.6.1", "a new connection may follow at once",
	 "open; c> FA 1 1 0; c< A 1 2 0; s< FA 1 1 0; s> FA 1 2 0; s< A 2 2 0; c< FA 1 2 0;"
	 "c> A 2 2 0; c> S 9000 0 0; s< S 9000 0 0; s> SA 0 9001 0; c< SA 0 9001 0"},
	{"9293 3.10.7.4", "a reset in LAST-ACK takes nothing from the other peer",
	 "open; s> FA 1 1 10; s< A 1 12 0; c< A 1 1 10; c< FA 11 1 0; c> FA 1 1 0; c< A 12 2 0;"
	 "s< FA 1 12 0; s> R 12 0 0; end none; c< -; wait 300; c< A 1 2 10;"
	 "c> A 2 12 0; wait 61000; end closed"},
	{"9293 3.10.7.4", "a reset ends a connection that is half closed",
	 "open; c> FA 1 1 0; c< A 1 2 0; s< FA 1 1 0; s> RA 1 2 0; c< RA 1 2 0; end reset"},
};

/* ---- flow control, repetition ---- */

static const struct rule sending[] = {
	{"9293 3.8.6.2.1", "no more is sent than the peer has room for",
	 "open; s> A 1 1 0 win 50; c> A 1 1 100; c< A 1 101 0; s< -; wait 250; s< A 1 1 50;"
	 "s> A 1 51 0 win 50; s< A 51 1 50"},
	{"9293 3.8.6.1", "a window that is shut is asked about, ever more seldom",
	 "open; s> A 1 1 0 win 0; c> A 1 1 100; c< A 1 101 0; s< -; wait 250; s< A 0 1 0;"
	 "s> A 1 1 0 win 0; wait 250; s< -; wait 250; s< A 0 1 0; s> A 1 1 0 win 1000;"
	 "s< A 1 1 100"},
	{"9293 3.8.6.1", "a peer that keeps its window shut for ever is given up",
	 "open; s> A 1 1 0 win 0; c> A 1 1 100; c< A 1 101 0; wait 250; s< A 0 1 0; wait 910000;"
	 "c< RA 1 101 0; s< RA 1 1 0; end timeout"},
	{"9293 3.8.6.2.1", "a small window is not filled with small segments",
	 "open; s> A 1 1 0 win 1460; s> A 1 1 0 win 100; c> A 1 1 1000; c< A 1 1001 0; s< -"},
	{"9293 3.8.6", "bytes that nobody passes shut the window",
	 "open; hold; c> A 1 1 1000; c< A 1 1001 0 win 64535; s< -; pass 1000; s< A 1 1 1000"},
	{"6298 5", "what is not acknowledged is sent again, with double the time",
	 "open; c> A 1 1 100; s< A 1 1 100; c< A 1 101 0; wait 220; s< A 1 1 100; wait 300;"
	 "s< -; wait 120; s< A 1 1 100"},
	{"5681 3.2", "three duplicates and it is sent again",
	 "open; c> A 1 1 1000; c> A 1001 1 1000; c> A 2001 1 1000; c> A 3001 1 1000;"
	 "c> A 4001 1 1000; s< A 1 1 1000; s< A 1001 1 1000; s< A 2001 1 1000; s< A 3001 1 1000;"
	 "s< A 4001 1 1000; s> A 1 1 0; s> A 1 1 0; s< -; s> A 1 1 0; s< A 1 1 1000"},
	{"9293 3.8.3", "a peer that never answers is given up",
	 "open; c> A 1 1 100; s< A 1 1 100; c< A 1 101 0; wait 300; s< A 1 1 100; wait 1000;"
	 "s< A 1 1 100; wait 2000; s< A 1 1 100; wait 930000; c< RA 1 101 0; s< RA 101 1 0;"
	 "s< RA 1 1 0; end timeout"},
	{"5681 4.2", "every second full segment is acknowledged at least",
	 "open; c> A 1 1 1460; c< A 1 1461 0; c> A 1461 1 1460; c< A 1 2921 0"},
};

/* ---- RFC 7323, 2018, 2883, 8985 ---- */

#define OPEN_ALL                                           \
	"c> S 0 0 0 mss 1460 scale 7 maysack ts 100 0;"    \
	"s< S 0 0 0 mss 1460 scale 7 maysack ts 100 0;"    \
	"s> SA 0 1 0 mss 1460 scale 2 maysack ts 900 100;" \
	"c< SA 0 1 0 mss 1460 scale 2 maysack ts 900 100;" \
	"c> A 1 1 0 ts 101 900; s< A 1 1 0 ts 101 900;"

static const struct rule options[] = {
	{"7323 3.2", "timestamps are each peer's own",
	 OPEN_ALL "c> A 1 1 10 ts 150 900; s< A 1 1 10 ts 150 900; c< A 1 11 0 ts 900 150;"
		  "s> A 1 11 0 ts 950 150; c> A 11 1 10 ts 160 900; s< A 11 1 10 ts 160 950"},
	{"7323 5", "a segment with an old timestamp is answered and dropped",
	 OPEN_ALL "c> A 1 1 10 ts 90 900; drop tcp_old_timestamp; s< -; c< A 1 1 0 ts 900 101"},
	{"7323 5", "an acknowledgement that was overtaken by a newer one is no old segment",
	 OPEN_ALL "c> A 1 1 100 ts 110 900; s< A 1 1 100 ts 110 900; c< A 1 101 0 ts 900 110;"
		  "s> A 1 101 0 ts 910 110; s> A 1 1 0 ts 905 101; drop none; s< -; c< -"},
	{"9293 3.10.7.4", "one that was overtaken by data is answered, and is no fault",
	 OPEN_ALL "s> A 1 1 100 ts 910 101; c< A 1 1 100 ts 910 101; s< A 1 101 0 ts 101 910;"
		  "s> A 1 1 0 ts 910 101; drop none; s< A 1 101 0 ts 101 910"},
	{"7323 5.3", "a reset is judged by its number alone",
	 OPEN_ALL "c> R 1 0 0 ts 1 0; s< RA 1 1 0 ts 101 900; end reset"},
	{"7323 4.3", "the echo is of what is acknowledged, not of what waits behind a gap",
	 OPEN_ALL "c> A 101 1 100 ts 200 900; c< A 1 1 0 ts 900 101 sack 101-201;"
		  "c> A 1 1 100 ts 190 900; s< A 1 1 200 ts 200 900; c< A 1 201 0 ts 900 190"},
	{"2018 4", "the latest block is told first",
	 OPEN_ALL "c> A 101 1 100 ts 200 900; c< A 1 1 0 ts 900 101 sack 101-201;"
		  "c> A 301 1 100 ts 200 900; c< A 1 1 0 ts 900 101 sack 301-401,101-201;"
		  "c> A 201 1 100 ts 200 900; c< A 1 1 0 ts 900 101 sack 101-401"},
	{"2883 4", "what has come twice is told",
	 OPEN_ALL "c> A 1 1 100 ts 200 900; s< A 1 1 100 ts 200 900; c< A 1 101 0 ts 900 200;"
		  "c> A 1 1 100 ts 200 900; c< A 1 101 0 ts 900 200 sack 1-101"},
	{"7323 2.2", "windows are scaled after the handshake",
	 OPEN_ALL "s> A 1 1 0 win 10 ts 901 101; c> A 1 1 40 ts 110 900; c< A 1 41 0 ts 901 110;"
		  "s< A 1 1 40 ts 110 901; c> A 41 1 1 ts 110 900; c< A 1 42 0 ts 901 110; s< -"},
	{"8985 6.2", "what was sent before something that arrived is lost",
	 OPEN_ALL "c> A 1 1 1000 ts 110 900; c> A 1001 1 1000 ts 110 900;"
		  "c> A 2001 1 1000 ts 110 900; c> A 3001 1 1000 ts 110 900;"
		  "s< A 1 1 1000 ts 110 900; s< A 1001 1 1000 ts 110 900;"
		  "s< A 2001 1 1000 ts 110 900; s< A 3001 1 1000 ts 110 900; wait 1;"
		  "s> A 1 1 0 ts 910 110 sack 1001-4001; wait 2; s< A 1 1 1000 ts 110 910"},
	{"8985 7", "a tail that is lost is probed for before the timeout",
	 OPEN_ALL "c> A 1 1 1000 ts 110 900; s< A 1 1 1000 ts 110 900; s> A 1 1001 0 ts 910 110;"
		  "c> A 1001 1 1400 ts 111 900; c> A 2401 1 1400 ts 111 900;"
		  "s< A 1001 1 1400 ts 111 910; s< A 2401 1 1400 ts 111 910; wait 10;"
		  "s< A 2401 1 1400 ts 111 910"},
	{"2018 8", "a peer may throw away what it said it had",
	 OPEN_ALL "c> A 1 1 1000 ts 110 900; c> A 1001 1 1000 ts 110 900;"
		  "s< A 1 1 1000 ts 110 900; s< A 1001 1 1000 ts 110 900;"
		  "s> A 1 1 0 ts 910 110 sack 1001-2001; wait 3; s< A 1 1 1000 ts 110 910;"
		  "s> A 1 1001 0 ts 911 110; wait 900; s< A 1001 1 1000 ts 110 911"},
	{"2018", "blocks of what was never sent are not believed",
	 OPEN_ALL "c> A 1 1 1000 ts 110 900; s< A 1 1 1000 ts 110 900; c< A 1 1001 0 ts 900 110;"
		  "s> A 1 1 0 ts 910 110 sack 5001-9001; wait 3; s< -"},
};

/* Where only one leg can have blocks of SACK at a time. */
static const struct rule lent[] = {
	{"2018", "who has no room for blocks tells none, and does when there is room again",
	 OPEN_ALL "c> A 101 1 100 ts 200 900; c< A 1 1 0 ts 900 101 sack 101-201;"
		  "counted tcp_no_blocks 0; s> A 101 1 100 ts 910 101; s< A 1 1 0 ts 200 900;"
		  "counted tcp_no_blocks 1; c> A 1 1 100 ts 201 900; s< A 1 1 200 ts 201 900;"
		  "c< A 1 201 0 ts 910 201; s> A 301 201 100 ts 911 201;"
		  "s< A 201 1 0 ts 201 900 sack 301-401; counted tcp_no_blocks 1"},
	{"8985 6.2", "what a peer tells is heard without room to note it",
	 OPEN_ALL "c> A 1 1 1000 ts 110 900; c> A 1001 1 1000 ts 110 900;"
		  "c> A 2001 1 1000 ts 110 900; c> A 3001 1 1000 ts 110 900;"
		  "s< A 1 1 1000 ts 110 900; s< A 1001 1 1000 ts 110 900;"
		  "s< A 2001 1 1000 ts 110 900; s< A 3001 1 1000 ts 110 900;"
		  "c> A 5001 1 100 ts 110 900; counted tcp_no_blocks 0; wait 1;"
		  "s> A 1 1 0 ts 910 110 sack 1001-4001; counted tcp_no_blocks 1; wait 2;"
		  "s< A 1 1 1000 ts 110 910"},
};

/* ---- RFC 3168 ---- */

#define OPEN_ECN                                                               \
	"c> SEC 0 0 0 mss 1460; s< SEC 0 0 0 mss 1460; s> SAE 0 1 0 mss 1460;" \
	"c< SAE 0 1 0 mss 1460; c> A 1 1 0; s< A 1 1 0;"

/* One of four segments is late, and is sent again when the client's clock has gone on. */
#define SENT_AGAIN                                                                   \
	OPEN_ALL "c> A 1 1 1000 ts 110 900; c> A 1001 1 1000 ts 110 900;"            \
		 "c> A 2001 1 1000 ts 110 900; c> A 3001 1 1000 ts 110 900;"         \
		 "s< A 1 1 1000 ts 110 900; s< A 1001 1 1000 ts 110 900;"            \
		 "s< A 2001 1 1000 ts 110 900; s< A 3001 1 1000 ts 110 900;"         \
		 "wait 1; c> A 4001 1 1000 ts 120 900; s< A 4001 1 1000 ts 120 900;" \
		 "s> A 1 1 0 ts 910 110 sack 1001-4001; s< A 1 1 1000 ts 120 910;"   \
		 "counted tcp_recoveries 1; counted tcp_undone 0;"

static const struct rule marks[] = {
	{"3168 6.1.1", "the peers agree, and data is marked as capable",
	 OPEN_ECN
	 "c> A 1 1 100 ect; s< A 1 1 100 ect; c< A 1 101 0; s> A 1 101 100; c< A 1 101 100 ect;"
	 "s< A 101 101 0"},
	{"3168 6.1.1", "a server that does not speak it is left alone",
	 "c> SEC 0 0 0 mss 1460; s< SEC 0 0 0 mss 1460; s> SA 0 1 0 mss 1460;"
	 "c< SA 0 1 0 mss 1460; c> A 1 1 100; s< A 1 1 100; c< A 1 101 0"},
	{"3168 6.1.1", "nobody agrees to what was not asked, nor do reflections",
	 "c> S 0 0 0 mss 1460; s< S 0 0 0 mss 1460; s> SAE 0 1 0 mss 1460; c< SA 0 1 0 mss 1460;"
	 "c> A 1 1 100; s< A 1 1 100; c< A 1 101 0"},
	{"3168 6.1.1.1", "a reflection of the asking is no agreement",
	 "c> SEC 0 0 0 mss 1460; s< SEC 0 0 0 mss 1460; s> SAEC 0 1 0 mss 1460;"
	 "c< SA 0 1 0 mss 1460; c> A 1 1 100; s< A 1 1 100; c< A 1 101 0"},
	{"3168 6.1.1.1", "a SYN that is repeated without asking does not ask",
	 "c> SEC 0 0 0 mss 1460; s< SEC 0 0 0 mss 1460; c> S 0 0 0 mss 1460; s< S 0 0 0 mss 1460;"
	 "s> SAE 0 1 0 mss 1460; c< SA 0 1 0 mss 1460; c> A 1 1 9; s< A 1 1 9; c< A 1 10 0"},
	{"3168 6.1.3", "a mark is told until it was heeded, and does not cross",
	 OPEN_ECN "c> A 1 1 100 ce; s< A 1 1 100 ect; c< AE 1 101 0; c> A 101 1 100 ect;"
		  "s< A 101 1 100 ect; c< AE 1 201 0; c> AC 201 1 100 ect; s< A 201 1 100 ect;"
		  "c< A 1 301 0"},
	{"3168 6.1.2", "what the peer tells of is heeded once in what is under way",
	 OPEN_ECN
	 "c> A 1 1 100; s< A 1 1 100 ect; c< A 1 101 0; c> A 101 1 100; s< A 101 1 100 ect;"
	 "c< A 1 201 0; s> AE 1 101 0; c> A 201 1 100; s< AC 201 1 100 ect; c< A 1 301 0;"
	 "s> AE 1 201 0; c> A 301 1 100; s< A 301 1 100 ect; c< A 1 401 0;"
	 "s> AE 1 401 0; c> A 401 1 100; s< AC 401 1 100 ect"},
	{"3708", "what was late and not lost is no reason to slow down",
	 OPEN_ALL "c> A 1 1 1000 ts 110 900; c> A 1001 1 1000 ts 110 900;"
		  "c> A 2001 1 1000 ts 110 900; c> A 3001 1 1000 ts 110 900;"
		  "s< A 1 1 1000 ts 110 900; s< A 1001 1 1000 ts 110 900;"
		  "s< A 2001 1 1000 ts 110 900; s< A 3001 1 1000 ts 110 900; wait 1;"
		  "s> A 1 1 0 ts 910 110 sack 1001-4001; wait 2; s< A 1 1 1000 ts 110 910;"
		  "s< -; counted tcp_recoveries 1; counted tcp_undone 0;"
		  "c> A 4001 1 1000 ts 110 910; s< A 4001 1 1000 ts 110 910;"
		  "s> A 1 4001 0 ts 911 110; s> A 1 4001 0 ts 911 110 sack 1-1001;"
		  "counted tcp_undone 1"},
	{"2883 4", "what has come twice is heard in an acknowledgement that was overtaken, too",
	 SENT_AGAIN "s> A 1 4001 0 ts 911 110; s> A 1 4001 0 ts 910 110 sack 1-1001;"
		    "drop none; counted tcp_undone 1"},
	{"2883 4", "what has come twice is heard when all is acknowledged, too",
	 SENT_AGAIN "s> A 1 5001 0 ts 911 120; counted tcp_undone 0;"
		    "s> A 1 5001 0 ts 912 120 sack 1-1001; counted tcp_undone 1"},
	{"2883 4", "two that came twice in a burst are both told, together or each by itself",
	 OPEN_ALL "c> A 1 1 300 ts 110 900; s< A 1 1 300 ts 110 900; c< A 1 301 0 ts 900 110;"
		  "later; c> A 1 1 100 ts 110 900; c> A 101 1 100 ts 110 900; flush;"
		  "c< A 1 301 0 ts 900 110 sack 1-201;"
		  "later; c> A 1 1 100 ts 110 900; c> A 201 1 100 ts 110 900; flush;"
		  "c< A 1 301 0 ts 900 110 sack 1-101; c< A 1 301 0 ts 900 110 sack 201-301"},
	{"8985 6.2", "what is late within a burst of acknowledgements is no reason to slow down",
	 OPEN_ALL "c> A 1 1 1000 ts 110 900; c> A 1001 1 1000 ts 110 900;"
		  "c> A 2001 1 1000 ts 110 900; c> A 3001 1 1000 ts 110 900;"
		  "s< A 1 1 1000 ts 110 900; s< A 1001 1 1000 ts 110 900;"
		  "s< A 2001 1 1000 ts 110 900; s< A 3001 1 1000 ts 110 900; wait 1;"
		  "later; s> A 1 1 0 ts 910 110 sack 1001-4001; s> A 1 4001 0 ts 910 110; flush;"
		  "s< -; counted tcp_recoveries 1; counted tcp_undone 1; counted tcp_resent 0"},
	{"3522 3.2", "a gap that was filled by what was sent first is no reason to slow down",
	 SENT_AGAIN "s> A 1 4001 0 ts 911 110; counted tcp_undone 1"},
	{"3522 3.2", "one that was filled by the repetition is",
	 SENT_AGAIN "s> A 1 4001 0 ts 911 120; counted tcp_undone 0"},
	{"3168 6.1.5", "a repetition is not marked as capable",
	 OPEN_ECN "c> A 1 1 100; s< A 1 1 100 ect; c< A 1 101 0; wait 220; s< A 1 1 100"},
};

static void run_rules_with(const struct rule *rules, size_t n, uint32_t sack_legs)
{
	for (size_t i = 0; i < n; i++)
		for (uint8_t family = 4; family <= 6; family += 2) {
			struct lab_cfg cfg = {.family = family,
					      .mtu = family == 4 ? 1500 : 1520,
					      .sack_legs = sack_legs};
			char name[160];

			snprintf(name, sizeof(name), "RFC %s: %s (IPv%u)", rules[i].section,
				 rules[i].name, family);
			script_run(name, rules[i].script, &cfg);
		}
}

static void run_rules(const struct rule *rules, size_t n)
{
	run_rules_with(rules, n, 0);
}

START_TEST(opening_follows_the_rules)
{
	run_rules(opening, WEIR_ARRAY_LEN(opening));
}
END_TEST

START_TEST(segments_are_judged_by_the_rules)
{
	run_rules(segments, WEIR_ARRAY_LEN(segments));
}
END_TEST

START_TEST(closing_follows_the_rules)
{
	run_rules(closing, WEIR_ARRAY_LEN(closing));
}
END_TEST

START_TEST(sending_follows_the_rules)
{
	run_rules(sending, WEIR_ARRAY_LEN(sending));
}
END_TEST

START_TEST(marks_of_congestion_follow_the_rules)
{
	run_rules(marks, WEIR_ARRAY_LEN(marks));
}
END_TEST

START_TEST(options_follow_the_rules)
{
	run_rules(options, WEIR_ARRAY_LEN(options));
}
END_TEST

START_TEST(blocks_are_lent_to_who_needs_them)
{
	run_rules_with(lent, WEIR_ARRAY_LEN(lent), 1);
}
END_TEST

START_TEST(an_idle_connection_holds_three_quarters_of_a_kilobyte)
{
	ck_assert_uint_le(weir_tcp_conn_bytes(), 768);
}
END_TEST

Suite *tcp_rules_suite(void)
{
	return WEIR_SUITE("tcp rules", opening_follows_the_rules, segments_are_judged_by_the_rules,
			  closing_follows_the_rules, sending_follows_the_rules,
			  options_follow_the_rules, blocks_are_lent_to_who_needs_them,
			  marks_of_congestion_follow_the_rules,
			  an_idle_connection_holds_three_quarters_of_a_kilobyte);
}
