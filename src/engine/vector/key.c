/* Keys as words: see vector_int.h. */
#include "vector_int.h"

#define UNSEEN 0xfffffffeu /* a dictionary entry not yet looked up */

/* ---- text -> number ---- */

struct rd_vintern {
	struct rd_vpool *pool;
	uint64_t seed[2];
	uint64_t *slot; /* high half of the hash | id + 1 */
	uint64_t mask;
	uint32_t n;
	void *text;
	size_t text_cap;
};

static uint64_t hash_text(const uint64_t seed[2], const struct rd_text *text)
{
	struct rd_view v = rd_text_view(text);
	uint64_t h = seed[0] ^ v.len, w;

	for (; v.len >= 8; v = rd_view_of(v.data + 8, v.len - 8)) {
		memcpy(&w, v.data, 8);
		h = rd_v_mum(h ^ w, seed[1]);
	}
	w = 0;
	if (v.len)
		memcpy(&w, v.data, v.len);
	return rd_v_mum(rd_v_mum(h ^ w, seed[1]), seed[0]);
}

bool rd_vintern_new(struct rd_vpool *pool, const uint64_t seed[2], struct rd_vintern **out,
		    struct rd_err *err)
{
	struct rd_vintern *in = RD_VNEW(pool, struct rd_vintern, 1, err);

	if (!in)
		return false;
	in->pool = pool;
	in->seed[0] = seed[0] | 1;
	in->seed[1] = seed[1] | 1;
	in->mask = 255;
	in->slot = rd_vmem_alloc(pool->mem, 256 * 8, true, err);
	*out = in;
	return in->slot != NULL;
}

const struct rd_text *rd_vintern_text(const struct rd_vintern *in, uint32_t id)
{
	return (const struct rd_text *)in->text + id;
}

static bool same_text(const struct rd_text *x, const struct rd_text *y)
{
	if (memcmp(x, y, 8) != 0)
		return false;
	if (x->len <= 12)
		return memcmp(x, y, 16) == 0;
	return memcmp(x->far.data, y->far.data, x->len) == 0;
}

static uint64_t look(const struct rd_vintern *in, const struct rd_text *text, uint64_t h,
		     uint32_t *id)
{
	uint64_t at = h & in->mask;

	for (; in->slot[at]; at = (at + 1) & in->mask) {
		*id = (uint32_t)in->slot[at] - 1;
		if (in->slot[at] >> 32 == h >> 32 && same_text(rd_vintern_text(in, *id), text))
			return at;
	}
	*id = RD_NONE;
	return at;
}

uint32_t rd_vintern_find(const struct rd_vintern *in, const struct rd_text *text)
{
	uint32_t id;

	(void)look(in, text, hash_text(in->seed, text), &id);
	return id;
}

static bool grow_intern(struct rd_vintern *in, struct rd_err *err)
{
	uint64_t mask = in->mask * 2 + 1, *slot;

	slot = rd_vmem_alloc(in->pool->mem, (mask + 1) * 8, true, err);
	if (!slot)
		return false;
	for (uint32_t id = 0; id < in->n; id++) {
		uint64_t h = hash_text(in->seed, rd_vintern_text(in, id)), at = h & mask;

		while (slot[at])
			at = (at + 1) & mask;
		slot[at] = (h & ~UINT64_C(0xffffffff)) | (id + 1);
	}
	rd_vmem_free(in->pool->mem, in->slot);
	in->slot = slot;
	in->mask = mask;
	return true;
}

bool rd_vintern_add(struct rd_vintern *in, const struct rd_text *text, uint32_t *id,
		    struct rd_err *err)
{
	uint64_t h = hash_text(in->seed, text), at = look(in, text, h, id);

	if (*id != RD_NONE)
		return true;
	if (in->n >= RD_NONE - 2)
		return rd_fail(err, RD_FAULT_FAILED, "engine.memory", "4 billion different texts");
	if (!rd_vmem_grow(in->pool->mem, &in->text, &in->text_cap,
			  ((size_t)in->n + 1) * sizeof(struct rd_text), err) ||
	    !rd_vpool_text(in->pool, text, (struct rd_text *)in->text + in->n, err))
		return false;
	*id = in->n++;
	in->slot[at] = (h & ~UINT64_C(0xffffffff)) | (*id + 1);
	return in->n * 2 < in->mask || grow_intern(in, err);
}

