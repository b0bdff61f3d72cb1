/* SPDX-License-Identifier: BSD-3-Clause */
/* What is rare about a call's time. */
#include "waf_clock.h"

void waf_clock_start(struct waf_clock *c, uint64_t now, uint64_t budget, uint64_t step)
{
	c->until = budget ? now + budget : 0;
	c->last = now;
	c->step = step;
	c->known = 0;
	c->credit = budget * WAF_CREDIT_TIMES;
	c->lost = 0;
}

void waf_clock_stop(struct waf_clock *c)
{
	c->until = 1;
	c->credit = 0;
}

/* A step may have been under way when the processor was taken: it is the caller's all the same. */
void waf_clock_credit(struct waf_clock *c, uint64_t now)
{
	uint64_t gap = now - c->last;
	uint64_t given = gap < c->credit ? gap : c->credit;

	if (!c->until)
		return;
	c->until += given;
	c->credit -= given;
	c->lost += given;
}

bool waf_clock_wait(struct waf_clock *c)
{
	return c->more && c->more(c->ctx);
}

bool waf_clock_fits_now(struct waf_clock *c, uint64_t now, uint64_t ticks)
{
	return !waf_clock_is_over(c, now) && (!c->until || now + ticks <= c->until);
}

bool waf_clock_fits(struct waf_clock *c, uint64_t now, uint64_t ticks)
{
	bool fits = waf_clock_fits_now(c, now, ticks);

	if (!fits)
		fits = waf_clock_wait(c) && c->last + ticks <= c->until;
	if (fits)
		c->known = ticks; /* it is not taken for somebody else's */
	return fits;
}
