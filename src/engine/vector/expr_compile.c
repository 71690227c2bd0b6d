/*
 * Programs of a plan to instructions over vectors: chooses layouts and kernels by the ranges of
 * values, folds constants, and drops what nobody needs and cannot fail.
 */
#include "vector_int.h"

struct compiler {
	const struct rd_vcompile *how;
	const struct rd_prog *prog;
	struct rd_vprog *out;
	uint32_t cap;
	bool *wanted; /* of the source's values */
};

static const rd_int128 i64_min = INT64_MIN, i64_max = INT64_MAX;

static bool fits64(struct rd_vrange r)
{
	return r.known && r.lo >= i64_min && r.hi <= i64_max;
}
static bool fits38(struct rd_vrange r)
{
	rd_int128 limit = rd_v_pow10(38);

	return r.known && r.lo > -limit && r.hi < limit;
}

static enum rd_phys phys_for(struct rd_coltype type, struct rd_vrange range)
{
	if (type.type == RD_DECIMAL)
		return fits64(range) ? RD_P_I64 : RD_P_I128;
	return rd_phys_of(type);
}

/* ---- exact ranges, in 128 bits or unknown ---- */

static struct rd_vrange range_add(struct rd_vrange a, struct rd_vrange b)
{
	struct rd_vrange r = { .known = true };

	/* Twice 38 nines is more than 128 bits hold. */
	if (!fits38(a) || !fits38(b) || __builtin_add_overflow(a.lo, b.lo, &r.lo) ||
	    __builtin_add_overflow(a.hi, b.hi, &r.hi))
		return (struct rd_vrange){ 0 };
	return r;
}
static struct rd_vrange range_neg(struct rd_vrange a)
{
	if (!fits38(a))
		return (struct rd_vrange){ 0 };
	return (struct rd_vrange){ true, -a.hi, -a.lo };
}
static rd_int128 magnitude(struct rd_vrange a)
{
	rd_int128 lo = a.lo < 0 ? -a.lo : a.lo, hi = a.hi < 0 ? -a.hi : a.hi;

	return lo > hi ? lo : hi;
}
static struct rd_vrange range_mul(struct rd_vrange a, struct rd_vrange b)
{
	const rd_int128 most = (rd_int128)(~(rd_uint128)0 >> 1);
	rd_int128 p[4];
	struct rd_vrange r = { .known = true };

	if (!fits38(a) || !fits38(b))
		return (struct rd_vrange){ 0 };
	if (magnitude(b) && magnitude(a) > most / magnitude(b))
		return (struct rd_vrange){ 0 };
	p[0] = a.lo * b.lo;
	p[1] = a.lo * b.hi;
	p[2] = a.hi * b.lo;
	p[3] = a.hi * b.hi;
	r.lo = r.hi = p[0];
	for (int i = 1; i < 4; i++) {
		r.lo = p[i] < r.lo ? p[i] : r.lo;
		r.hi = p[i] > r.hi ? p[i] : r.hi;
	}
	return r;
}
static struct rd_vrange range_join(struct rd_vrange a, struct rd_vrange b)
{
	if (!a.known || !b.known)
		return (struct rd_vrange){ 0 };
	return (struct rd_vrange){ true, a.lo < b.lo ? a.lo : b.lo, a.hi > b.hi ? a.hi : b.hi };
}
static struct rd_vrange range_within(struct rd_vrange r, struct rd_coltype type)
{
	struct rd_vrange t = rd_vrange_of_type(type);

	if (!r.known || !t.known)
		return t;
	r.lo = r.lo < t.lo ? t.lo : r.lo;
	r.hi = r.hi > t.hi ? t.hi : r.hi;
	return r.lo <= r.hi ? r : t;
}
static bool range_inside(struct rd_vrange r, struct rd_coltype type)
{
	struct rd_vrange t = rd_vrange_of_type(type);

	return r.known && t.known && r.lo >= t.lo && r.hi <= t.hi;
}

/* ---- emitting ---- */

