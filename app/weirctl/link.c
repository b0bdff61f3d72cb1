/* SPDX-License-Identifier: BSD-3-Clause */
/* The connection to weir's control socket: lines out and lines in. */
#include "weirctl.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#define PATIENCE_S 60

static const char *hint(int error)
{
	switch (error) {
	case ENOENT:
	case ECONNREFUSED:
		return "; does weir run? (-s or WEIR_SOCKET names another socket)";
	case EACCES:
		return "; only root and the socket's group may";
	default:
		return "";
	}
}

static int cannot(const char *socket, int error)
{
	fprintf(stderr, "weirctl: cannot connect to %s: %s%s\n", socket, strerror(error),
		hint(error));
	return EXIT_NO_WEIR;
}

int link_open(struct link *l, const char *path, unsigned int patience_s)
{
	struct timeval wait = {.tv_sec = PATIENCE_S + patience_s};
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	*l = (struct link){.fd = -1};
	if (strlen(path) >= sizeof(a.sun_path))
		return cannot(path, ENAMETOOLONG);
	strcpy(a.sun_path, path);
	l->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (l->fd < 0)
		return cannot(path, errno);
	if (setsockopt(l->fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) < 0 ||
	    setsockopt(l->fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) < 0 ||
	    connect(l->fd, (struct sockaddr *)&a, sizeof(a)) < 0) {
		int error = errno;

		close(l->fd);
		return cannot(path, error);
	}
	return EXIT_OK;
}

void link_close(struct link *l)
{
	close(l->fd);
	weir_buf_fini(&l->in);
}

static int send_all(int fd, const char *bytes, size_t len)
{
	while (len) {
		ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		bytes += n;
		len -= (size_t)n;
	}
	return 0;
}

int link_send(struct link *l, const char *line)
{
	if (send_all(l->fd, line, strlen(line)) == 0 && send_all(l->fd, "\n", 1) == 0)
		return EXIT_OK;
	fprintf(stderr, "weirctl: cannot send to weir: %s\n", strerror(errno));
	return EXIT_NO_WEIR;
}

static bool receive(struct link *l)
{
	char bytes[65536];
	ssize_t n;

	do
		n = recv(l->fd, bytes, sizeof(bytes), 0);
	while (n < 0 && errno == EINTR);
	if (n > 0) {
		weir_buf_add(&l->in, bytes, (size_t)n);
		if (!l->in.failed)
			return true;
		errno = ENOMEM;
	}
	fprintf(stderr, "weirctl: %s\n",
		n == 0                                    ? "weir ended the connection"
		: errno == EAGAIN || errno == EWOULDBLOCK ? "weir does not answer"
							  : strerror(errno));
	return false;
}

const char *link_line(struct link *l)
{
	size_t looked = 0;

	/* What was given out before is not needed any more. */
	if (l->taken) {
		l->in.len -= l->taken;
		memmove(l->in.ptr, l->in.ptr + l->taken, l->in.len);
		l->taken = 0;
	}
	for (;;) {
		char *end = l->in.len > looked
				    ? memchr(l->in.ptr + looked, '\n', l->in.len - looked)
				    : NULL;

		if (end) {
			*end = '\0';
			l->taken = (size_t)(end + 1 - l->in.ptr);
			return l->in.ptr;
		}
		looked = l->in.len;
		if (!receive(l))
			return NULL;
	}
}
