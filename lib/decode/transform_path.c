/* SPDX-License-Identifier: BSD-3-Clause */
/* Paths without empty, `.` and `..` segments. */
#include "decode_impl.h"

static bool is_slash(uint8_t c, bool windows)
{
	return c == '/' || (windows && c == '\\');
}

/* Takes the last segment off the `n` bytes of `out`, not below `root`; false where none is, or
 * where it is a ".." that had nothing to go up from. */
static bool pop_segment(const uint8_t *out, size_t *n, size_t root)
{
	size_t end = *n, start;

	if (end <= root)
		return false;
	end -= out[end - 1] == '/';
	start = end;
	while (start > root && out[start - 1] != '/')
		start--;
	if (end - start == 2 && out[start] == '.' && out[start + 1] == '.')
		return false;
	*n = start;
	return true;
}

/* The end of the segment that begins at `i`; or STOPPED. */
static size_t segment_end(struct looks *l, struct weir_bytes in, size_t i, bool windows)
{
	for (; i < in.len && !is_slash(in.ptr[i], windows); i++)
		if (!look_at(l, i))
			return STOPPED;
	return i;
}

/* An absolute path does not go above its root; a relative one keeps the ".." that lead out of it. A
 * slash at the end stays, and none is added. */
static size_t normalize(struct weir_bytes in, uint8_t *out, bool windows,
			const struct weir_watch *watch)
{
	struct looks looks = {watch, LOOK_EVERY};
	size_t n = 0, root;
	bool trailing;

	if (!in.len)
		return 0;
	if (is_slash(in.ptr[0], windows))
		out[n++] = '/';
	root = n;
	trailing = is_slash(in.ptr[in.len - 1], windows);
	for (size_t i = 0; i < in.len;) {
		size_t start = i, len;

		i = segment_end(&looks, in, i, windows);
		if (i == STOPPED || !look_at(&looks, i))
			return STOPPED;
		len = i - start;
		i++;
		if (len == 0 || (len == 1 && in.ptr[start] == '.'))
			continue;
		if (len == 2 && in.ptr[start] == '.' && in.ptr[start + 1] == '.' &&
		    (pop_segment(out, &n, root) || root))
			continue;
		if (!copy_watched(&looks, in, start, len, out + n))
			return STOPPED;
		n += len;
		out[n++] = '/';
	}
	if (n > root && !trailing)
		n--;
	return n;
}

size_t t_normalize_path_watched(struct weir_bytes in, uint8_t *out, const struct weir_watch *watch)
{
	return normalize(in, out, false, watch);
}

size_t t_normalize_path_win_watched(struct weir_bytes in, uint8_t *out,
				    const struct weir_watch *watch)
{
	return normalize(in, out, true, watch);
}

size_t t_normalize_path(struct weir_bytes in, uint8_t *out)
{
	return normalize(in, out, false, NULL);
}

size_t t_normalize_path_win(struct weir_bytes in, uint8_t *out)
{
	return normalize(in, out, true, NULL);
}
