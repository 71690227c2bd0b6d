/* An appraisal for people and for programs. */
#include <redoubt/attest.h>
#include <redoubt/os.h>

#include <string.h>

static const char *const results[] = { "FAIL", "absent", "pass", "warn" };

#define SHORT_MAX 72u

/* What a line says: of a check that held what it asked for, of others what was found. */
static void put_words(const struct rd_reason *r, struct rd_buf *out)
{
	if (r->result == RD_RESULT_PASS) {
		struct rd_view held = r->expected.len ? r->expected : r->found;
		bool cut = held.len > SHORT_MAX;

		if (cut)
			held.len = SHORT_MAX - 3;
		while (cut && (held.data[held.len] & 0xc0) == 0x80)
			held.len--;
		rd_text_put_shown(out, held);
		rd_buf_printf(out, "%s", cut ? "..." : "");
		return;
	}
	rd_text_put_shown(out, r->found);
	if (r->result < RD_RESULT_PASS) {
		rd_buf_printf(out, " (expected ");
		rd_text_put_shown(out, r->expected);
		rd_buf_add_byte(out, ')');
	}
	if (r->remedy.len) {
		rd_buf_printf(out, ": ");
		rd_text_put_shown(out, r->remedy);
	}
}

/* A cell as it is shown, with spaces behind it; how wide it was. */
static size_t put_cell(const char *text, size_t width, struct rd_buf *out)
{
	size_t from = out->len, columns;

	rd_text_put_shown(out, rd_view_str(text));
	columns =
		from < out->len ? rd_text_width(rd_view_of(out->data + from, out->len - from)) : 0;
	for (size_t i = columns; i < width; i++)
		rd_buf_add_byte(out, ' ');
	return columns;
}

static size_t wider(const char *text, size_t than)
{
	RD_AUTO(rd_buf_free) struct rd_buf cell = { .max = 4096 };
	size_t columns = put_cell(text, 0, &cell);

	return columns > than ? columns : than;
}

bool rd_appraisal_print(const struct rd_appraisal *a, struct rd_buf *out, struct rd_err *err)
{
	size_t code = strlen("check"), claim = strlen("claim");

	for (uint32_t i = 0; i < a->n_reasons; i++) {
		const struct rd_reason *r = &a->reason[i];

		code = wider(r->code, code);
		claim = wider(r->claim, claim);
	}
	rd_buf_printf(out, "%s", a->verdict == RD_VERDICT_ACCEPTED ? "accepted" : "REFUSED");
	if (a->level != RD_LEVEL_NONE)
		rd_buf_printf(out, " at level %s", rd_level_name(a->level));
	rd_buf_printf(out, "%s\n",
		      a->level == RD_LEVEL_SOFTWARE ? ": software isolation, no TEE" : "");
	rd_buf_printf(out, "  %-6s  %-10s  %-*s  %-*s  %s\n", "result", "finding", (int)code,
		      "check", (int)claim, "claim", "what");
	for (uint32_t i = 0; i < a->n_reasons; i++) {
		const struct rd_reason *r = &a->reason[i];

		rd_buf_printf(out, "  %-6s  %-10s  %-*s  ", results[r->result],
			      rd_aspect_name(r->aspect), (int)code, r->code);
		(void)put_cell(r->claim, claim, out);
		rd_buf_printf(out, "  ");
		put_words(r, out);
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
		rd_buf_printf(out, "%s{\"result\": \"%s\", \"code\": \"%s\", \"claim\": ", comma,
			      rd_result_name(r->result), r->code);
		rd_json_put_string(out, rd_view_str(r->claim));
		rd_buf_printf(out, ", \"expected\": ");
		rd_json_put_string(out, r->expected);
		rd_buf_printf(out, ", \"found\": ");
		rd_json_put_string(out, r->found);
		if (r->remedy.len) {
			rd_buf_printf(out, ", \"remedy\": ");
			rd_json_put_string(out, r->remedy);
		}
		rd_buf_printf(out, "}");
		comma = ", ";
	}
}

