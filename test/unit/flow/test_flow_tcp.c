/* SPDX-License-Identifier: BSD-3-Clause */
/* TCP's states, as scripts: direction, flags, seq, ack, length; what becomes of it; the state. */
#include "fixture.h"

/* ---- opening ---- */

static const struct step handshake[] = {
	HANDSHAKE,
	{0, A, 1, 1, 100, PASS, ES},
	{1, A, 1, 101, 0, PASS, ES},
	{1, A, 1, 101, 500, PASS, ES},
	{0, A, 101, 501, 0, PASS, ES},
};
SCRIPT(a_handshake_opens_and_data_flows_both_ways, handshake)

static const struct step syn_again[] = {
	{0, S, 0, 0, 0, PASS, SS},  {0, S, 0, 0, 0, PASS, SS},  {1, SA, 0, 1, 0, PASS, SR},
	{0, S, 0, 0, 0, PASS, SR},  {1, SA, 0, 1, 0, PASS, SR}, {0, A, 1, 1, 0, PASS, ES},
	{1, SA, 0, 1, 0, PASS, ES}, {0, A, 1, 1, 0, PASS, ES},
};
SCRIPT(repeated_syns_and_syn_acks_pass_in_every_opening_state, syn_again)

static const struct step syn_new_isn[] = {
	{0, S, 0, 0, 0, PASS, SS},       {0, S, 5000000, 0, 0, PASS, SS},
	{1, SA, 0, 1, 0, BADA, SS},      {1, SA, 0, 5000001, 0, PASS, SR},
	{0, A, 5000001, 1, 0, PASS, ES},
};
SCRIPT(a_syn_repeated_with_a_new_isn_begins_anew, syn_new_isn)

static const struct step syn_ack_new_isn[] = {
	{0, S, 0, 0, 0, PASS, SS},         {1, SA, 0, 1, 0, PASS, SR},
	{1, SA, 70000000, 1, 0, PASS, SR}, {0, A, 1, 1, 0, BADA, SR},
	{0, A, 1, 70000001, 0, PASS, ES},  {1, A, 70000001, 1, 10, PASS, ES},
};
SCRIPT(a_syn_ack_repeated_with_a_new_isn_begins_anew, syn_ack_new_isn)

static const struct step syn_ack_wrong[] = {
	{0, S, 0, 0, 0, PASS, SS},   {1, SA, 0, 0, 0, BADA, SS},       {1, SA, 0, 2, 0, BADA, SS},
	{1, SA, 0, -1, 0, BADA, SS}, {1, SA, 0, 1 << 30, 0, BADA, SS}, {1, SA, 0, 1, 0, PASS, SR},
};
SCRIPT(a_syn_ack_must_acknowledge_the_syn, syn_ack_wrong)

static const struct step third_wrong[] = {
	{0, S, 0, 0, 0, PASS, SS}, {1, SA, 0, 1, 0, PASS, SR},   {0, A, 1, 0, 0, BADA, SR},
	{0, A, 1, 2, 0, BADA, SR}, {0, A, 1, -500, 0, BADA, SR}, {0, A, 1, 1, 0, PASS, ES},
};
SCRIPT(the_third_of_three_must_acknowledge_the_second, third_wrong)

static const struct step before_answer[] = {
	{0, S, 0, 0, 0, PASS, SS},   {0, A, 1, 1, 0, STATE, SS},  {0, A, 1, 1, 50, STATE, SS},
	{0, FA, 1, 1, 0, STATE, SS}, {0, SA, 0, 1, 0, STATE, SS}, {1, FA, 1, 1, 0, STATE, SS},
	{1, A, 1, 1, 50, STATE, SS},
};
SCRIPT(only_the_syn_comes_from_the_initiator_before_an_answer, before_answer)

static const struct step data_in_third[] = {
	{0, S, 0, 0, 0, PASS, SS},
	{1, SA, 0, 1, 0, PASS, SR},
	{0, A, 1, 1, 400, PASS, ES},
	{1, A, 1, 401, 0, PASS, ES},
};
SCRIPT(data_may_come_with_the_third_of_three, data_in_third)

static const struct step fin_in_third[] = {
	{0, S, 0, 0, 0, PASS, SS},
	{1, SA, 0, 1, 0, PASS, SR},
	{0, FA, 1, 1, 40, PASS, FW},
	{1, A, 1, 42, 0, PASS, CW},
};
SCRIPT(a_fin_may_come_with_the_third_of_three, fin_in_third)

