/* SPDX-License-Identifier: BSD-3-Clause */
/* What weir throws away, says and ends by itself, one row a rule: scripts as of script.h. */
#include "script.h"
#include "weir_test.h"

#include <stdio.h>

#include <rte_mbuf.h>
#include <rte_mempool.h>

struct row {
	const char *name;
	const char *script;
};

static const struct row discarding[] = {
	{"what is thrown away is acknowledged and goes nowhere",
	 "open; quiet; hold; c> A 1 1 100; c< A 1 101 0; discard c 100; offset c 100; s< -;"
	 "unquiet; c> A 101 1 50; pass 50; s< A 1 1 50 from 101; c< A 1 151 0; s> A 1 51 0;"
	 "queued s 0; offset c 150; unquiet"},
	{"the first part is thrown away, the rest goes on",
	 "open; hold; c> A 1 1 100; c< A 1 101 0; discard c 30; pass 70; s< A 1 1 70 from 31"},
	{"parts of segments are thrown away across their borders",
	 "open; hold; c> A 1 1 1000; c> A 1001 1 1000; c> A 2001 1 1000; discard c 1500;"
	 "pass 1500; s< A 1 1 500 from 1501; s< A 501 1 1000 from 2001"},
	{"the window opens again",
	 "open; hold; c> A 1 1 1460; c< A 1 1461 0 win 64075; c> A 1461 1 1460;"
	 "c< A 1 2921 0 win 62615; discard c 2920; c> A 2921 1 10; c< A 1 2931 0 win 65526"},
	{"a fin follows what was thrown away before it",
	 "open; hold; c> FA 1 1 100; c< A 1 102 0; s< -; discard c 100; s< FA 1 1 0; s> FA 1 2 0;"
	 "s< A 2 2 0; c< FA 1 102 0; c> A 102 2 0; wait 61000; end closed"},
	{"numbers that were acknowledged before are not heard of by the other peer",
	 "open; hold; c> A 1 1 100; c< A 1 101 0; discard c 100; s> A 1 101 0; drop tcp_bad_ack;"
	 "s< A 1 1 0; c> A 1 1 100; c< A 1 101 0; s< -"},
	{"equal numbers do not make it quiet again",
	 "open; hold; c> A 1 1 100; c< A 1 101 0; discard c 100; write s 1 100;"
	 "s< A 1 1 100; s> A 1 101 0; unquiet"},
	{"a keep-alive goes by each leg's own numbers",
	 "open; hold; c> A 1 1 100; c< A 1 101 0; discard c 100; c> A 100 1 0; c< -;"
	 "s< A 0 1 0; s> A 1 1 0; c< A 1 101 0"},
	{"a reset goes by each leg's own numbers",
	 "open; hold; c> A 1 1 100; c< A 1 101 0; discard c 100; c> R 101 0 0; s< RA 1 1 0;"
	 "end reset"},
	{"urgent data is thrown away as any other",
	 "open; hold; c> AU 1 1 10 urg 5; c< A 1 11 0; discard c 10; s< -; c> A 11 1 5; pass 5;"
	 "s< A 1 1 5 from 11"},
};

