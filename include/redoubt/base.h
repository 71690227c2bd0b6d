/*
 * base: bytes, errors, memory and numbers that the rest of Redoubt is built from.
 *
 * Rules that hold in every module, stated once:
 *
 *  - A `struct rd_view` borrows bytes: it never frees them, and it is valid only as long as
 *    whoever owns them says.  Text from outside is a view and never assumed NUL-terminated.
 *  - A `struct rd_span` is space lent by the caller for output.
 *  - A function that can fail returns bool, must be checked, and takes `struct rd_err *err` last.
 *    On success *err is untouched.  On failure every output is unusable unless documented.
 *  - What belongs to one request lives in one `struct rd_arena` and dies with it.
 *  - Key bytes live only in `struct rd_secret`.
 *  - The library never prints, logs or exits.  A programmer's fault (rd_assert) aborts; nothing
 *    that comes from outside may ever reach an rd_assert.
 */
#ifndef REDOUBT_BASE_H
#define REDOUBT_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RD_PUBLIC __attribute__((visibility("default")))
#define RD_MUST_USE __attribute__((warn_unused_result))
#define RD_PRINTF(fmt_index, arg_index) __attribute__((format(printf, fmt_index, arg_index)))
/* Runs `fn(&variable)` when the variable leaves its scope. */
#define RD_AUTO(fn) __attribute__((cleanup(fn)))

__extension__ typedef __int128 rd_int128;
__extension__ typedef unsigned __int128 rd_uint128;

/* ---- bytes ------------------------------------------------------------------------------- */

/* Borrowed bytes.  {NULL, 0} is the empty view. */
struct rd_view {
	const uint8_t *data;
	size_t len;
};

/* Space lent for output: `used` bytes of `cap` are filled, from the front. */
struct rd_span {
	uint8_t *data;
	size_t cap;
	size_t used;
};

/* A view of a string literal or of a C string (without its NUL). */
struct rd_view rd_view_str(const char *text);
static inline struct rd_view rd_view_of(const void *data, size_t len)
{
	return (struct rd_view){ (const uint8_t *)data, len };
}
/* printf("%.*s", RD_FMT(view)): text of at most INT_MAX bytes. */
#define RD_FMT(view) (int)(view).len, (const char *)(view).data

bool rd_view_eq(struct rd_view a, struct rd_view b);
/* Order by bytes, then by length: <0, 0, >0 (memcmp order, PostgreSQL's COLLATE "C"). */
int rd_view_cmp(struct rd_view a, struct rd_view b);
bool rd_view_starts(struct rd_view text, struct rd_view prefix);
/* No byte but zero; true of no bytes at all. */
bool rd_view_all_zero(struct rd_view v);
/* Bytes [from, from+len) of v; false (and out untouched) if they are not all inside. */
RD_MUST_USE bool rd_view_sub(struct rd_view v, size_t from, size_t len, struct rd_view *out);

/* ---- errors ------------------------------------------------------------------------------ */

/* What kind of failure it is: decides the exit code of the command line. */
enum rd_fault {
	RD_FAULT_NONE = 0,
	RD_FAULT_FAILED = 1,    /* the world did not co-operate: I/O, memory, a peer that is down */
	RD_FAULT_USAGE = 2,     /* the caller asked for something that makes no sense */
	RD_FAULT_REFUSED = 3,   /* a check said no: a verdict, not a malfunction */
	RD_FAULT_MALFORMED = 4, /* input that is not what it claims to be */
};

#define RD_ERR_TEXT_MAX 1024

/*
 * An error on the caller's stack; zero-initialise it.  `code` is a stable identifier such as
 * "table.page.tag", a string literal, the key of `redoubt explain`; the innermost rd_fail sets it.
 * `text` reads outermost first: "visits.csv: line 7: field 3 has no closing quote".
 * Texts longer than the buffer are cut at the inner end.
 */
struct rd_err {
	enum rd_fault fault;
	const char *code;
	int sys_errno; /* errno of the failing call, or 0 */
	char text[RD_ERR_TEXT_MAX];
};