/* ---- columns -> words ---- */

struct dict_ids {
	const struct rd_dict *of;
	void *id;
	size_t cap;
};
struct rd_vkey_run {
	const struct rd_vkeys *keys;
	struct rd_vpool *pool;
	bool insert;
	struct dict_ids *dict; /* one a column */
	rd_uint128 *room;
};

bool rd_vkeys_init(struct rd_vkeys *keys, struct rd_vpool *pool, const struct rd_vcol *col,
		   const uint32_t *column, uint32_t n, struct rd_err *err)
{
	bool nullable = false;

	*keys = (struct rd_vkeys){ .n_cols = n, .null_word = RD_NONE };
	keys->col = RD_VNEW(pool, struct rd_vkey_col, n + 1, err);
	if (!keys->col)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		struct rd_vkey_col *k = &keys->col[i];

		k->column = column[i];
		k->phys = col[column[i]].phys;
		k->nullable = col[column[i]].type.nullable;
		k->word = keys->n_words;
		keys->n_words += k->phys == RD_P_I128 ? 2 : 1;
		nullable = nullable || k->nullable;
	}
	/* A word of NULL bits for each 64 key columns. */
	if (nullable) {
		keys->null_word = keys->n_words;
		keys->n_words += (n + 63) / 64;
	}
	if (keys->n_words == 0)
		keys->n_words = 1;
	return true;
}

bool rd_vkey_run_new(const struct rd_vkeys *keys, struct rd_vpool *pool, bool insert,
		     struct rd_vkey_run **out, struct rd_err *err)
{
	struct rd_vkey_run *run = RD_VNEW(pool, struct rd_vkey_run, 1, err);

	if (!run)
		return false;
	*run = (struct rd_vkey_run){ .keys = keys, .pool = pool, .insert = insert };
	run->dict = RD_VNEW(pool, struct dict_ids, keys->n_cols + 1, err);
	run->room = RD_VNEW(pool, rd_uint128, RD_BATCH_ROWS, err);
	*out = run;
	return run->dict && run->room;
}

static bool text_id(struct rd_vkey_run *run, const struct rd_vkey_col *k,
		    const struct rd_text *text, uint32_t *id, struct rd_err *err)
{
	if (run->insert)
		return rd_vintern_add(k->intern, text, id, err);
	*id = rd_vintern_find(k->intern, text);
	return true;
}

static uint32_t code_of(const struct rd_vec *v, uint32_t row)
{
	return v->width == 1   ? ((const uint8_t *)v->data)[row]
	       : v->width == 2 ? ((const uint16_t *)v->data)[row]
			       : ((const uint32_t *)v->data)[row];
}

static bool new_dict(struct rd_vkey_run *run, struct dict_ids *d, const struct rd_dict *dict,
		     struct rd_err *err)
{
	uint32_t *id;

	d->of = NULL;
	if (!rd_vmem_grow(run->pool->mem, &d->id, &d->cap, (size_t)dict->n * 4 + 4, err))
		return false;
	id = d->id;
	for (uint32_t i = 0; i < dict->n; i++)
		id[i] = UNSEEN;
	d->of = dict;
	return true;
}

static bool text_words(struct rd_vkey_run *run, uint32_t i, const struct rd_batch *in,
		       uint64_t *words, struct rd_err *err)
{
	const struct rd_vkey_col *k = &run->keys->col[i];
	const struct rd_vec *v = &in->col[k->column];
	uint32_t n_words = run->keys->n_words, id = 0;
	struct dict_ids *d = &run->dict[i];

	if (v->repr == RD_CODE && d->of != v->dict && !new_dict(run, d, v->dict, err))
		return false;
	for (uint32_t r = 0; r < in->n_sel; r++) {
		uint32_t row = in->sel ? in->sel[r] : r;

		if (rd_vec_is_null(v, row)) {
			words[(size_t)r * n_words + k->word] = 0;
			continue;
		}
		if (v->repr == RD_CODE) {
			uint32_t code = code_of(v, row), *ids = d->id;

			if (ids[code] == UNSEEN) {
				const struct rd_text *text = v->dict->data;

				if (!text_id(run, k, text + code, &id, err))
					return false;
				ids[code] = id;
			}
			id = ids[code];
		} else if (!(v->repr == RD_CONST && r > 0) &&
			   !text_id(run, k, &RD_VAT(struct rd_text, v, row), &id, err)) {
			return false;
		}
		words[(size_t)r * n_words + k->word] = id;
	}
	return true;
}

