/* Runs a compiled program over a batch. */
#include "vector_int.h"

/* What an instruction gave for a dictionary. */
struct by_dict {
	const struct rd_dict *of;
	struct rd_dict result;
	void *data;
	size_t cap;
};

struct rd_vstate {
	const struct rd_vprog *prog;
	struct rd_vpool *pool;
	struct rd_vpool text;      /* bytes computed in this run */
	struct rd_vpool dict_text; /* bytes computed for dictionaries */
	struct rd_vec *val, *out;
	void **room; /* an instruction's values */
	uint64_t **valid;
	struct by_dict *dict;
	void *temp[2];
	uint8_t *bad, *pick;
	uint64_t (*bits)[RD_VWORDS]; /* three for logic */
	const struct rd_batch *in;
	const uint16_t *sel; /* rows that count; NULL: all n */
	uint32_t n, n_sel;
	uint32_t position;
};

bool rd_vstate_new(const struct rd_vprog *prog, struct rd_vpool *pool, struct rd_vstate **out,
		   struct rd_err *err)
{
	struct rd_vstate *s = RD_VNEW(pool, struct rd_vstate, 1, err);

	if (!s)
		return false;
	*s = (struct rd_vstate){ .prog = prog, .pool = pool };
	s->text.mem = s->dict_text.mem = pool->mem;
	s->val = RD_VNEW(pool, struct rd_vec, prog->n + 1, err);
	s->out = RD_VNEW(pool, struct rd_vec, prog->n_out + 1, err);
	s->room = RD_VNEW(pool, void *, prog->n + 1, err);
	s->valid = RD_VNEW(pool, uint64_t *, prog->n + 1, err);
	s->dict = RD_VNEW(pool, struct by_dict, prog->n + 1, err);
	s->temp[0] = RD_VNEW(pool, rd_uint128, RD_BATCH_ROWS, err);
	s->temp[1] = RD_VNEW(pool, rd_uint128, RD_BATCH_ROWS, err);
	s->bad = RD_VNEW(pool, uint8_t, RD_BATCH_ROWS, err);
	s->pick = RD_VNEW(pool, uint8_t, RD_BATCH_ROWS, err);
	s->bits = rd_vpool_alloc(pool, 3 * sizeof(*s->bits), err);
	if (!s->val || !s->out || !s->room || !s->valid || !s->dict || !s->temp[0] || !s->temp[1] ||
	    !s->bad || !s->pick || !s->bits)
		return false;
	for (uint32_t i = 0; i < prog->n; i++) {
		s->valid[i] = RD_VNEW(pool, uint64_t, RD_VWORDS, err);
		if (prog->ins[i].kind != RD_VK_CONST)
			s->room[i] = RD_VNEW(pool, uint8_t,
					     RD_BATCH_ROWS * rd_phys_width[prog->ins[i].phys], err);
		if (!s->valid[i] || (prog->ins[i].kind != RD_VK_CONST && !s->room[i]))
			return false;
	}
	*out = s;
	return true;
}

static struct rd_vec result_vec(const struct rd_vstate *s, uint32_t i, uint8_t repr)
{
	const struct rd_vins *ins = &s->prog->ins[i];

	return (struct rd_vec){ .type = ins->type,
				.repr = repr,
				.width = rd_phys_width[ins->phys],
				.data = s->room[i] };
}

/* Valid where all of the operands are; `into` when that has to be computed. */
static const uint64_t *both_valid(const uint64_t *a, const uint64_t *b, uint64_t *into)
{
	if (!a || a == b)
		return b;
	if (!b)
		return a;
	for (uint32_t w = 0; w < RD_VWORDS; w++)
		into[w] = a[w] & b[w];
	return into;
}

static struct rd_vec flat(const struct rd_vec *v, uint32_t n, void *room)
{
	return v->repr == RD_CODE ? rd_v_flatten(v, n, room) : *v;
}

static bool mask_true(const struct rd_vstate *s, uint32_t mask, uint32_t row)
{
	const struct rd_vec *m;

	if (mask == RD_NONE)
		return true;
	m = &s->val[mask];
	return RD_VAT(uint8_t, m, row) && !rd_vec_is_null(m, row);
}