static const struct row writing[] = {
	{"what weir says comes behind what was passed, and before what will be",
	 "open; s> A 1 1 50; c< A 1 1 50; s< A 1 51 0; write c 51 100; c< A 51 1 100; s< -;"
	 "queued c 150; c> A 1 151 0; queued c 0; unquiet; s> A 51 1 50; c< A 151 1 50 from 51;"
	 "s< A 1 101 0; c> A 1 201 10; s< A 1 101 10; c< A 201 11 0"},
	{"much is cut into segments",
	 "open; write c 1 3000; c< A 1 1 1460; c< A 1461 1 1460; c< A 2921 1 80; queued c 3000"},
	{"little and little is one segment when it may be",
	 "open; later; write c 1 10; write c 11 10; flush; c< A 1 1 20; queued c 20"},
	{"nothing said is nothing done", "open; write c 1 0; c< -; quiet"},
	{"either side can be spoken to",
	 "open; write s 1 100; s< A 1 1 100; c< -; s> A 1 101 0; c> A 1 1 5;"
	 "s< A 101 1 5 from 1; c< A 1 6 0"},
	{"what is not acknowledged is sent again, with double the time",
	 "open; write c 1 100; c< A 1 1 100; wait 220; c< A 1 1 100; wait 300; c< -; wait 120;"
	 "c< A 1 1 100; c> A 1 101 0; queued c 0; wait 5000; c< -"},
	{"three duplicates and it is sent again",
	 "open; write c 1 5000; c< A 1 1 1460; c< A 1461 1 1460; c< A 2921 1 1460;"
	 "c< A 4381 1 620; c> A 1 1 0; c> A 1 1 0; c< -; c> A 1 1 0; c< A 1 1 1460"},
	{"what is in part acknowledged is sent again from there",
	 "open; write c 1 100; c< A 1 1 100; c> A 1 41 0; queued c 60; wait 250; c< A 41 1 60"},
	{"a window that is shut is waited for",
	 "open; c> A 1 1 0 win 0; write c 1 100; c< -; wait 250; c< A 0 1 0;"
	 "c> A 1 1 0 win 0; wait 500; c< A 0 1 0; c> A 1 1 0 win 1000; c< A 1 1 100"},
	{"a peer that keeps its window shut is given up",
	 "open; c> A 1 1 0 win 0; write c 1 100; shut c; wait 250; c< A 0 1 0; wait 910000;"
	 "c< RA 1 1 0; s< RA 1 1 0; end timeout"},
	{"no more is said than the peer has room for",
	 "open; c> A 1 1 0 win 50; write c 1 100; wait 250; c< A 1 1 50; c> A 1 51 0 win 50;"
	 "c< A 51 1 50"},
	{"what waits for a peer shuts the window of the other",
	 "open; hold; c> A 1 1 0 win 0; s> A 1 1 1460; s< A 1 1461 0; s> A 1461 1 1460;"
	 "s< A 1 2921 0; write c 1 8000; discard s 2920; s> A 2921 1 10;"
	 "s< A 1 2931 0 win 62605"},
	{"a peer that has closed can still be told",
	 "open; c> FA 1 1 0; c< A 1 2 0; s< FA 1 1 0; write c 1 10; c< A 1 2 10;"
	 "s> FA 1 2 0; s< A 2 2 0; c< FA 11 2 0"},
	{"not before the handshake is done",
	 "c> S 0 0 0; s< S 0 0 0; write c 1 10 refused; write s 1 10 refused; s> SA 0 1 0;"
	 "c< SA 0 1 0; write c 1 10 refused; write s 1 10 refused; c> A 1 1 0; s< A 1 1 0; c< -;"
	 "s< -"},
	{"segments that the peer wants small are cut when they are sent",
	 "c> S 0 0 0 mss 100; s< S 0 0 0 mss 100; s> SA 0 1 0 mss 1460; c< SA 0 1 0 mss 1460;"
	 "c> A 1 1 0 win 0; s< A 1 1 0; write c 1 270; c< -; c> A 1 1 0 win 150; c< A 1 1 100;"
	 "c> A 1 101 0 win 250; c< A 101 1 100; c< A 201 1 70; c> A 1 101 0 win 250; c< -;"
	 "wait 300; c< A 101 1 100; c> A 1 271 0; c< -; queued c 0"},
	{"not behind a fin of the other peer",
	 "open; s> FA 1 1 0; s< A 1 2 0; c< FA 1 1 0; write c 2 10 refused; write s 1 10;"
	 "s< A 1 2 10"},
	{"not behind weir's own", "open; shut c; write c 2 10 refused; c< FA 1 1 0"},
	{"not to a peer that was reset", "open; abort s; write s 1 10 refused; s< RA 1 1 0"},
};

static const struct row alone[] = {
	{"a peer that resets its leg ends it alone",
	 "open; hold; apart; uncouple; s> R 1 0 0; c< -; end none; told s 1; write c 1 10;"
	 "c< A 1 1 10"},
	{"what it said just before is still heard",
	 "open; apart; uncouple; later; s> A 1 1 100; s> R 101 0 0; flush; c< A 1 1 100; s< -;"
	 "end none"},
	{"what waits for one peer leaves the other's window as it is",
	 "open; hold; apart; uncouple; write s 1 1400; c> A 1 1 10; c< A 1 11 0 win 65525"},
	{"who has little under way is told of room at the next flush, and once",
	 "open; hold; apart; write s 1 100; tell s; told s 0; s> A 1 51 0; told s 1;"
	 "s> A 1 101 0; told s 1"},
	{"who has more is told when some of it has arrived",
	 "open; hold; apart; write s 1 70000; tell s; s> A 1 2921 0;"
	 "told s 0; s> A 1 5841 0; told s 1; s> A 1 8761 0; told s 1; told c 0"},
};

static const struct row apart[] = {
	{"a fin is not passed on by itself",
	 "open; hold; apart; c> FA 1 1 0; c< A 1 2 0; s< -; shut s; s< FA 1 1 0; s> FA 1 2 0;"
	 "s< A 2 2 0; c< -; shut c; c< FA 1 2 0; c> A 2 2 0; wait 61000; end closed"},
	{"what a peer says after the other leg was shut is still heard",
	 "open; hold; apart; shut s; s< FA 1 1 0; c> A 1 1 10; c< A 1 11 0; offset c 0;"
	 "discard c 10; offset c 10"},
	{"a reset leg leaves the other as it is",
	 "open; hold; apart; abort s; s< RA 1 1 0; c< -; write c 1 10; c< A 1 1 10;"
	 "c> A 1 11 5; c< A 11 6 0; offset c 0; end none"},
	{"a peer that resets the leg that was shut ends it alone",
	 "open; hold; apart; shut s; s< FA 1 1 0; s> R 1 0 0; c< -; end none; write c 1 10;"
	 "c< A 1 1 10"},
	{"what it said just before is still heard",
	 "open; apart; shut s; s< FA 1 1 0; later; s> A 1 2 100; s> R 101 0 0; flush;"
	 "c< A 1 1 100; s< -; end none"},
	{"a peer that resets a leg that was not ends both",
	 "open; hold; apart; s> R 1 0 0; c< RA 1 1 0; end reset"},
};