static void put_value(const struct rd_tee_claim *c, struct rd_buf *out)
{
	char time[21];

	switch (c->kind) {
	case RD_CLAIM_NULL:
		rd_buf_printf(out, "null");
		break;
	case RD_CLAIM_BYTES:
		rd_buf_printf(out, "\"");
		for (size_t i = 0; i < c->bytes.len; i++)
			rd_buf_printf(out, "%02x", c->bytes.data[i]);
		rd_buf_printf(out, "\"");
		break;
	case RD_CLAIM_TEXT:
		rd_json_put_string(out, c->bytes);
		break;
	case RD_CLAIM_UINT:
		rd_buf_printf(out, "%llu", (unsigned long long)c->number);
		break;
	case RD_CLAIM_BOOL:
		rd_buf_printf(out, c->number ? "true" : "false");
		break;
	case RD_CLAIM_TIME:
		rd_os_time_format((int64_t)c->number, time);
		rd_buf_printf(out, "\"%s\"", time);
		break;
	}
}

/* The part of a claim's name up to a dot: what nests it; 0 if nothing does. */
static size_t map_of(const char *name)
{
	const char *dot = strrchr(name, '.');

	return dot ? (size_t)(dot - name) : 0;
}

static bool same_map(const char *a, const char *b)
{
	return map_of(a) == map_of(b) && strncmp(a, b, map_of(a)) == 0;
}

/* Claims of one map, where the first of them stands. */
static void put_map(const struct rd_tee_result *r, uint32_t first, struct rd_buf *out)
{
	const char *name = r->claim[first].name, *comma = "";

	rd_json_put_string(out, rd_view_of(name, map_of(name)));
	rd_buf_printf(out, ": {");
	for (uint32_t i = first; i < r->n_claims; i++) {
		if (!same_map(r->claim[i].name, name))
			continue;
		rd_buf_printf(out, "%s", comma);
		rd_json_put_string(out, rd_view_str(r->claim[i].name + map_of(name) + 1));
		rd_buf_printf(out, ": ");
		put_value(&r->claim[i], out);
		comma = ", ";
	}
	rd_buf_printf(out, "}");
}

static void put_claims(const struct rd_tee_result *r, struct rd_buf *out)
{
	const char *comma = "";

	for (uint32_t i = 0; i < r->n_claims; i++) {
		const char *name = r->claim[i].name;
		bool seen = false;

		for (uint32_t k = 0; map_of(name) && k < i; k++)
			seen = seen || same_map(r->claim[k].name, name);
		if (seen)
			continue;
		rd_buf_printf(out, "%s", comma);
		comma = ", ";
		if (map_of(name)) {
			put_map(r, i, out);
			continue;
		}
		rd_json_put_string(out, rd_view_str(name));
		rd_buf_printf(out, ": ");
		put_value(&r->claim[i], out);
	}
}

bool rd_claims_print(const struct rd_tee_result *r, struct rd_buf *out, struct rd_err *err)
{
	size_t width = 0;

	for (uint32_t i = 0; i < r->n_claims; i++)
		width = wider(r->claim[i].name, width);
	for (uint32_t i = 0; i < r->n_claims; i++) {
		rd_buf_printf(out, "  ");
		(void)put_cell(r->claim[i].name, width, out);
		rd_buf_printf(out, "  ");
		put_value(&r->claim[i], out);
		rd_buf_printf(out, "\n");
	}
	return rd_buf_ok(out, err);
}

bool rd_appraisal_json(const struct rd_appraisal *a, const struct rd_tee_result *claims,
		       struct rd_buf *out, struct rd_err *err)
{
	rd_buf_printf(out, "{\"verdict\": \"%s\", \"level\": \"%s\", \"findings\": {",
		      a->verdict == RD_VERDICT_ACCEPTED ? "accepted" : "refused",
		      rd_level_name(a->level));
	for (int i = 0; i < RD_ASPECTS; i++) {
		rd_buf_printf(out, "%s\"%s\": {\"result\": \"%s\", ", i ? ", " : "",
			      rd_aspect_name((enum rd_aspect)i), rd_result_name(a->result[i]));
		if (i == RD_ASPECT_TCB && a->tcb_status.len) {
			rd_buf_printf(out, "\"status\": ");
			rd_json_put_string(out, a->tcb_status);
			rd_buf_printf(out, ", ");
		}
		rd_buf_printf(out, "\"reasons\": [");
		put_reasons(a, (enum rd_aspect)i, out);
		rd_buf_printf(out, "]}");
	}
	rd_buf_printf(out, "}");
	if (claims) {
		rd_buf_printf(out, ", \"claims\": {");
		put_claims(claims, out);
		rd_buf_printf(out, "}");
	}
	rd_buf_printf(out, "}\n");
	return rd_buf_ok(out, err);
}