static bool emit(struct compiler *c, const struct rd_vins *ins, uint32_t *id, struct rd_err *err)
{
	struct rd_vprog *out = c->out;
	struct rd_vins *grown;

	if (out->n == c->cap) {
		grown = RD_VNEW(c->how->pool, struct rd_vins, c->cap * 2, err);
		if (!grown)
			return false;
		memcpy(grown, out->ins, out->n * sizeof(*grown));
		out->ins = grown;
		c->cap *= 2;
	}
	*id = out->n;
	out->ins[out->n++] = *ins;
	return true;
}

/* `id` afterwards says where; a NULL constant has no data. */
static bool emit_const(struct compiler *c, const struct rd_value *value, struct rd_coltype type,
		       uint32_t *id, struct rd_err *err)
{
	struct rd_vins ins = { .kind = RD_VK_CONST, .type = type, .mask = RD_NONE };
	void *data = NULL;

	if (!value->is_null && type.type != RD_DOUBLE && type.type != RD_TEXT) {
		ins.range.known = true;
		ins.range.lo = type.type == RD_DECIMAL ? value->d : value->i;
		ins.range.hi = ins.range.lo;
	} else if (value->is_null) {
		ins.range = (struct rd_vrange){ rd_vrange_of_type(type).known, 0, 0 };
	}
	ins.phys = (uint8_t)phys_for(type, ins.range);
	if (!value->is_null) {
		data = rd_vpool_alloc(c->how->pool, 16, err);
		if (!data)
			return false;
		rd_v_store(ins.phys, value, data);
	}
	ins.constant = data;
	return emit(c, &ins, id, err);
}

static bool is_const(const struct compiler *c, uint32_t id)
{
	return c->out->ins[id].kind == RD_VK_CONST;
}

static struct rd_value const_value(const struct rd_vins *ins)
{
	struct rd_value value = { .type = ins->type, .is_null = true };

	return ins->constant ? rd_v_load(ins->type, ins->phys, ins->constant) : value;
}

/* The same value laid out as `phys`. */
static bool convert(struct compiler *c, uint32_t *id, enum rd_phys phys, struct rd_err *err)
{
	const struct rd_vins *from = &c->out->ins[*id];
	struct rd_vins ins = { .kind = RD_VK_STRICT,
			       .phys = (uint8_t)phys,
			       .phys_a = from->phys,
			       .type = from->type,
			       .range = from->range,
			       .a = *id,
			       .b = RD_NONE,
			       .mask = RD_NONE };
	struct rd_value value;
	void *data;

	if (from->phys == phys)
		return true;
	if (from->kind == RD_VK_CONST) {
		ins.kind = RD_VK_CONST;
		data = from->constant ? rd_vpool_alloc(c->how->pool, 16, err) : NULL;
		if (from->constant && !data)
			return false;
		value = const_value(from);
		if (data)
			rd_v_store(phys, &value, data);
		ins.constant = data;
		return emit(c, &ins, id, err);
	}
	ins.kernel = rd_vkernel_widen(from->phys, phys);
	rd_assert(ins.kernel);
	return emit(c, &ins, id, err);
}

static bool convert_two(struct compiler *c, uint32_t *a, uint32_t *b, struct rd_err *err)
{
	enum rd_phys pa = c->out->ins[*a].phys, pb = c->out->ins[*b].phys;
	enum rd_phys want = pa > pb ? pa : pb;

	return convert(c, a, want, err) && convert(c, b, want, err);
}

static struct rd_vins like_source(const struct rd_instr *src, uint8_t kind)
{
	return (struct rd_vins){ .kind = kind,
				 .phys = (uint8_t)rd_phys_of(src->type),
				 .type = src->type,
				 .range = rd_vrange_of_type(src->type),
				 .a = RD_NONE,
				 .b = RD_NONE,
				 .c = RD_NONE,
				 .mask = RD_NONE,
				 .src = src };
}

static uint32_t mapped(const struct compiler *c, uint32_t src)
{
	return src == RD_NONE ? RD_NONE : c->out->of_src[src];
}

/* ---- operations ---- */

