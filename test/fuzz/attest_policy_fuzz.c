/* Fuzzes evidence policies: YAML that people and programs write. */
#include <redoubt/attest.h>

#include "support.h"

#define MEMORY_MAX ((size_t)64 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct rd_arena *arena;
	struct rd_evidence_policy policy;
	const struct rd_doc *doc;
	struct rd_err err = { 0 };

	if (!arena)
		rd_assert(rd_arena_new(MEMORY_MAX, &arena, &err));
	rd_arena_reset(arena);
	if (rd_yaml_parse(arena, "p", rd_view_of(data, size), &doc, &err) &&
	    rd_evidence_policy_from_doc(doc, "p", NULL, arena, &policy, &err))
		rd_assert(policy.from_file);
	return 0;
}
