/* What PostgreSQL calls an output column. */
#include "sql_int.h"

#include <string.h>

/* strength: 0 none, 1 a type's name or "case", 2 a name of its own. */
struct naming {
	const char *name;
	int strength;
};

static struct naming name_of(const json_t *node);

static struct naming last_of(const json_t *names, int strength)
{
	return (struct naming){ sql_string(sql_at(names, json_array_size(names) - 1)), strength };
}

static struct naming name_of_sublink(const json_t *inner)
{
	const json_t *select, *target;
	const char *type = sql_str(inner, "subLinkType");

	if (strcmp(type, "EXISTS_SUBLINK") == 0)
		return (struct naming){ "exists", 2 };
	if (strcmp(type, "EXPR_SUBLINK") != 0 ||
	    !sql_is(sql_get(inner, "subselect"), "SelectStmt", &select))
		return (struct naming){ "?column?", 0 };
	while (sql_get(select, "larg"))
		select = sql_get(select, "larg");
	if (!sql_is(sql_at(sql_get(select, "targetList"), 0), "ResTarget", &target))
		return (struct naming){ "?column?", 0 };
	if (sql_get(target, "name"))
		return (struct naming){ sql_str(target, "name"), 2 };
	return name_of(sql_get(target, "val"));
}

static struct naming name_of(const json_t *node)
{
	static const struct naming none = { "?column?", 0 };
	const json_t *inner, *name;
	const char *kind = sql_kind(node, &inner);
	struct naming found;

	if (strcmp(kind, "ColumnRef") == 0)
		return last_of(sql_get(inner, "fields"), 2);
	if (strcmp(kind, "FuncCall") == 0)
		return last_of(sql_get(inner, "funcname"), 2);
	if (strcmp(kind, "CoalesceExpr") == 0)
		return (struct naming){ "coalesce", 2 };
	if (strcmp(kind, "A_Expr") == 0 && strcmp(sql_str(inner, "kind"), "AEXPR_NULLIF") == 0)
		return (struct naming){ "nullif", 2 };
	if (strcmp(kind, "SubLink") == 0)
		return name_of_sublink(inner);
	if (strcmp(kind, "CaseExpr") == 0) {
		found = sql_get(inner, "defresult") ? name_of(sql_get(inner, "defresult")) : none;
		return found.strength > 1 ? found : (struct naming){ "case", 1 };
	}
	if (strcmp(kind, "TypeCast") == 0) {
		found = name_of(sql_get(inner, "arg"));
		name = sql_get(sql_get(inner, "typeName"), "names");
		return found.strength > 1 ? found : last_of(name, 1);
	}
	return none;
}

bool sql_output_name(struct sql *c, const json_t *target, struct rd_view *out)
{
	if (!sql_fields(c, target, "name val location"))
		return false;
	*out = rd_view_str(sql_get(target, "name") ? sql_str(target, "name")
						   : name_of(sql_get(target, "val")).name);
	return true;
}
