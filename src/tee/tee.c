/* The list of technologies, and what is the same for all of them. */
#include <redoubt/tee.h>

#include <redoubt/codec.h>

const struct rd_tee *rd_tee_by_name(struct rd_view name)
{
	for (size_t i = 0; rd_tees[i]; i++)
		if (rd_view_eq(name, rd_view_str(rd_tees[i]->name)))
			return rd_tees[i];
	return NULL;
}

const struct rd_tee *rd_tee_by_content_type(struct rd_view content_type)
{
	for (size_t i = 0; rd_tees[i]; i++)
		if (rd_view_eq(content_type, rd_view_str(rd_tees[i]->content_type)))
			return rd_tees[i];
	return NULL;
}

static const char *const level_names[] = { "none", "software", "tpm", "operator", "hardware" };

const char *rd_level_name(enum rd_level level)
{
	return level > RD_LEVEL_NONE && level <= RD_LEVEL_HARDWARE ? level_names[level] : "none";
}

bool rd_level_parse(struct rd_view name, enum rd_level *out, struct rd_err *err)
{
	for (int i = RD_LEVEL_SOFTWARE; i <= RD_LEVEL_HARDWARE; i++)
		if (rd_view_eq(name, rd_view_str(level_names[i]))) {
			*out = (enum rd_level)i;
			return true;
		}
	return rd_fail(err, RD_FAULT_MALFORMED, "tee.level",
		       "level '%.*s': expected hardware, operator, tpm or software",
		       (int)(name.len < 64 ? name.len : 64), (const char *)name.data);
}

void rd_tee_check_report_data(struct rd_tee_work *w, struct rd_view claims)
{
	struct rd_err why = { 0 };
	bool ok = rd_claims_match(claims, w->out->report_data, &why);

	rd_tee_check_err(w, RD_ASPECT_CRYPTO, ok,
			 (struct rd_tee_words){ "tee.report_data", "report_data",
						"the hash of these claims", "equal" },
			 &why);
}

bool rd_evidence_verify(struct rd_view cmw, int64_t now_unix_s, struct rd_arena *arena,
			struct rd_evidence *out, struct rd_err *err)
{
	struct rd_view type, value;
	struct rd_tee_input in = { .now_unix_s = now_unix_s };
	struct rd_collateral pieces[RD_COLLATERAL_MAX];
	struct rd_evidence *e = out;
	struct rd_tee_work work;

	*e = (struct rd_evidence){ 0 };
	if (!rd_cmw_get(cmw, &type, &value, err))
		return rd_wrap(err, "evidence");
	e->tee = rd_tee_by_content_type(type);
	if (!e->tee)
		return rd_fail(err, RD_FAULT_REFUSED, "tee.type.unknown",
			       "evidence of type '%.*s' is not known here",
			       (int)(type.len < 128 ? type.len : 128), (const char *)type.data);
	if (!rd_bundle_decode(value, &e->bundle, err) ||
	    !rd_claims_decode(e->bundle.claims, &e->claims, err))
		return rd_wrap(err, "%s", e->tee->name);
	if (!e->claims.has_launch)
		return rd_fail(err, RD_FAULT_MALFORMED, "tee.claims.form",
			       "%s: claims that no launcher completed", e->tee->name);
	in.report = e->bundle.report;
	in.n_collateral = e->bundle.n_collateral;
	for (uint32_t i = 0; i < in.n_collateral; i++)
		pieces[i] = (struct rd_collateral){ .name = "", .bytes = e->bundle.collateral[i] };
	in.collateral = pieces;
	if (!e->tee->verify(&in, arena, &e->result, err))
		return rd_wrap(err, "%s", e->tee->name);
	work = (struct rd_tee_work){ .in = &in, .arena = arena, .out = &e->result, .err = err };
	rd_tee_check_report_data(&work, e->bundle.claims);
	return rd_tee_done(&work);
}

bool rd_evidence_make(const struct rd_tee *tee, struct rd_view claims,
		      const struct rd_secret *launcher_key, struct rd_buf *cmw, struct rd_err *err)
{
	RD_AUTO(rd_buf_free) struct rd_buf report, bundle_bytes;
	struct rd_bundle bundle = { .claims = claims };
	uint8_t report_data[RD_REPORT_DATA_LEN];
	struct rd_tee_collector in = { .launcher_key = launcher_key, .device_root = "" };

	rd_buf_init(&report, RD_BUNDLE_MAX);
	rd_buf_init(&bundle_bytes, RD_BUNDLE_MAX);
	if (!tee->collect)
		return rd_fail(err, RD_FAULT_FAILED, "tee.collect.none",
			       "%s: this program cannot make such evidence", tee->name);
	if (!rd_claims_report_data(claims, report_data, err))
		return false;
	in.report_data = rd_view_of(report_data, sizeof(report_data));
	if (!tee->collect(&in, &report, err))
		return rd_wrap(err, "%s", tee->name);
	bundle.report = rd_buf_view(&report);
	return rd_bundle_encode(&bundle, &bundle_bytes, err) &&
	       rd_cmw_put(cmw, tee->content_type, rd_buf_view(&bundle_bytes), err);
}
