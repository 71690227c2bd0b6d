/* CBOR reader (RFC 8949), strict and tolerant: see redoubt/codec.h. */
#include "codec_int.h"

#include <string.h>

#define INDEFINITE UINT64_MAX

struct head {
	enum rd_cbor_kind kind;
	uint8_t info; /* the low five bits */
	uint64_t arg; /* value, length or count; 0 where info is 31 */
	size_t len;   /* bytes of the head */
};

void rd_cbor_complain(struct rd_cbor_reader *r, const char *code, const char *what)
{
	if (r->failed)
		return;
	r->failed = true;
	(void)rd_fail(&r->why, RD_FAULT_MALFORMED, code, "CBOR at byte %zu: %s", r->pos, what);
}

void rd_cbor_read_init(struct rd_cbor_reader *r, struct rd_view in, enum rd_cbor_mode mode)
{
	/* An empty view may have no bytes to point to. */
	if (!in.data)
		in = rd_view_of("", 0);
	memset(r, 0, sizeof(*r));
	r->in = in;
	r->mode = mode;
	r->level[0].left = 1;
}

static struct rd_cbor_level *current(struct rd_cbor_reader *r)
{
	return &r->level[r->depth];
}

static bool at_break(const struct rd_cbor_reader *r)
{
	return r->pos < r->in.len && r->in.data[r->pos] == 0xff;
}

bool rd_cbor_more(struct rd_cbor_reader *r)
{
	const struct rd_cbor_level *level = current(r);

	if (r->failed)
		return false;
	return level->left == INDEFINITE ? !at_break(r) : level->left > 0;
}

/* Reads the head at the current position without moving. */
static bool parse_head(struct rd_cbor_reader *r, struct head *out)
{
	const uint8_t *p = r->in.data + r->pos;
	size_t left = r->in.len - r->pos, extra;
	uint64_t arg = 0;

	if (left == 0) {
		rd_cbor_complain(r, "codec.cbor.truncated", "the input ends before an item");
		return false;
	}
	out->kind = (enum rd_cbor_kind)(p[0] >> 5);
	out->info = p[0] & 31;
	extra = out->info < 24 ? 0 : out->info < 28 ? (size_t)1 << (out->info - 24) : 0;
	if (out->info >= 28 && out->info < 31) {
		rd_cbor_complain(r, "codec.cbor.head", "a reserved head");
		return false;
	}
	if (extra > left - 1) {
		rd_cbor_complain(r, "codec.cbor.truncated", "the input ends inside a head");
		return false;
	}
	for (size_t i = 0; i < extra; i++)
		arg = arg << 8 | p[1 + i];
	out->arg = out->info < 24 ? out->info : arg;
	out->len = 1 + extra;
	return true;
}

/* Section 4.2.1: heads as short as they can be, and definite lengths. */
static bool strict_head_ok(struct rd_cbor_reader *r, const struct head *h)
{
	static const uint64_t least[] = { 24, 0x100, 0x10000, 0x100000000 };

	if (h->info == 31) {
		rd_cbor_complain(r, "codec.cbor.indefinite", "indefinite length");
		return false;
	}
	if (h->kind != RD_CBOR_SIMPLE && h->info >= 24 && h->arg < least[h->info - 24]) {
		rd_cbor_complain(r, "codec.cbor.head", "a head longer than it needs to be");
		return false;
	}
	return true;
}

static bool at_key(const struct rd_cbor_reader *r)
{
	const struct rd_cbor_level *level = &r->level[r->depth];

	return level->is_map && !level->at_value;
}

/*
 * Keys are numbers and strings in their shortest form, in tolerant mode too: keys are compared as
 * bytes, so a second form of one key would be a duplicate that nobody sees.
 */
static bool key_head_ok(struct rd_cbor_reader *r, const struct head *h)
{
	if (h->kind > RD_CBOR_TEXT) {
		rd_cbor_complain(r, "codec.cbor.key", "a map key that is no number and no string");
		return false;
	}
	return strict_head_ok(r, h);
}