static const struct step data_in_syn[] = {
	{0, S, 0, 0, 300, PASS, SS},   {1, SA, 0, 301, 0, PASS, SR},
	{1, A, 1, 301, 500, PASS, SR}, {1, A, 501, 301, 400, PASS, SR},
	{0, A, 301, 1, 0, PASS, ES},   {0, A, 301, 901, 10, PASS, ES},
};
SCRIPT(data_in_a_syn_may_be_acknowledged_and_answered_at_once, data_in_syn)

static const struct step data_in_syn_refused[] = {
	{0, S, 0, 0, 300, PASS, SS},
	{1, SA, 0, 1, 0, PASS, SR},
	{0, A, 1, 1, 300, PASS, ES},
	{1, A, 1, 301, 0, PASS, ES},
};
SCRIPT(data_in_a_syn_may_be_ignored_and_sent_again, data_in_syn_refused)

static const struct step simultaneous_open[] = {
	{0, S, 0, 0, 0, PASS, SS},   {1, S, 0, 0, 0, PASS, SR},  {1, S, 0, 0, 0, PASS, SR},
	{0, SA, 0, 1, 0, PASS, SR},  {1, SA, 0, 1, 0, PASS, ES}, {0, A, 1, 1, 10, PASS, ES},
	{1, A, 1, 11, 10, PASS, ES},
};
SCRIPT(a_simultaneous_open_opens, simultaneous_open)

static const struct step split_handshake[] = {
	{0, S, 0, 0, 0, PASS, SS},
	{1, S, 0, 0, 0, PASS, SR},
	{0, SA, 0, 1, 0, PASS, SR},
	{1, A, 1, 1, 0, PASS, ES},
};
SCRIPT(a_handshake_in_four_opens, split_handshake)

static const struct step forged_syn[] = {
	{0, S, 0, 0, 0, PASS, SS},
	{1, SA, 0, 1, 0, PASS, SR},
	{1, S, 12345678, 0, 0, PASS, SR},
	{0, A, 1, 1, 0, PASS, ES},
};
SCRIPT(a_forged_syn_of_the_responder_does_not_replace_its_syn_ack, forged_syn)

static const struct step old_half_open[] = {
	{0, S, 0, 0, 0, PASS, SS},       {1, A, 400000, 9000000, 0, PASS, SS},
	{0, R, 9000000, 0, 0, PASS, SS}, {0, R, 8000000, 0, 0, OUT, SS},
	{0, S, 0, 0, 0, PASS, SS},       {1, SA, 0, 1, 0, PASS, SR},
};
SCRIPT(the_challenge_of_an_older_connection_and_its_reset_pass, old_half_open)

static const struct step restart_in_syn_received[] = {
	{0, S, 0, 0, 0, PASS, SS}, {1, SA, 0, 1, 0, PASS, SR}, {0, S, 7000000, 0, 0, PASS, SR},
	{1, A, 1, 1, 0, PASS, SR}, {0, R, 1, 0, 0, PASS, CL},  {0, S, 7000000, 0, 0, PASS, REOPEN},
};
SCRIPT(an_initiator_that_restarts_while_opening_comes_back, restart_in_syn_received)

/* ---- refused, reset ---- */

static const struct step refused[] = {
	{0, S, 0, 0, 0, PASS, SS},
	{1, RA, -1000, 1, 0, PASS, CL},
	{0, S, 0, 0, 0, PASS, REOPEN},
};
SCRIPT(a_refusal_closes_and_the_next_syn_reopens, refused)

static const struct step forged_refusal[] = {
	{0, S, 0, 0, 0, PASS, SS},  {1, RA, 0, 0, 0, BADA, SS}, {1, RA, 0, 2, 0, BADA, SS},
	{1, R, 1, 0, 0, STATE, SS}, {1, RA, 0, 1, 0, PASS, CL},
};
SCRIPT(a_refusal_must_acknowledge_the_syn, forged_refusal)

static const struct step give_up[] = {
	{0, S, 0, 0, 0, PASS, SS},
	{0, R, 1, 0, 0, PASS, CL},
};
SCRIPT(an_initiator_may_give_up_in_syn_sent, give_up)

