/* SPDX-License-Identifier: BSD-3-Clause */
#include "waf_test.h"

WEIR_TEST_MAIN(regex_suite, cond_suite, need_suite, need_sound_suite, need_benign_suite)
