/* Memory of one run: counted, bounded, freed together. */
#include "vector_int.h"

#include <stdlib.h>

struct rd_vblock {
	struct rd_vblock *prev, *next;
	size_t size;
	uint8_t pad[40];
};
_Static_assert(sizeof(struct rd_vblock) == 64, "data behind it stays aligned");

struct rd_vpool_block {
	struct rd_vpool_block *next;
};

#define READABLE 64u
#define POOL_BLOCK ((size_t)64 << 10)

void rd_vmem_init(struct rd_vmem *mem, uint64_t max)
{
	memset(mem, 0, sizeof(*mem));
	mem->max = max;
	rd_assert(pthread_mutex_init(&mem->lock, NULL) == 0);
}

void rd_vmem_end(struct rd_vmem *mem)
{
	struct rd_vblock *next;

	for (struct rd_vblock *b = mem->blocks; b; b = next) {
		next = b->next;
		free(b);
	}
	mem->blocks = NULL;
	(void)pthread_mutex_destroy(&mem->lock);
}

static bool count(struct rd_vmem *mem, size_t size, struct rd_err *err)
{
	uint64_t used = atomic_fetch_add(&mem->used, size) + size;
	uint64_t peak = atomic_load(&mem->peak);

	if (used > mem->max) {
		atomic_fetch_sub(&mem->used, size);
		return rd_fail(
			err, RD_FAULT_FAILED, "engine.memory",
			"the query needs more than the %llu MiB of working memory it may use",
			(unsigned long long)(mem->max >> 20));
	}
	while (used > peak && !atomic_compare_exchange_weak(&mem->peak, &peak, used))
		;
	return true;
}

void *rd_vmem_alloc(struct rd_vmem *mem, size_t len, bool zero, struct rd_err *err)
{
	struct rd_vblock *b;
	size_t size;

	if (!rd_add_size(len, sizeof(*b) + READABLE + 63, &size)) {
		(void)rd_fail(err, RD_FAULT_FAILED, "engine.memory", "%zu bytes at once", len);
		return NULL;
	}
	size &= ~(size_t)63;
	if (!count(mem, size, err))
		return NULL;
	b = aligned_alloc(64, size);
	if (!b) {
		atomic_fetch_sub(&mem->used, size);
		(void)rd_fail_errno(err, "engine.memory", "%zu bytes", size);
		return NULL;
	}
	if (zero)
		memset(b + 1, 0, size - sizeof(*b));
	else
		memset((uint8_t *)b + size - READABLE, 0, READABLE);
	b->size = size;
	b->prev = NULL;
	(void)pthread_mutex_lock(&mem->lock);
	b->next = mem->blocks;
	if (b->next)
		b->next->prev = b;
	mem->blocks = b;
	(void)pthread_mutex_unlock(&mem->lock);
	return b + 1;
}

void rd_vmem_free(struct rd_vmem *mem, void *data)
{
	struct rd_vblock *b = data;

	if (!data)
		return;
	b--;
	(void)pthread_mutex_lock(&mem->lock);
	if (b->prev)
		b->prev->next = b->next;
	else
		mem->blocks = b->next;
	if (b->next)
		b->next->prev = b->prev;
	(void)pthread_mutex_unlock(&mem->lock);
	atomic_fetch_sub(&mem->used, b->size);
	free(b);
}

bool rd_vmem_grow(struct rd_vmem *mem, void **data, size_t *cap, size_t need, struct rd_err *err)
{
	size_t size = *cap ? *cap : 1024;
	void *grown;

	if (need <= *cap)
		return true;
	while (size < need)
		size = size > SIZE_MAX / 4 ? need : size * 2;
	grown = rd_vmem_alloc(mem, size, false, err);
	if (!grown)
		return false;
	if (*cap)
		memcpy(grown, *data, *cap);
	memset((uint8_t *)grown + *cap, 0, size - *cap);
	rd_vmem_free(mem, *data);
	*data = grown;
	*cap = size;
	return true;
}

void *rd_vpool_alloc(struct rd_vpool *pool, size_t len, struct rd_err *err)
{
	size_t size = len + (-len & 15);
	struct rd_vpool_block *b;

	if (size <= pool->cap - pool->used && pool->block) {
		pool->used += size;
		return pool->block + pool->used - size;
	}
	if (len > POOL_BLOCK / 4)
		return rd_vmem_alloc(pool->mem, len, true, err);
	b = rd_vmem_alloc(pool->mem, POOL_BLOCK, true, err);
	if (!b)
		return NULL;
	b->next = pool->full;
	pool->full = b;
	pool->block = (uint8_t *)b;
	pool->cap = POOL_BLOCK;
	pool->used = 64 + size;
	return pool->block + 64;
}

/* Blocks of their own (large ones) stay until the run ends: nobody asks for those in a pool that
 * is reset, but for texts, which rd_vpool_text splits off below. */
void rd_vpool_reset(struct rd_vpool *pool)
{
	struct rd_vpool_block *b = pool->full, *next;

	if (!b)
		return;
	for (b = b->next; b; b = next) {
		next = b->next;
		rd_vmem_free(pool->mem, b);
	}
	pool->full->next = NULL;
	pool->used = 64;
}

bool rd_vpool_text(struct rd_vpool *pool, const struct rd_text *in, struct rd_text *out,
		   struct rd_err *err)
{
	uint8_t *copy;

	*out = *in;
	if (in->len <= 12)
		return true;
	copy = rd_vpool_alloc(pool, in->len, err);
	if (!copy)
		return false;
	memcpy(copy, in->far.data, in->len);
	out->far.data = (const char *)copy;
	return true;
}
