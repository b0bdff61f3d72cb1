/* SPDX-License-Identifier: BSD-3-Clause */
/* Where the values of a variable stand. */
#ifndef WAF_SOURCE_H
#define WAF_SOURCE_H

#include <weir_seclang.h>

/* A list of a transaction for each variable that has values of its own, and one for XML's
 * attributes. Variables of names share the list of what they name. */
#define WAF_LIST_XML_ATTRS WEIR_SEC_V_END
#define WAF_LISTS          (WEIR_SEC_V_END + 1)
/* The name of XML's text; its attributes have their own. */
#define WAF_XML_TEXT "/*"

enum waf_source_kind {
	WAF_FROM_LIST,    /* filled in before the phase begins: can be screened */
	WAF_FROM_TX,      /* TX */
	WAF_FROM_STORE,   /* IP, GLOBAL, …: kept between transactions */
	WAF_FROM_MATCHES, /* MATCHED_VAR and its kin */
	WAF_FROM_CLOCK,   /* TIME_*, DURATION */
	WAF_FROM_RULE,    /* RULE:id, … */
	WAF_FROM_NOTHING  /* GEO, …: never has a value */
};

struct waf_source {
	uint8_t kind;    /* enum waf_source_kind */
	uint8_t list[2]; /* of WAF_FROM_LIST; WAF_LISTS: none */
	bool names;      /* the names of what stands there */
	bool changes;    /* what stands there is written over: not screened */
};
const struct waf_source *waf_source(enum weir_sec_variable v);

#endif