static const struct step reset_in_sr_initiator[] = {
	{0, S, 0, 0, 0, PASS, SS}, {1, SA, 0, 1, 0, PASS, SR}, {0, R, 5000, 0, 0, OUT, SR},
	{0, R, -5, 0, 0, OUT, SR}, {0, R, 1, 0, 0, PASS, CL},
};
SCRIPT(an_initiator_that_knows_nothing_resets_the_syn_ack, reset_in_sr_initiator)

static const struct step reset_in_sr_responder[] = {
	{0, S, 0, 0, 0, PASS, SS},
	{1, SA, 0, 1, 0, PASS, SR},
	{1, R, 70000, 0, 0, OUT, SR},
	{1, R, 1, 0, 0, PASS, CL},
};
SCRIPT(a_responder_may_reset_in_syn_received, reset_in_sr_responder)

static const struct step reset_in_sr_by_ack[] = {
	{0, S, 0, 0, 0, PASS, SS},
	{1, SA, 0, 1, 0, PASS, SR},
	{1, RA, 123456789, 1, 0, PASS, CL},
};
SCRIPT(a_reset_that_acknowledges_the_syn_counts_while_the_syn_ack_may_be_lost, reset_in_sr_by_ack)

static const struct step reset_open[] = {
	HANDSHAKE,
	{0, A, 1, 1, 100, PASS, ES},
	{1, R, 1, 0, 0, PASS, CL},
};
SCRIPT(an_exact_reset_of_the_responder_closes, reset_open)

static const struct step reset_open_initiator[] = {
	HANDSHAKE,
	{0, A, 1, 1, 100, PASS, ES},
	{0, RA, 101, 1, 0, PASS, CL},
};
SCRIPT(an_exact_reset_of_the_initiator_closes, reset_open_initiator)

static const struct step reset_behind_ack[] = {
	HANDSHAKE,
	{0, A, 1, 1, 100, PASS, ES},
	{1, A, 1, 51, 0, PASS, ES},
	{0, R, 51, 0, 0, PASS, CL},
};
SCRIPT(a_reset_at_what_was_last_acknowledged_closes, reset_behind_ack)

static const struct step reset_chaff[] = {
	HANDSHAKE,
	{1, R, 2, 0, 0, PASS, ES}, /* in the window: the receiver challenges it */
	{1, R, 900, 0, 0, PASS, ES},
	{1, R, 1001, 0, 0, PASS, ES},
	{1, R, 1002, 0, 0, OUT, ES},
	{1, R, 0, 0, 0, OUT, ES},
	{1, R, 1 << 30, 0, 0, OUT, ES},
	{1, RA, 1, 50, 0, BADA, ES}, /* exact, and acknowledges what was never sent */
	{0, A, 1, 1, 100, PASS, ES},
	{1, A, 1, 101, 100, PASS, ES},
	{1, RA, 101, 0, 0, PASS, CL},
};
SCRIPT(resets_that_are_not_exact_end_nothing, reset_chaff)

static const struct step after_reset[] = {
	HANDSHAKE,
	{0, A, 1, 1, 100, PASS, ES},
	{1, R, 1, 0, 0, PASS, CL},
	{0, A, 1, 1, 100, PASS, CL}, /* was under way */
	{0, A, 101, 1, 0, PASS, CL},
	{1, FA, 0, 101, 0, PASS, CL}, /* a FIN that is over */
	{0, FA, 100, 1, 0, PASS, CL},
	{0, A, 101, 1, 100, STATE, CL}, /* new */
	{0, FA, 101, 1, 0, STATE, CL},
	{0, R, 101, 0, 0, PASS, CL},
	{1, R, 1, 0, 0, PASS, CL},
	{1, SA, 0, 1, 0, STATE, CL},
	{1, A, 1, 101, 1, STATE, CL},
	{0, S, 99999, 0, 0, PASS, REOPEN},
	{1, S, 99999, 0, 0, PASS, REOPEN},
};
SCRIPT(after_a_reset_nothing_new_passes_but_a_syn, after_reset)

static const struct step after_refusal[] = {
	{0, S, 0, 0, 0, PASS, SS},  {1, RA, 0, 1, 0, PASS, CL}, {1, RA, 0, 1, 0, PASS, CL},
	{1, A, 1, 1, 0, STATE, CL}, {0, A, 1, 1, 5, STATE, CL},
};
SCRIPT(after_a_refusal_nothing_new_passes, after_refusal)

