/* Thrift compact protocol, as much of it as Parquet needs, hostile input first. */
#include "parquet_int.h"

void thrift_init(struct thrift *t, struct rd_view in)
{
	*t = (struct thrift){ .in = in };
}

void thrift_fail(struct thrift *t, const char *why)
{
	if (!t->failed)
		t->why = why;
	t->failed = true;
}

static uint8_t read_byte(struct thrift *t)
{
	if (t->failed || t->pos >= t->in.len) {
		thrift_fail(t, "it ends too early");
		return 0;
	}
	return t->in.data[t->pos++];
}

static uint64_t read_varint(struct thrift *t)
{
	uint64_t out = 0;

	for (unsigned shift = 0; shift < 70; shift += 7) {
		uint8_t byte = read_byte(t);

		if (shift == 63 && byte > 1)
			break;
		out |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return out;
	}
	thrift_fail(t, "a number is too long");
	return 0;
}

static int64_t read_zigzag(struct thrift *t)
{
	uint64_t v = read_varint(t);

	return (int64_t)(v >> 1) ^ -(int64_t)(v & 1);
}

static struct rd_view read_bytes(struct thrift *t)
{
	uint64_t len = read_varint(t);
	struct rd_view out = { 0 };

	if (t->failed || len > t->in.len - t->pos) {
		thrift_fail(t, "a text is longer than what is there");
		return out;
	}
	out = rd_view_of(t->in.data + t->pos, (size_t)len);
	t->pos += (size_t)len;
	return out;
}

bool thrift_next(struct thrift *t, struct thrift_field *field)
{
	uint8_t head = read_byte(t);
	int64_t id;

	if (t->failed || (head & 0x0f) == THRIFT_STOP) {
		if (t->depth)
			t->depth--;
		return false;
	}
	id = head >> 4 ? field->last + (head >> 4) : read_zigzag(t);
	if (id < INT16_MIN || id > INT16_MAX || (head & 0x0f) > THRIFT_STRUCT) {
		thrift_fail(t, "a field has no valid number or type");
		return false;
	}
	field->type = (enum thrift_type)(head & 0x0f);
	field->id = field->last = (int32_t)id;
	return !t->failed;
}

int64_t thrift_int(struct thrift *t, const struct thrift_field *field)
{
	if (field->type == THRIFT_I8)
		return (int8_t)read_byte(t);
	if (field->type < THRIFT_I16 || field->type > THRIFT_I64) {
		thrift_fail(t, "a field is not a number");
		return 0;
	}
	return read_zigzag(t);
}

uint64_t thrift_uint(struct thrift *t, const struct thrift_field *field, uint64_t max)
{
	int64_t v = thrift_int(t, field);

	if (v < 0 || (uint64_t)v > max) {
		thrift_fail(t, "a number is out of range");
		return 0;
	}
	return (uint64_t)v;
}

bool thrift_bool(struct thrift *t, const struct thrift_field *field)
{
	if (field->type != THRIFT_TRUE && field->type != THRIFT_FALSE)
		thrift_fail(t, "a field is not a boolean");
	return field->type == THRIFT_TRUE;
}

struct rd_view thrift_binary(struct thrift *t, const struct thrift_field *field)
{
	if (field->type != THRIFT_BINARY)
		thrift_fail(t, "a field is not a text");
	return read_bytes(t);
}

static uint32_t read_list(struct thrift *t, enum thrift_type *element)
{
	uint8_t head = read_byte(t);
	uint64_t n = head >> 4;

	*element = (enum thrift_type)(head & 0x0f);
	if (n == 15)
		n = read_varint(t);
	/* Every element takes at least one byte: so a count cannot promise more than there is. */
	if (n > THRIFT_ITEMS_MAX || n > t->in.len - t->pos) {
		thrift_fail(t, "a list is longer than what is there");
		return 0;
	}
	return (uint32_t)n;
}

uint32_t thrift_list(struct thrift *t, const struct thrift_field *field, enum thrift_type element,
		     uint32_t max)
{
	enum thrift_type seen = THRIFT_STOP;
	uint32_t n = 0;

	if (field->type != THRIFT_LIST)
		thrift_fail(t, "a field is not a list");
	else
		n = read_list(t, &seen);
	if (n && (seen != element || n > max)) {
		thrift_fail(t, "a list has elements of another kind, or too many");
		return 0;
	}
	return t->failed ? 0 : n;
}

int64_t thrift_element_int(struct thrift *t)
{
	return read_zigzag(t);
}

struct rd_view thrift_element_binary(struct thrift *t)
{
	return read_bytes(t);
}

bool thrift_enter(struct thrift *t, const struct thrift_field *field)
{
	if (field->type != THRIFT_STRUCT)
		thrift_fail(t, "a field is not a struct");
	else if (t->depth >= THRIFT_DEPTH_MAX)
		thrift_fail(t, "structs are nested too deeply");
	else
		t->depth++;
	return !t->failed;
}

/* Containers that are not known are walked with an explicit stack of what is left. */
struct skip_level {
	enum thrift_type kind, element, value;
	uint32_t left;
	struct thrift_field field;
};

