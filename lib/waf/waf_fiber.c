/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Stacks to run on by turns. Only what a called function must keep is saved (System V ABI for
 * x86-64, section 3.2.1); that is less than a signal mask's system call, which ucontext.h makes.
 */
#include "waf_fiber.h"

#include <stdlib.h>
#include <sys/mman.h>

/* The deepest use, libxml2's, is some 20 KiB. Pages that nobody has touched take no memory. */
#define STACK_BYTES (256u << 10)
#define GUARD_BYTES 4096u

struct waf_fiber {
	struct waf_fiber *next; /* while it is free */
	uint8_t *map;           /* the guard page, and the stack above it */
	void *sp, *caller_sp;   /* of whoever does not run */
	void (*work)(void *ctx);
	void *ctx;
	bool done;
};

struct waf_fibers {
	struct waf_fiber *free;
	struct weir_use use;
	struct waf_fiber fiber[];
};

/* Saves where it is to *from, and goes on where `to` was saved. */
void waf_fiber_switch(void **from, void *to);

__asm__(".text\n"
	".type waf_fiber_switch, @function\n"
	".globl waf_fiber_switch\n"
	".hidden waf_fiber_switch\n"
	"waf_fiber_switch:\n"
	"	push %rbp\n"
	"	push %rbx\n"
	"	push %r12\n"
	"	push %r13\n"
	"	push %r14\n"
	"	push %r15\n"
	"	mov %rsp, (%rdi)\n"
	"	mov %rsi, %rsp\n"
	"	pop %r15\n"
	"	pop %r14\n"
	"	pop %r13\n"
	"	pop %r12\n"
	"	pop %rbx\n"
	"	pop %rbp\n"
	"	ret\n"
	".size waf_fiber_switch, . - waf_fiber_switch\n"
	/* Where a stack begins: the fiber is in the register in which begin() has put it. */
	".type waf_fiber_enter, @function\n"
	"waf_fiber_enter:\n"
	"	mov %rbx, %rdi\n"
	"	call waf_fiber_main\n"
	"	ud2\n"
	".size waf_fiber_enter, . - waf_fiber_enter\n");

void waf_fiber_enter(void);
void waf_fiber_main(struct waf_fiber *f);

/* Never returns: there is nobody below it. */
__attribute__((used)) void waf_fiber_main(struct waf_fiber *f)
{
	f->work(f->ctx);
	f->done = true;
	waf_fiber_switch(&f->sp, f->caller_sp);
	weir_assert(false);
}

/* ---- making them ---- */

static bool make(struct waf_fiber *f)
{
	void *map = mmap(NULL, GUARD_BYTES + STACK_BYTES, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);

	if (map == MAP_FAILED)
		return false;
	f->map = map;
	return mprotect(map, GUARD_BYTES, PROT_NONE) == 0;
}

struct waf_fibers *waf_fibers_create(unsigned int n)
{
	struct waf_fibers *all = calloc(1, sizeof(*all) + n * sizeof(*all->fiber));

	if (!all)
		return NULL;
	all->use.size = all->use.used = n;
	for (unsigned int i = 0; i < n; i++) {
		bool good = make(&all->fiber[i]);

		waf_fiber_give(all, &all->fiber[i]);
		if (!good) {
			all->use.used = 0;
			waf_fibers_destroy(all);
			return NULL;
		}
	}
	return all;
}

void waf_fibers_destroy(struct waf_fibers *all)
{
	if (!all)
		return;
	weir_assert(all->use.used == 0);
	for (unsigned int i = 0; i < all->use.size; i++)
		if (all->fiber[i].map)
			munmap(all->fiber[i].map, GUARD_BYTES + STACK_BYTES);
	free(all);
}

struct waf_fiber *waf_fiber_take(struct waf_fibers *all)
{
	struct waf_fiber *f = all->free;

	if (f) {
		all->free = f->next;
		weir_use_take(&all->use, 1);
	} else {
		all->use.full++;
	}
	return f;
}

struct weir_use waf_fibers_use(const struct waf_fibers *all)
{
	return all->use;
}

void waf_fiber_give(struct waf_fibers *all, struct waf_fiber *f)
{
	f->next = all->free;
	all->free = f;
	weir_use_give(&all->use, 1);
}

/* ---- running them ---- */

/* The stack looks as if waf_fiber_switch had saved it at the beginning of waf_fiber_enter. Calls
 * are made from where the stack is a multiple of 16. */
void waf_fiber_begin(struct waf_fiber *f, void (*work)(void *ctx), void *ctx)
{
	uint64_t *top = (uint64_t *)(void *)(f->map + GUARD_BYTES + STACK_BYTES) - 2;

	*--top = (uintptr_t)waf_fiber_enter;
	*--top = 0;            /* rbp: debuggers stop here */
	*--top = (uintptr_t)f; /* rbx */
	for (unsigned int i = 0; i < 4; i++)
		*--top = 0; /* r12 to r15 */
	f->sp = top;
	f->work = work;
	f->ctx = ctx;
	f->done = false;
}

bool waf_fiber_run(struct waf_fiber *f)
{
	waf_fiber_switch(&f->caller_sp, f->sp);
	return f->done;
}

void waf_fiber_pause(struct waf_fiber *f)
{
	waf_fiber_switch(&f->sp, f->caller_sp);
}