static bool dict_worthy(const struct compiler *c, const struct rd_vins *ins)
{
	const struct rd_vins *all = c->out->ins;

	if (ins->can_fail || ins->a == RD_NONE || all[ins->a].phys != RD_P_TEXT ||
	    is_const(c, ins->a))
		return false;
	/* A NULL in the list makes entries NULL, which a dictionary cannot say. */
	if (ins->src->op == RD_OP_IN)
		for (uint32_t i = 0; i < ins->src->n_list; i++)
			if (ins->src->constant[i].is_null)
				return false;
	return (ins->b == RD_NONE || (is_const(c, ins->b) && all[ins->b].constant)) &&
	       (ins->c == RD_NONE || (is_const(c, ins->c) && all[ins->c].constant));
}

/* Casts and the like that can never fail, whatever the value. */
static bool scalar_can_fail(const struct rd_instr *src, const struct rd_vins *a)
{
	switch (src->op) {
	case RD_OP_LIKE:
	case RD_OP_IN:
	case RD_OP_UPPER:
	case RD_OP_LOWER:
	case RD_OP_LENGTH:
	case RD_OP_EXTRACT:
		return false;
	case RD_OP_SUBSTRING:
		return src->c != RD_NONE; /* a negative length */
	case RD_OP_FLOOR:
	case RD_OP_CEIL:
		return src->type.type != RD_DOUBLE;
	case RD_OP_ROUND:
		return src->type.type != RD_DOUBLE;
	case RD_OP_CAST:
		return !(src->type.type == RD_TEXT ||
			 (src->type.type == RD_DOUBLE && a->type.type != RD_TEXT));
	default:
		return true;
	}
}

static bool emit_scalar(struct compiler *c, const struct rd_instr *src, uint32_t *id,
			struct rd_err *err)
{
	struct rd_vins ins = like_source(src, RD_VK_SCALAR);
	const struct rd_vins *all = c->out->ins;
	struct rd_vscalar how = { .src = src, .pool = c->how->pool };
	struct rd_value args[3] = { 0 }, result = { 0 };
	bool ok = true, null = false;
	uint32_t operand[3];

	ins.a = mapped(c, src->a);
	ins.b = mapped(c, src->b);
	ins.c = mapped(c, src->c);
	ins.can_fail = scalar_can_fail(src, &all[ins.a]);
	ins.mask = ins.can_fail ? mapped(c, src->mask) : RD_NONE;
	ins.phys_a = all[ins.a].phys;
	operand[0] = ins.a;
	operand[1] = ins.b;
	operand[2] = ins.c;
	for (int i = 0; i < 3; i++) {
		if (operand[i] == RD_NONE)
			continue;
		if (!is_const(c, operand[i])) {
			ins.by_dict = i == 0 && dict_worthy(c, &ins);
			return emit(c, &ins, id, err);
		}
		args[i] = const_value(&all[operand[i]]);
		null = null || args[i].is_null;
	}
	how.type_a = all[ins.a].type;
	how.type_b = ins.b == RD_NONE ? how.type_a : all[ins.b].type;
	result.is_null = null;
	if (!null && !rd_v_scalar(&how, args, &result, &ok, err))
		return false;
	return ok ? emit_const(c, &result, src->type, id, err) : emit(c, &ins, id, err);
}

/* x 10^digits of a decimal whose range allows it. */
static bool rescale(struct compiler *c, uint32_t *id, uint32_t digits, struct rd_err *err)
{
	const struct rd_vins *from = &c->out->ins[*id];
	struct rd_value factor = { .type = { .type = RD_DECIMAL, .precision = 38 },
				   .d = rd_v_pow10(digits) };
	struct rd_vins ins = {
		.kind = RD_VK_STRICT, .type = from->type, .a = *id, .mask = RD_NONE
	};
	struct rd_value value;

	if (!digits)
		return true;
	ins.type.precision = 38;
	ins.type.scale = (uint8_t)(from->type.scale + digits);
	if (from->kind == RD_VK_CONST) {
		value = const_value(from);
		value.d *= factor.d;
		return emit_const(c, &value, ins.type, id, err);
	}
	ins.range = range_mul(from->range, (struct rd_vrange){ true, factor.d, factor.d });
	ins.phys = (uint8_t)phys_for(ins.type, ins.range);
	if (!emit_const(c, &factor, factor.type, &ins.b, err) ||
	    !convert(c, &ins.a, ins.phys, err) || !convert(c, &ins.b, ins.phys, err))
		return false;
	ins.phys_a = ins.phys;
	ins.kernel = rd_vkernel_arith(RD_OP_MUL, ins.phys, false);
	return emit(c, &ins, id, err);
}