static uint64_t double_word(double x)
{
	uint64_t bits;

	if (x != x)
		return UINT64_C(0x7ff8000000000000);
	if (x == 0)
		x = 0;
	memcpy(&bits, &x, 8);
	return bits == UINT64_C(0x8000000000000000) ? 0 : bits;
}

#define WORDS(TYPE, EXPRESSION) \
	do { \
		for (uint32_t r = 0; r < n; r++) { \
			const TYPE x = ((const TYPE *)v.data)[one ? 0 : sel ? sel[r] : r]; \
			out[(size_t)r * step] = (uint64_t)(EXPRESSION); \
		} \
	} while (0)

static void number_words(struct rd_vkey_run *run, uint32_t i, const struct rd_batch *in,
			 uint64_t *words)
{
	const struct rd_vkey_col *k = &run->keys->col[i];
	struct rd_vec v = in->col[k->column];
	const uint16_t *sel = in->sel;
	uint32_t n = in->n_sel, step = run->keys->n_words;
	uint64_t *out = words + k->word;
	bool one;

	if (v.repr == RD_CODE)
		v = rd_v_flatten(&v, in->n, run->room);
	one = v.repr == RD_CONST;
	if (k->phys == RD_P_F64) {
		WORDS(double, double_word(x));
	} else if (v.width == 1) {
		WORDS(uint8_t, x);
	} else if (v.width == 4) {
		WORDS(int32_t, (int64_t)x);
	} else if (v.width == 8) {
		WORDS(int64_t, x);
	} else {
		WORDS(rd_int128, (rd_uint128)x);
	}
	if (k->phys == RD_P_I128) {
		out++;
		if (v.width == 8)
			WORDS(int64_t, x >> 63);
		else
			WORDS(rd_int128, (rd_uint128)x >> 64);
	}
}

static void null_words(struct rd_vkey_run *run, const struct rd_batch *in, uint64_t *words)
{
	const struct rd_vkeys *keys = run->keys;
	uint32_t n_words = keys->n_words;

	if (keys->null_word == RD_NONE)
		return;
	for (uint32_t r = 0; r < in->n_sel; r++)
		memset(words + (size_t)r * n_words + keys->null_word, 0,
		       (n_words - keys->null_word) * 8);
	for (uint32_t i = 0; i < keys->n_cols; i++) {
		const struct rd_vkey_col *k = &keys->col[i];
		const struct rd_vec *v = &in->col[k->column];

		if (!v->valid)
			continue;
		for (uint32_t r = 0; r < in->n_sel; r++) {
			uint64_t *at = words + (size_t)r * n_words;

			if (!rd_vec_is_null(v, in->sel ? in->sel[r] : r))
				continue;
			at[k->word] = 0;
			if (k->phys == RD_P_I128)
				at[k->word + 1] = 0;
			at[keys->null_word + i / 64] |= UINT64_C(1) << (i % 64);
		}
	}
}

bool rd_vkey_run(struct rd_vkey_run *run, const struct rd_batch *in, uint64_t *words,
		 struct rd_err *err)
{
	if (run->keys->n_cols == 0)
		memset(words, 0, in->n_sel * 8);
	for (uint32_t i = 0; i < run->keys->n_cols; i++) {
		if (run->keys->col[i].phys != RD_P_TEXT)
			number_words(run, i, in, words);
		else if (!text_words(run, i, in, words, err))
			return false;
	}
	null_words(run, in, words);
	return true;
}

/* ---- rows of words -> number ---- */

bool rd_vtable_init(struct rd_vtable *table, struct rd_vmem *mem, const uint64_t seed[2],
		    uint32_t n_words, struct rd_err *err)
{
	*table = (struct rd_vtable){ .mem = mem, .n_words = n_words, .mask = 1023 };
	table->seed[0] = seed[0] | 1;
	table->seed[1] = seed[1] | 1;
	table->slot = rd_vmem_alloc(mem, 1024 * 8, true, err);
	return table->slot != NULL;
}

static inline uint64_t hash_words(const struct rd_vtable *t, const uint64_t *words, uint32_t n)
{
	uint64_t h = t->seed[0];

	for (uint32_t i = 0; i < n; i++)
		h = rd_v_mum(h ^ words[i], t->seed[1]) ^ words[i];
	return rd_v_mum(h ^ t->seed[1], t->seed[0]);
}