static bool data_error(struct rd_vstate *s, const struct rd_vins *ins, struct rd_err *err)
{
	s->position = ins->src->position;
	return rd_fail(err, RD_FAULT_FAILED, "engine.data",
		       "a value overflows, divides by zero or cannot be converted");
}

/* A kernel found something: does it concern a row that counts? */
static bool look_at_bad(struct rd_vstate *s, const struct rd_vins *ins, const struct rd_vec *v,
			struct rd_err *err)
{
	for (uint32_t k = 0; k < s->n_sel; k++) {
		uint32_t row = s->sel ? s->sel[k] : k;

		if (s->bad[v->repr == RD_CONST ? 0 : row] && !rd_vec_is_null(v, row) &&
		    mask_true(s, ins->mask, row))
			return data_error(s, ins, err);
	}
	return true;
}

static bool run_strict(struct rd_vstate *s, uint32_t i, struct rd_err *err)
{
	const struct rd_vins *ins = &s->prog->ins[i];
	struct rd_vec a = flat(&s->val[ins->a], s->n, s->temp[0]), b = { .repr = RD_CONST };
	struct rd_vec *v = &s->val[i];
	struct rd_vargs args = { .r = s->room[i], .bad = s->bad };

	if (ins->b != RD_NONE)
		b = flat(&s->val[ins->b], s->n, s->temp[1]);
	*v = result_vec(s, i, a.repr == RD_CONST && b.repr == RD_CONST ? RD_CONST : RD_FLAT);
	v->valid = both_valid(a.valid, b.valid, s->valid[i]);
	args.a = a.data;
	args.b = b.data;
	args.ca = a.repr == RD_CONST && v->repr != RD_CONST;
	args.cb = b.repr == RD_CONST && v->repr != RD_CONST;
	args.n = v->repr == RD_CONST ? 1 : s->n;
	if (ins->b == RD_NONE)
		args.cb = false;
	ins->kernel(&args);
	return !ins->can_fail || !args.any_bad || look_at_bad(s, ins, v, err);
}

/* One row of a scalar instruction. */
static bool scalar_row(struct rd_vstate *s, uint32_t i, uint32_t row, struct rd_err *err)
{
	const struct rd_vins *ins = &s->prog->ins[i];
	uint32_t operand[3] = { ins->a, ins->b, ins->c };
	struct rd_vscalar how = { .src = ins->src,
				  .type_a = s->prog->ins[ins->a].type,
				  .pool = &s->text };
	struct rd_value args[3], result = { 0 };
	uint8_t *at = (uint8_t *)s->room[i] + (size_t)row * rd_phys_width[ins->phys];
	bool ok = true;

	for (int k = 0; k < 3; k++) {
		const struct rd_vec *v;
		uint32_t slot;

		if (operand[k] == RD_NONE)
			continue;
		v = &s->val[operand[k]];
		slot = v->repr == RD_CONST ? 0 : row;
		if (v->repr == RD_CODE)
			args[k] = rd_vec_value(v, row);
		else
			args[k] = rd_v_load(v->type, s->prog->ins[operand[k]].phys,
					    (const uint8_t *)v->data + (size_t)slot * v->width);
	}
	how.type_b = ins->b == RD_NONE ? how.type_a : s->prog->ins[ins->b].type;
	if (!rd_v_scalar(&how, args, &result, &ok, err))
		return false;
	if (!ok)
		return data_error(s, ins, err);
	if (result.is_null)
		s->valid[i][row / 64] &= ~(UINT64_C(1) << (row % 64));
	else
		rd_v_store(ins->phys, &result, at);
	return true;
}

static bool run_scalar(struct rd_vstate *s, uint32_t i, struct rd_err *err)
{
	const struct rd_vins *ins = &s->prog->ins[i];
	struct rd_vec *v = &s->val[i];
	const uint64_t *valid = s->val[ins->a].valid;

	if (ins->b != RD_NONE)
		valid = both_valid(valid, s->val[ins->b].valid, s->valid[i]);
	if (ins->c != RD_NONE)
		valid = both_valid(valid, s->val[ins->c].valid, s->valid[i]);
	*v = result_vec(s, i, RD_FLAT);
	if (valid)
		memmove(s->valid[i], valid, sizeof(uint64_t) * RD_VWORDS);
	else
		memset(s->valid[i], 0xff, sizeof(uint64_t) * RD_VWORDS);
	memset(s->room[i], 0, (size_t)s->n * v->width);
	v->valid = s->valid[i];
	for (uint32_t k = 0; k < s->n_sel; k++) {
		uint32_t row = s->sel ? s->sel[k] : k;

		if (rd_v_bit(s->valid[i], row) && mask_true(s, ins->mask, row) &&
		    !scalar_row(s, i, row, err))
			return false;
	}
	if (!valid && ins->src->op != RD_OP_IN)
		v->valid = NULL;
	return true;
}