/* The head of the next item of this level, which must be of one kind. */
static bool next_head(struct rd_cbor_reader *r, enum rd_cbor_kind kind, struct head *out)
{
	if (r->failed)
		return false;
	if (!rd_cbor_more(r) && !r->tagged) {
		rd_cbor_complain(r, "codec.cbor.items", "an item is missing here");
		return false;
	}
	if (!parse_head(r, out))
		return false;
	if (out->kind != kind) {
		rd_cbor_complain(r, "codec.cbor.type", "an item of another type");
		return false;
	}
	if (r->mode == RD_CBOR_STRICT && !strict_head_ok(r, out))
		return false;
	if (at_key(r) && !key_head_ok(r, out))
		return false;
	if (out->info == 31 && (kind == RD_CBOR_UINT || kind == RD_CBOR_NINT ||
				kind == RD_CBOR_TAG || kind == RD_CBOR_SIMPLE)) {
		rd_cbor_complain(r, "codec.cbor.head", "a reserved head");
		return false;
	}
	if (!r->tagged)
		r->item_start = r->pos;
	return true;
}

/* In tolerant mode all keys of the open map are remembered, in strict mode the last one. */
static void check_key(struct rd_cbor_reader *r, struct rd_view key)
{
	struct rd_cbor_level *level = current(r);

	if (r->mode == RD_CBOR_STRICT) {
		int order = level->last_key.data ? rd_view_cmp(level->last_key, key) : -1;

		if (order == 0)
			rd_cbor_complain(r, "codec.cbor.duplicate", "a map key appears twice");
		else if (order > 0)
			rd_cbor_complain(r, "codec.cbor.order", "map keys are out of order");
		level->last_key = key;
		return;
	}
	for (uint32_t i = level->key_base; i < r->n_keys; i++)
		if (rd_view_eq(key, rd_view_of(r->in.data + r->key[i].start, r->key[i].len)))
			rd_cbor_complain(r, "codec.cbor.duplicate", "a map key appears twice");
	if (r->n_keys == RD_CBOR_TOLERANT_KEYS_MAX) {
		rd_cbor_complain(r, "codec.cbor.length", "too many keys in open maps");
		return;
	}
	r->key[r->n_keys].start = (size_t)(key.data - r->in.data);
	r->key[r->n_keys++].len = key.len;
}

/* An item that began at `start` is complete. */
static void end_item(struct rd_cbor_reader *r, size_t start)
{
	struct rd_cbor_level *level = current(r);

	r->tagged = false;
	if (r->failed)
		return;
	if (level->is_map) {
		if (!level->at_value)
			check_key(r, rd_view_of(r->in.data + start, r->pos - start));
		level->at_value = !level->at_value;
	}
	if (level->left != INDEFINITE)
		level->left--;
}

enum rd_cbor_kind rd_cbor_peek(struct rd_cbor_reader *r)
{
	struct head h;

	if (r->failed || (!rd_cbor_more(r) && !r->tagged) || !parse_head(r, &h))
		return RD_CBOR_END;
	return h.kind;
}

bool rd_cbor_at_null(struct rd_cbor_reader *r)
{
	return rd_cbor_peek(r) == RD_CBOR_SIMPLE && r->in.data[r->pos] == 0xf6;
}

uint64_t rd_cbor_read_uint(struct rd_cbor_reader *r, uint64_t max)
{
	struct head h;

	if (!next_head(r, RD_CBOR_UINT, &h))
		return 0;
	if (h.arg > max) {
		rd_cbor_complain(r, "codec.cbor.range", "a number larger than allowed here");
		return 0;
	}
	r->pos += h.len;
	end_item(r, r->item_start);
	return h.arg;
}

