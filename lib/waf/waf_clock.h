/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The time that a call into the engine may take. It is looked at between any two steps, of which
 * none takes longer than WAF_STEP_NS; looks that are further apart tell that the processor was
 * somewhere else meanwhile: another process had it, or a hypervisor. That is not weir's time, and
 * the end moves by it, so that a busy machine refuses nobody. Ticks are those of waf_ticks.
 */
#ifndef WAF_CLOCK_H
#define WAF_CLOCK_H

#include <weir_base.h>

/* Steps take half of that at most where they were measured. */
#define WAF_STEP_NS 3000000
/*
 * So many times its budget is given back to a call at most. A worker that gets less than a tenth of
 * its core cannot be helped; and should a step be long for once, because a value is one that nobody
 * has thought of, it is not taken for somebody else's without end.
 */
#define WAF_CREDIT_TIMES 10

struct waf_clock {
	uint64_t until;  /* tick at which the time is over; 0: never */
	uint64_t last;   /* tick of the last look */
	uint64_t step;   /* looks that are further apart are credited */
	uint64_t known;  /* ticks that the step at hand takes, for all that is known */
	uint64_t credit; /* ticks that may still be given back */
	uint64_t lost;   /* ticks that were */
	/* Asked when the time is over: true, later, when there is more of it. NULL: there is not.
	 */
	bool (*more)(void *ctx);
	void *ctx;
};

/* From `now` on for `budget` ticks; 0: for ever. What `more` is stays. */
void waf_clock_start(struct waf_clock *c, uint64_t now, uint64_t budget, uint64_t step);
/* Nothing is left, and nothing is given back. */
void waf_clock_stop(struct waf_clock *c);
/* Gives back what was taken between two looks. */
WEIR_COLD void waf_clock_credit(struct waf_clock *c, uint64_t now);

/* A look. */
static inline bool waf_clock_is_over(struct waf_clock *c, uint64_t now)
{
	if (weir_unlikely(now - c->last > c->step + c->known))
		waf_clock_credit(c, now);
	c->last = now;
	c->known = 0;
	return weir_unlikely(now > c->until) && c->until;
}

/* Whether a step of so many ticks may begin: now, or in the next call, which may have come when it
 * returns. */
WEIR_MUST_CHECK bool waf_clock_fits(struct waf_clock *c, uint64_t now, uint64_t ticks);
/* Whether it may now. */
WEIR_MUST_CHECK bool waf_clock_fits_now(struct waf_clock *c, uint64_t now, uint64_t ticks);
/* False: there is no more time, and will not be. Else the call may have ended and another begun. */
WEIR_COLD bool waf_clock_wait(struct waf_clock *c);

#endif
