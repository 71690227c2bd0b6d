/* The schema in a footer: a tree, of which the leaves are columns (parquet.thrift, SchemaElement).
 */
#include "parquet_int.h"

#define SCHEMA_MAX (4 * RD_COLUMNS_MAX) /* columns, and the groups that they are in */
#define SCHEMA_DEPTH_MAX 64u

static void read_decimal(struct thrift *t, struct pq_leaf *leaf)
{
	struct thrift_field f = { 0 };

	while (thrift_next(t, &f)) {
		if (f.id == 1)
			leaf->scale = (uint8_t)thrift_uint(t, &f, 38);
		else if (f.id == 2)
			leaf->precision = (uint8_t)thrift_uint(t, &f, 255);
		else
			thrift_skip(t, f.type);
	}
}

static void read_unit(struct thrift *t, struct pq_leaf *leaf)
{
	struct thrift_field f = { 0 };

	while (thrift_next(t, &f)) {
		leaf->unit = f.id >= 1 && f.id <= 3 ? (enum pq_unit)f.id : leaf->unit;
		thrift_skip(t, f.type);
	}
}

static void read_time(struct thrift *t, struct pq_leaf *leaf)
{
	struct thrift_field f = { 0 };

	while (thrift_next(t, &f)) {
		if (f.id == 1)
			leaf->is_utc = thrift_bool(t, &f);
		else if (f.id == 2 && thrift_enter(t, &f))
			read_unit(t, leaf);
		else
			thrift_skip(t, f.type);
	}
}

static void read_integer(struct thrift *t, struct pq_leaf *leaf)
{
	struct thrift_field f = { 0 };

	while (thrift_next(t, &f)) {
		if (f.id == 1)
			leaf->bits = (uint8_t)thrift_uint(t, &f, 64);
		else if (f.id == 2)
			leaf->is_signed = thrift_bool(t, &f);
		else
			thrift_skip(t, f.type);
	}
}

static bool is_known(int32_t logical)
{
	switch (logical) {
	case PQ_STRING:
	case PQ_ENUM:
	case PQ_DECIMAL:
	case PQ_DATE:
	case PQ_TIME:
	case PQ_TIMESTAMP:
	case PQ_INTEGER:
	case PQ_ALWAYS_NULL:
	case PQ_JSON:
	case PQ_UUID:
	case PQ_FLOAT16:
	case PQ_GEOMETRY:
	case PQ_GEOGRAPHY:
		return true;
	default:
		return false;
	}
}

static void read_logical(struct thrift *t, struct pq_leaf *leaf)
{
	struct thrift_field f = { 0 };

	while (thrift_next(t, &f)) {
		leaf->logical = is_known(f.id) ? (enum pq_logical)f.id : PQ_OTHER_LOGICAL;
		if (f.id == PQ_DECIMAL && thrift_enter(t, &f))
			read_decimal(t, leaf);
		else if ((f.id == PQ_TIME || f.id == PQ_TIMESTAMP) && thrift_enter(t, &f))
			read_time(t, leaf);
		else if (f.id == PQ_INTEGER && thrift_enter(t, &f))
			read_integer(t, leaf);
		else
			thrift_skip(t, f.type);
	}
}

/* ConvertedType, where there is no LogicalType. */
static void apply_converted(struct pq_leaf *leaf, uint64_t converted)
{
	static const struct {
		uint8_t converted, logical, unit, bits, is_signed;
	} map[] = {
		{ 0, PQ_STRING, 0, 0, 0 },
		{ 4, PQ_ENUM, 0, 0, 0 },
		{ 5, PQ_DECIMAL, 0, 0, 0 },
		{ 6, PQ_DATE, 0, 0, 0 },
		{ 7, PQ_TIME, PQ_MILLIS, 0, 0 }, /* both adjusted to UTC */
		{ 8, PQ_TIME, PQ_MICROS, 0, 0 },
		{ 9, PQ_TIMESTAMP, PQ_MILLIS, 0, 0 },
		{ 10, PQ_TIMESTAMP, PQ_MICROS, 0, 0 },
		{ 11, PQ_INTEGER, 0, 8, 0 },
		{ 12, PQ_INTEGER, 0, 16, 0 },
		{ 13, PQ_INTEGER, 0, 32, 0 },
		{ 14, PQ_INTEGER, 0, 64, 0 },
		{ 15, PQ_INTEGER, 0, 8, 1 },
		{ 16, PQ_INTEGER, 0, 16, 1 },
		{ 17, PQ_INTEGER, 0, 32, 1 },
		{ 18, PQ_INTEGER, 0, 64, 1 },
		{ 19, PQ_JSON, 0, 0, 0 },
		{ 21, PQ_INTERVAL, 0, 0, 0 },
	};

	leaf->logical = PQ_OTHER_LOGICAL;
	for (size_t i = 0; i < sizeof(map) / sizeof(map[0]); i++) {
		if (map[i].converted != converted)
			continue;
		leaf->logical = (enum pq_logical)map[i].logical;
		leaf->unit = (enum pq_unit)map[i].unit;
		leaf->bits = map[i].bits;
		leaf->is_signed = map[i].is_signed;
		leaf->is_utc = map[i].logical == PQ_TIME;
	}
}

struct element {
	struct pq_leaf leaf;
	bool has_type;
	uint32_t n_children;
};