#define REFUSAL                                                                       \
	"open; hold; c> A 1 1 100; c< A 1 101 0; later; discard c 100; write c 1 50;" \
	"shut c;"

static const struct row ending[] = {
	{"the client is answered, and both are closed",
	 REFUSAL "shut s; flush; c< A 1 101 50; c< FA 51 101 0; s< FA 1 1 0; c> A 101 52 0;"
		 "c> FA 101 52 0; c< A 52 102 0; s> FA 1 2 0; s< A 2 2 0; end none; wait 61000;"
		 "end closed"},
	{"the client is answered and the server reset",
	 REFUSAL "abort s; flush; c< A 1 101 50; c< FA 51 101 0; s< RA 1 1 0; c> FA 101 52 0;"
		 "c< A 52 102 0; end none; wait 61000; end aborted"},
	{"what the client still sends is taken and dropped",
	 REFUSAL "shut s; flush; c< A 1 101 50; c< FA 51 101 0; s< FA 1 1 0; c> A 101 1 1000;"
		 "c< A 52 1101 0 win 64435; c> A 1101 52 1000; c< A 52 2101 0 win 65535; s< -"},
	{"what the server still sends is taken and dropped, and so is its fin",
	 REFUSAL "shut s; flush; c< A 1 101 50; c< FA 51 101 0; s< FA 1 1 0; s> A 1 1 500;"
		 "s< A 2 501 0; s> FA 501 2 0; s< A 2 502 0; c< -; c> A 101 52 0; end none"},
	{"the end waits until all is acknowledged",
	 REFUSAL "abort s; flush; c< A 1 101 50; c< FA 51 101 0; s< RA 1 1 0; wait 220;"
		 "c< A 1 101 50; c< FA 51 101 0; c> A 101 51 0; c< FA 51 101 0;"
		 "c> FA 101 52 0; c< A 52 102 0; wait 61000; end aborted"},
	{"a client that never closes is given a minute",
	 REFUSAL "shut s; flush; c< A 1 101 50; c< FA 51 101 0; s< FA 1 1 0; c> A 101 52 0;"
		 "s> FA 1 2 0; s< A 2 2 0; wait 50000; c> A 101 52 10; c< A 52 111 0; wait 9000;"
		 "end none; wait 2000; c< RA 52 111 0; s< -; end aborted"},
	{"a server that never closes, too",
	 REFUSAL "shut s; flush; c< A 1 101 50; c< FA 51 101 0; s< FA 1 1 0; c> FA 101 52 0;"
		 "c< A 52 102 0; s> A 1 2 0; s> A 1 2 9; s< A 2 10 0; wait 59000; end none;"
		 "wait 2000; s< RA 2 10 0; c< -; end aborted"},
	{"a client that does not take the answer is given up",
	 REFUSAL "abort s; flush; c< A 1 101 50; c< FA 51 101 0; s< RA 1 1 0; wait 220;"
		 "c< A 1 101 50; c< FA 51 101 0; wait 1000000; c< RA 52 101 0; c< RA 1 101 0; s< -;"
		 "end timeout"},
	{"a server that is silent does not take the answer from the client",
	 "open; hold; c> A 1 1 100; c< A 1 101 0; c> A 101 1 0 win 0; later; discard c 100;"
	 "write c 1 50; shut c; shut s; flush; s< FA 1 1 0; c< -; wait 300; c< A 0 101 0;"
	 "s< FA 1 1 0; wait 500000; c< A 0 101 0; s< FA 1 1 0; c> A 101 1 0 win 1000;"
	 "c< A 1 101 50; c< FA 51 101 0; wait 450000; s< RA 2 1 0; s< RA 1 1 0; end none;"
	 "c< A 1 101 50; c< FA 51 101 0; c> FA 101 52 0; c< A 52 102 0; wait 61000;"
	 "end aborted"},
	{"only one direction may be ended",
	 "open; shut c; c< FA 1 1 0; c> A 1 2 100; s< A 1 1 100; c< A 2 101 0; s> A 1 101 70;"
	 "s< A 101 71 0; c< -; c> FA 101 2 0; c< A 2 102 0; s< FA 101 71 0; s> FA 71 102 0;"
	 "s< A 102 72 0; c< -; wait 61000; end closed"},
	{"bytes that were not passed are dropped when their stream is ended",
	 "open; hold; c> A 1 1 100; c< A 1 101 0; shut s; s< FA 1 1 0; offset c 100;"
	 "c> A 101 1 10; c< A 1 111 0; pass 10; s< -"},
	{"bytes behind a gap are dropped when it is closed",
	 "open; shut s; s< FA 1 1 0; c> A 101 1 100; c< A 1 1 0; c> A 1 1 100; c< A 1 201 0;"
	 "offset c 200"},
	{"what is queued comes before the fin",
	 "open; s> A 1 1 0 win 0; c> A 1 1 100; c< A 1 101 0; shut s; s< -; s> A 1 1 0 win 1000;"
	 "s< A 1 1 100; s< FA 101 1 0"},
	{"a window that stays shut does not hold up the other stream",
	 "open; c> A 1 1 0 win 0; write c 1 8000; shut c; s> A 1 1 1460; s< A 1 1461 0;"
	 "s> A 1461 1 1460; s< A 1 2921 0 win 65535;"
	 "wait 250; c< A 0 1 0"},
};