int64_t rd_cbor_read_int(struct rd_cbor_reader *r, int64_t min, int64_t max)
{
	enum rd_cbor_kind kind = rd_cbor_peek(r);
	struct head h;
	int64_t value;

	if (!next_head(r, kind == RD_CBOR_NINT ? RD_CBOR_NINT : RD_CBOR_UINT, &h))
		return 0;
	if (h.arg <= INT64_MAX) {
		value = kind == RD_CBOR_NINT ? -1 - (int64_t)h.arg : (int64_t)h.arg;
		if (value >= min && value <= max) {
			r->pos += h.len;
			end_item(r, r->item_start);
			return value;
		}
	}
	rd_cbor_complain(r, "codec.cbor.range", "a number outside what is allowed here");
	return 0;
}

bool rd_cbor_read_bool(struct rd_cbor_reader *r)
{
	struct head h;

	if (!next_head(r, RD_CBOR_SIMPLE, &h))
		return false;
	if (h.info != 20 && h.info != 21) {
		rd_cbor_complain(r, "codec.cbor.type", "neither true nor false");
		return false;
	}
	r->pos += h.len;
	end_item(r, r->item_start);
	return h.info == 21;
}

void rd_cbor_read_null(struct rd_cbor_reader *r)
{
	struct head h;

	if (!next_head(r, RD_CBOR_SIMPLE, &h))
		return;
	if (h.info != 22) {
		rd_cbor_complain(r, "codec.cbor.type", "not null");
		return;
	}
	r->pos += h.len;
	end_item(r, r->item_start);
}

/* There are many NaNs, and one of them is written. */
static bool check_nan(struct rd_cbor_reader *r, const struct head *h)
{
	double value;

	memcpy(&value, &h->arg, sizeof(value));
	if (r->mode == RD_CBOR_STRICT && h->info == 27 && value != value && h->arg != RD_CBOR_NAN) {
		rd_cbor_complain(r, "codec.cbor.type",
				 "a NaN of another form than the one allowed");
		return false;
	}
	return true;
}

/* A half-precision float's value (RFC 8949 appendix D). */
static double half(uint16_t bits)
{
	unsigned exponent = bits >> 10 & 31, fraction = bits & 1023;
	double value = exponent == 0   ? fraction * 0x1p-24
		       : exponent < 31 ? (1024 + fraction) * __builtin_ldexp(1, (int)exponent - 25)
		       : fraction == 0 ? __builtin_inf()
				       : __builtin_nan("");

	return bits & 0x8000 ? -value : value;
}

double rd_cbor_read_double(struct rd_cbor_reader *r)
{
	struct head h;
	double value;
	float narrow;
	uint32_t narrow_bits;

	if (!next_head(r, RD_CBOR_SIMPLE, &h))
		return 0;
	if (h.info < 25 || h.info > 27 || (r->mode == RD_CBOR_STRICT && h.info != 27)) {
		rd_cbor_complain(r, "codec.cbor.type", "not a float of 64 bits");
		return 0;
	}
	if (!check_nan(r, &h))
		return 0;
	if (h.info == 27) {
		memcpy(&value, &h.arg, sizeof(value));
	} else if (h.info == 26) {
		narrow_bits = (uint32_t)h.arg;
		memcpy(&narrow, &narrow_bits, sizeof(narrow));
		value = (double)narrow;
	} else {
		value = half((uint16_t)h.arg);
	}
	r->pos += h.len;
	end_item(r, r->item_start);
	return value;
}

static struct rd_view read_string(struct rd_cbor_reader *r, enum rd_cbor_kind kind, size_t min_len,
				  size_t max_len)
{
	struct rd_view out = { NULL, 0 };
	struct head h;

	if (!next_head(r, kind, &h))
		return out;
	if (h.info == 31) {
		rd_cbor_complain(r, "codec.cbor.indefinite", "a string in chunks");
		return out;
	}
	if (h.arg > r->in.len - r->pos - h.len) {
		rd_cbor_complain(r, "codec.cbor.truncated", "the input ends inside a string");
		return out;
	}
	if (h.arg < min_len || h.arg > max_len) {
		rd_cbor_complain(r, "codec.cbor.length", "a string of a length not allowed here");
		return out;
	}
	out = rd_view_of(r->in.data + r->pos + h.len, (size_t)h.arg);
	if (kind == RD_CBOR_TEXT && !rd_utf8_valid(out)) {
		rd_cbor_complain(r, "codec.cbor.text", "text that is not UTF-8");
		return (struct rd_view){ NULL, 0 };
	}
	r->pos += h.len + out.len;
	end_item(r, r->item_start);
	return r->failed ? (struct rd_view){ NULL, 0 } : out;
}

