/* SPDX-License-Identifier: BSD-3-Clause */
/* Reload: good files become a generation, bad ones change nothing and are named. */
#include "fixture.h"

#include <weir_test.h>

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static const char reload[] = "{\"cmd\":\"reload\"}\n";
static const char bad_policy[] = "kind: Defaults\nmetadata: {name: defaults}\n"
				 "spec: {unmatchd: allow}\n";

static void turn_until_published(struct fixture *f, unsigned int publishes)
{
	for (unsigned int i = 0; i < 400 && f->path.publishes < publishes; i++)
		weir_ctl_turn(f->ctl, 25);
	ck_assert_uint_eq(f->path.publishes, publishes);
}

START_TEST(a_good_policy_becomes_the_next_generation)
{
	struct fixture *f = fixture_create();
	struct weir_buf out = {0};

	fixture_write(f, "policy.yaml", policy_good);
	ck_assert_int_eq(weir_ctl_reload(f->ctl, &out), 0);
	ck_assert_uint_eq(f->path.publishes, 1);
	ck_assert_uint_eq(f->path.generation->number, 2);
	ck_assert_str_eq(f->path.generation->source, f->conf->file);
	ck_assert_uint_eq(out.len, 0);
	ck_assert_int_eq(weir_ctl_reload(f->ctl, &out), 0);
	ck_assert_uint_eq(f->path.generation->number, 3);
	weir_buf_fini(&out);
	fixture_destroy(f);
}
END_TEST

START_TEST(a_bad_policy_changes_nothing_and_is_named_with_its_place)
{
	struct fixture *f = fixture_create();
	struct weir_buf out = {0};
	char wanted[160];

	fixture_write(f, "policy.yaml", bad_policy);
	ck_assert_int_lt(weir_ctl_reload(f->ctl, &out), 0);
	ck_assert_uint_eq(f->path.publishes, 0);
	ck_assert_uint_eq(f->path.generation->number, 1);
	snprintf(wanted, sizeof(wanted), "%s/policy.yaml:3:", f->folder);
	ck_assert_msg(strstr(out.ptr, wanted) != NULL, "%s", out.ptr);
	ck_assert_ptr_nonnull(strstr(out.ptr, "error: "));
	weir_buf_fini(&out);
	fixture_destroy(f);
}
END_TEST

START_TEST(files_that_cannot_be_read_change_nothing)
{
	static const char *const names[] = {"policy.yaml", "weir.yaml"};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(names); i++) {
		struct fixture *f = fixture_create();
		struct weir_buf out = {0};
		char path[160];

		snprintf(path, sizeof(path), "%s/%s", f->folder, names[i]);
		ck_assert_int_eq(unlink(path), 0);
		ck_assert_int_lt(weir_ctl_reload(f->ctl, &out), 0);
		ck_assert_uint_eq(f->path.publishes, 0);
		ck_assert_msg(strstr(out.ptr, names[i]) != NULL, "%s", out.ptr);
		weir_buf_fini(&out);
		fixture_destroy(f);
	}
}
END_TEST

START_TEST(the_answer_tells_generation_and_times)
{
	struct fixture *f = fixture_create();
	json_t *answer;

	fixture_write(f, "policy.yaml", policy_good);
	answer = ask(f, "{\"cmd\":\"reload\"}");
	ck_assert(json_is_true(json_object_get(answer, "ok")));
	ck_assert_int_eq(int_of(answer, "generation"), 2);
	ck_assert(json_is_number(json_object_get(answer, "load_ms")));
	ck_assert(json_is_number(json_object_get(answer, "publish_ms")));
	ck_assert_int_eq(int_of(answer, "warnings"), 0);
	json_decref(answer);
	fixture_destroy(f);
}
END_TEST

