/* SPDX-License-Identifier: BSD-3-Clause */
/* Files of certificates and keys. A key that others could read, or have put there, is refused. */
#include "tls_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/err.h>

#define FILE_MAX (64UL << 20)
#define KEY_MAX  (1UL << 20)

bool tls_fail(struct weir_buf *why, const char *format, ...)
{
	va_list args;

	weir_buf_reset(why);
	va_start(args, format);
	weir_buf_vprintf(why, format, args);
	va_end(args);
	return false;
}

bool tls_fail_openssl(struct weir_buf *why, const char *format, ...)
{
	const char *reason = ERR_reason_error_string(ERR_peek_last_error());
	va_list args;

	weir_buf_reset(why);
	va_start(args, format);
	weir_buf_vprintf(why, format, args);
	va_end(args);
	if (reason)
		weir_buf_printf(why, ": %s", reason);
	ERR_clear_error();
	return false;
}

/* Links are followed: certificates' files often are. Nothing that would make us wait is opened. */
static int open_file(const char *path, size_t max, struct stat *st, struct weir_buf *why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	if (fd < 0 || fstat(fd, st) != 0)
		tls_fail(why, "%s: %s", path, strerror(errno));
	else if (!S_ISREG(st->st_mode))
		tls_fail(why, "%s: this is no file", path);
	else if (st->st_size < 0 || (size_t)st->st_size > max)
		tls_fail(why, "%s: this is larger than %zu bytes", path, max);
	else
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static bool read_all(int fd, uint8_t *to, size_t len)
{
	while (len) {
		ssize_t n = read(fd, to, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		to += n;
		len -= (size_t)n;
	}
	return true;
}

bool tls_file_read(const char *path, struct weir_buf *out, struct weir_buf *why)
{
	struct stat st;
	int fd = open_file(path, FILE_MAX, &st, why);
	uint8_t block[4096];
	ssize_t n;

	if (fd < 0)
		return false;
	do {
		n = read(fd, block, sizeof(block));
		if (n > 0)
			weir_buf_add(out, block, (size_t)n);
	} while ((n > 0 && out->len <= FILE_MAX) || (n < 0 && errno == EINTR));
	close(fd);
	if (n != 0 || out->failed)
		return tls_fail(why, "%s: %s", path, n < 0 ? strerror(errno) : "no memory");
	return true;
}

static bool is_private(const char *path, const struct stat *st, struct weir_buf *why)
{
	if (st->st_uid != geteuid() && st->st_uid != 0)
		return tls_fail(why, "%s: a key's file must belong to root or to who runs this",
				path);
	if (st->st_mode & 077)
		return tls_fail(why, "%s: a key's file must be its owner's alone: chmod 600 %s",
				path, path);
	return true;
}

bool tls_file_read_key(const char *path, struct tls_secret *out, struct weir_buf *why)
{
	struct stat st;
	int fd = open_file(path, KEY_MAX, &st, why);
	bool ok = false;

	if (fd < 0)
		return false;
	if (!is_private(path, &st, why))
		goto close;
	if (!tls_secret_init(out, (size_t)st.st_size)) {
		tls_fail(why, "%s: no memory", path);
		goto close;
	}
	ok = read_all(fd, out->ptr, out->len);
	if (!ok) {
		tls_fail(why, "%s: it could not be read whole", path);
		tls_secret_fini(out);
	}
close:
	close(fd);
	return ok;
}
