/* SPDX-License-Identifier: BSD-3-Clause */
#include "decode_test.h"

WEIR_TEST_MAIN(transform_suite, params_suite, json_suite, protobuf_suite, multipart_suite,
	       inflate_suite)
