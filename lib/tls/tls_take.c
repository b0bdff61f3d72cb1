/* SPDX-License-Identifier: BSD-3-Clause */
/* What a record has brought: data, alerts; what may come how often without any data. */
#include "tls_record.h"

/* As OpenSSL has it: MAX_EMPTY_RECORDS, MAX_WARN_ALERT_COUNT. */
#define EMPTY_MAX    32
#define WARNINGS_MAX 4

#define LEVEL_WARNING 1
#define LEVEL_FATAL   2

#define USER_CANCELED 90

int tls_records_fail(struct weir_tls_crypto *c, struct weir_tls_records *r, enum weir_tls_error e)
{
	uint8_t alert = weir_tls_error_alert(e);

	r->error = (uint8_t)e;
	r->rx_closed = true;
	if (alert == WEIR_TLS_NO_ALERT || r->tx_closed)
		weir_tls_records_wipe(c, r);
	else
		r->fatal_due = alert;
	return -(int)e;
}

static int count_warning(struct weir_tls_records *r)
{
	return ++r->warnings > WARNINGS_MAX ? -WEIR_TLS_E_RECORDS_EMPTY : 0;
}

static int end_by_peer(struct weir_tls_records *r, struct weir_tls_opened *opened)
{
	r->rx_closed = true;
	opened->closed = true;
	return 0;
}

/* RFC 8446 section 6: the level says nothing, all but two are fatal. */
static int take_alert_13(struct weir_tls_records *r, struct weir_tls_opened *opened)
{
	if (opened->alert == WEIR_TLS_CLOSE_NOTIFY)
		return end_by_peer(r, opened);
	return opened->alert == USER_CANCELED ? count_warning(r) : -WEIR_TLS_E_PEER_ALERT;
}

/* RFC 5246 section 7.2. */
static int take_alert_12(struct weir_tls_records *r, uint8_t level, struct weir_tls_opened *opened)
{
	if (level == LEVEL_FATAL)
		return -WEIR_TLS_E_PEER_ALERT;
	if (level != LEVEL_WARNING)
		return -WEIR_TLS_E_MESSAGE_VALUE;
	return opened->alert == WEIR_TLS_CLOSE_NOTIFY ? end_by_peer(r, opened) : count_warning(r);
}

/* One, whole, in a record (RFC 8446 section 5.1). Deviation: in TLS 1.2 too, as OpenSSL has it. */
int tls_take_alert(struct weir_tls_records *r, struct tls_writer content, size_t len,
		   struct weir_tls_opened *opened)
{
	uint8_t alert[2];

	if (len != sizeof(alert))
		return -WEIR_TLS_E_MESSAGE;
	tls_writer_copy(&content, alert, sizeof(alert));
	opened->alert = alert[1];
	return tls_is_13(r) ? take_alert_13(r, opened) : take_alert_12(r, alert[0], opened);
}

static int take_data(struct weir_tls_records *r, size_t len, struct weir_tls_opened *opened)
{
	if (!len)
		return 0;
	opened->len = len;
	r->empty = 0;
	r->warnings = 0;
	if (r->updates)
		r->updates--;
	return 0;
}

/*
 * A handshake message that has begun is ended before anything else comes (RFC 8446 section 5.1).
 * Deviation: in TLS 1.2 too, where nobody does otherwise. Records that bring no data cost work and
 * are cheap to make.
 */
int tls_take_content(struct weir_tls_crypto *c, struct weir_tls_records *r,
		     const struct weir_tls_spans *s, size_t len, struct weir_tls_opened *opened)
{
	struct tls_writer content = tls_writer_of(s->out, s->n_out);
	bool begun = r->message_have;

	if (++r->empty > EMPTY_MAX && !(opened->type == WEIR_TLS_APPLICATION_DATA && len))
		return -WEIR_TLS_E_RECORDS_EMPTY;
	if (begun && opened->type != WEIR_TLS_HANDSHAKE)
		return -WEIR_TLS_E_MESSAGE;
	switch (opened->type) {
	case WEIR_TLS_APPLICATION_DATA:
		return take_data(r, len, opened);
	case WEIR_TLS_HANDSHAKE:
		return tls_take_handshake(c, r, content, len);
	case WEIR_TLS_ALERT:
		return tls_take_alert(r, content, len, opened);
	default:
		return -WEIR_TLS_E_RECORD_TYPE;
	}
}