START_TEST(the_answer_to_a_bad_one_has_the_reports_lines)
{
	struct fixture *f = fixture_create();
	const json_t *report;
	json_t *answer;

	fixture_write(f, "policy.yaml", bad_policy);
	answer = ask(f, "{\"cmd\":\"reload\"}");
	ck_assert(json_is_false(json_object_get(answer, "ok")));
	ck_assert_str_eq(text_of(answer, "error"), "not loaded, generation 1 stays: 1 error");
	report = json_object_get(answer, "report");
	ck_assert_uint_eq(json_array_size(report), 1);
	ck_assert_ptr_nonnull(
		strstr(json_string_value(json_array_get(report, 0)), "policy.yaml:3:"));
	json_decref(answer);
	answer = ask(f, "{\"cmd\":\"status\"}");
	ck_assert_int_eq(int_of(json_object_get(answer, "generation"), "refused"), 1);
	json_decref(answer);
	fixture_destroy(f);
}
END_TEST

START_TEST(what_needs_a_restart_is_said_and_policy_goes_on)
{
	struct fixture *f = fixture_create();
	const json_t *report;
	json_t *answer;

	fixture_write(f, "weir.yaml",
		      "workers: [0]\n"
		      "ports:\n"
		      "  - {name: outside, device: 'vdev:net_null0'}\n"
		      "  - {name: other, device: 'vdev:net_null1'}\n"
		      "wires: [{name: w0, ports: [outside, other]}]\n"
		      "policy: [policy2.yaml]\n"
		      "control: {socket: run/weir.sock}\n");
	fixture_write(f, "policy2.yaml", policy_good);
	answer = ask(f, "{\"cmd\":\"reload\"}");
	ck_assert(json_is_true(json_object_get(answer, "ok")));
	ck_assert_str_eq(text_of(answer, "needs_restart"), "ports");
	report = json_object_get(answer, "report");
	ck_assert_ptr_nonnull(strstr(
		json_string_value(json_array_get(report, json_array_size(report) - 1)), "ports"));
	json_decref(answer);
	ck_assert_uint_eq(f->path.generation->number, 2);
	answer = ask(f, "{\"cmd\":\"config\"}"); /* what holds, not what the file says */
	ck_assert_ptr_nonnull(strstr(text_of(answer, "text"), "policy2.yaml"));
	ck_assert_ptr_nonnull(strstr(text_of(answer, "text"), "inside"));
	ck_assert_ptr_null(strstr(text_of(answer, "text"), "other"));
	json_decref(answer);
	fixture_destroy(f);
}
END_TEST

START_TEST(the_event_file_may_change)
{
	struct fixture *f = fixture_create();
	char file[128];

	fixture_write(f, "weir.yaml",
		      "workers: [0]\n"
		      "ports:\n"
		      "  - {name: outside, device: 'vdev:net_null0'}\n"
		      "  - {name: inside, device: 'vdev:net_null1'}\n"
		      "wires: [{name: w0, ports: [outside, inside]}]\n"
		      "policy: [policy.yaml]\n"
		      "log: {events: new.json}\n"
		      "control: {socket: run/weir.sock}\n");
	json_decref(ask(f, "{\"cmd\":\"reload\"}"));
	snprintf(file, sizeof(file), "%s/new.json", f->folder);
	ck_assert_int_eq(access(file, F_OK), 0);
	fixture_destroy(f);
}
END_TEST

START_TEST(over_a_connection_it_is_answered_when_it_is_done)
{
	struct fixture *f = fixture_create();
	int fd = client_open(f);
	json_t *answer;

	client_send(f, fd, reload, sizeof(reload) - 1);
	answer = client_line(f, fd);
	ck_assert_int_eq(int_of(answer, "generation"), 2);
	json_decref(answer);
	fixture_write(f, "policy.yaml", bad_policy);
	client_send(f, fd, reload, sizeof(reload) - 1);
	answer = client_line(f, fd);
	ck_assert(json_is_false(json_object_get(answer, "ok")));
	ck_assert_uint_eq(json_array_size(json_object_get(answer, "report")), 1);
	json_decref(answer);
	client_send(f, fd, "{\"cmd\":\"version\"}\n", 18);
	json_decref(client_line(f, fd));
	close(fd);
	fixture_destroy(f);
}
END_TEST

