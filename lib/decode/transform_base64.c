/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Base64 (RFC 4648 section 4), and digests by OpenSSL: by its old functions, which keep their state
 * here. Those that replace them look up the algorithm and allocate each time, which takes ten times
 * as long as the digest of a short value.
 */
#define OPENSSL_SUPPRESS_DEPRECATED

#include <openssl/evp.h>
#include <openssl/md5.h>
#include <openssl/sha.h>

#include "decode_impl.h"

static int base64_value(uint8_t c)
{
	if ((uint8_t)(c - 'A') < 26)
		return c - 'A';
	if ((uint8_t)(c - 'a') < 26)
		return c - 'a' + 26;
	if ((uint8_t)(c - '0') < 10)
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Stops at the first byte that is no digit, or passes over it. Whole bytes of an unfinished group
 * count. */
static size_t decode(struct weir_bytes in, uint8_t *out, bool pass_over)
{
	uint32_t bits = 0;
	unsigned int have = 0;
	size_t n = 0;

	for (size_t i = 0; i < in.len; i++) {
		int value = base64_value(in.ptr[i]);

		if (value < 0 && pass_over && in.ptr[i] != '=')
			continue;
		if (value < 0)
			break;
		bits = bits << 6 | (uint32_t)value;
		have += 6;
		if (have >= 8) {
			have -= 8;
			out[n++] = (uint8_t)(bits >> have);
		}
	}
	return n;
}

size_t transform_base64_run(struct weir_bytes in)
{
	size_t n = 0;

	while (n < in.len && base64_value(in.ptr[n]) >= 0)
		n++;
	return n;
}

size_t t_base64_decode(struct weir_bytes in, uint8_t *out)
{
	return decode(in, out, false);
}

size_t t_base64_decode_ext(struct weir_bytes in, uint8_t *out)
{
	return decode(in, out, true);
}

size_t t_base64_encode(struct weir_bytes in, uint8_t *out)
{
	return (size_t)EVP_EncodeBlock(out, in.ptr, (int)in.len);
}

size_t t_md5(struct weir_bytes in, uint8_t *out)
{
	MD5_CTX md5;

	return MD5_Init(&md5) && MD5_Update(&md5, in.ptr, in.len) && MD5_Final(out, &md5)
		       ? MD5_DIGEST_LENGTH
		       : 0;
}

size_t t_sha1(struct weir_bytes in, uint8_t *out)
{
	SHA_CTX sha1;

	return SHA1_Init(&sha1) && SHA1_Update(&sha1, in.ptr, in.len) && SHA1_Final(out, &sha1)
		       ? SHA_DIGEST_LENGTH
		       : 0;
}