/* Reset by a peer, when weir has ended a stream. */
static const struct row resets[] = {
	{"a server's reset does not take the answer from the client",
	 REFUSAL "shut s; flush; c< A 1 101 50; c< FA 51 101 0; s< FA 1 1 0; s> R 1 0 0; c< -;"
		 "end none; wait 220; c< A 1 101 50; c< FA 51 101 0; c> FA 101 52 0; c< A 52 102 "
		 "0; end none;"
		 "wait 61000; end closed"},
	{"nor when it comes with data",
	 REFUSAL "shut s; flush; c< A 1 101 50; c< FA 51 101 0; s< FA 1 1 0; s> A 1 2 90;"
		 "s< A 2 91 0; s> RA 91 2 0; c< -; s< -; c> A 101 52 0; wait 61000;"
		 "c< RA 52 101 0; end reset"},
	{"a client's reset lets the server's stream come to its end",
	 REFUSAL "shut s; flush; c< A 1 101 50; c< FA 51 101 0; s< FA 1 1 0; c> R 101 0 0; s< -;"
		 "end none; s> FA 1 2 0; s< A 2 2 0; wait 61000; end closed"},
	{"a client's reset ends it when the server was reset before",
	 REFUSAL "abort s; flush; c< A 1 101 50; c< FA 51 101 0; s< RA 1 1 0; c> R 101 0 0;"
		 "c< -; s< -; end reset"},
	{"a client's reset reaches a server whose stream was not ended",
	 "open; shut c; c< FA 1 1 0; c> R 1 0 0; s< RA 1 1 0; end reset"},
	{"both may reset",
	 REFUSAL "shut s; flush; c< A 1 101 50; c< FA 51 101 0; s< FA 1 1 0; s> R 1 0 0;"
		 "c> R 101 0 0; s< -; c< -; end reset"},
	{"a peer that was reset and did not hear it is told again, but not for each segment",
	 "open; hold; s> A 1 1 10; s< A 1 11 0; abort s; s< RA 1 11 0; c< FA 1 1 0; s> A 1 1 10;"
	 "drop tcp_bad_state; s< R 1 0 0; s> A 11 1 10; s< -; wait 20; s> A 11 1 10; s< R 1 0 0;"
	 "s> R 21 0 0; s> S 21 0 0; s< -; c< -; offset s 10"},
	{"what was queued for a peer that is reset is gone",
	 "open; write s 1 3000; s< A 1 1 1460; s< A 1461 1 1460; s< A 2921 1 80; abort s;"
	 "s< RA 3001 1 0; s< RA 1 1 0; queued s 0; wait 1000; s< -; c< FA 1 1 0"},
	{"what waits behind a gap of a peer that is reset is gone",
	 "open; s> A 101 1 100; s< A 1 1 0; abort s; s< RA 1 1 0; c< FA 1 1 0"},
	{"the other stream ends by itself, behind what is said in time",
	 "open; later; abort s; write c 1 10; flush; c< A 1 1 10; c< FA 11 1 0; s< RA 1 1 0;"
	 "write c 12 10 refused"},
	{"either leg may be the one",
	 "open; s> A 1 1 10; c< A 1 1 10; s< A 1 11 0; abort c; c< RA 11 1 0; c< RA 1 1 0;"
	 "s< FA 1 11 0; s> A 11 2 0; s> FA 11 2 0; s< A 2 12 0; wait 61000; end aborted"},
	{"both legs, one by one",
	 "open; later; abort s; abort c; s< RA 1 1 0; c< RA 1 1 0; flush; end aborted"},
	{"nobody is alone before the handshake is done",
	 "c> S 0 0 0; s< S 0 0 0; abort s; s< -; c< -; end aborted"},
};

/* weir_tcp_shut of the client's leg in each of its states; then weir_tcp_abort_leg of the other. */
#define CLOSE_WAIT "open; c> FA 1 1 0; c< A 1 2 0; s< FA 1 1 0; s> A 1 2 0;"
#define LAST_ACK   CLOSE_WAIT "s> FA 1 2 0; s< A 2 2 0; c< FA 1 2 0;"
#define FIN_WAIT_1 "open; s> FA 1 1 0; s< A 1 2 0; c< FA 1 1 0;"
#define FIN_WAIT_2 FIN_WAIT_1 "c> A 1 2 0; s< -;"
#define CLOSING    FIN_WAIT_1 "c> FA 1 1 0; c< A 2 2 0; s< FA 1 2 0;"
#define TIME_WAIT  FIN_WAIT_2 "c> FA 1 2 0; s< FA 1 2 0; c< A 2 2 0;"
#define OWN_FIN    "open; shut c; c< FA 1 1 0;"
#define OWN_FIN_2  OWN_FIN "c> A 1 2 0;"
#define NOTHING    "shut c; c< -; s< -;"