static const struct step reset_closing[] = {
	HANDSHAKE,
	{0, FA, 1, 1, 0, PASS, FW},
	{1, R, 1, 0, 0, PASS, CL},
};
SCRIPT(a_reset_closes_in_fin_wait, reset_closing)

static const struct step reset_close_wait[] = {
	HANDSHAKE,
	{0, FA, 1, 1, 0, PASS, FW},
	{1, A, 1, 2, 0, PASS, CW},
	{1, R, 1, 0, 0, PASS, CL},
};
SCRIPT(a_reset_closes_in_close_wait, reset_close_wait)

static const struct step reset_last_ack[] = {
	HANDSHAKE,
	{0, FA, 1, 1, 0, PASS, FW},
	{1, FA, 1, 2, 0, PASS, LA},
	{0, R, 2, 0, 0, PASS, CL},
};
SCRIPT(a_reset_closes_in_last_ack, reset_last_ack)

static const struct step reset_time_wait[] = {
	HANDSHAKE,
	{0, FA, 1, 1, 0, PASS, FW},
	{1, FA, 1, 2, 0, PASS, LA},
	{0, A, 2, 2, 0, PASS, TW},
	{0, R, 2, 0, 0, PASS, CL},
};
SCRIPT(a_reset_closes_in_time_wait, reset_time_wait)

static const struct step reset_time_wait_back[] = {
	HANDSHAKE,
	{0, FA, 1, 1, 0, PASS, FW},
	{1, FA, 1, 2, 0, PASS, LA},
	{0, A, 2, 2, 0, PASS, TW},
	{1, R, 5000, 0, 0, OUT, TW},
	{1, R, 2, 0, 0, PASS, CL},
};
SCRIPT(a_reset_closes_in_time_wait_from_the_responder_too, reset_time_wait_back)

/* ---- closing ---- */

static const struct step close_initiator[] = {
	HANDSHAKE,
	{0, FA, 1, 1, 100, PASS, FW},
	{1, A, 1, 102, 0, PASS, CW},
	{1, A, 1, 102, 900, PASS, CW},
	{0, A, 102, 901, 0, PASS, CW},
	{1, FA, 901, 102, 50, PASS, LA},
	{0, A, 102, 952, 0, PASS, TW},
	{1, FA, 901, 102, 50, PASS, TW},
	{0, A, 102, 952, 0, PASS, TW},
};
SCRIPT(the_initiator_closes_first_and_data_still_comes_back, close_initiator)

static const struct step close_responder[] = {
	HANDSHAKE,
	{1, FA, 1, 1, 100, PASS, FW},
	{0, A, 1, 102, 0, PASS, CW},
	{0, A, 1, 102, 900, PASS, CW},
	{1, A, 102, 901, 0, PASS, CW},
	{0, FA, 901, 102, 0, PASS, LA},
	{1, A, 102, 902, 0, PASS, TW},
};
SCRIPT(the_responder_closes_first_and_data_still_goes_on, close_responder)

static const struct step close_simultaneous[] = {
	HANDSHAKE,
	{0, FA, 1, 1, 0, PASS, FW},
	{1, FA, 1, 1, 0, PASS, LA},
	{0, A, 2, 2, 0, PASS, LA},
	{1, A, 2, 2, 0, PASS, TW},
};
SCRIPT(a_simultaneous_close_closes, close_simultaneous)

static const struct step close_in_three[] = {
	HANDSHAKE,
	{0, FA, 1, 1, 0, PASS, FW},
	{1, FA, 1, 2, 0, PASS, LA},
	{0, A, 2, 2, 0, PASS, TW},
};
SCRIPT(a_fin_may_come_with_the_acknowledgement_of_the_other, close_in_three)

static const struct step fin_again[] = {
	HANDSHAKE,
	{0, FA, 1, 1, 100, PASS, FW},
	{0, FA, 1, 1, 100, PASS, FW},
	{0, A, 1, 1, 100, PASS, FW},
	{0, FA, 101, 1, 0, PASS, FW},
	{1, A, 1, 102, 0, PASS, CW},
	{0, A, 101, 1, 0, PASS, CW},
};
SCRIPT(a_fin_and_what_was_before_it_may_come_again, fin_again)