static bool run_one(struct rd_vstate *s, uint32_t i, struct rd_err *err);

/* Runs instruction i for all entries of a dictionary, a batch at a time. */
static bool fill_dict(struct rd_vstate *s, uint32_t i, const struct rd_dict *dict,
		      struct rd_err *err)
{
	const struct rd_vins *ins = &s->prog->ins[i];
	struct rd_vstate part = *s;
	struct by_dict *d = &s->dict[i];
	struct rd_vec saved = s->val[ins->a];
	uint32_t width = rd_phys_width[ins->phys];
	bool ok = true;

	d->of = NULL;
	part.sel = NULL;
	part.text = s->dict_text;
	if (!rd_vmem_grow(s->pool->mem, &d->data, &d->cap, (size_t)dict->n * width + 64, err))
		return false;
	for (uint32_t at = 0; at < dict->n && ok; at += part.n) {
		part.n = dict->n - at < RD_BATCH_ROWS ? dict->n - at : RD_BATCH_ROWS;
		part.n_sel = part.n;
		s->val[ins->a] = (struct rd_vec){ .type = saved.type,
						  .repr = RD_FLAT,
						  .width = 16,
						  .data = (const struct rd_text *)dict->data + at };
		ok = run_one(&part, i, err);
		memcpy((uint8_t *)d->data + (size_t)at * width, s->room[i], (size_t)part.n * width);
	}
	s->val[ins->a] = saved;
	s->dict_text = part.text;
	d->of = ok ? dict : NULL;
	d->result = (struct rd_dict){ .n = dict->n, .type = ins->type, .data = d->data };
	return ok;
}

static bool run_by_dict(struct rd_vstate *s, uint32_t i, struct rd_err *err)
{
	const struct rd_vec in = s->val[s->prog->ins[i].a];
	struct rd_vec *v = &s->val[i];
	uint8_t width = rd_phys_width[s->prog->ins[i].phys];

	if (s->dict[i].of != in.dict && !fill_dict(s, i, in.dict, err))
		return false;
	*v = in;
	v->type = s->prog->ins[i].type;
	v->dict = &s->dict[i].result;
	if (s->prog->ins[i].phys == RD_P_TEXT)
		return true;
	v->repr = RD_FLAT;
	v->width = width;
	v->dict = NULL;
	v->data = s->room[i];
	if (in.dict->n)
		rd_v_pick(s->room[i],
			  (struct rd_vpick){ s->dict[i].data, in.data, width, in.width }, s->n);
	else
		memset(s->room[i], 0, (size_t)s->n * width);
	return true;
}

/* Bits of a boolean that are true, and that are false; NULLs in neither. */
static void truth(const struct rd_vstate *s, const struct rd_vec *v, uint64_t *yes, uint64_t *no)
{
	if (v->repr == RD_CONST)
		memset(yes, *(const uint8_t *)v->data ? 0xff : 0, sizeof(uint64_t) * RD_VWORDS);
	else
		rd_v_bytes_to_bits(yes, v->data, s->n);
	for (uint32_t w = 0; w < RD_VWORDS; w++) {
		uint64_t valid = v->valid ? v->valid[w] : UINT64_MAX;

		if (no)
			no[w] = ~yes[w] & valid;
		yes[w] &= valid;
	}
}

