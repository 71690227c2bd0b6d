/* Arenas and growing buffers: see redoubt/base.h. */
#include <redoubt/base.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_MIN ((size_t)64 << 10)
#define ALIGN_SMALL ((size_t)16)
#define ALIGN_LARGE ((size_t)64)
#define LARGE ((size_t)4096)

struct block {
	struct block *next;
	size_t cap, used; /* of the bytes behind this header, which is 64 bytes long */
};
#define HEADER ALIGN_LARGE

struct rd_arena {
	size_t max, held, handed_out;
	struct block *first, *current;
};

static uint8_t *block_bytes(struct block *block)
{
	return (uint8_t *)block + HEADER;
}

bool rd_arena_new(size_t max, struct rd_arena **out, struct rd_err *err)
{
	struct rd_arena *arena = calloc(1, sizeof(*arena));

	if (!arena)
		return rd_fail_errno(err, "base.memory", "arena");
	arena->max = max;
	*out = arena;
	return true;
}

static void free_blocks(struct block *block)
{
	while (block) {
		struct block *next = block->next;

		free(block);
		block = next;
	}
}

void rd_arena_free(struct rd_arena **arena)
{
	if (!arena || !*arena)
		return;
	free_blocks((*arena)->first);
	free(*arena);
	*arena = NULL;
}

void rd_arena_free_wiped(struct rd_arena **arena)
{
	if (!arena || !*arena)
		return;
	for (struct block *block = (*arena)->first; block; block = block->next)
		rd_wipe(block_bytes(block), block->used);
	rd_arena_free(arena);
}

void rd_arena_reset(struct rd_arena *arena)
{
	if (arena->first) {
		free_blocks(arena->first->next);
		arena->first->next = NULL;
		arena->first->used = 0;
		arena->held = arena->first->cap;
	}
	arena->current = arena->first;
	arena->handed_out = 0;
}

size_t rd_arena_used(const struct rd_arena *arena)
{
	return arena->handed_out;
}

static bool add_block(struct rd_arena *arena, size_t need, struct rd_err *err)
{
	size_t cap = arena->held < BLOCK_MIN ? BLOCK_MIN : arena->held;
	struct block *block;
	size_t total;

	if (need > arena->max || arena->held > arena->max - need)
		return rd_fail(err, RD_FAULT_FAILED, "base.memory.limit",
			       "%zu more bytes would pass the limit of %zu", need, arena->max);
	if (cap > arena->max - arena->held)
		cap = arena->max - arena->held;
	if (cap < need)
		cap = need;
	if (!rd_add_size(cap, HEADER + ALIGN_LARGE - 1, &total))
		return rd_fail(err, RD_FAULT_FAILED, "base.memory.limit", "%zu bytes", cap);
	block = aligned_alloc(ALIGN_LARGE, total & ~(ALIGN_LARGE - 1));
	if (!block)
		return rd_fail_errno(err, "base.memory", "%zu bytes", cap);
	*block = (struct block){ .cap = cap };
	if (arena->current)
		arena->current->next = block;
	else
		arena->first = block;
	arena->current = block;
	arena->held += cap;
	return true;
}

void *rd_arena_alloc(struct rd_arena *arena, size_t count, size_t size, struct rd_err *err)
{
	size_t bytes, at = 0;
	size_t align;

	if (!rd_mul_size(count, size, &bytes)) {
		(void)rd_fail(err, RD_FAULT_FAILED, "base.memory.limit",
			      "%zu elements of %zu bytes overflow", count, size);
		return NULL;
	}
	align = bytes >= LARGE ? ALIGN_LARGE : ALIGN_SMALL;
	if (arena->current)
		at = (arena->current->used + align - 1) & ~(align - 1);
	if (!arena->current || at > arena->current->cap || bytes > arena->current->cap - at) {
		if (!add_block(arena, bytes ? bytes : 1, err))
			return NULL;
		at = 0;
	}
	arena->current->used = at + bytes;
	arena->handed_out += bytes;
	/* Zeroed here, not with its block: what is never handed out is never touched. */
	return memset(block_bytes(arena->current) + at, 0, bytes);
}