static void skip_scalar(struct thrift *t, enum thrift_type type, bool in_list)
{
	switch (type) {
	case THRIFT_TRUE:
	case THRIFT_FALSE:
		if (in_list)
			(void)read_byte(t);
		return;
	case THRIFT_I8:
		(void)read_byte(t);
		return;
	case THRIFT_DOUBLE:
		for (int i = 0; i < 8; i++)
			(void)read_byte(t);
		return;
	case THRIFT_BINARY:
		(void)read_bytes(t);
		return;
	default:
		(void)read_varint(t);
	}
}

static struct skip_level skip_open(struct thrift *t, enum thrift_type type)
{
	struct skip_level level = { .kind = type };

	if (type == THRIFT_LIST || type == THRIFT_SET)
		level.left = read_list(t, &level.element);
	if (type == THRIFT_MAP) {
		uint64_t n = read_varint(t);
		uint8_t types = n ? read_byte(t) : 0;

		if (n > (t->in.len - t->pos) / 2 + 1)
			thrift_fail(t, "a map is longer than what is there");
		level.left = t->failed ? 0 : 2 * (uint32_t)n;
		level.element = (enum thrift_type)(types >> 4);
		level.value = (enum thrift_type)(types & 0x0f);
	}
	return level;
}

/* What comes next inside a container; STOP: nothing. */
static enum thrift_type skip_child(struct thrift *t, struct skip_level *level)
{
	if (level->kind == THRIFT_STRUCT) {
		t->depth++; /* thrift_next takes it back at the end */
		if (!thrift_next(t, &level->field))
			return THRIFT_STOP;
		t->depth--;
		return level->field.type;
	}
	if (level->left == 0)
		return THRIFT_STOP;
	level->left--;
	if (level->kind == THRIFT_MAP && level->left % 2 == 0)
		return level->value;
	return level->element;
}

void thrift_skip(struct thrift *t, enum thrift_type type)
{
	struct skip_level stack[THRIFT_DEPTH_MAX];
	uint32_t n = 0;
	bool in_list = false;

	for (;;) {
		if (type >= THRIFT_LIST && type <= THRIFT_STRUCT) {
			if (n == THRIFT_DEPTH_MAX) {
				thrift_fail(t, "values are nested too deeply");
				return;
			}
			stack[n++] = skip_open(t, type);
		} else if (type == THRIFT_STOP || type > THRIFT_STRUCT) {
			thrift_fail(t, "a value has no valid type");
		} else {
			skip_scalar(t, type, in_list);
		}
		do {
			if (n == 0 || t->failed)
				return;
			in_list = stack[n - 1].kind != THRIFT_STRUCT;
			type = skip_child(t, &stack[n - 1]);
			if (type == THRIFT_STOP)
				n--;
		} while (type == THRIFT_STOP);
	}
}

/* ---- writing ------------------------------------------------------------------------------------
 */

void thrift_put_varint(struct rd_buf *out, uint64_t value)
{
	while (value >= 0x80) {
		rd_buf_add_byte(out, (uint8_t)(value | 0x80));
		value >>= 7;
	}
	rd_buf_add_byte(out, (uint8_t)value);
}

static void put_zigzag(struct rd_buf *out, int64_t value)
{
	thrift_put_varint(out, ((uint64_t)value << 1) ^ (uint64_t)(value >> 63));
}

void thrift_put_field(struct rd_buf *out, int16_t *last, int16_t id, enum thrift_type type)
{
	int delta = id - *last;

	if (delta > 0 && delta <= 15) {
		rd_buf_add_byte(out, (uint8_t)(delta << 4 | (int)type));
	} else {
		rd_buf_add_byte(out, (uint8_t)type);
		put_zigzag(out, id);
	}
	*last = id;
}

void thrift_put_i16(struct rd_buf *out, int16_t *last, int16_t id, int16_t value)
{
	thrift_put_field(out, last, id, THRIFT_I16);
	put_zigzag(out, value);
}

void thrift_put_i32(struct rd_buf *out, int16_t *last, int16_t id, int32_t value)
{
	thrift_put_field(out, last, id, THRIFT_I32);
	put_zigzag(out, value);
}

void thrift_put_i64(struct rd_buf *out, int16_t *last, int16_t id, int64_t value)
{
	thrift_put_field(out, last, id, THRIFT_I64);
	put_zigzag(out, value);
}

void thrift_put_bool(struct rd_buf *out, int16_t *last, int16_t id, bool value)
{
	thrift_put_field(out, last, id, value ? THRIFT_TRUE : THRIFT_FALSE);
}

void thrift_put_binary(struct rd_buf *out, int16_t *last, int16_t id, struct rd_view value)
{
	thrift_put_field(out, last, id, THRIFT_BINARY);
	thrift_put_varint(out, value.len);
	rd_buf_add(out, value);
}

void thrift_put_list(struct rd_buf *out, int16_t *last, int16_t id, enum thrift_type element,
		     uint32_t n)
{
	thrift_put_field(out, last, id, THRIFT_LIST);
	if (n < 15) {
		rd_buf_add_byte(out, (uint8_t)(n << 4 | (uint32_t)element));
		return;
	}
	rd_buf_add_byte(out, (uint8_t)(0xf0 | (uint32_t)element));
	thrift_put_varint(out, n);
}

void thrift_put_stop(struct rd_buf *out)
{
	rd_buf_add_byte(out, 0);
}