static const struct row states[] = {
	{"shut in the handshake",
	 "c> S 0 0 0; s< S 0 0 0; shut c; c< -; s> SA 0 1 0; c< SA 0 1 0; c> A 1 1 0;"
	 "s< A 1 1 0; c< FA 1 1 0; c> FA 1 2 0; c< A 2 2 0; s< FA 1 1 0; end none"},
	{"shut in ESTABLISHED", OWN_FIN_2 "c> FA 1 2 0; c< A 2 2 0; s< FA 1 1 0"},
	{"shut in CLOSE-WAIT",
	 CLOSE_WAIT "shut c; c< FA 1 2 0; c> A 2 2 0; s> FA 1 2 0; s< A 2 2 0; c< -; wait 61000;"
		    "end closed"},
	{"shut in LAST-ACK", LAST_ACK NOTHING "c> A 2 2 0; wait 61000; end closed"},
	{"shut in FIN-WAIT-1", FIN_WAIT_1 NOTHING "c> A 1 2 0; c> FA 1 2 0; c< A 2 2 0"},
	{"shut in FIN-WAIT-2", FIN_WAIT_2 NOTHING "c> A 1 2 9; s< A 1 2 9; c< A 2 10 0"},
	{"shut in CLOSING", CLOSING NOTHING "c> A 2 2 0; s> A 2 2 0; wait 61000; end closed"},
	{"shut in TIME-WAIT", TIME_WAIT NOTHING "s> A 2 2 0; wait 61000; end closed"},
	{"shut when weir has ended it", OWN_FIN NOTHING},
	{"shut when that is acknowledged", OWN_FIN_2 NOTHING},
	{"shut when it was reset", "open; abort c; c< RA 1 1 0; s< FA 1 1 0;" NOTHING},
	{"abort the other in CLOSE-WAIT",
	 CLOSE_WAIT "abort s; s< RA 2 1 0; c< FA 1 2 0; c> A 2 2 0; end aborted"},
	{"abort the other in LAST-ACK", LAST_ACK "abort s; s< -; c> A 2 2 0; end aborted"},
	{"abort the other in FIN-WAIT-1",
	 FIN_WAIT_1 "abort s; s< RA 1 2 0; c> FA 1 2 0; c< A 2 2 0; wait 61000; end aborted"},
	{"abort the other in FIN-WAIT-2",
	 FIN_WAIT_2 "abort s; s< RA 1 2 0; c> A 1 2 9; c< A 2 10 0; wait 61000; c< RA 2 10 0;"
		    "end aborted"},
	{"abort the other in CLOSING", CLOSING "abort s; s< RA 2 2 0; s< RA 1 2 0; c> A 2 2 0;"
					       "wait 61000; end aborted"},
	{"abort the other in TIME-WAIT",
	 TIME_WAIT "abort s; s< RA 2 2 0; s< RA 1 2 0; end none; wait 61000; end aborted"},
	{"reset in FIN-WAIT-1 of weir's own", OWN_FIN "c> R 1 0 0; s< RA 1 1 0; end reset"},
	{"reset in FIN-WAIT-2 of weir's own", OWN_FIN_2 "c> R 1 0 0; s< RA 1 1 0; end reset"},
	{"reset by the other in FIN-WAIT-2 of weir's own",
	 OWN_FIN_2 "s> R 1 0 0; c< -; end none; c> FA 1 2 0; c< A 2 2 0; wait 61000; end closed"},
	{"reset by the other in FIN-WAIT-1 of weir's own",
	 OWN_FIN "s> R 1 0 0; c< -; wait 220; c< FA 1 1 0; c> FA 1 2 0; c< A 2 2 0; wait 61000;"
		 "end closed"},
	{"a new connection may follow a peer that was reset",
	 "open; abort s; s< RA 1 1 0; c< FA 1 1 0; c> FA 1 2 0; c< A 2 2 0; c> S 9000 0 0;"
	 "s< S 9000 0 0"},
};

static void run_rows(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (uint8_t family = 4; family <= 6; family += 2) {
			struct lab_cfg cfg = {.family = family, .mtu = family == 4 ? 1500 : 1520};
			char name[160];

			snprintf(name, sizeof(name), "%s (IPv%u)", rows[i].name, family);
			script_run(name, rows[i].script, &cfg);
		}
}

START_TEST(bytes_can_be_thrown_away)
{
	run_rows(discarding, WEIR_ARRAY_LEN(discarding));
}
END_TEST

START_TEST(weir_can_speak_itself)
{
	run_rows(writing, WEIR_ARRAY_LEN(writing));
}
END_TEST

START_TEST(weir_can_end_a_stream)
{
	run_rows(ending, WEIR_ARRAY_LEN(ending));
}
END_TEST

START_TEST(legs_that_are_kept_apart_end_each_for_itself)
{
	run_rows(apart, WEIR_ARRAY_LEN(apart));
}
END_TEST

START_TEST(legs_that_are_uncoupled_stand_alone)
{
	run_rows(alone, WEIR_ARRAY_LEN(alone));
}
END_TEST

START_TEST(one_peer_is_reset_and_the_other_hears_the_rest)
{
	run_rows(resets, WEIR_ARRAY_LEN(resets));
}
END_TEST

START_TEST(every_state_can_be_shut)
{
	run_rows(states, WEIR_ARRAY_LEN(states));
}
END_TEST

