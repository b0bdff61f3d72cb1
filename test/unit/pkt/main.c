/* SPDX-License-Identifier: BSD-3-Clause */
#include "fixture.h"

WEIR_TEST_MAIN(pkt_parse_suite, pkt_ipv4_suite, pkt_ipv6_suite, pkt_tcp_suite, pkt_icmp_suite,
	       pkt_checksum_suite, pkt_cuts_suite, pkt_frag_suite, pkt_frag_cut_suite,
	       pkt_answer_suite)