bool rd_arena_copy(struct rd_arena *arena, struct rd_view in, struct rd_view *out,
		   struct rd_err *err)
{
	size_t len;
	uint8_t *copy;

	if (!rd_add_size(in.len, 1, &len))
		return rd_fail(err, RD_FAULT_FAILED, "base.memory.limit", "%zu bytes", in.len);
	copy = rd_arena_alloc(arena, len, 1, err);
	if (!copy)
		return false;
	if (in.len)
		memcpy(copy, in.data, in.len);
	*out = rd_view_of(copy, in.len);
	return true;
}

bool rd_arena_printf(struct rd_arena *arena, struct rd_view *out, struct rd_err *err,
		     const char *fmt, ...)
{
	va_list args;
	char *text;
	int len;

	va_start(args, fmt);
	len = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (len < 0)
		return rd_fail(err, RD_FAULT_FAILED, "base.memory", "text cannot be formatted");
	text = rd_arena_alloc(arena, (size_t)len + 1, 1, err);
	if (!text)
		return false;
	va_start(args, fmt);
	(void)vsnprintf(text, (size_t)len + 1, fmt, args);
	va_end(args);
	*out = rd_view_of(text, (size_t)len);
	return true;
}

void rd_buf_init(struct rd_buf *buf, size_t max)
{
	*buf = (struct rd_buf){ .max = max };
}

void rd_buf_free(struct rd_buf *buf)
{
	if (buf->data)
		rd_wipe(buf->data, buf->cap);
	free(buf->data);
	*buf = (struct rd_buf){ .max = 0 };
}

void rd_buf_clear(struct rd_buf *buf)
{
	buf->len = 0;
	buf->failed = false;
}

/* Grows by hand rather than with realloc, which would leave old bytes of secrets behind. */
static bool grow(struct rd_buf *buf, size_t need)
{
	size_t cap = buf->cap ? buf->cap : 256;
	size_t size;
	uint8_t *data;

	while (cap < need)
		cap = cap > buf->max / 2 ? buf->max : cap * 2;
	/* One byte more than counted, for the NUL that rd_buf_printf's last text brings along. */
	if (!rd_add_size(cap, 1, &size))
		return false;
	data = malloc(size);
	if (!data)
		return false;
	if (buf->len)
		memcpy(data, buf->data, buf->len);
	if (buf->data)
		rd_wipe(buf->data, buf->cap);
	free(buf->data);
	buf->data = data;
	buf->cap = cap;
	return true;
}

uint8_t *rd_buf_extend(struct rd_buf *buf, size_t len)
{
	uint8_t *at;

	if (buf->failed || len > buf->max - buf->len) {
		buf->failed = true;
		return NULL;
	}
	if ((!buf->data || len > buf->cap - buf->len) && !grow(buf, buf->len + len)) {
		buf->failed = true;
		return NULL;
	}
	at = buf->data + buf->len;
	buf->len += len;
	return at;
}

void rd_buf_add(struct rd_buf *buf, struct rd_view bytes)
{
	uint8_t *at = rd_buf_extend(buf, bytes.len);

	if (at && bytes.len)
		memcpy(at, bytes.data, bytes.len);
}

void rd_buf_add_byte(struct rd_buf *buf, uint8_t byte)
{
	rd_buf_add(buf, rd_view_of(&byte, 1));
}

void rd_buf_printf(struct rd_buf *buf, const char *fmt, ...)
{
	va_list args;
	uint8_t *at;
	int len;

	va_start(args, fmt);
	len = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (len < 0) {
		buf->failed = true;
		return;
	}
	at = rd_buf_extend(buf, (size_t)len);
	if (!at)
		return;
	va_start(args, fmt);
	(void)vsnprintf((char *)at, (size_t)len + 1, fmt, args);
	va_end(args);
}

struct rd_view rd_buf_view(const struct rd_buf *buf)
{
	return rd_view_of(buf->data, buf->len);
}

bool rd_buf_ok(const struct rd_buf *buf, struct rd_err *err)
{
	if (buf->failed)
		return rd_fail(err, RD_FAULT_FAILED, "base.buffer.limit",
			       "output would pass its limit of %zu bytes, or memory ran out",
			       buf->max);
	return true;
}
