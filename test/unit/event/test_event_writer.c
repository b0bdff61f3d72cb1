/* SPDX-License-Identifier: BSD-3-Clause */
/* The writer thread over real files: order, draining, rotation, full disks, traces. */
#include "event_test.h"

#include <weir_test.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct fixture {
	char folder[64];
	char file[96];
	struct weir_names *names;
	struct weir_event_ring *ring[2];
	struct weir_event_writer *writer;
};

static void begin(struct fixture *f, bool with_file)
{
	struct weir_event_writer_cfg cfg = {.rings = f->ring, .n_rings = 2};
	static unsigned int made; /* a test that failed leaves its rings behind */
	char name[16];

	start_eal_once();
	strcpy(f->folder, "/tmp/weir-event-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(f->folder));
	snprintf(f->file, sizeof(f->file), "%s/log/events.json", f->folder);
	f->names = weir_names_create();
	for (unsigned int i = 0; i < 2; i++) {
		snprintf(name, sizeof(name), "writer%u", made++);
		f->ring[i] = weir_event_ring_create(name, 4096);
	}
	cfg.path = with_file ? f->file : NULL;
	cfg.names = f->names;
	f->writer = weir_event_writer_start(&cfg);
	ck_assert_ptr_nonnull(f->writer);
}

static void remove_file(const struct fixture *f, const char *name)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", f->folder, name);
	remove(path);
}

/* The thread ends; files stay for the test to look at. */
static void stop(struct fixture *f)
{
	weir_event_writer_stop(f->writer);
	f->writer = NULL;
}

static void end(struct fixture *f)
{
	weir_event_writer_stop(f->writer);
	weir_event_ring_destroy(f->ring[0]);
	weir_event_ring_destroy(f->ring[1]);
	weir_names_destroy(f->names);
	remove_file(f, "log/events.json");
	remove_file(f, "log/events.json.1");
	remove_file(f, "log/other.json");
	remove_file(f, "log");
	ck_assert_int_eq(rmdir(f->folder), 0);
}

/* Gives up after about ten seconds: then the assertion after it says what is missing. */
static void wait_for_records(const struct fixture *f, uint64_t n)
{
	for (unsigned int i = 0; i < 10000; i++) {
		if (weir_event_writer_stats(f->writer).records >= n)
			return;
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	}
	ck_abort_msg("the writer took too few records");
}

static void wait_for_end_of_lines(const struct fixture *f, uint64_t n)
{
	for (unsigned int i = 0; i < 10000; i++) {
		struct weir_event_writer_stats s = weir_event_writer_stats(f->writer);

		if (s.written + s.write_errors >= n)
			return;
		nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	}
	ck_abort_msg("the writer wrote too few records");
}

static void read_file(const char *path, struct weir_buf *out)
{
	FILE *file = fopen(path, "r");
	char bytes[65536];
	size_t n;

	ck_assert_ptr_nonnull(file);
	while ((n = fread(bytes, 1, sizeof(bytes), file)) > 0)
		weir_buf_add(out, bytes, n);
	fclose(file);
}

static uint64_t count_lines(const struct weir_buf *b)
{
	uint64_t n = 0;

	for (size_t i = 0; i < b->len; i++)
		n += b->ptr[i] == '\n';
	return n;
}

static uint64_t lines_of(const char *path)
{
	struct weir_buf text = {0};
	uint64_t n;

	read_file(path, &text);
	n = count_lines(&text);
	weir_buf_fini(&text);
	return n;
}

static void post(struct fixture *f, unsigned int ring, uint64_t id)
{
	struct weir_event e = {.type = WEIR_EVENT_DECISION, .flow_id = id};

	ck_assert(weir_event_post(f->ring[ring], &e));
}

START_TEST(what_was_posted_is_in_the_file_when_the_writer_has_stopped)
{
	struct weir_buf text = {0};
	struct fixture f;
	const char *at;

	begin(&f, true);
	for (uint64_t i = 1; i <= 3000; i++)
		post(&f, i % 2, i);
	stop(&f);
	read_file(f.file, &text);
	ck_assert_uint_eq(count_lines(&text), 3000);
	at = text.ptr;
	for (uint64_t i = 1; i <= 3000; i += 2) { /* of one ring, in order */
		char wanted[64];

		snprintf(wanted, sizeof(wanted), "\"flow_id\":%llu,", (unsigned long long)i);
		at = strstr(at, wanted);
		ck_assert_msg(at != NULL, "record %llu is missing or out of order",
			      (unsigned long long)i);
	}
	weir_buf_fini(&text);
	end(&f);
}
END_TEST