/* Decimals: *handled is false where 128 bits might not be enough on the way. */
static bool align_decimals(struct compiler *c, const struct rd_instr *src, struct rd_vins *ins,
			   bool *handled, struct rd_err *err)
{
	const struct rd_vins *a = &c->out->ins[ins->a], *b = &c->out->ins[ins->b];
	uint32_t sa = a->type.scale, sb = b->type.scale, s = src->type.scale;
	struct rd_vrange ra, rb;

	*handled = false;
	if (src->op == RD_OP_MUL) {
		*handled = sa + sb == s;
		return true;
	}
	if (s < sa || s < sb)
		return true;
	ra.lo = ra.hi = rd_v_pow10(s - sa);
	rb.lo = rb.hi = rd_v_pow10(s - sb);
	ra.known = rb.known = true;
	if (!fits38(range_mul(a->range, ra)) || !fits38(range_mul(b->range, rb)))
		return true;
	*handled = true;
	return rescale(c, &ins->a, s - sa, err) && rescale(c, &ins->b, s - sb, err);
}

static bool both_const(const struct compiler *c, const struct rd_vins *ins)
{
	return is_const(c, ins->a) && is_const(c, ins->b);
}

static bool compile_arith(struct compiler *c, const struct rd_instr *src, uint32_t *id,
			  struct rd_err *err)
{
	struct rd_vins ins = like_source(src, RD_VK_STRICT);
	struct rd_vrange exact = { 0 };
	const struct rd_vins *all;
	bool handled = true;

	ins.a = mapped(c, src->a);
	ins.b = mapped(c, src->b);
	if (both_const(c, &ins))
		return emit_scalar(c, src, id, err);
	if (src->type.type == RD_DECIMAL && !align_decimals(c, src, &ins, &handled, err))
		return false;
	if (!handled)
		return emit_scalar(c, src, id, err);
	all = c->out->ins;
	if (src->type.type != RD_DOUBLE) {
		exact = src->op == RD_OP_ADD ? range_add(all[ins.a].range, all[ins.b].range)
			: src->op == RD_OP_SUB
				? range_add(all[ins.a].range, range_neg(all[ins.b].range))
				: range_mul(all[ins.a].range, all[ins.b].range);
		ins.can_fail = !range_inside(exact, src->type);
		ins.range = range_within(exact, src->type);
	} else {
		ins.can_fail = true;
	}
	if (src->type.type == RD_DECIMAL) {
		ins.phys = fits64(exact) && fits64(all[ins.a].range) && fits64(all[ins.b].range)
				   ? RD_P_I64
				   : RD_P_I128;
		ins.can_fail = !fits38(exact);
	}
	ins.phys_a = ins.phys;
	if (!convert(c, &ins.a, ins.phys, err) || !convert(c, &ins.b, ins.phys, err))
		return false;
	ins.mask = ins.can_fail ? mapped(c, src->mask) : RD_NONE;
	ins.kernel = rd_vkernel_arith(src->op, ins.phys, ins.can_fail);
	return emit(c, &ins, id, err);
}

/* 0 - a */
static bool compile_neg(struct compiler *c, const struct rd_instr *src, uint32_t *id,
			struct rd_err *err)
{
	struct rd_vins ins = like_source(src, RD_VK_STRICT);
	struct rd_value zero = { .type = src->type };
	struct rd_vrange exact;

	ins.b = mapped(c, src->a);
	if (is_const(c, ins.b) || src->type.type == RD_DOUBLE)
		return emit_scalar(c, src, id, err);
	exact = range_neg(c->out->ins[ins.b].range);
	if (!range_inside(exact, src->type))
		return emit_scalar(c, src, id, err);
	ins.range = exact;
	ins.phys =
		(uint8_t)(src->type.type == RD_DECIMAL && !fits64(exact) ? RD_P_I128
									 : c->out->ins[ins.b].phys);
	ins.phys_a = ins.phys;
	if (!emit_const(c, &zero, src->type, &ins.a, err) || !convert(c, &ins.a, ins.phys, err) ||
	    !convert(c, &ins.b, ins.phys, err))
		return false;
	ins.kernel = rd_vkernel_arith(RD_OP_SUB, ins.phys, false);
	return emit(c, &ins, id, err);
}

