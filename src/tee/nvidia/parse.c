/* A GPU's report taken apart: little-endian. */
#include "nvidia.h"

#define SPDM_1_1 0x11u
#define GET_MEASUREMENTS 0xE0u
#define MEASUREMENTS 0x60u
#define REQUEST_LEN 37u
#define NONCE_LEN 32u
#define SIGNATURE_LEN 96u
#define SPEC_DMTF 1u
#define WANTS_SIGNATURE 1u
#define WANTS_ALL 0xFFu

struct take {
	struct rd_view rest;
	bool bad;
};

static struct rd_view take(struct take *t, size_t len)
{
	struct rd_view out = { 0 };

	if (t->bad || len > t->rest.len) {
		t->bad = true;
		return out;
	}
	out = rd_view_of(t->rest.data, len);
	t->rest = rd_view_of(t->rest.data + len, t->rest.len - len);
	return out;
}

/* A number of one to three bytes. */
static uint32_t number(struct take *t, size_t len)
{
	struct rd_view v = take(t, len);
	uint32_t n = 0;

	for (size_t i = v.len; i > 0; i--)
		n = n << 8 | v.data[i - 1];
	return n;
}

static bool malformed(struct rd_err *err, const char *what)
{
	return rd_fail(err, RD_FAULT_MALFORMED, "tee.nvidia.form", "GPU report: %s", what);
}

/* Blocks {index, specification, length, DMTF {type, length, value}}; each index once. */
static bool read_measurements(struct rd_view record, uint32_t n, struct rd_nvidia_report *out)
{
	struct take t = { .rest = record };

	if (n > RD_NVIDIA_MEASUREMENTS_MAX)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		struct rd_nvidia_measurement *m = &out->measurement[i];
		struct take block;

		m->index = (uint8_t)number(&t, 1);
		if (number(&t, 1) != SPEC_DMTF)
			return false;
		block = (struct take){ .rest = take(&t, number(&t, 2)) };
		(void)number(&block, 1);
		m->value = take(&block, number(&block, 2));
		if (t.bad || block.bad || block.rest.len)
			return false;
		for (uint32_t k = 0; k < i; k++)
			if (out->measurement[k].index == m->index)
				return false;
		out->n_measurements++;
	}
	return t.rest.len == 0;
}

/* The numbers are those of NVIDIA's nvtrust; NULL: none of ours. */
static struct rd_view *field_of(struct rd_nvidia_opaque *o, uint32_t type)
{
	switch (type) {
	case 3:
		return &o->driver_version;
	case 6:
		return &o->vbios_version;
	case 11:
		return &o->nvdec0;
	case 14:
		return &o->board_id;
	case 15:
		return &o->chip_sku;
	case 16:
		return &o->chip_sku_mod;
	case 17:
		return &o->project;
	case 18:
		return &o->project_sku;
	case 19:
		return &o->project_sku_mod;
	case 20:
		return &o->fwid;
	case 21:
		return &o->protected_pcie;
	case 22:
		return &o->switch_pdi;
	case 35:
		return &o->chip;
	case 36:
		return &o->feature_flag;
	default:
		return NULL;
	}
}

/* Fields {type, length, value}. */
static bool read_opaque(struct rd_view bytes, struct rd_nvidia_opaque *out)
{
	struct take t = { .rest = bytes };

	while (t.rest.len && !t.bad) {
		uint32_t type = number(&t, 2);
		struct rd_view v = take(&t, number(&t, 2));
		struct rd_view *to = field_of(out, type);

		if (to && to->data)
			return false;
		if (to)
			*to = v;
	}
	return !t.bad;
}

bool rd_nvidia_parse(struct rd_view in, struct rd_nvidia_report *out, struct rd_err *err)
{
	struct rd_nvidia_report r = { 0 };
	struct take t = { .rest = in };
	struct rd_view request = take(&t, REQUEST_LEN), head = take(&t, 5), record, opaque;
	uint32_t len;

	if (t.bad)
		return malformed(err, "too short");
	if (request.data[0] != SPDM_1_1 || head.data[0] != SPDM_1_1)
		return rd_fail(err, RD_FAULT_REFUSED, "tee.nvidia.version",
			       "GPU report of SPDM version %02x, 11 is known", request.data[0]);
	if (request.data[1] != GET_MEASUREMENTS || head.data[1] != MEASUREMENTS)
		return malformed(err, "not a request for measurements and its answer");
	/* Who asks for one measurement gets a report without those that tell. */
	if (!(request.data[2] & WANTS_SIGNATURE) || request.data[3] != WANTS_ALL)
		return malformed(err, "a request for less than all measurements, signed");
	r.nonce = rd_view_of(request.data + 4, NONCE_LEN);
	len = number(&t, 3);
	record = take(&t, len);
	(void)take(&t, NONCE_LEN);
	len = number(&t, 2);
	opaque = take(&t, len);
	r.signed_bytes = rd_view_of(in.data, in.len - t.rest.len);
	r.signature = take(&t, SIGNATURE_LEN);
	if (t.bad)
		return malformed(err, "a length does not fit");
	if (!read_measurements(record, head.data[4], &r))
		return malformed(err, "its measurements do not add up");
	if (!read_opaque(opaque, &r.opaque))
		return malformed(err, "its opaque data do not add up");
	*out = r;
	return true;
}
