/* SPDX-License-Identifier: BSD-3-Clause */
/* Calls of gRPC in the laboratory of http2_lab.h: what is said in them, and by whom. */
#ifndef GRPC_LAB_H
#define GRPC_LAB_H

#include "http2_lab.h"

#define CALL                                                     \
	"POST /shop.Cart/Add HTTP/1.1\r\nHost: shop.example\r\n" \
	"Content-Type: application/grpc\r\nTE: trailers\r\n"     \
	"Transfer-Encoding: chunked\r\n\r\n"
#define ANSWER \
	"HTTP/1.1 200 OK\r\nContent-Type: application/grpc\r\nTransfer-Encoding: chunked\r\n\r\n"
/* Messages whose first field is the text. */
#define GOOD   "\0\0\0\0\7\x0a\5hello"
#define BETTER "\0\0\0\0\6\x0a\4miau"
#define ATTACK                 \
	"\0\0\0\0\x0b\x0a\x09" \
	"a attack2"
#define LEAK                   \
	"\0\0\0\0\x0b\x0a\x09" \
	"a attack4"
#define BYTES(text) (text), sizeof(text) - 1

#define WEB_CALL(type)                                           \
	"POST /shop.Cart/Add HTTP/1.1\r\nHost: shop.example\r\n" \
	"Content-Type: " type "\r\nTransfer-Encoding: chunked\r\n\r\n"
#define TEXT "application/grpc-web-text+proto"
/* GOOD and ATTACK. */
#define GOOD_TEXT   "AAAAAAcKBWhlbGxv"
#define ATTACK_TEXT "AAAAAAsKCWEgYXR0YWNrMg=="

/* Begins a call and says the first bytes of it. */
uint32_t grpc_call(struct h2_lab *l, const char *bytes, size_t n);
void grpc_say(struct h2_lab *l, uint32_t id, const char *bytes, size_t n);
void grpc_finish(struct h2_lab *l, uint32_t id);
/* A message of `n` bytes, and the five before it; the caller's. */
char *grpc_large(size_t n);

#endif