/* ---- without memory ---- */

#define SPANS 64

static void give(struct lab *l, unsigned int from, uint8_t flags, uint32_t seq, uint32_t ack,
		 uint16_t len, uint16_t window)
{
	struct segment s = {.flags = flags,
			    .seq = seq,
			    .ack = ack,
			    .len = len,
			    .window = window,
			    .scale = 0xff};

	s.mss = flags & WEIR_TCP_SYN ? 1460 : 0;
	lab_send(l, from, &s);
}

/* With a client whose window is shut. */
static void open_lab_for(struct lab *l, uint16_t mss)
{
	struct lab_cfg cfg = {.family = 4, .mtu = 1500, .segments = SPANS};
	struct segment syn = {.flags = WEIR_TCP_SYN,
			      .seq = CLIENT_ISN,
			      .window = 65535,
			      .mss = mss,
			      .scale = 0xff};

	lab_open(l, &cfg);
	lab_send(l, 0, &syn);
	give(l, 1, WEIR_TCP_SYN | WEIR_TCP_ACK, SERVER_ISN, CLIENT_ISN + 1, 0, 65535);
	give(l, 0, WEIR_TCP_ACK, CLIENT_ISN + 1, SERVER_ISN + 1, 0, 0);
	give(l, 1, WEIR_TCP_ACK, SERVER_ISN + 1, CLIENT_ISN + 1, 0, 0);
	ck_assert(weir_tcp_is_open(l->conn));
}

static void open_lab(struct lab *l)
{
	open_lab_for(l, 1460);
}

/* What of `flags` weir has sent to this host by now; payload is added up. */
static bool was_sent(struct lab *l, unsigned int to, uint8_t flags, uint32_t *bytes)
{
	struct segment s;
	bool found = false;

	while (lab_next(l, to, &s)) {
		found |= (s.flags & flags) == flags;
		*bytes += s.len;
	}
	return found;
}

START_TEST(without_views_nothing_is_queued)
{
	static const uint8_t bytes[5840];
	struct weir_bytes said = weir_bytes_of(bytes, sizeof(bytes));
	uint32_t queued = 0, used, sent = 0;
	static struct lab l;
	int got;

	open_lab(&l);
	while ((got = weir_tcp_write(l.tcp, l.conn, 0, said)) == 0)
		queued += sizeof(bytes);
	used = weir_tcp_segments_used(l.tcp);
	ck_assert_int_eq(got, -WEIR_ENOMEM);
	ck_assert_uint_gt(queued, 3 * sizeof(bytes));
	ck_assert_uint_eq(weir_tcp_queued(l.conn, 0), queued);
	ck_assert_int_eq(weir_tcp_write(l.tcp, l.conn, 1, said), -WEIR_ENOMEM);
	ck_assert_uint_eq(weir_tcp_queued(l.conn, 1), 0);
	ck_assert_uint_eq(weir_tcp_segments_used(l.tcp), used);
	/* What is left is for sending, which goes on. */
	ck_assert_uint_le(used, SPANS - SPANS / 16);
	ck_assert_uint_eq(weir_tcp_uses(l.tcp).spans.used, used);
	ck_assert_uint_eq(weir_tcp_uses(l.tcp).spans.size, SPANS);
	ck_assert_uint_eq(weir_tcp_uses(l.tcp).spans.peak, used);
	ck_assert_uint_eq(weir_tcp_uses(l.tcp).spans.full, 2);
	ck_assert_uint_eq(weir_tcp_uses(l.tcp).queues.peak, 2);
	lab_advance(&l, WEIR_NS_PER_MS);
	give(&l, 0, WEIR_TCP_ACK, CLIENT_ISN + 1, SERVER_ISN + 1, 0, 65535);
	for (uint32_t before = UINT32_MAX; sent != before;) {
		before = sent;
		(void)was_sent(&l, 0, WEIR_TCP_ACK, &sent);
		give(&l, 0, WEIR_TCP_ACK, CLIENT_ISN + 1, SERVER_ISN + 1 + sent, 0, 65535);
	}
	ck_assert_uint_eq(sent, queued);
	ck_assert_uint_eq(weir_tcp_segments_used(l.tcp), 0);
	ck_assert_int_eq(weir_tcp_write(l.tcp, l.conn, 0, said), 0);
	/* More than there can ever be. */
	said.len = SIZE_MAX / 2;
	ck_assert_int_eq(weir_tcp_write(l.tcp, l.conn, 0, said), -WEIR_ENOMEM);
	lab_close(&l);
}
END_TEST