struct rd_view rd_cbor_read_bytes(struct rd_cbor_reader *r, size_t min_len, size_t max_len)
{
	return read_string(r, RD_CBOR_BYTES, min_len, max_len);
}

struct rd_view rd_cbor_read_text(struct rd_cbor_reader *r, size_t min_len, size_t max_len)
{
	return read_string(r, RD_CBOR_TEXT, min_len, max_len);
}

void rd_cbor_expect_text(struct rd_cbor_reader *r, const char *text)
{
	struct rd_view got = rd_cbor_read_text(r, 0, SIZE_MAX);

	if (!r->failed && !rd_view_eq(got, rd_view_str(text)))
		rd_cbor_complain(r, "codec.cbor.type", "another label than the one expected");
}

uint64_t rd_cbor_read_tag(struct rd_cbor_reader *r)
{
	struct head h;

	if (!next_head(r, RD_CBOR_TAG, &h))
		return 0;
	if (r->mode == RD_CBOR_STRICT && (h.arg != 18 || r->tagged)) {
		rd_cbor_complain(r, "codec.cbor.tag", "a tag that is not allowed here");
		return 0;
	}
	r->tagged = true;
	r->pos += h.len;
	return h.arg;
}

/* Opens an array or map of `min` to `max` items (pairs); how many, 0 where it is indefinite. */
static uint32_t enter(struct rd_cbor_reader *r, enum rd_cbor_kind kind, uint32_t min, uint32_t max)
{
	bool is_map = kind == RD_CBOR_MAP, indefinite;
	struct rd_cbor_level *level;
	struct head h;

	if (!next_head(r, kind, &h))
		return 0;
	indefinite = h.info == 31;
	if (!indefinite && (h.arg < min || h.arg > max)) {
		rd_cbor_complain(r, "codec.cbor.items", "a number of items not allowed here");
		return 0;
	}
	/* Each item takes a byte at least: a count that cannot be is refused before any loop. */
	if (!indefinite && h.arg > (r->in.len - r->pos - h.len) / (is_map ? 2 : 1)) {
		rd_cbor_complain(r, "codec.cbor.truncated", "more items than bytes are left");
		return 0;
	}
	if (r->depth == RD_CBOR_DEPTH_MAX) {
		rd_cbor_complain(r, "codec.cbor.depth", "nested too deeply");
		return 0;
	}
	r->pos += h.len;
	r->tagged = false;
	level = &r->level[++r->depth];
	*level = (struct rd_cbor_level){ .left = indefinite ? INDEFINITE
						 : is_map   ? 2 * h.arg
							    : h.arg,
					 .start = r->item_start,
					 .key_base = r->n_keys,
					 .is_map = is_map };
	return indefinite ? 0 : (uint32_t)h.arg;
}

void rd_cbor_enter_array(struct rd_cbor_reader *r, uint32_t count)
{
	(void)enter(r, RD_CBOR_ARRAY, count, count);
}

uint32_t rd_cbor_enter_array_upto(struct rd_cbor_reader *r, uint32_t min, uint32_t max)
{
	return enter(r, RD_CBOR_ARRAY, min, max);
}

uint32_t rd_cbor_enter_map(struct rd_cbor_reader *r, uint32_t max_pairs)
{
	return enter(r, RD_CBOR_MAP, 0, max_pairs);
}

void rd_cbor_leave(struct rd_cbor_reader *r)
{
	struct rd_cbor_level *level = current(r);
	size_t start = level->start;

	if (r->failed)
		return;
	rd_assert(r->depth > 0);
	if (rd_cbor_more(r) || r->tagged || level->at_value) {
		rd_cbor_complain(r, "codec.cbor.items", "more items than are allowed here");
		return;
	}
	if (level->left == INDEFINITE)
		r->pos++; /* the break */
	r->n_keys = level->key_base;
	r->depth--;
	end_item(r, start);
}