static bool compile_compare(struct compiler *c, const struct rd_instr *src, uint32_t *id,
			    struct rd_err *err)
{
	struct rd_vins ins = like_source(src, RD_VK_STRICT);

	ins.a = mapped(c, src->a);
	ins.b = mapped(c, src->b);
	if (src->op != RD_OP_IS_DISTINCT && both_const(c, &ins))
		return emit_scalar(c, src, id, err);
	if (!convert_two(c, &ins.a, &ins.b, err))
		return false;
	ins.phys_a = c->out->ins[ins.a].phys;
	ins.kernel = rd_vkernel_compare(src->op == RD_OP_IS_DISTINCT ? (uint16_t)RD_OP_EQ : src->op,
					ins.phys_a);
	ins.kind = src->op == RD_OP_IS_DISTINCT ? RD_VK_DISTINCT : RD_VK_STRICT;
	ins.by_dict = ins.kind == RD_VK_STRICT && dict_worthy(c, &ins);
	return emit(c, &ins, id, err);
}

/* A short list of numbers: one comparison an entry; Kleene OR does the rest. */
static bool compile_in(struct compiler *c, const struct rd_instr *src, uint32_t *id,
		       struct rd_err *err)
{
	uint32_t a = mapped(c, src->a), item, have = RD_NONE;
	struct rd_coltype type = c->out->ins[a].type;
	struct rd_vins eq, either;

	if (type.type == RD_TEXT || src->n_list > 16 || src->n_list == 0 || is_const(c, a))
		return emit_scalar(c, src, id, err);
	for (uint32_t i = 0; i < src->n_list; i++) {
		eq = like_source(src, RD_VK_STRICT);
		eq.a = a;
		if (!emit_const(c, &src->constant[i], type, &eq.b, err) ||
		    !convert_two(c, &eq.a, &eq.b, err))
			return false;
		eq.phys_a = c->out->ins[eq.a].phys;
		eq.kernel = rd_vkernel_compare(RD_OP_EQ, eq.phys_a);
		if (!emit(c, &eq, &item, err))
			return false;
		if (have != RD_NONE) {
			either = like_source(src, RD_VK_OR);
			either.a = have;
			either.b = item;
			if (!emit(c, &either, &item, err))
				return false;
		}
		have = item;
	}
	*id = have;
	return true;
}

/* IS NULL ..., AND, OR, NOT: no kernel to choose. */
static bool compile_logic(struct compiler *c, const struct rd_instr *src, uint8_t kind,
			  uint32_t *id, struct rd_err *err)
{
	struct rd_vins ins = like_source(src, kind);
	struct rd_value no = { .type = { .type = RD_BOOL } };

	ins.a = mapped(c, src->a);
	ins.b = mapped(c, src->b);
	ins.phys_a = c->out->ins[ins.a].phys;
	if (src->op == RD_OP_NOT) {
		if (!emit_const(c, &no, no.type, &ins.b, err))
			return false;
		ins.kernel = rd_vkernel_compare(RD_OP_EQ, RD_P_BOOL);
	}
	return emit(c, &ins, id, err);
}

/* Values of CASE and COALESCE, all laid out alike. */
static bool compile_choice(struct compiler *c, const struct rd_instr *src, uint32_t *id,
			   struct rd_err *err)
{
	bool is_case = src->op == RD_OP_CASE;
	struct rd_vins ins = like_source(src, is_case ? RD_VK_CASE : RD_VK_COALESCE);
	uint32_t *list = RD_VNEW(c->how->pool, uint32_t, src->n_list + 1, err);
	enum rd_phys phys = RD_P_BOOL;
	bool first = true;

	if (!list)
		return false;
	for (uint32_t i = 0; i < src->n_list; i++) {
		list[i] = mapped(c, src->list[i]);
		if (is_case && i % 2 == 0 && i + 1 < src->n_list)
			continue;
		ins.range = first ? c->out->ins[list[i]].range
				  : range_join(ins.range, c->out->ins[list[i]].range);
		first = false;
		if (c->out->ins[list[i]].phys > phys)
			phys = c->out->ins[list[i]].phys;
	}
	for (uint32_t i = 0; i < src->n_list; i++)
		if (!(is_case && i % 2 == 0 && i + 1 < src->n_list) &&
		    !convert(c, &list[i], phys, err))
			return false;
	ins.phys = ins.phys_a = (uint8_t)phys;
	ins.list = list;
	ins.n_list = src->n_list;
	return emit(c, &ins, id, err);
}

