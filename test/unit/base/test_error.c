/* SPDX-License-Identifier: BSD-3-Clause */
/* Error texts and assertions. */
#include "base_test.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static void run_child(void (*f)(void), int err)
{
	struct rlimit no_core = {0, 0};

	setrlimit(RLIMIT_CORE, &no_core);
	signal(SIGABRT, SIG_DFL);
	dup2(err, STDERR_FILENO);
	f();
	_exit(0);
}

void assert_invariant_fails(void (*f)(void), const char *line_has)
{
	char said[512] = "";
	int pipe_fd[2], status;
	size_t len = 0;
	ssize_t n;
	pid_t child;

	ck_assert_int_eq(pipe(pipe_fd), 0);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (child == 0)
		run_child(f, pipe_fd[1]);
	close(pipe_fd[1]);
	while ((n = read(pipe_fd[0], said + len, sizeof(said) - 1 - len)) > 0)
		len += (size_t)n;
	close(pipe_fd[0]);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "no abort: %s", said);
	ck_assert_msg(strstr(said, line_has) != NULL, "said: %s", said);
}

START_TEST(every_error_has_its_own_text)
{
	for (int a = 0; a < WEIR_ERROR_END; a++) {
		ck_assert_str_eq(weir_strerror(a), weir_strerror(-a));
		ck_assert_str_ne(weir_strerror(a), "");
		ck_assert_str_ne(weir_strerror(a), "unknown error");
		for (int b = 0; b < a; b++)
			ck_assert_str_ne(weir_strerror(a), weir_strerror(b));
	}
}
END_TEST

START_TEST(a_code_outside_the_list_is_an_unknown_error)
{
	static const int codes[] = {WEIR_ERROR_END, -WEIR_ERROR_END, 1000,
				    -1000,          INT32_MAX,       INT32_MIN};

	for (size_t i = 0; i < WEIR_ARRAY_LEN(codes); i++)
		ck_assert_str_eq(weir_strerror(codes[i]), "unknown error");
}
END_TEST

static void break_invariant(void)
{
	volatile int one = 1;

	weir_assert(one == 2);
}

START_TEST(a_broken_invariant_ends_the_process_and_says_which)
{
	assert_invariant_fails(break_invariant, "invariant does not hold: one == 2");
}
END_TEST

START_TEST(a_kept_invariant_does_nothing)
{
	int calls = 0;

	weir_assert(++calls == 1);
	ck_assert_int_eq(calls, 1);
}
END_TEST

Suite *error_suite(void)
{
	return WEIR_SUITE("base error", every_error_has_its_own_text,
			  a_code_outside_the_list_is_an_unknown_error,
			  a_broken_invariant_ends_the_process_and_says_which,
			  a_kept_invariant_does_nothing);
}