/* A string in chunks, which only skipping can pass over (tolerant mode). */
static void skip_chunks(struct rd_cbor_reader *r, enum rd_cbor_kind kind)
{
	size_t start = r->tagged ? r->item_start : r->pos;
	struct head h;

	if (at_key(r)) {
		rd_cbor_complain(r, "codec.cbor.key", "a map key in chunks");
		return;
	}
	r->pos++;
	while (!r->failed && !at_break(r)) {
		if (!parse_head(r, &h))
			return;
		if (h.kind != kind || h.info == 31 || h.arg > r->in.len - r->pos - h.len) {
			rd_cbor_complain(r, "codec.cbor.truncated", "a broken string in chunks");
			return;
		}
		r->pos += h.len + (size_t)h.arg;
	}
	r->pos++;
	end_item(r, start);
}

static void skip_simple(struct rd_cbor_reader *r)
{
	struct head h;

	if (!next_head(r, RD_CBOR_SIMPLE, &h))
		return;
	if (r->mode == RD_CBOR_STRICT && h.info != 27 && (h.info < 20 || h.info > 22)) {
		rd_cbor_complain(r, "codec.cbor.type", "a simple value that is not allowed");
		return;
	}
	if (h.info == 24 && h.arg < 32) {
		rd_cbor_complain(r, "codec.cbor.head", "a reserved simple value");
		return;
	}
	if (!check_nan(r, &h))
		return;
	r->pos += h.len;
	end_item(r, r->item_start);
}

static void skip_step(struct rd_cbor_reader *r, enum rd_cbor_kind kind)
{
	bool chunked = r->mode == RD_CBOR_TOLERANT && (r->in.data[r->pos] & 31) == 31;

	switch (kind) {
	case RD_CBOR_UINT:
		(void)rd_cbor_read_uint(r, UINT64_MAX);
		return;
	case RD_CBOR_NINT: {
		struct head h;

		if (next_head(r, kind, &h)) {
			r->pos += h.len;
			end_item(r, r->item_start);
		}
		return;
	}
	case RD_CBOR_BYTES:
	case RD_CBOR_TEXT:
		if (chunked)
			skip_chunks(r, kind);
		else
			(void)read_string(r, kind, 0, SIZE_MAX);
		return;
	case RD_CBOR_ARRAY:
	case RD_CBOR_MAP:
		(void)enter(r, kind, 0, UINT32_MAX);
		return;
	case RD_CBOR_TAG:
		(void)rd_cbor_read_tag(r);
		return;
	default:
		skip_simple(r);
	}
}

struct rd_view rd_cbor_read_item(struct rd_cbor_reader *r)
{
	size_t start = r->tagged ? r->item_start : r->pos;
	uint32_t base = r->depth;

	do {
		if (r->depth > base && !rd_cbor_more(r) && !r->tagged) {
			rd_cbor_leave(r);
			continue;
		}
		enum rd_cbor_kind kind = rd_cbor_peek(r);

		if (kind == RD_CBOR_END)
			rd_cbor_complain(r, "codec.cbor.items", "an item is missing here");
		else
			skip_step(r, kind);
	} while (!r->failed && (r->depth > base || r->tagged));
	if (r->failed)
		return (struct rd_view){ NULL, 0 };
	return rd_view_of(r->in.data + start, r->pos - start);
}

bool rd_cbor_finish(struct rd_cbor_reader *r, struct rd_err *err)
{
	if (!r->failed && (r->depth != 0 || r->level[0].left != 0))
		rd_cbor_complain(r, "codec.cbor.items", "the item was not read to its end");
	if (!r->failed && r->pos != r->in.len)
		rd_cbor_complain(r, "codec.cbor.trailing", "bytes behind the end of the item");
	if (r->failed) {
		*err = r->why;
		return false;
	}
	return true;
}
