/* SPDX-License-Identifier: BSD-3-Clause */
/* What libssl and libcrypto take from the heap, counted from the program's start. */
#include "conn_test.h"

#include <malloc.h>
#include <stdatomic.h>

#include <openssl/crypto.h>

static _Atomic long bytes;

static void *count_malloc(size_t n, const char *file, int line)
{
	void *at = malloc(n);

	(void)file;
	(void)line;
	bytes += at ? (long)malloc_usable_size(at) : 0;
	return at;
}

static void count_free(void *at, const char *file, int line)
{
	(void)file;
	(void)line;
	bytes -= at ? (long)malloc_usable_size(at) : 0;
	free(at);
}

static void *count_realloc(void *at, size_t n, const char *file, int line)
{
	long before = at ? (long)malloc_usable_size(at) : 0;
	void *moved = realloc(at, n);

	(void)file;
	(void)line;
	if (moved || !n)
		bytes += (moved ? (long)malloc_usable_size(moved) : 0) - before;
	return moved;
}

/* Before anything of OpenSSL has allocated: later it is refused. */
__attribute__((constructor)) static void begin(void)
{
	if (CRYPTO_set_mem_functions(count_malloc, count_realloc, count_free) != 1)
		abort();
}

long openssl_bytes(void)
{
	return bytes;
}
