/* Policies as bytes, and whether they make sense. */
#include <redoubt/attest.h>
#include <redoubt/os.h>

#define LABEL "redoubt-policy-v1"

static bool bad(const char *what, struct rd_err *err)
{
	return rd_fail(err, RD_FAULT_MALFORMED, "attest.policy", "policy: %s", what);
}

bool rd_policy_encode(const struct rd_policy *p, struct rd_buf *out, struct rd_err *err)
{
	if (!rd_policy_check(p, err))
		return false;
	rd_cbor_put_array(out, 9);
	rd_cbor_put_str(out, LABEL);
	rd_cbor_put_uint(out, p->min_level);
	rd_cbor_put_array(out, p->n_tees);
	for (uint32_t i = 0; i < p->n_tees; i++)
		rd_cbor_put_text(out, p->tee[i]);
	rd_cbor_put_array(out, p->n_references);
	for (uint32_t i = 0; i < p->n_references; i++) {
		rd_cbor_put_array(out, 3);
		rd_cbor_put_text(out, p->reference[i].name);
		rd_cbor_put_bytes(out, p->reference[i].measurement);
		rd_cbor_put_bytes(out, p->reference[i].platform_digest);
	}
	rd_cbor_put_bool(out, p->any_platform);
	rd_cbor_put_array(out, p->n_platforms);
	for (uint32_t i = 0; i < p->n_platforms; i++) {
		rd_cbor_put_array(out, 2);
		rd_cbor_put_text(out, p->platform[i].name);
		rd_cbor_put_bytes(out, p->platform[i].id);
	}
	rd_cbor_put_uint(out, p->sandbox_may_miss);
	rd_cbor_put_array(out, p->n_launch_configs);
	for (uint32_t i = 0; i < p->n_launch_configs; i++)
		rd_cbor_put_bytes(out, p->launch_config[i]);
	rd_cbor_put_bool(out, p->require_revocation);
	return rd_buf_ok(out, err);
}

/* ---- reading
 * ------------------------------------------------------------------------------------- */

static bool read_references(struct rd_cbor_reader *r, struct rd_arena *arena, struct rd_policy *out,
			    struct rd_err *err)
{
	struct rd_reference *reference;

	out->n_references = rd_cbor_enter_array_upto(r, 1, RD_POLICY_MEASUREMENTS_MAX);
	reference = RD_NEW_ARRAY(arena, struct rd_reference, out->n_references, err);
	if (!reference)
		return false;
	for (uint32_t i = 0; i < out->n_references; i++) {
		rd_cbor_enter_array(r, 3);
		reference[i].name = rd_cbor_read_text(r, 1, RD_POLICY_NAME_MAX);
		reference[i].measurement =
			rd_cbor_read_bytes(r, RD_MEASUREMENT_LEN, RD_MEASUREMENT_LEN);
		reference[i].platform_digest = rd_cbor_read_bytes(r, 0, 48);
		rd_cbor_leave(r);
	}
	rd_cbor_leave(r);
	out->reference = reference;
	return true;
}

static bool read_platforms(struct rd_cbor_reader *r, struct rd_arena *arena, struct rd_policy *out,
			   struct rd_err *err)
{
	struct rd_platform *platform;

	out->n_platforms = rd_cbor_enter_array_upto(r, 0, RD_POLICY_PLATFORMS_MAX);
	platform = RD_NEW_ARRAY(arena, struct rd_platform, out->n_platforms, err);
	if (!platform)
		return false;
	for (uint32_t i = 0; i < out->n_platforms; i++) {
		rd_cbor_enter_array(r, 2);
		platform[i].name = rd_cbor_read_text(r, 1, RD_POLICY_NAME_MAX);
		platform[i].id = rd_cbor_read_bytes(r, 1, RD_PLATFORM_ID_MAX);
		rd_cbor_leave(r);
	}
	rd_cbor_leave(r);
	out->platform = platform;
	return true;
}

static bool read_configs(struct rd_cbor_reader *r, struct rd_arena *arena, struct rd_policy *out,
			 struct rd_err *err)
{
	struct rd_view *config;

	out->n_launch_configs = rd_cbor_enter_array_upto(r, 0, RD_POLICY_MEASUREMENTS_MAX);
	config = RD_NEW_ARRAY(arena, struct rd_view, out->n_launch_configs, err);
	if (!config)
		return false;
	for (uint32_t i = 0; i < out->n_launch_configs; i++)
		config[i] = rd_cbor_read_bytes(r, RD_SHA256_LEN, RD_SHA256_LEN);
	rd_cbor_leave(r);
	out->launch_config = config;
	return true;
}

bool rd_policy_decode(struct rd_view cbor, struct rd_arena *arena, struct rd_policy *out,
		      struct rd_err *err)
{
	struct rd_cbor_reader r;