static const struct step data_after_fin[] = {
	HANDSHAKE,
	{0, FA, 1, 1, 100, PASS, FW},
	{0, A, 102, 1, 1, STATE, FW},
	{0, A, 101, 1, 2, STATE, FW},
	{0, FA, 102, 1, 0, STATE, FW},
	{0, FA, 101, 1, 50, STATE, FW},
	{0, A, 102, 1, 0, PASS, FW},
	{1, A, 1, 102, 0, PASS, CW},
};
SCRIPT(data_after_a_fin_is_refused, data_after_fin)

static const struct step fin_chaff[] = {
	HANDSHAKE,
	{0, A, 1, 1, 500, PASS, ES},
	{0, FA, 1, 1, 0, STATE, ES}, /* below what was sent: a forgery */
	{0, FA, 100, 1, 100, STATE, ES},
	{0, FA, 1 << 29, 1, 0, OUT, ES},
	{0, FA, 501, 5000, 0, BADA, ES}, /* acknowledges what was never sent */
	{0, F, 501, 0, 0, STATE, ES},    /* without ACK */
	{1, A, 1, 501, 0, PASS, ES},
	{0, A, 501, 1, 100, PASS, ES},
};
SCRIPT(fins_that_cannot_be_change_nothing, fin_chaff)

static const struct step ack_of_fin_forged[] = {
	HANDSHAKE,
	{0, FA, 1, 1, 0, PASS, FW},
	{1, A, 1, 3, 0, BADA, FW},
	{1, A, 1, 1, 0, PASS, FW},
	{1, A, 1, 2, 0, PASS, CW},
};
SCRIPT(a_fin_is_acknowledged_by_its_number, ack_of_fin_forged)

static const struct step time_wait[] = {
	HANDSHAKE,
	{0, FA, 1, 1, 0, PASS, FW},
	{1, FA, 1, 2, 0, PASS, LA},
	{0, A, 2, 2, 0, PASS, TW},
	{0, A, 2, 2, 10, STATE, TW},
	{1, SA, 0, 1, 0, STATE, TW},
	{0, S, 40000, 0, 0, PASS, REOPEN},
	{1, S, 50000, 0, 0, PASS, REOPEN},
};
SCRIPT(time_wait_refuses_data_and_is_reopened_by_a_syn, time_wait)

/* ---- SYNs on an open connection ---- */

static const struct step client_restarts[] = {
	HANDSHAKE,
	{0, S, 6000000, 0, 0, PASS, ES},
	{1, A, 1, 1, 0, PASS, ES}, /* the challenge */
	{0, R, 1, 0, 0, PASS, CL}, /* its answer */
	{0, S, 6000000, 0, 0, PASS, REOPEN},
};
SCRIPT(an_initiator_that_restarted_resets_and_comes_back, client_restarts)

static const struct step both_restart[] = {
	HANDSHAKE,
	{0, S, 6000000, 0, 0, PASS, ES},
	{1, SA, 8000000, 6000002, 0, OUT, ES},
	{1, SA, 8000000, 6000001, 0, STATE, CL},
	{0, S, 6000000, 0, 0, PASS, REOPEN},
};
SCRIPT(a_connection_that_both_have_forgotten_is_closed_and_reopened, both_restart)

static const struct step both_restart_back[] = {
	HANDSHAKE,
	{1, S, 6000000, 0, 0, PASS, ES},
	{0, SA, 8000000, 6000000, 0, OUT, ES},
	{0, SA, 8000000, 6000001, 0, STATE, CL},
	{1, S, 6000000, 0, 0, PASS, REOPEN},
};
SCRIPT(a_responder_that_restarted_is_let_back_too, both_restart_back)

static const struct step syn_ack_stray[] = {
	HANDSHAKE,
	{1, SA, 8000000, 1, 0, OUT, ES},
	{1, SA, 0, 1, 0, PASS, ES},
	{0, SA, 8000000, 1, 0, OUT, ES},
};
SCRIPT(a_second_syn_ack_to_the_same_syn_is_refused, syn_ack_stray)

static const struct step syn_ack_blind[] = {
	HANDSHAKE,
	{1, SA, 8000000, 77, 0, OUT, ES},
	{0, SA, 8000000, 77, 0, OUT, ES},
	{0, A, 1, 1, 10, PASS, ES},
};
SCRIPT(a_blind_syn_ack_is_refused_and_changes_nothing, syn_ack_blind)

/* ---- midstream ---- */

