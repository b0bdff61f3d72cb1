/* SPDX-License-Identifier: BSD-3-Clause */
/* The control socket's file: made, replaced, refused, removed; and a client that comes by it. */
#include "fixture.h"

#include <weir_test.h>

#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static struct sockaddr_un address(const struct fixture *f)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	ck_assert_uint_lt(strlen(f->socket), sizeof(a.sun_path));
	strcpy(a.sun_path, f->socket);
	return a;
}

static int connect_to(const struct fixture *f)
{
	struct sockaddr_un a = address(f);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

START_TEST(it_is_made_with_its_folder_for_owner_and_group)
{
	struct fixture *f = fixture_create();
	struct stat st;

	ck_assert_int_eq(stat(f->socket, &st), 0);
	ck_assert(S_ISSOCK(st.st_mode));
	ck_assert_int_eq(st.st_mode & 0777, 0660);
	weir_ctl_destroy(f->ctl);
	f->ctl = NULL;
	ck_assert_int_ne(stat(f->socket, &st), 0);
	fixture_destroy(f);
}
END_TEST

START_TEST(who_connects_is_answered)
{
	struct fixture *f = fixture_create();
	int fd = connect_to(f);
	json_t *answer;

	client_send(f, fd, "{\"cmd\":\"version\"}\n", 18);
	answer = client_line(f, fd);
	ck_assert_str_eq(text_of(answer, "version"), "1.2.3-test");
	json_decref(answer);
	close(fd);
	fixture_destroy(f);
}
END_TEST

START_TEST(one_in_use_is_an_error_and_stays)
{
	struct fixture *f = fixture_create();
	int fd;

	ck_assert_ptr_null(weir_ctl_create(&f->cfg));
	fd = connect_to(f);
	close(fd);
	fixture_destroy(f);
}
END_TEST

START_TEST(one_of_a_dead_process_is_replaced)
{
	struct fixture *f = fixture_create();
	struct sockaddr_un a = address(f);
	int dead;

	weir_ctl_destroy(f->ctl);
	dead = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(bind(dead, (struct sockaddr *)&a, sizeof(a)), 0);
	close(dead); /* its file stays */
	f->ctl = weir_ctl_create(&f->cfg);
	ck_assert_ptr_nonnull(f->ctl);
	close(connect_to(f));
	fixture_destroy(f);
}
END_TEST

START_TEST(a_file_that_is_no_socket_is_not_touched)
{
	struct fixture *f = fixture_create();
	struct stat st;

	weir_ctl_destroy(f->ctl);
	fixture_write(f, "run/weir.sock", "precious");
	f->ctl = weir_ctl_create(&f->cfg);
	ck_assert_ptr_null(f->ctl);
	ck_assert_int_eq(stat(f->socket, &st), 0);
	ck_assert_int_eq(st.st_size, 8);
	fixture_destroy(f);
}
END_TEST

START_TEST(the_socket_of_a_successor_is_not_removed)
{
	struct fixture *f = fixture_create();
	struct stat st;

	ck_assert_int_eq(unlink(f->socket), 0);
	fixture_write(f, "run/weir.sock", "another's");
	weir_ctl_destroy(f->ctl);
	f->ctl = NULL;
	ck_assert_int_eq(stat(f->socket, &st), 0);
	fixture_destroy(f);
}
END_TEST

START_TEST(a_path_that_no_socket_can_have_is_an_error)
{
	struct fixture *f = fixture_prepare();
	char *path = f->conf->control_socket;
	char too_long[200];

	memset(too_long, 'x', sizeof(too_long) - 1);
	too_long[0] = '/';
	too_long[sizeof(too_long) - 1] = '\0';
	f->conf->control_socket = too_long;
	ck_assert_ptr_null(weir_ctl_create(&f->cfg));
	f->conf->control_socket = path;
	fixture_destroy(f);
}
END_TEST

START_TEST(a_folder_that_cannot_be_made_is_an_error)
{
	struct fixture *f = fixture_prepare();

	fixture_write(f, "run", "a file where the folder should be");
	ck_assert_ptr_null(weir_ctl_create(&f->cfg));
	fixture_destroy(f);
}
END_TEST

START_TEST(sigterm_ends_the_loop)
{
	struct fixture *f = fixture_create();
	bool on = true;

	ck_assert_int_eq(raise(SIGTERM), 0);
	for (unsigned int i = 0; on && i < 10; i++)
		on = weir_ctl_turn(f->ctl, 25);
	ck_assert(!on);
	fixture_destroy(f);
}
END_TEST

START_TEST(sigusr1_opens_the_event_file_anew)
{
	struct fixture *f = fixture_create();
	char file[128], rotated[160];

	snprintf(file, sizeof(file), "%s/events.json", f->folder);
	snprintf(rotated, sizeof(rotated), "%s.1", file);
	ck_assert_int_eq(weir_event_writer_set_path(f->writer, file), 0);
	ck_assert_int_eq(rename(file, rotated), 0);
	ck_assert_int_eq(raise(SIGUSR1), 0);
	for (unsigned int i = 0; i < 10 && access(file, F_OK) != 0; i++)
		weir_ctl_turn(f->ctl, 25);
	ck_assert_int_eq(access(file, F_OK), 0);
	fixture_destroy(f);
}
END_TEST

START_TEST(stop_from_elsewhere_wakes_the_loop)
{
	struct fixture *f = fixture_create();

	weir_ctl_stop(f->ctl);
	weir_ctl_run(f->ctl);
	ck_assert(!weir_ctl_turn(f->ctl, 0));
	fixture_destroy(f);
}
END_TEST

Suite *ctl_socket_suite(void)
{
	return WEIR_SUITE("ctl socket", it_is_made_with_its_folder_for_owner_and_group,
			  who_connects_is_answered, one_in_use_is_an_error_and_stays,
			  one_of_a_dead_process_is_replaced,
			  a_file_that_is_no_socket_is_not_touched,
			  the_socket_of_a_successor_is_not_removed,
			  a_path_that_no_socket_can_have_is_an_error,
			  a_folder_that_cannot_be_made_is_an_error, sigterm_ends_the_loop,
			  sigusr1_opens_the_event_file_anew, stop_from_elsewhere_wakes_the_loop);
}
