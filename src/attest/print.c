/* An appraisal for people and for programs. */
#include <redoubt/attest.h>

static const char *const results[] = { "FAIL", "absent", "pass", "warn" };

bool rd_appraisal_print(const struct rd_appraisal *a, struct rd_buf *out, struct rd_err *err)
{
	rd_buf_printf(out, "%s at level %s%s\n",
		      a->verdict == RD_VERDICT_ACCEPTED ? "accepted" : "REFUSED",
		      rd_level_name(a->level),
		      a->level == RD_LEVEL_SOFTWARE ? ": software isolation, no TEE" : "");
	rd_buf_printf(out, "  %-6s  %-10s  %-28s  %-18s  %s\n", "result", "finding", "check",
		      "claim", "found");
	for (uint32_t i = 0; i < a->n_reasons; i++) {
		const struct rd_reason *r = &a->reason[i];

		rd_buf_printf(out, "  %-6s  %-10s  %-28s  %-18s  %.*s", results[r->result],
			      rd_aspect_name(r->aspect), r->code, r->claim, RD_FMT(r->found));
		if (r->result < RD_RESULT_PASS)
			rd_buf_printf(out, " (expected %.*s)", RD_FMT(r->expected));
		rd_buf_printf(out, "\n");
	}
	return rd_buf_ok(out, err);
}

static void put_reasons(const struct rd_appraisal *a, enum rd_aspect aspect, struct rd_buf *out)
{
	const char *comma = "";

	for (uint32_t i = 0; i < a->n_reasons; i++) {
		const struct rd_reason *r = &a->reason[i];

		if (r->aspect != aspect)
			continue;
		rd_buf_printf(out, "%s{\"result\": \"%s\", \"code\": \"%s\", \"claim\": \"%s\", ",
			      comma, rd_result_name(r->result), r->code, r->claim);
		rd_buf_printf(out, "\"expected\": ");
		rd_json_put_string(out, r->expected);
		rd_buf_printf(out, ", \"found\": ");
		rd_json_put_string(out, r->found);
		rd_buf_printf(out, "}");
		comma = ", ";
	}
}

bool rd_appraisal_json(const struct rd_appraisal *a, struct rd_buf *out, struct rd_err *err)
{
	rd_buf_printf(out, "{\"verdict\": \"%s\", \"level\": \"%s\", \"findings\": {",
		      a->verdict == RD_VERDICT_ACCEPTED ? "accepted" : "refused",
		      rd_level_name(a->level));
	for (int i = 0; i < RD_ASPECTS; i++) {
		rd_buf_printf(out, "%s\"%s\": {\"result\": \"%s\", \"reasons\": [", i ? ", " : "",
			      rd_aspect_name((enum rd_aspect)i), rd_result_name(a->result[i]));
		put_reasons(a, (enum rd_aspect)i, out);
		rd_buf_printf(out, "]}");
	}
	rd_buf_printf(out, "}}\n");
	return rd_buf_ok(out, err);
}