START_TEST(a_peer_of_small_segments_has_no_buffer_for_each)
{
	static const uint8_t bytes[16384];
	uint32_t sent = 0;
	static struct lab l;
	unsigned int before;

	open_lab_for(&l, 88);
	before = rte_mempool_in_use_count(lab_pool());
	ck_assert_int_eq(weir_tcp_write(l.tcp, l.conn, 0, weir_bytes_of(bytes, sizeof(bytes))), 0);
	ck_assert_uint_le(rte_mempool_in_use_count(lab_pool()) - before, 12);
	while (sent < sizeof(bytes)) {
		uint32_t was = sent;

		lab_advance(&l, WEIR_NS_PER_MS);
		give(&l, 0, WEIR_TCP_ACK, CLIENT_ISN + 1, SERVER_ISN + 1 + sent, 0, 65535);
		(void)was_sent(&l, 0, WEIR_TCP_ACK, &sent);
		ck_assert_uint_gt(sent, was);
	}
	give(&l, 0, WEIR_TCP_ACK, CLIENT_ISN + 1, SERVER_ISN + 1 + sent, 0, 65535);
	ck_assert_uint_eq(sent, sizeof(bytes));
	ck_assert_uint_eq(weir_tcp_segments_used(l.tcp), 0);
	lab_close(&l);
}
END_TEST

START_TEST(room_that_was_reserved_is_sent_or_given_up)
{
	static struct lab l;
	struct weir_spans spans;
	uint32_t sent = 0, len = 0;

	open_lab(&l);
	ck_assert_int_eq(weir_tcp_reserve(l.tcp, l.conn, 0, 3000, &spans), 0);
	weir_tcp_give_up(l.tcp, &spans);
	ck_assert_uint_eq(weir_tcp_segments_used(l.tcp), 0);
	ck_assert_int_eq(weir_tcp_reserve(l.tcp, l.conn, 0, 3000, &spans), 0);
	for (struct weir_span *s = spans.head; s; len += s->len, s = s->next)
		memset(weir_tcp_room(s), 'x', s->len);
	ck_assert_uint_eq(len, 3000);
	weir_tcp_commit(l.tcp, l.conn, 0, &spans);
	lab_advance(&l, WEIR_NS_PER_MS);
	give(&l, 0, WEIR_TCP_ACK, CLIENT_ISN + 1, SERVER_ISN + 1, 0, 65535);
	(void)was_sent(&l, 0, WEIR_TCP_ACK, &sent);
	ck_assert_uint_eq(sent, 3000);
	weir_tcp_shut(l.tcp, l.conn, 0);
	ck_assert_int_eq(weir_tcp_reserve(l.tcp, l.conn, 0, 1, &spans), -WEIR_EINVAL);
	lab_close(&l);
}
END_TEST

START_TEST(without_buffers_nothing_is_queued)
{
	static const uint8_t bytes[3000]; /* three segments */
	static struct rte_mbuf *taken[1 << 15];
	struct weir_bytes said = weir_bytes_of(bytes, sizeof(bytes));
	unsigned int left, n = 0;
	static struct lab l;

	open_lab(&l);
	left = rte_mempool_avail_count(lab_pool());
	ck_assert_uint_le(left, WEIR_ARRAY_LEN(taken));
	while (n < left)
		taken[n++] = rte_pktmbuf_alloc(lab_pool());
	for (unsigned int there = 0; there < 4; there++) {
		int got = weir_tcp_write(l.tcp, l.conn, 0, said);

		ck_assert_int_eq(got, there < 3 ? -WEIR_ENOMEM : 0);
		ck_assert_uint_eq(weir_tcp_queued(l.conn, 0), there < 3 ? 0 : 3000);
		ck_assert_uint_eq(weir_tcp_segments_used(l.tcp), there < 3 ? 0 : 3);
		ck_assert_uint_eq(rte_mempool_avail_count(lab_pool()), there < 3 ? there : 0);
		rte_pktmbuf_free(taken[--n]);
	}
	while (n)
		rte_pktmbuf_free(taken[--n]);
	lab_close(&l);
}
END_TEST

START_TEST(without_a_view_for_the_fin_it_follows_later)
{
	uint32_t sent = 0, passed = 0;
	static struct lab l;

	open_lab(&l);
	l.hold = true;
	give(&l, 0, WEIR_TCP_ACK, CLIENT_ISN + 1, SERVER_ISN + 1, 1400, 65535);
	/* Each byte that is passed alone, and waits, takes a view. */
	for (; weir_tcp_segments_used(l.tcp) < SPANS; passed++)
		weir_tcp_pass(l.tcp, l.conn, 0, 1);
	weir_tcp_pass(l.tcp, l.conn, 0, 1);
	ck_assert_uint_eq(weir_tcp_offset(l.conn, 0), passed);
	weir_tcp_shut(l.tcp, l.conn, 0);
	lab_advance(&l, WEIR_NS_PER_MS);
	ck_assert(!was_sent(&l, 0, WEIR_TCP_FIN, &sent));
	ck_assert_int_eq(weir_tcp_write(l.tcp, l.conn, 0, weir_bytes_str("late")), -WEIR_EINVAL);
	lab_advance(&l, 50 * WEIR_NS_PER_MS);
	ck_assert(!was_sent(&l, 0, WEIR_TCP_FIN, &sent));
	give(&l, 1, WEIR_TCP_ACK, SERVER_ISN + 1, CLIENT_ISN + 1, 0, 65535);
	(void)was_sent(&l, 1, WEIR_TCP_ACK, &sent);
	give(&l, 1, WEIR_TCP_ACK, SERVER_ISN + 1, CLIENT_ISN + 1 + sent, 0, 65535);
	lab_advance(&l, 50 * WEIR_NS_PER_MS);
	ck_assert(was_sent(&l, 0, WEIR_TCP_FIN, &sent));
	lab_close(&l);
}
END_TEST

