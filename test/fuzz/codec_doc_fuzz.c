/* rd_yaml_parse, rd_json_parse, rd_json_put_string: any text. */
#include <redoubt/codec.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
const char *__lsan_default_suppressions(void);

/* libfyaml 0.7.12 loses 1 KiB on some malformed quoted keys; our own leaks still count. */
const char *__lsan_default_suppressions(void)
{
	return "leak:libfyaml.so";
}

/* A tree within its limits, whose quoted texts survive being written as JSON. */
static uint32_t check(struct rd_arena *arena, const struct rd_doc *doc, uint32_t depth)
{
	uint32_t nodes = 1;
	rd_assert(depth <= 32);
	if (doc->kind == RD_DOC_SCALAR && doc->quoted) {
		struct rd_buf json RD_AUTO(rd_buf_free) = { 0 };
		struct rd_err err = { 0 };
		const struct rd_doc *again = NULL;
		rd_buf_init(&json, (size_t)64 << 20);
		rd_buf_add_byte(&json, '[');
		rd_json_put_string(&json, doc->text);
		rd_buf_add_byte(&json, ']');
		if (json.len < (8u << 20) &&
		    rd_json_parse(arena, "again", rd_buf_view(&json), &again, &err))
			rd_assert(rd_view_eq(again->item[0].text, doc->text));
		else
			rd_assert(json.len >= (8u << 20) || err.fault == RD_FAULT_FAILED);
	}
	for (uint32_t i = 0; i < doc->n; i++)
		nodes += check(arena, &doc->item[i], depth + 1);
	return nodes;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rd_view text = { data, size };
	struct rd_arena *arena = NULL;
	struct rd_err err = { 0 };
	const struct rd_doc *doc = NULL;
	if (!rd_arena_new((size_t)64 << 20, &arena, &err))
		return 0;
	if (rd_yaml_parse(arena, "yaml", text, &doc, &err))
		rd_assert(check(arena, doc, 0) <= 65536);
	err = (struct rd_err){ 0 };
	if (rd_json_parse(arena, "json", text, &doc, &err))
		rd_assert(check(arena, doc, 0) <= 65536);
	rd_arena_free(&arena);
	return 0;
}