START_TEST(many_that_ask_at_once_are_all_answered)
{
	struct fixture *f = fixture_create();
	int fd[8];

	for (unsigned int i = 0; i < 8; i++) {
		fd[i] = client_open(f);
		client_send(f, fd[i], reload, sizeof(reload) - 1);
	}
	for (unsigned int i = 0; i < 8; i++) {
		json_t *answer = client_line(f, fd[i]);

		ck_assert_ptr_nonnull(answer);
		ck_assert(json_is_true(json_object_get(answer, "ok")));
		ck_assert_int_le(int_of(answer, "generation"), 9);
		json_decref(answer);
		close(fd[i]);
	}
	ck_assert_uint_eq(f->path.generation->number, f->path.publishes + 1);
	fixture_destroy(f);
}
END_TEST

START_TEST(a_client_that_does_not_wait_does_no_harm)
{
	struct fixture *f = fixture_create();

	for (unsigned int i = 0; i < 5; i++) {
		int fd = client_open(f);

		client_send(f, fd, reload, sizeof(reload) - 1);
		close(fd);
	}
	turn_until_published(f, f->path.publishes + 1);
	fixture_destroy(f); /* perhaps with one under way */
}
END_TEST

START_TEST(sighup_loads_anew)
{
	struct fixture *f = fixture_create();

	ck_assert_int_eq(raise(SIGHUP), 0);
	turn_until_published(f, 1);
	fixture_destroy(f);
}
END_TEST

START_TEST(one_in_the_calling_thread_waits_for_the_one_aside)
{
	struct fixture *f = fixture_create();
	struct weir_buf out = {0};
	int fd = client_open(f);
	json_t *answer;

	client_send(f, fd, reload, sizeof(reload) - 1);
	weir_ctl_turn(f->ctl, 0);
	ck_assert_int_eq(weir_ctl_reload(f->ctl, &out), 0);
	answer = client_line(f, fd);
	ck_assert(json_is_true(json_object_get(answer, "ok")));
	json_decref(answer);
	ck_assert_uint_eq(f->path.generation->number, f->path.publishes + 1);
	weir_buf_fini(&out);
	close(fd);
	fixture_destroy(f);
}
END_TEST

START_TEST(each_is_an_event)
{
	struct fixture *f = fixture_create();
	const json_t *events;
	json_t *answer;

	json_decref(ask(f, "{\"cmd\":\"reload\"}"));
	fixture_write(f, "policy.yaml", bad_policy);
	json_decref(ask(f, "{\"cmd\":\"reload\"}"));
	while (weir_event_writer_stats(f->writer).records < 2)
		usleep(1000);
	answer = ask(f, "{\"cmd\":\"events\"}");
	events = json_object_get(answer, "events");
	for (size_t i = 0; i < 2; i++) {
		const json_t *e = json_array_get(events, i), *w = json_object_get(e, "weir");

		ck_assert_str_eq(text_of(e, "event_type"), "reload");
		ck_assert_int_eq(int_of(w, "generation"), 2);
		ck_assert_int_eq(strncmp(text_of(w, "detail"), i ? "refused: " : "published ", 9),
				 0);
	}
	json_decref(answer);
	fixture_destroy(f);
}
END_TEST

Suite *ctl_reload_suite(void)
{
	return WEIR_SUITE(
		"ctl reload", a_good_policy_becomes_the_next_generation,
		a_bad_policy_changes_nothing_and_is_named_with_its_place,
		files_that_cannot_be_read_change_nothing, the_answer_tells_generation_and_times,
		the_answer_to_a_bad_one_has_the_reports_lines,
		what_needs_a_restart_is_said_and_policy_goes_on, the_event_file_may_change,
		over_a_connection_it_is_answered_when_it_is_done,
		many_that_ask_at_once_are_all_answered, a_client_that_does_not_wait_does_no_harm,
		sighup_loads_anew, one_in_the_calling_thread_waits_for_the_one_aside,
		each_is_an_event);
}
