/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory for keys: pages of their own that are in no dump, not swapped where that is allowed, and
 * wiped before they are given back. */
#include "tls_impl.h"

#include <sys/mman.h>
#include <unistd.h>

#include <openssl/crypto.h>

bool tls_secret_init(struct tls_secret *s, size_t len)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t mapped = (len + page) / page * page; /* one byte more at least: a NUL */
	void *at = mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	*s = (struct tls_secret){0};
	if (at == MAP_FAILED)
		return false;
	if (madvise(at, mapped, MADV_DONTDUMP) != 0) {
		munmap(at, mapped);
		return false;
	}
	/* Where the limit of locked memory is small this fails, and swap is the operator's. */
	(void)!mlock(at, mapped);
	*s = (struct tls_secret){.ptr = at, .len = len, .mapped = mapped};
	return true;
}

void tls_secret_fini(struct tls_secret *s)
{
	if (s->ptr) {
		OPENSSL_cleanse(s->ptr, s->mapped);
		munmap(s->ptr, s->mapped);
	}
	*s = (struct tls_secret){0};
}
