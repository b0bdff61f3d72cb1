/* SPDX-License-Identifier: BSD-3-Clause */
/* Error texts, assertions. */
#include <weir_base.h>

#include <stdio.h>
#include <stdlib.h>

static const char *const texts[WEIR_ERROR_END] = {
	[0] = "success",
	[WEIR_EINVAL] = "invalid argument",
	[WEIR_ENOMEM] = "out of memory",
	[WEIR_ELIMIT] = "limit reached",
	[WEIR_ENOTFOUND] = "not found",
	[WEIR_EEXIST] = "exists already",
	[WEIR_EAGAIN] = "try again",
	[WEIR_EIO] = "input/output error",
	[WEIR_ENOTSUP] = "not supported",
	[WEIR_EPERM] = "not permitted",
	[WEIR_EFORMAT] = "not well formed",
};

const char *weir_strerror(int code)
{
	unsigned int n = code < 0 ? -(unsigned int)code : (unsigned int)code;

	return n < WEIR_ERROR_END ? texts[n] : "unknown error";
}

_Noreturn void weir_assert_fail(const char *cond, const char *file, int line)
{
	fprintf(stderr, "weir: %s:%d: invariant does not hold: %s\n", file, line, cond);
	abort();
}