/* Casts that are only another layout, a power of ten or of days. */
static bool compile_cast(struct compiler *c, const struct rd_instr *src, uint32_t *id,
			 struct rd_err *err)
{
	uint32_t a = mapped(c, src->a);
	struct rd_coltype from = c->out->ins[a].type, to = src->type;
	struct rd_vrange range = c->out->ins[a].range;
	bool ints = (from.type == RD_INT32 || from.type == RD_INT64);
	struct rd_vrange scale = { true, 1, 1 };
	struct rd_value factor = { .type = { .type = RD_DECIMAL, .precision = 38 } };
	struct rd_vins ins;

	if (is_const(c, a) || !range.known)
		return emit_scalar(c, src, id, err);
	if (ints && to.type == RD_DOUBLE) {
		ins = like_source(src, RD_VK_STRICT);
		ins.a = a;
		ins.phys_a = c->out->ins[a].phys;
		ins.kernel = rd_vkernel_widen(ins.phys_a, RD_P_F64);
		return emit(c, &ins, id, err);
	}
	if (from.type == RD_DATE && to.type == RD_TIMESTAMP)
		scale.lo = scale.hi = INT64_C(86400000000);
	else if ((ints && to.type == RD_DECIMAL) ||
		 (from.type == RD_DECIMAL && to.type == RD_DECIMAL && to.scale >= from.scale))
		scale.lo = scale.hi = rd_v_pow10(to.scale - (ints ? 0u : from.scale));
	else if (!(from.type == RD_INT32 && to.type == RD_INT64))
		return emit_scalar(c, src, id, err);
	range = range_mul(range, scale);
	if (!range_inside(range, to))
		return emit_scalar(c, src, id, err);
	*id = a;
	if (!convert(c, id, to.type == RD_DECIMAL ? phys_for(to, range) : RD_P_I64, err))
		return false;
	ins = like_source(src, RD_VK_STRICT);
	ins.a = *id;
	ins.phys = ins.phys_a = c->out->ins[*id].phys;
	ins.range = range;
	if (scale.lo == 1) {
		ins.kernel = rd_vkernel_widen(ins.phys, ins.phys);
		return emit(c, &ins, id, err);
	}
	factor.d = scale.lo;
	ins.kernel = rd_vkernel_arith(RD_OP_MUL, ins.phys, false);
	return emit_const(c, &factor, factor.type, &ins.b, err) &&
	       convert(c, &ins.b, ins.phys, err) && emit(c, &ins, id, err);
}

static bool compile_column(struct compiler *c, const struct rd_instr *src, uint32_t *id,
			   struct rd_err *err)
{
	struct rd_vins ins = like_source(src, RD_VK_COLUMN);
	const struct rd_vcol *col = &c->how->col[src->a];

	ins.a = src->a;
	ins.phys = col->phys;
	ins.range = col->range;
	c->out->reads[src->a] = true;
	if (!emit(c, &ins, id, err))
		return false;
	/* Narrow early: everything above works on half the bytes. */
	if (col->phys == RD_P_I128 && fits64(col->range))
		return convert(c, id, RD_P_I64, err);
	return true;
}