START_TEST(the_file_is_readable_by_owner_and_group_only)
{
	struct fixture f;
	struct stat st;

	begin(&f, true);
	ck_assert_int_eq(stat(f.file, &st), 0);
	ck_assert_int_eq(st.st_mode & 07777 & ~0640, 0);
	end(&f);
}
END_TEST

START_TEST(it_is_appended_to)
{
	struct weir_event_writer_cfg cfg = {0};
	struct fixture f;

	begin(&f, true);
	post(&f, 0, 1);
	stop(&f);
	cfg = (struct weir_event_writer_cfg){
		.path = f.file, .rings = f.ring, .n_rings = 2, .names = f.names};
	f.writer = weir_event_writer_start(&cfg);
	ck_assert_ptr_nonnull(f.writer);
	post(&f, 0, 2);
	stop(&f);
	ck_assert_uint_eq(lines_of(f.file), 2);
	end(&f);
}
END_TEST

START_TEST(after_a_rotation_records_go_to_the_new_file)
{
	struct fixture f;
	char rotated[128];

	begin(&f, true);
	post(&f, 0, 1);
	wait_for_end_of_lines(&f, 1);
	snprintf(rotated, sizeof(rotated), "%s.1", f.file);
	ck_assert_int_eq(rename(f.file, rotated), 0);
	ck_assert_int_eq(weir_event_writer_reopen(f.writer), 0);
	post(&f, 0, 2);
	stop(&f);
	ck_assert_uint_eq(lines_of(rotated) + lines_of(f.file), 2);
	ck_assert_uint_ge(lines_of(rotated), 1);
	end(&f);
}
END_TEST

START_TEST(the_path_can_change_and_a_bad_one_changes_nothing)
{
	struct fixture f;
	char other[128];

	begin(&f, true);
	snprintf(other, sizeof(other), "%s/log/other.json", f.folder);
	ck_assert_int_eq(weir_event_writer_set_path(f.writer, f.folder), -WEIR_EIO);
	post(&f, 0, 1);
	wait_for_end_of_lines(&f, 1);
	ck_assert_uint_eq(lines_of(f.file), 1);
	ck_assert_int_eq(weir_event_writer_set_path(f.writer, other), 0);
	/* A flush takes it up, and the one after it is surely later. */
	wait_for_records(&f, 1);
	ck_assert_int_eq(weir_event_writer_reopen(f.writer), 0);
	stop(&f);
	ck_assert_int_eq(access(other, F_OK), 0);
	end(&f);
}
END_TEST

START_TEST(without_a_file_the_newest_are_kept_all_the_same)
{
	struct weir_buf text = {0};
	struct fixture f;

	begin(&f, false);
	post(&f, 0, 1);
	wait_for_records(&f, 1);
	weir_event_writer_recent(f.writer, 10, &text);
	ck_assert_uint_eq(count_lines(&text), 1);
	ck_assert_int_eq(weir_event_writer_reopen(f.writer), 0);
	ck_assert_uint_eq(weir_event_writer_stats(f.writer).written, 0);
	ck_assert_uint_eq(weir_event_writer_stats(f.writer).write_errors, 0);
	weir_buf_fini(&text);
	end(&f);
}
END_TEST

START_TEST(a_thousand_recent_records_are_kept_oldest_first)
{
	struct weir_buf text = {0};
	struct fixture f;

	begin(&f, false);
	for (uint64_t i = 1; i <= 2500; i++)
		post(&f, 0, i);
	wait_for_records(&f, 2500);
	weir_event_writer_recent(f.writer, 5000, &text);
	ck_assert_uint_eq(count_lines(&text), 1000);
	ck_assert_ptr_null(strstr(text.ptr, "\"flow_id\":1500,"));
	ck_assert_ptr_nonnull(strstr(text.ptr, "\"flow_id\":1501,"));
	ck_assert(strstr(text.ptr, "\"flow_id\":1501,") < strstr(text.ptr, "\"flow_id\":2500,"));
	weir_buf_reset(&text);
	weir_event_writer_recent(f.writer, 2, &text);
	ck_assert_uint_eq(count_lines(&text), 2);
	ck_assert_ptr_nonnull(strstr(text.ptr, "\"flow_id\":2499,"));
	ck_assert_ptr_nonnull(strstr(text.ptr, "\"flow_id\":2500,"));
	weir_buf_reset(&text);
	weir_event_writer_recent(f.writer, 0, &text);
	ck_assert_uint_eq(text.len, 0);
	weir_buf_fini(&text);
	end(&f);
}
END_TEST