static void run_and_or(struct rd_vstate *s, uint32_t i)
{
	const struct rd_vins *ins = &s->prog->ins[i];
	const struct rd_vec a = s->val[ins->a], b = s->val[ins->b];
	struct rd_vec *v = &s->val[i];
	uint64_t no_b[RD_VWORDS], *yes = s->bits[0], *no = s->bits[1], *yes_b = s->bits[2];
	const uint8_t *x = a.data, *y = b.data;
	uint8_t *r = s->room[i];
	bool is_and = ins->kind == RD_VK_AND;

	*v = result_vec(s, i, RD_FLAT);
	if (!a.valid && !b.valid && a.repr == RD_FLAT && b.repr == RD_FLAT) {
		for (uint32_t k = 0; k < s->n; k++)
			r[k] = is_and ? x[k] & y[k] : x[k] | y[k];
		return;
	}
	truth(s, &a, yes, no);
	truth(s, &b, yes_b, no_b);
	for (uint32_t w = 0; w < RD_VWORDS; w++) {
		yes[w] = is_and ? yes[w] & yes_b[w] : yes[w] | yes_b[w];
		no[w] = is_and ? no[w] | no_b[w] : no[w] & no_b[w];
		s->valid[i][w] = yes[w] | no[w];
	}
	rd_v_bits_to_bytes(r, yes, s->n);
	if (a.valid || b.valid)
		v->valid = s->valid[i];
}

static void run_null_test(struct rd_vstate *s, uint32_t i)
{
	const struct rd_vins *ins = &s->prog->ins[i];
	const struct rd_vec a = s->val[ins->a];
	uint64_t *bits = s->bits[0], *no = s->bits[1];

	s->val[i] = result_vec(s, i, RD_FLAT);
	if (ins->kind == RD_VK_IS_NULL)
		for (uint32_t w = 0; w < RD_VWORDS; w++)
			bits[w] = a.valid ? ~a.valid[w] : 0;
	else
		truth(s, &a, bits, no);
	rd_v_bits_to_bytes(s->room[i], ins->kind == RD_VK_IS_FALSE ? no : bits, s->n);
}

/* Distinct: not (both NULL, or both there and equal). */
static void run_distinct(struct rd_vstate *s, uint32_t i)
{
	const struct rd_vins *ins = &s->prog->ins[i];
	struct rd_vec a = flat(&s->val[ins->a], s->n, s->temp[0]);
	struct rd_vec b = flat(&s->val[ins->b], s->n, s->temp[1]);
	struct rd_vargs args = { .r = s->room[i], .a = a.data, .b = b.data, .n = s->n };
	uint64_t *bits = s->bits[0];
	bool one = a.repr == RD_CONST && b.repr == RD_CONST;

	s->val[i] = result_vec(s, i, RD_FLAT);
	args.ca = a.repr == RD_CONST && !one;
	args.cb = b.repr == RD_CONST && !one;
	args.n = one ? 1 : s->n;
	ins->kernel(&args);
	if (one)
		rd_v_fill(s->room[i], s->room[i], 1, s->n);
	rd_v_bytes_to_bits(bits, s->room[i], s->n);
	for (uint32_t w = 0; w < RD_VWORDS; w++) {
		uint64_t va = a.valid ? a.valid[w] : UINT64_MAX;
		uint64_t vb = b.valid ? b.valid[w] : UINT64_MAX;

		bits[w] = ~((bits[w] & va & vb) | (~va & ~vb));
	}
	rd_v_bits_to_bytes(s->room[i], bits, s->n);
}

/* Puts arm `from` where s->pick says. */
static void choose(struct rd_vstate *s, uint32_t i, const struct rd_vec *from, uint64_t *valid)
{
	struct rd_vec arm = rd_v_flatten(from, s->n, s->temp[0]);
	uint64_t *bits = s->bits[2];

	rd_v_choose(s->room[i], arm.data, s->pick, rd_phys_width[s->prog->ins[i].phys], s->n);
	rd_v_bytes_to_bits(bits, s->pick, s->n);
	for (uint32_t w = 0; w < RD_VWORDS; w++) {
		uint64_t of_arm = arm.valid ? arm.valid[w] : UINT64_MAX;

		valid[w] = (valid[w] & ~bits[w]) | (of_arm & bits[w]);
	}
}