/* Sets the error and returns false, so that a check is one line: return rd_fail(err, ...). */
bool rd_fail(struct rd_err *err, enum rd_fault fault, const char *code, const char *fmt, ...)
	RD_PRINTF(4, 5);
/* As rd_fail with RD_FAULT_FAILED, errno kept and its text appended. */
bool rd_fail_errno(struct rd_err *err, const char *code, const char *fmt, ...) RD_PRINTF(3, 4);
/* Puts "context: " before the text of a failure that came from below; returns false. */
bool rd_wrap(struct rd_err *err, const char *fmt, ...) RD_PRINTF(2, 3);

/* One entry of a module's table of stable codes, for `redoubt explain CODE`. */
struct rd_code_text {
	const char *code;    /* "table.page.tag" */
	const char *meaning; /* one or two sentences: what was found */
	const char *remedy;  /* what the person can do next */
};
/* A module's table ends with an entry whose code is NULL. */
extern const struct rd_code_text rd_base_codes[];

/* Always on.  For programmers' faults only. */
#define rd_assert(cond) ((cond) ? (void)0 : rd_assert_failed(#cond, __FILE__, __LINE__))
_Noreturn void rd_assert_failed(const char *what, const char *file, int line);

/* ---- memory ------------------------------------------------------------------------------ */

/*
 * An arena hands out zeroed memory that is freed all at once.  It never holds more than `max`
 * bytes; what does not fit fails with code "base.memory.limit".  Not thread-safe: one a thread.
 */
struct rd_arena;

RD_MUST_USE bool rd_arena_new(size_t max, struct rd_arena **out, struct rd_err *err);
/* Accepts NULL and a pointer to NULL; sets *arena to NULL. */
void rd_arena_free(struct rd_arena **arena);
/* The same, and overwrites all that was handed out since its birth or its last reset: for arenas
 * that held keys or plaintext. */
void rd_arena_free_wiped(struct rd_arena **arena);
/* Frees all that was handed out, keeps the first block for reuse. */
void rd_arena_reset(struct rd_arena *arena);
size_t rd_arena_used(const struct rd_arena *arena);
/* `count` elements of `size` bytes, zeroed, aligned to 16 (to 64 from 4 KiB up).  NULL on
 * failure, with *err set. count * size is checked for overflow; zero bytes give a valid pointer. */
RD_MUST_USE void *rd_arena_alloc(struct rd_arena *arena, size_t count, size_t size,
				 struct rd_err *err);
#define RD_NEW(arena, type, err) ((type *)rd_arena_alloc((arena), 1, sizeof(type), (err)))
#define RD_NEW_ARRAY(arena, type, count, err) \
	((type *)rd_arena_alloc((arena), (count), sizeof(type), (err)))
/* Copies with a NUL behind the bytes (not counted in len). */
RD_MUST_USE bool rd_arena_copy(struct rd_arena *arena, struct rd_view in, struct rd_view *out,
			       struct rd_err *err);
RD_MUST_USE bool rd_arena_printf(struct rd_arena *arena, struct rd_view *out, struct rd_err *err,
				 const char *fmt, ...) RD_PRINTF(4, 5);

/*
 * A buffer that grows up to a maximum given at its birth.  Errors are sticky: after a failed
 * append all further ones do nothing, and rd_buf_ok says false with the reason.  The bytes move
 * when it grows: a view of them is valid only until the next append.
 */
struct rd_buf {
	uint8_t *data;
	size_t len, cap, max;
	bool failed;
};

/* The same as an initialiser { .max = max }, which is what goes with RD_AUTO(rd_buf_free). */
void rd_buf_init(struct rd_buf *buf, size_t max);
/* Wipes and frees; the buffer may be used again after rd_buf_init. */
void rd_buf_free(struct rd_buf *buf);
void rd_buf_clear(struct rd_buf *buf);
void rd_buf_add(struct rd_buf *buf, struct rd_view bytes);
void rd_buf_add_byte(struct rd_buf *buf, uint8_t byte);
void rd_buf_printf(struct rd_buf *buf, const char *fmt, ...) RD_PRINTF(2, 3);
/* Room for `len` more bytes at the end, counted as added; NULL when it failed. */
uint8_t *rd_buf_extend(struct rd_buf *buf, size_t len);
struct rd_view rd_buf_view(const struct rd_buf *buf);
RD_MUST_USE bool rd_buf_ok(const struct rd_buf *buf, struct rd_err *err);