static inline bool same_words(const uint64_t *a, const uint64_t *b, uint32_t n)
{
	uint64_t differ = 0;

	for (uint32_t i = 0; i < n; i++)
		differ |= a[i] ^ b[i];
	return differ == 0;
}

static bool grow_table(struct rd_vtable *t, uint64_t need, struct rd_err *err)
{
	uint64_t mask = t->mask, *slot;
	const uint64_t *words = t->words;

	while (mask < need * 2)
		mask = mask * 2 + 1;
	if (mask == t->mask)
		return true;
	slot = rd_vmem_alloc(t->mem, (mask + 1) * 8, true, err);
	if (!slot)
		return false;
	for (uint32_t id = 0; id < t->n; id++) {
		uint64_t h = hash_words(t, words + (size_t)id * t->n_words, t->n_words);
		uint64_t at = h & mask;

		while (slot[at])
			at = (at + 1) & mask;
		slot[at] = (h & ~UINT64_C(0xffffffff)) | (id + 1);
	}
	rd_vmem_free(t->mem, t->slot);
	t->slot = slot;
	t->mask = mask;
	return true;
}

bool rd_vtable_append(struct rd_vtable *t, const uint64_t *words, uint32_t *id, struct rd_err *err)
{
	if (t->n >= RD_NONE - 2)
		return rd_fail(err, RD_FAULT_FAILED, "engine.memory", "4 billion groups");
	if (!rd_vmem_grow(t->mem, &t->words, &t->words_cap, ((size_t)t->n + 1) * t->n_words * 8,
			  err))
		return false;
	memcpy((uint64_t *)t->words + (size_t)t->n * t->n_words, words, t->n_words * 8);
	*id = t->n++;
	return true;
}

static inline bool probe(struct rd_vtable *t, const uint64_t *words, uint64_t h, uint32_t n_words,
			 uint32_t *id, struct rd_err *err)
{
	uint64_t at = h & t->mask;

	for (; t->slot[at]; at = (at + 1) & t->mask) {
		*id = (uint32_t)t->slot[at] - 1;
		if (t->slot[at] >> 32 == h >> 32 &&
		    same_words((const uint64_t *)t->words + (size_t)*id * n_words, words, n_words))
			return true;
	}
	if (!rd_vtable_append(t, words, id, err))
		return false;
	t->slot[at] = (h & ~UINT64_C(0xffffffff)) | (*id + 1);
	return true;
}

bool rd_vtable_insert(struct rd_vtable *t, const uint64_t *words, uint32_t n, uint32_t *id,
		      struct rd_err *err)
{
	uint64_t hash[RD_BATCH_ROWS];
	uint32_t n_words = t->n_words;

	if (!grow_table(t, (uint64_t)t->n + n, err))
		return false;
	for (uint32_t i = 0; i < n; i++) {
		hash[i] = hash_words(t, words + (size_t)i * n_words, n_words);
		__builtin_prefetch(&t->slot[hash[i] & t->mask]);
	}
	for (uint32_t i = 0; i < n; i++)
		if (!probe(t, words + (size_t)i * n_words, hash[i], n_words, &id[i], err))
			return false;
	return true;
}

void rd_vtable_find(const struct rd_vtable *t, const uint64_t *words, uint32_t n, uint32_t *id)
{
	uint64_t hash[RD_BATCH_ROWS];
	uint32_t n_words = t->n_words;

	for (uint32_t i = 0; i < n; i++) {
		hash[i] = hash_words(t, words + (size_t)i * n_words, n_words);
		__builtin_prefetch(&t->slot[hash[i] & t->mask]);
	}
	for (uint32_t i = 0; i < n; i++) {
		const uint64_t *key = words + (size_t)i * n_words, *have = t->words;
		uint64_t at = hash[i] & t->mask;

		id[i] = RD_NONE;
		for (; t->slot[at]; at = (at + 1) & t->mask) {
			uint32_t found = (uint32_t)t->slot[at] - 1;

			if (t->slot[at] >> 32 == hash[i] >> 32 &&
			    same_words(have + (size_t)found * n_words, key, n_words)) {
				id[i] = found;
				break;
			}
		}
	}
}