static const struct step mid_initiator[] = {
	{0, A, 5000, 7000, 100, PASS, ES}, {0, A, 5100, 7000, 100, PASS, ES},
	{1, A, 7000, 5200, 400, PASS, ES}, {0, A, 5200, 7400, 0, PASS, ES},
	{1, A, 7400, 5201, 0, BADA, ES},   {1, FA, 7400, 5200, 0, PASS, FW},
	{0, FA, 5200, 7401, 0, PASS, LA},  {1, A, 7401, 5201, 0, PASS, TW},
};
SCRIPT(a_connection_is_picked_up_from_its_initiator, mid_initiator)

static const struct step mid_responder[] = {
	{1, A, 7000, 5200, 400, PASS, ES}, {1, A, 7400, 5200, 400, PASS, ES},
	{0, A, 5200, 7800, 0, PASS, ES},   {0, A, 5200, 7800, 10, PASS, ES},
	{0, A, 5200, 7801, 0, BADA, ES},
};
SCRIPT(a_connection_is_picked_up_from_its_responder, mid_responder)

static const struct step mid_retransmission[] = {
	{0, A, 5000, 7000, 100, PASS, ES}, /* sent again; 9000 was reached already */
	{1, A, 7000, 9000, 0, PASS, ES},   {0, A, 9000, 7000, 100, PASS, ES},
	{1, A, 7000, 9100, 0, PASS, ES},   {1, A, 7000, 9101, 0, BADA, ES},
};
SCRIPT(a_pick_up_from_a_repeated_segment_believes_the_other_side, mid_retransmission)

static const struct step mid_behind[] = {
	{0, A, 5000, 7000, 100, PASS, ES},
	{1, A, 6500, 5100, 100, PASS, ES}, /* sent again; 7000 is acknowledged already */
	{0, A, 5100, 7000, 0, PASS, ES},
	{1, R, 7000, 0, 0, PASS, CL},
};
SCRIPT(the_second_side_of_a_pick_up_may_begin_with_a_repeated_segment, mid_behind)

static const struct step mid_keep_alive[] = {
	{0, A, 4999, 7000, 0, PASS, ES},
	{1, A, 7000, 5000, 0, PASS, ES},
	{0, A, 5000, 7000, 10, PASS, ES},
};
SCRIPT(a_connection_is_picked_up_from_a_keep_alive, mid_keep_alive)

static const struct step mid_syn_ack[] = {
	{1, SA, 0, 1, 0, PASS, ES},  {0, A, 1, 1, 0, PASS, ES},   {1, A, 1, 1, 100, PASS, ES},
	{0, A, 1, 101, 0, PASS, ES}, {0, A, 1, 102, 0, BADA, ES},
};
SCRIPT(a_connection_is_picked_up_from_its_syn_ack, mid_syn_ack)

static const struct step mid_reset[] = {
	{0, A, 5000, 7000, 100, PASS, ES},
	{1, R, 6999, 0, 0, OUT, ES},
	{1, R, 7500, 0, 0, PASS, ES},
	{1, R, 7000, 0, 0, PASS, CL},
};
SCRIPT(a_reset_from_an_unheard_side_must_be_at_what_was_acknowledged, mid_reset)

static const struct step mid_reset_first[] = {
	{0, R, 5000, 0, 0, PASS, CL},
};
SCRIPT(a_reset_may_be_all_that_is_seen, mid_reset_first)

static const struct step mid_wrap[] = {
	{0, A, -60, -50, 50, PASS, ES}, {0, A, -10, 50, 0, PASS, ES}, {0, A, -10, -50, 0, PASS, ES},
	{1, A, -50, 40, 10, PASS, ES}, /* sent again: 50 is acknowledged, and acknowledges more */
	{0, A, 40, 51, 0, BADA, ES},    {0, A, 40, 50, 0, PASS, ES},  {1, A, 50, 41, 0, BADA, ES},
};
SCRIPT(a_pick_up_where_the_numbers_wrap, mid_wrap)