static void read_element(struct thrift *t, struct element *e)
{
	struct thrift_field f = { 0 };
	uint64_t converted = UINT64_MAX;
	struct pq_leaf *leaf = &e->leaf;
	uint8_t scale = 0, precision = 0;

	*e = (struct element){ 0 };
	t->depth++;
	while (thrift_next(t, &f)) {
		switch (f.id) {
		case 1:
			leaf->type = (enum pq_type)thrift_uint(t, &f, PQ_FIXED);
			e->has_type = true;
			break;
		case 2:
			leaf->type_length = (uint32_t)thrift_uint(t, &f, INT32_MAX);
			break;
		case 3:
			leaf->repetition = (enum pq_repetition)thrift_uint(t, &f, PQ_REPEATED);
			break;
		case 4:
			leaf->name = thrift_binary(t, &f);
			break;
		case 5:
			e->n_children = (uint32_t)thrift_uint(t, &f, SCHEMA_MAX);
			break;
		case 6:
			converted = thrift_uint(t, &f, 255);
			break;
		case 7:
			scale = (uint8_t)thrift_uint(t, &f, 255);
			break;
		case 8:
			precision = (uint8_t)thrift_uint(t, &f, 255);
			break;
		case 10:
			if (thrift_enter(t, &f))
				read_logical(t, leaf);
			break;
		default:
			thrift_skip(t, f.type);
		}
	}
	/* A logical type from the future may have an older one that it goes back to. */
	if ((leaf->logical == PQ_NO_LOGICAL || leaf->logical == PQ_OTHER_LOGICAL) &&
	    converted != UINT64_MAX)
		apply_converted(leaf, converted);
	if (leaf->logical == PQ_DECIMAL && leaf->precision == 0) {
		leaf->precision = precision;
		leaf->scale = scale;
	}
}

/* The tree, depth first: what is inside a group is nested. */
struct tree {
	uint32_t left[SCHEMA_DEPTH_MAX]; /* children to come, by depth */
	uint32_t depth;
	struct rd_view field; /* of the root, to which the elements belong */
	bool named;           /* a leaf of that field has its name already */
	struct rd_arena *arena;
};

/* "field.leaf", so that no flat column is called the same; a name that would be none is left out.
 */
static bool name_inside(const struct tree *tree, struct rd_view *name, struct rd_err *err)
{
	size_t len = tree->field.len + 1 + name->len;
	uint8_t *joined;

	if (name->len == 0 || len > RD_COLUMN_NAME_MAX || !rd_utf8_valid(*name)) {
		*name = tree->field;
		return true;
	}
	joined = rd_arena_alloc(tree->arena, len, 1, err);
	if (!joined)
		return false;
	if (tree->field.len)
		memcpy(joined, tree->field.data, tree->field.len);
	joined[tree->field.len] = '.';
	memcpy(joined + tree->field.len + 1, name->data, name->len);
	*name = rd_view_of(joined, len);
	return true;
}

static bool no_tree(struct rd_err *err)
{
	return rd_fail(err, RD_FAULT_MALFORMED, "table.footer.form",
		       "the schema: the columns are no tree");
}

/* One element below the root. */
static bool place_element(struct tree *tree, struct element *e, struct pq_footer *out,
			  struct rd_err *err)
{
	bool inside = tree->depth > 0;

	if (tree->left[tree->depth] == 0)
		return no_tree(err);
	tree->left[tree->depth]--;
	if (!inside) {
		tree->field = e->leaf.name;
		tree->named = false;
	}
	if (!e->has_type) {
		if (e->n_children == 0 || tree->depth + 1 == SCHEMA_DEPTH_MAX)
			return no_tree(err);
		tree->left[++tree->depth] = e->n_children;
		return true;
	}
	if (e->n_children)
		return no_tree(err);
	e->leaf.nested = inside || e->leaf.repetition == PQ_REPEATED;
	/* The first leaf of a nested field stands for the field. */
	if (inside && !tree->named)
		e->leaf.name = tree->field;
	else if (inside && !name_inside(tree, &e->leaf.name, err))
		return false;
	tree->named = true;
	out->leaf[out->n_leaves++] = e->leaf;
	while (tree->depth && tree->left[tree->depth] == 0)
		tree->depth--;
	return true;
}

bool pq_schema_read(struct thrift *t, const struct thrift_field *f, struct rd_arena *arena,
		    struct pq_footer *out, struct rd_err *err)
{
	uint32_t n = thrift_list(t, f, THRIFT_STRUCT, SCHEMA_MAX);
	struct element root, e;
	struct tree tree = { .arena = arena };

	if (t->failed || n < 2)
		return t->failed ? pq_malformed(t, "the schema", err)
				 : rd_fail(err, RD_FAULT_MALFORMED, "table.footer.form",
					   "the schema has no columns");
	read_element(t, &root);
	out->leaf = RD_NEW_ARRAY(arena, struct pq_leaf, n - 1, err);
	if (!out->leaf)
		return false;
	tree.left[0] = root.n_children;
	for (uint32_t i = 1; i < n; i++) {
		read_element(t, &e);
		if (t->failed)
			return pq_malformed(t, "the schema", err);
		if (!place_element(&tree, &e, out, err))
			return false;
	}
	if (out->n_leaves > RD_COLUMNS_MAX)
		return rd_fail(err, RD_FAULT_REFUSED, "table.footer.form",
			       "the file has %u columns; at most %u are read", out->n_leaves,
			       RD_COLUMNS_MAX);
	return root.has_type || tree.depth || tree.left[0] || !out->n_leaves ? no_tree(err) : true;
}