static bool compile_one(struct compiler *c, uint32_t i, struct rd_err *err)
{
	const struct rd_instr *src = &c->prog->instr[i];
	uint32_t *id = &c->out->of_src[i];

	switch (src->op) {
	case RD_OP_CONST:
		return emit_const(c, src->constant, src->type, id, err);
	case RD_OP_COLUMN:
		return compile_column(c, src, id, err);
	case RD_OP_ADD:
	case RD_OP_SUB:
	case RD_OP_MUL:
		return compile_arith(c, src, id, err);
	case RD_OP_DIV:
		return src->type.type == RD_DOUBLE ? compile_arith(c, src, id, err)
						   : emit_scalar(c, src, id, err);
	case RD_OP_NEG:
		return compile_neg(c, src, id, err);
	case RD_OP_EQ:
	case RD_OP_NE:
	case RD_OP_LT:
	case RD_OP_LE:
	case RD_OP_GT:
	case RD_OP_GE:
	case RD_OP_IS_DISTINCT:
		return compile_compare(c, src, id, err);
	case RD_OP_IN:
		return compile_in(c, src, id, err);
	case RD_OP_IS_NULL:
		return compile_logic(c, src, RD_VK_IS_NULL, id, err);
	case RD_OP_IS_TRUE:
		return compile_logic(c, src, RD_VK_IS_TRUE, id, err);
	case RD_OP_IS_FALSE:
		return compile_logic(c, src, RD_VK_IS_FALSE, id, err);
	case RD_OP_AND:
		return compile_logic(c, src, RD_VK_AND, id, err);
	case RD_OP_OR:
		return compile_logic(c, src, RD_VK_OR, id, err);
	case RD_OP_NOT:
		return compile_logic(c, src, RD_VK_STRICT, id, err);
	case RD_OP_CASE:
	case RD_OP_COALESCE:
		return compile_choice(c, src, id, err);
	case RD_OP_CAST:
		return compile_cast(c, src, id, err);
	default:
		return emit_scalar(c, src, id, err);
	}
}

/* ---- what is wanted ---- */

static void want(struct compiler *c, uint32_t id)
{
	if (id != RD_NONE)
		c->wanted[id] = true;
}

static void want_operands(struct compiler *c, uint32_t i)
{
	const struct rd_instr *src = &c->prog->instr[i];

	if (src->op == RD_OP_COLUMN || src->op == RD_OP_CONST)
		return;
	want(c, src->a);
	want(c, src->b);
	want(c, src->c);
	want(c, src->mask);
	if (src->op == RD_OP_CASE || src->op == RD_OP_COALESCE)
		for (uint32_t k = 0; k < src->n_list; k++)
			want(c, src->list[k]);
}

/* First everything is compiled, to know what can fail; then only what is needed, again. */
static bool compile_all(struct compiler *c, struct rd_err *err)
{
	const struct rd_vcompile *how = c->how;
	struct rd_vprog *out = c->out;

	out->n = 0;
	memset(out->reads, 0, out->n_cols * sizeof(bool));
	for (uint32_t i = 0; i < c->prog->n; i++) {
		out->of_src[i] = RD_NONE;
		if (c->wanted[i] && !compile_one(c, i, err))
			return false;
	}
	for (uint32_t i = 0; i < out->n_out; i++)
		out->out[i] = how->need && !how->need[i] ? RD_NONE : mapped(c, c->prog->out[i]);
	return true;
}

bool rd_vprog_compile(const struct rd_vcompile *how, const struct rd_prog *prog,
		      struct rd_vprog *out, struct rd_err *err)
{
	struct compiler c = { .how = how, .prog = prog, .out = out, .cap = prog->n + 16 };

	*out = (struct rd_vprog){ .n_out = prog->n_out, .n_cols = how->n_cols };
	out->ins = RD_VNEW(how->pool, struct rd_vins, c.cap, err);
	out->out = RD_VNEW(how->pool, uint32_t, prog->n_out + 1, err);
	out->of_src = RD_VNEW(how->pool, uint32_t, prog->n + 1, err);
	out->reads = RD_VNEW(how->pool, bool, how->n_cols + 1, err);
	c.wanted = RD_VNEW(how->pool, bool, prog->n + 1, err);
	if (!out->ins || !out->out || !out->of_src || !out->reads || !c.wanted)
		return false;
	memset(c.wanted, 1, prog->n * sizeof(bool));
	if (!compile_all(&c, err))
		return false;
	for (uint32_t i = 0; i < prog->n; i++)
		c.wanted[i] = out->ins[out->of_src[i]].can_fail;
	for (uint32_t i = 0; i < prog->n_out; i++)
		if (out->out[i] != RD_NONE)
			want(&c, prog->out[i]);
	for (uint32_t i = prog->n; i-- > 0;)
		if (c.wanted[i])
			want_operands(&c, i);
	return compile_all(&c, err);
}