	*out = (struct rd_policy){ 0 };
	rd_cbor_read_init(&r, cbor, RD_CBOR_STRICT);
	rd_cbor_enter_array(&r, 9);
	rd_cbor_expect_text(&r, LABEL);
	out->min_level = (enum rd_level)rd_cbor_read_uint(&r, RD_LEVEL_HARDWARE);
	out->n_tees = rd_cbor_enter_array_upto(&r, 1, RD_POLICY_TEES_MAX);
	for (uint32_t i = 0; i < out->n_tees; i++)
		out->tee[i] = rd_cbor_read_text(&r, 1, RD_POLICY_NAME_MAX);
	rd_cbor_leave(&r);
	if (!read_references(&r, arena, out, err))
		return false;
	out->any_platform = rd_cbor_read_bool(&r);
	if (!read_platforms(&r, arena, out, err))
		return false;
	out->sandbox_may_miss = (uint32_t)rd_cbor_read_uint(&r, RD_SANDBOX_ALL);
	if (!read_configs(&r, arena, out, err))
		return false;
	out->require_revocation = rd_cbor_read_bool(&r);
	rd_cbor_leave(&r);
	if (!rd_cbor_finish(&r, err))
		return rd_wrap(err, "policy");
	return rd_policy_check(out, err);
}

/* ---- sense
 * ----------------------------------------------------------------------------------------- */

static bool check_references(const struct rd_policy *p, struct rd_err *err)
{
	if (p->n_references == 0 || p->n_references > RD_POLICY_MEASUREMENTS_MAX)
		return bad("no measurement is accepted, or too many", err);
	for (uint32_t i = 0; i < p->n_references; i++) {
		const struct rd_reference *r = &p->reference[i];
		size_t len = r->platform_digest.len;

		if (r->measurement.len != RD_MEASUREMENT_LEN || r->name.len == 0 ||
		    r->name.len > RD_POLICY_NAME_MAX || (len != 0 && len != 32 && len != 48))
			return bad("a measurement has not the form of one", err);
		for (uint32_t k = 0; k < i; k++)
			if (rd_view_eq(r->measurement, p->reference[k].measurement) &&
			    rd_view_eq(r->platform_digest, p->reference[k].platform_digest))
				return bad("a measurement is listed twice", err);
	}
	return true;
}

static bool check_platforms(const struct rd_policy *p, struct rd_err *err)
{
	if (p->any_platform && p->n_platforms)
		return bad("platforms are listed and any is accepted: say one", err);
	if (p->any_platform && p->min_level <= RD_LEVEL_SOFTWARE)
		return bad("level software needs a list of platforms: the launcher's word is all "
			   "there is",
			   err);
	if (!p->any_platform && p->n_platforms == 0)
		return bad("no platform is accepted; write `platforms: any` to accept all", err);
	if (p->n_platforms > RD_POLICY_PLATFORMS_MAX)
		return bad("too many platforms", err);
	for (uint32_t i = 0; i < p->n_platforms; i++) {
		if (p->platform[i].id.len == 0 || p->platform[i].id.len > RD_PLATFORM_ID_MAX ||
		    p->platform[i].name.len == 0 || p->platform[i].name.len > RD_POLICY_NAME_MAX)
			return bad("a platform has no id or name, or too long a one", err);
		for (uint32_t k = 0; k < i; k++)
			if (rd_view_eq(p->platform[i].id, p->platform[k].id))
				return bad("a platform is listed twice", err);
	}
	return true;
}

static bool check_tees(const struct rd_policy *p, struct rd_err *err)
{
	if (p->n_tees == 0 || p->n_tees > RD_POLICY_TEES_MAX)
		return bad("no technology is accepted, or too many", err);
	for (uint32_t i = 0; i < p->n_tees; i++) {
		if (p->tee[i].len == 0 || p->tee[i].len > RD_POLICY_NAME_MAX)
			return bad("a technology has no name", err);
		for (uint32_t k = 0; k < i; k++)
			if (rd_view_eq(p->tee[i], p->tee[k]))
				return bad("a technology is listed twice", err);
	}
	return true;
}

bool rd_policy_check(const struct rd_policy *p, struct rd_err *err)
{
	if (p->min_level < RD_LEVEL_SOFTWARE || p->min_level > RD_LEVEL_HARDWARE)
		return bad("no level is stated", err);
	if (p->sandbox_may_miss & ~RD_SANDBOX_ALL)
		return bad("a layer of the sandbox is not known", err);
	for (uint32_t i = 0; i < p->n_launch_configs; i++)
		if (p->launch_config[i].len != RD_SHA256_LEN)
			return bad("a launch configuration has not the form of one", err);
	return check_tees(p, err) && check_references(p, err) && check_platforms(p, err);
}