START_TEST(a_full_disk_costs_records_that_are_counted)
{
	struct fixture f;

	begin(&f, true);
	ck_assert_int_eq(weir_event_writer_set_path(f.writer, "/dev/full"), 0);
	/* The switch is taken up by a flush; these may still be in time for the old file. */
	post(&f, 0, 1);
	wait_for_end_of_lines(&f, 1);
	post(&f, 0, 2);
	post(&f, 1, 3);
	wait_for_end_of_lines(&f, 3);
	ck_assert_uint_ge(weir_event_writer_stats(f.writer).write_errors, 2);
	ck_assert_int_eq(weir_event_writer_set_path(f.writer, f.file), 0);
	post(&f, 0, 4);
	wait_for_end_of_lines(&f, 4);
	post(&f, 0, 5);
	wait_for_end_of_lines(&f, 5);
	ck_assert_uint_ge(weir_event_writer_stats(f.writer).written, 1);
	stop(&f);
	ck_assert_uint_ge(lines_of(f.file), 1);
	end(&f);
}
END_TEST

static void *put_many(void *arg)
{
	struct fixture *f = arg;
	struct weir_event e = {.type = WEIR_EVENT_RELOAD};

	for (unsigned int i = 0; i < 200; i++)
		weir_event_writer_put(f->writer, &e);
	return NULL;
}

START_TEST(controls_own_records_may_come_from_any_thread)
{
	struct fixture f;
	pthread_t thread[4];

	begin(&f, true);
	for (unsigned int i = 0; i < 4; i++)
		ck_assert_int_eq(pthread_create(&thread[i], NULL, put_many, &f), 0);
	for (unsigned int i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
	wait_for_end_of_lines(&f, 800);
	stop(&f);
	ck_assert_uint_eq(lines_of(f.file), 800);
	end(&f);
}
END_TEST

static void count_trace(void *ctx, const struct weir_event *e)
{
	ck_assert_uint_eq(e->type, WEIR_EVENT_TRACE);
	atomic_fetch_add((_Atomic unsigned int *)ctx, 1);
}

START_TEST(traces_go_to_whoever_listens_and_not_to_the_file)
{
	struct weir_event e = {.type = WEIR_EVENT_TRACE};
	_Atomic unsigned int traces = 0;
	struct weir_buf text = {0};
	struct fixture f;

	begin(&f, true);
	ck_assert(weir_event_post(f.ring[0], &e)); /* nobody listens */
	wait_for_records(&f, 1);
	weir_event_writer_set_trace(f.writer, count_trace, &traces);
	for (unsigned int i = 0; i < 10; i++)
		ck_assert(weir_event_post(f.ring[1], &e));
	wait_for_records(&f, 11);
	ck_assert_uint_eq(atomic_load(&traces), 10);
	weir_event_writer_set_trace(f.writer, NULL, NULL);
	ck_assert(weir_event_post(f.ring[1], &e));
	wait_for_records(&f, 12);
	ck_assert_uint_eq(atomic_load(&traces), 10);
	weir_event_writer_recent(f.writer, 10, &text);
	ck_assert_uint_eq(text.len, 0);
	stop(&f);
	ck_assert_uint_eq(lines_of(f.file), 0);
	end(&f);
}
END_TEST

START_TEST(a_file_that_cannot_be_opened_stops_the_start)
{
	struct weir_event_writer_cfg cfg = {.path = "/proc/no/such/folder/events.json"};

	ck_assert_ptr_null(weir_event_writer_start(&cfg));
	weir_event_writer_stop(NULL);
}
END_TEST

Suite *event_writer_suite(void)
{
	return WEIR_SUITE("event writer",
			  what_was_posted_is_in_the_file_when_the_writer_has_stopped,
			  the_file_is_readable_by_owner_and_group_only, it_is_appended_to,
			  after_a_rotation_records_go_to_the_new_file,
			  the_path_can_change_and_a_bad_one_changes_nothing,
			  without_a_file_the_newest_are_kept_all_the_same,
			  a_thousand_recent_records_are_kept_oldest_first,
			  a_full_disk_costs_records_that_are_counted,
			  controls_own_records_may_come_from_any_thread,
			  traces_go_to_whoever_listens_and_not_to_the_file,
			  a_file_that_cannot_be_opened_stops_the_start);
}
