/* JSON vectors for the tests of crypto: hexadecimal fields, in memory of the test's arena. */
#ifndef RD_TEST_CRYPTO_VECTORS_H
#define RD_TEST_CRYPTO_VECTORS_H

#include "support.h"

#include <jansson.h>
#include <string.h>

static inline json_t *load_vectors(const char *relative)
{
	struct rd_view text = rd_test_read_file(rd_test_shared_path(relative));
	json_error_t why;
	json_t *root = json_loadb((const char *)text.data, text.len, 0, &why);

	assert_non_null(root);
	rd_test_free(text);
	return root;
}

static inline struct rd_view field(struct rd_arena *arena, json_t *object, const char *name)
{
	struct rd_err err = { 0 };
	struct rd_view out = { 0 };
	const char *text = json_string_value(json_object_get(object, name));

	assert_non_null(text);
	assert_true(rd_unhex(arena, rd_view_str(text), &out, &err));
	return out;
}

static inline bool says(json_t *test, const char *result)
{
	return strcmp(json_string_value(json_object_get(test, "result")), result) == 0;
}

#endif