static const struct step mid_scale[] = {
	{0, A, 5000, 7000, 100, PASS, ES},
	{1, A, 7000, 5100, 0, PASS, ES},
	{1, A, 7000 + (1000 << 14), 5100, 1, PASS, ES},
	{1, A, 7001 + (1000 << 14), 5100, 1, OUT, ES},
	{0, A, 5100, 7001 + (1000 << 14), 0, PASS, ES},
	{0, A, 5100 + (1000 << 14), 7000 + (1000 << 14), 1, PASS, ES},
	{0, A, 5101 + (1000 << 14), 7000 + (1000 << 14), 1, OUT, ES},
};
SCRIPT(a_pick_up_takes_windows_for_scaled_by_14, mid_scale)

static const struct step mid_no_ack[] = {
	{0, A, 5000, 7000, 100, PASS, ES},    {1, F, 7000, 0, 0, STATE, ES},
	{1, FA, 2, 5100, 0, STATE, ES}, /* below what is acknowledged */
	{1, A, -(1 << 29), 5100, 9, OUT, ES}, {1, FA, 7000, 5100, 0, PASS, FW},
};
SCRIPT(what_is_refused_on_a_pick_up_is_not_learned_from, mid_no_ack)

Suite *tcp_suite(void)
{
	return WEIR_SUITE(
		"flow tcp", a_handshake_opens_and_data_flows_both_ways,
		repeated_syns_and_syn_acks_pass_in_every_opening_state,
		a_syn_repeated_with_a_new_isn_begins_anew,
		a_syn_ack_repeated_with_a_new_isn_begins_anew, a_syn_ack_must_acknowledge_the_syn,
		the_third_of_three_must_acknowledge_the_second,
		only_the_syn_comes_from_the_initiator_before_an_answer,
		data_may_come_with_the_third_of_three, a_fin_may_come_with_the_third_of_three,
		data_in_a_syn_may_be_acknowledged_and_answered_at_once,
		data_in_a_syn_may_be_ignored_and_sent_again, a_simultaneous_open_opens,
		a_handshake_in_four_opens,
		a_forged_syn_of_the_responder_does_not_replace_its_syn_ack,
		the_challenge_of_an_older_connection_and_its_reset_pass,
		an_initiator_that_restarts_while_opening_comes_back,
		a_refusal_closes_and_the_next_syn_reopens, a_refusal_must_acknowledge_the_syn,
		an_initiator_may_give_up_in_syn_sent,
		an_initiator_that_knows_nothing_resets_the_syn_ack,
		a_responder_may_reset_in_syn_received,
		a_reset_that_acknowledges_the_syn_counts_while_the_syn_ack_may_be_lost,
		an_exact_reset_of_the_responder_closes, an_exact_reset_of_the_initiator_closes,
		a_reset_at_what_was_last_acknowledged_closes, resets_that_are_not_exact_end_nothing,
		after_a_reset_nothing_new_passes_but_a_syn, after_a_refusal_nothing_new_passes,
		a_reset_closes_in_fin_wait, a_reset_closes_in_close_wait,
		a_reset_closes_in_last_ack, a_reset_closes_in_time_wait,
		the_initiator_closes_first_and_data_still_comes_back,
		the_responder_closes_first_and_data_still_goes_on, a_simultaneous_close_closes,
		a_fin_may_come_with_the_acknowledgement_of_the_other,
		a_fin_and_what_was_before_it_may_come_again, data_after_a_fin_is_refused,
		fins_that_cannot_be_change_nothing, a_fin_is_acknowledged_by_its_number,
		time_wait_refuses_data_and_is_reopened_by_a_syn,
		an_initiator_that_restarted_resets_and_comes_back,
		a_connection_that_both_have_forgotten_is_closed_and_reopened,
		a_second_syn_ack_to_the_same_syn_is_refused,
		a_blind_syn_ack_is_refused_and_changes_nothing,
		a_connection_is_picked_up_from_its_initiator,
		a_connection_is_picked_up_from_its_responder,
		a_pick_up_from_a_repeated_segment_believes_the_other_side,
		the_second_side_of_a_pick_up_may_begin_with_a_repeated_segment,
		a_connection_is_picked_up_from_a_keep_alive,
		a_connection_is_picked_up_from_its_syn_ack, a_reset_may_be_all_that_is_seen,
		a_pick_up_where_the_numbers_wrap, a_pick_up_takes_windows_for_scaled_by_14,
		a_responder_that_restarted_is_let_back_too,
		a_reset_closes_in_time_wait_from_the_responder_too,
		a_reset_from_an_unheard_side_must_be_at_what_was_acknowledged,
		what_is_refused_on_a_pick_up_is_not_learned_from);
}