/* ---- secrets ----------------------------------------------------------------------------- */

#define RD_SECRET_MAX 64

/*
 * Key bytes: kept in the struct itself, never printed, wiped by rd_secret_wipe.  Where the
 * struct lives decides how well it is protected: put long-lived ones into rd_os_secret_pages.
 */
struct rd_secret {
	uint8_t data[RD_SECRET_MAX];
	size_t len;
};

RD_MUST_USE bool rd_secret_set(struct rd_secret *secret, struct rd_view bytes, struct rd_err *err);
void rd_secret_wipe(struct rd_secret *secret);
struct rd_view rd_secret_view(const struct rd_secret *secret);
/* Overwrites memory in a way that the compiler keeps. */
void rd_wipe(void *data, size_t len);
/* Compares in time that depends only on the lengths. */
RD_MUST_USE bool rd_equal_secret(struct rd_view a, struct rd_view b);

/* ---- numbers ----------------------------------------------------------------------------- */

/* Each returns false when the result does not fit, and leaves *out untouched. */
RD_MUST_USE bool rd_add_size(size_t a, size_t b, size_t *out);
RD_MUST_USE bool rd_mul_size(size_t a, size_t b, size_t *out);
RD_MUST_USE bool rd_add_u64(uint64_t a, uint64_t b, uint64_t *out);

static inline uint32_t rd_load_le32(const uint8_t *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}
static inline uint64_t rd_load_le64(const uint8_t *p)
{
	return (uint64_t)rd_load_le32(p) | (uint64_t)rd_load_le32(p + 4) << 32;
}
static inline void rd_store_le32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}
static inline void rd_store_le64(uint8_t *p, uint64_t v)
{
	for (int i = 0; i < 8; i++)
		p[i] = (uint8_t)(v >> (8 * i));
}
static inline uint32_t rd_load_be32(const uint8_t *p)
{
	return (uint32_t)p[3] | (uint32_t)p[2] << 8 | (uint32_t)p[1] << 16 | (uint32_t)p[0] << 24;
}
static inline void rd_store_be32(uint8_t *p, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(v >> (24 - 8 * i));
}

/* Decimal digits with an optional minus sign, nothing else, within [min, max]. */
RD_MUST_USE bool rd_parse_i64(struct rd_view text, int64_t min, int64_t max, int64_t *out,
			      struct rd_err *err);

/* ---- text -------------------------------------------------------------------------------- */

/* Lower-case hexadecimal into the arena; parsing accepts both cases and no separators. */
RD_MUST_USE bool rd_hex(struct rd_arena *arena, struct rd_view bytes, struct rd_view *out,
			struct rd_err *err);
RD_MUST_USE bool rd_unhex(struct rd_arena *arena, struct rd_view text, struct rd_view *out,
			  struct rd_err *err);
/* Well-formed UTF-8 (RFC 3629): no surrogates, no overlong forms. */
bool rd_utf8_valid(struct rd_view text);
/* The character that `text` begins with, and its length in bytes; 0: none begins here. */
size_t rd_utf8_decode(struct rd_view text, uint32_t *out);
/* What moves the cursor, turns the reading direction or has no width, so that a line shows
 * something else than it says: C0, DEL, C1, ends of lines, Unicode's marks and isolates of
 * direction, joiners. */
bool rd_char_is_control(uint32_t c);
/* For a line that people read: controls and bytes that are no UTF-8 as \xHH. */
void rd_text_put_shown(struct rd_buf *out, struct rd_view text);
/* The cells it takes on a terminal: 2 for wide characters, 0 for combining ones. */
size_t rd_text_width(struct rd_view text);
/* The candidate nearest to `word` if it is near enough to be a slip of the hand, else NULL:
 * for "unknown key 'reader', did you mean 'readers'?".  `candidates` ends with NULL. */
const char *rd_nearest_word(struct rd_view word, const char *const *candidates);

#endif