START_TEST(the_last_segment_of_what_is_said_is_pushed)
{
	static const uint8_t bytes[3000];
	static struct lab l;
	struct segment s;

	open_lab(&l);
	give(&l, 0, WEIR_TCP_ACK, CLIENT_ISN + 1, SERVER_ISN + 1, 0, 65535);
	ck_assert_int_eq(weir_tcp_write(l.tcp, l.conn, 0, weir_bytes_of(bytes, sizeof(bytes))), 0);
	give(&l, 1, WEIR_TCP_ACK, SERVER_ISN + 1, CLIENT_ISN + 1, 1000, 65535);
	while (lab_next(&l, 0, &s) && s.len == 0)
		;
	for (unsigned int i = 0; i < 3; i++, ck_assert(lab_next(&l, 0, &s)))
		ck_assert_uint_eq(s.flags & WEIR_TCP_PSH, i == 2 ? WEIR_TCP_PSH : 0);
	ck_assert_uint_eq(s.len, 1000);
	lab_close(&l);
}
END_TEST

/* ---- words out of on_bytes ---- */

static void throw_all_away(struct lab *l, unsigned int leg)
{
	if (leg == 0)
		return; /* it waits for the server's word */
	ck_assert_uint_eq(weir_tcp_discard(l->tcp, l->conn, 0, UINT32_MAX), 10);
	ck_assert_uint_eq(weir_tcp_discard(l->tcp, l->conn, 1, UINT32_MAX), 20);
}

START_TEST(a_fin_goes_on_when_the_other_leg_had_its_bytes_thrown_away)
{
	static struct lab l;
	uint32_t sent = 0;

	open_lab(&l);
	l.reader = throw_all_away;
	give(&l, 0, WEIR_TCP_ACK | WEIR_TCP_FIN, CLIENT_ISN + 1, SERVER_ISN + 1, 10, 65535);
	ck_assert(!was_sent(&l, 1, WEIR_TCP_FIN, &sent));
	give(&l, 1, WEIR_TCP_ACK, SERVER_ISN + 1, CLIENT_ISN + 1, 20, 65535);
	ck_assert(was_sent(&l, 1, WEIR_TCP_FIN, &sent));
	ck_assert_uint_eq(sent, 0);
	ck_assert(!was_sent(&l, 0, WEIR_TCP_FIN, &sent));
	lab_close(&l);
}
END_TEST

static void keep(struct lab *l, unsigned int leg)
{
	(void)l;
	(void)leg;
}

static void answer_and_close(struct lab *l, unsigned int leg)
{
	ck_assert_uint_eq(leg, 1);
	ck_assert_uint_eq(weir_tcp_discard(l->tcp, l->conn, 1, UINT32_MAX), 20);
	ck_assert_int_eq(weir_tcp_write(l->tcp, l->conn, 1, weir_bytes_str("no")), -WEIR_EINVAL);
	ck_assert_int_eq(weir_tcp_write(l->tcp, l->conn, 0, weir_bytes_str("sorry")), 0);
	weir_tcp_shut(l->tcp, l->conn, 0);
}

START_TEST(a_server_that_resets_may_still_be_answered_for)
{
	static struct lab l;
	uint32_t sent = 0;

	open_lab(&l);
	l.reader = keep;
	give(&l, 0, WEIR_TCP_ACK, CLIENT_ISN + 1, SERVER_ISN + 1, 0, 65535);
	give(&l, 1, WEIR_TCP_ACK, SERVER_ISN + 1, CLIENT_ISN + 1, 20, 65535);
	l.reader = answer_and_close;
	give(&l, 1, WEIR_TCP_RST, SERVER_ISN + 21, 0, 0, 0);
	ck_assert(!l.ended);
	ck_assert(was_sent(&l, 0, WEIR_TCP_FIN, &sent));
	ck_assert_uint_eq(sent, 5);
	give(&l, 0, WEIR_TCP_ACK | WEIR_TCP_FIN, CLIENT_ISN + 1, SERVER_ISN + 7, 0, 65535);
	lab_advance(&l, 61 * WEIR_NS_PER_S);
	ck_assert(l.ended && l.end == WEIR_TCP_END_CLOSED);
	lab_close(&l);
}
END_TEST

Suite *tcp_own_suite(void)
{
	return WEIR_SUITE("tcp own words", bytes_can_be_thrown_away, weir_can_speak_itself,
			  weir_can_end_a_stream, legs_that_are_kept_apart_end_each_for_itself,
			  legs_that_are_uncoupled_stand_alone,
			  a_peer_of_small_segments_has_no_buffer_for_each,
			  room_that_was_reserved_is_sent_or_given_up,
			  one_peer_is_reset_and_the_other_hears_the_rest, every_state_can_be_shut,
			  without_views_nothing_is_queued, without_buffers_nothing_is_queued,
			  without_a_view_for_the_fin_it_follows_later,
			  the_last_segment_of_what_is_said_is_pushed,
			  a_fin_goes_on_when_the_other_leg_had_its_bytes_thrown_away,
			  a_server_that_resets_may_still_be_answered_for);
}
