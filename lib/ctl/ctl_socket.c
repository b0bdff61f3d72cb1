/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control socket's file. One that a dead process left is replaced, one that answers is not; the
 * mode is set before anybody can connect, since bind makes the file and listen opens it.
 */
#include "ctl_impl.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <weir_log.h>

#define SOCKET_MODE 0660
#define FOLDER_MODE 0755
#define BACKLOG     64

static int complain(const char *path, const char *what)
{
	weir_error("control socket %s: %s", path, what);
	return -WEIR_EIO;
}

static int set_address(struct sockaddr_un *a, const char *path)
{
	*a = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(a->sun_path))
		return complain(path, "the path is longer than the 107 bytes that a socket may "
				      "have");
	strcpy(a->sun_path, path);
	return 0;
}

/* Whether a process listens on it. */
static bool answers(const struct sockaddr_un *a)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool yes = fd >= 0 &&
		   (connect(fd, (const struct sockaddr *)a, sizeof(*a)) == 0 || errno == EAGAIN);

	if (fd >= 0)
		close(fd);
	return yes;
}

/* Removes what a dead process left at the path. */
static int make_place(const struct sockaddr_un *a)
{
	struct stat st;

	if (lstat(a->sun_path, &st) < 0)
		return errno == ENOENT ? 0 : complain(a->sun_path, strerror(errno));
	if (!S_ISSOCK(st.st_mode))
		return complain(a->sun_path, "there is a file that is not a socket");
	if (answers(a))
		return complain(a->sun_path, "another weir listens on it");
	if (unlink(a->sun_path) < 0 && errno != ENOENT)
		return complain(a->sun_path, strerror(errno));
	return 0;
}

/* The folders above `path` that are missing. */
static int make_folders(const char *path)
{
	char folder[sizeof(((struct sockaddr_un *)0)->sun_path)];

	strcpy(folder, path);
	for (char *slash = strchr(folder + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(folder, FOLDER_MODE) < 0 && errno != EEXIST)
			return complain(path, strerror(errno));
		*slash = '/';
	}
	return 0;
}

static int remember_file(struct ctl_socket *s, const char *path)
{
	struct stat st;

	if (chmod(path, SOCKET_MODE) < 0 || lstat(path, &st) < 0)
		return complain(path, strerror(errno));
	s->dev = st.st_dev;
	s->ino = st.st_ino;
	s->path = strdup(path);
	return s->path ? 0 : -WEIR_ENOMEM;
}

int ctl_socket_open(struct ctl_socket *s, const char *path)
{
	struct sockaddr_un a;

	s->source = (struct ctl_source){CTL_LISTEN, -1};
	if (set_address(&a, path) < 0 || make_folders(path) < 0 || make_place(&a) < 0)
		return -WEIR_EIO;
	s->source.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s->source.fd < 0 || bind(s->source.fd, (struct sockaddr *)&a, sizeof(a)) < 0)
		return complain(path, strerror(errno));
	if (remember_file(s, path) < 0)
		return -WEIR_EIO;
	if (listen(s->source.fd, BACKLOG) < 0)
		return complain(path, strerror(errno));
	return 0;
}

void ctl_socket_close(struct ctl_socket *s)
{
	struct stat st;

	if (s->path && lstat(s->path, &st) == 0 && st.st_dev == s->dev && st.st_ino == s->ino)
		unlink(s->path);
	free(s->path);
	s->path = NULL;
	if (s->source.fd >= 0)
		close(s->source.fd);
	s->source.fd = -1;
}