/* CASE and COALESCE from the last arm to the first: earlier ones overwrite. */
static void run_choice(struct rd_vstate *s, uint32_t i)
{
	const struct rd_vins *ins = &s->prog->ins[i];
	uint64_t *valid = s->valid[i], *yes = s->bits[0];
	bool is_case = ins->kind == RD_VK_CASE;
	uint32_t at = ins->n_list;
	bool all = true;

	s->val[i] = result_vec(s, i, RD_FLAT);
	memset(valid, 0, sizeof(uint64_t) * RD_VWORDS);
	memset(s->room[i], 0, (size_t)s->n * rd_phys_width[ins->phys]);
	if (!is_case || ins->n_list % 2) {
		memset(s->pick, 1, s->n);
		choose(s, i, &s->val[ins->list[--at]], valid);
	}
	while (at) {
		const struct rd_vec *arm = &s->val[ins->list[--at]];

		if (is_case)
			truth(s, &s->val[ins->list[--at]], yes, NULL);
		else if (arm->valid)
			memcpy(yes, arm->valid, sizeof(uint64_t) * RD_VWORDS);
		else
			memset(yes, 0xff, sizeof(uint64_t) * RD_VWORDS);
		rd_v_bits_to_bytes(s->pick, yes, s->n);
		choose(s, i, arm, valid);
	}
	for (uint32_t w = 0; w * 64 < s->n; w++)
		all = all && (valid[w] | (s->n - w * 64 < 64 ? UINT64_MAX << (s->n % 64) : 0)) ==
				     UINT64_MAX;
	s->val[i].valid = all ? NULL : valid;
}

static void load_column(struct rd_vstate *s, uint32_t i)
{
	const struct rd_vins *ins = &s->prog->ins[i];
	const struct rd_vec *in = &s->in->col[ins->a];
	struct rd_vec v = *in;

	bool codes = in->repr == RD_CODE && ins->phys != RD_P_TEXT;

	if (s->in->sel && !s->sel && s->n != s->in->n)
		v = rd_v_gather(in, s->in->sel, s->n, codes ? s->temp[0] : s->room[i], s->valid[i]);
	if (codes)
		v = rd_v_flatten(&v, s->n, s->room[i]);
	s->val[i] = v;
}

static bool run_one(struct rd_vstate *s, uint32_t i, struct rd_err *err)
{
	const struct rd_vins *ins = &s->prog->ins[i];

	switch ((enum rd_vkind)ins->kind) {
	case RD_VK_CONST:
		s->val[i] = (struct rd_vec){ .type = ins->type,
					     .repr = RD_CONST,
					     .width = rd_phys_width[ins->phys],
					     .data = ins->constant ? ins->constant : rd_v_no_rows,
					     .valid = ins->constant ? NULL : rd_v_no_rows };
		return true;
	case RD_VK_COLUMN:
		load_column(s, i);
		return true;
	case RD_VK_STRICT:
	case RD_VK_SCALAR:
		if (ins->by_dict && s->val[ins->a].repr == RD_CODE)
			return run_by_dict(s, i, err);
		return ins->kind == RD_VK_STRICT ? run_strict(s, i, err) : run_scalar(s, i, err);
	case RD_VK_IS_NULL:
	case RD_VK_IS_TRUE:
	case RD_VK_IS_FALSE:
		run_null_test(s, i);
		return true;
	case RD_VK_DISTINCT:
		run_distinct(s, i);
		return true;
	case RD_VK_AND:
	case RD_VK_OR:
		run_and_or(s, i);
		return true;
	case RD_VK_CASE:
	case RD_VK_COALESCE:
		run_choice(s, i);
		return true;
	}
	return true;
}

bool rd_vstate_run(struct rd_vstate *s, const struct rd_batch *in, struct rd_vrun *run,
		   struct rd_err *err)
{
	bool dense = in->sel && in->n_sel <= in->n / 2;

	s->in = in;
	s->n = dense ? in->n_sel : in->n;
	s->n_sel = in->n_sel;
	s->sel = dense ? NULL : in->sel;
	s->position = RD_NONE;
	rd_vpool_reset(&s->text);
	for (uint32_t i = 0; i < s->prog->n; i++) {
		if (!run_one(s, i, err)) {
			run->position = s->position;
			return false;
		}
	}
	for (uint32_t i = 0; i < s->prog->n_out; i++)
		s->out[i] = s->prog->out[i] == RD_NONE ? (struct rd_vec){ .repr = RD_CONST }
						       : s->val[s->prog->out[i]];
	*run = (struct rd_vrun){ .out = s->out, .n = s->n, .dense = dense, .position = RD_NONE };
	return true;
}
