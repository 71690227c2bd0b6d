/* The vector engine as the world sees it. */
#include "vector_int.h"

#include "engine/engine_int.h"

#include <time.h>

static double now(clockid_t clock)
{
	struct timespec ts;

	(void)clock_gettime(clock, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

static bool refuse(const char *what, uint32_t node, struct rd_err *err)
{
	return rd_fail(err, RD_FAULT_REFUSED, "engine.unsupported",
		       "the vector engine has no %s (node %u of the plan)", what, node);
}

static bool accepts(const struct rd_plan *plan, struct rd_err *err)
{
	for (uint32_t k = 0; k < plan->n_nodes; k++) {
		const struct rd_node *node = &plan->node[k];

		if (node->kind == RD_NODE_WINDOW)
			return refuse("window functions", k, err);
		for (uint32_t i = 0; node->kind == RD_NODE_AGGREGATE && i < node->aggregate.n_aggs;
		     i++)
			if (node->aggregate.agg[i].fn == RD_AGG_STDDEV)
				return refuse("stddev", k, err);
	}
	return true;
}

static bool check_options(const struct rd_engine_options *options, struct rd_err *err)
{
	if (options->threads < 1 || options->threads > 256)
		return rd_fail(err, RD_FAULT_USAGE, "engine.thread",
			       "expected 1 to 256 threads, found %u", options->threads);
	return true;
}

static bool run_all(struct rd_vrun_state *run, struct rd_err *err)
{
	struct rd_vshape shape;

	run->pool.mem = &run->mem;
	run->thread = RD_VNEW(&run->pool, struct rd_vthread, run->n_threads, err);
	if (!run->thread)
		return false;
	for (uint32_t i = 0; i < run->n_threads; i++)
		run->thread[i] =
			(struct rd_vthread){ .id = i, .run = run, .pool = { .mem = &run->mem } };
	return rd_vshape_make(run->plan, run->table, &run->pool, &shape, err) &&
	       rd_vbuild(run, &shape, err) && rd_vpipes_run(run, err);
}

static bool vector_run(const struct rd_plan *plan, const struct rd_table *const *table,
		       const struct rd_engine_options *options, struct rd_arena *arena,
		       struct rd_engine_result *out, struct rd_err *err)
{
	struct rd_vrun_state run = { .plan = plan,
				     .table = table,
				     .options = options,
				     .n_threads = options->threads,
				     .arena = arena,
				     .result = out };
	double wall = now(CLOCK_MONOTONIC), cpu = now(CLOCK_THREAD_CPUTIME_ID);
	bool ok;

	*out = (struct rd_engine_result){ .data_position = RD_NONE };
	if (!check_options(options, err) || !accepts(plan, err))
		return false;
	rd_vmem_init(&run.mem, options->max_memory);
	atomic_store(&run.data_position, RD_NONE);
	ok = run_all(&run, err);
	for (struct rd_vsource *s = run.sources; s; s = s->next)
		if (s->ops->end)
			s->ops->end(s);
	if (!ok)
		out->data_position = atomic_load(&run.data_position);
	out->cost.peak_memory = atomic_load(&run.mem.peak);
	rd_vmem_end(&run.mem);
	out->cost.bytes_read = atomic_load(&run.bytes_read);
	out->cost.rows_scanned = atomic_load(&run.rows_scanned);
	out->cost.decrypt_cpu_s = (double)atomic_load(&run.decrypt_ns) * 1e-9;
	out->cost.wall_s = now(CLOCK_MONOTONIC) - wall;
	out->cost.execute_cpu_s += now(CLOCK_THREAD_CPUTIME_ID) - cpu - out->cost.decrypt_cpu_s;
	return ok;
}

/* ---- explain ---- */

static void print_prog(struct rd_buf *out, const char *what, uint32_t n)
{
	if (n)
		rd_buf_printf(out, ", %u instructions of %s", n, what);
}

static void print_node(const struct rd_vnode *v, uint32_t k, struct rd_buf *out)
{
	static const char *const names[] = {
		[RD_NODE_SCAN] = "scan",     [RD_NODE_VALUES] = "values",
		[RD_NODE_FILTER] = "filter", [RD_NODE_PROJECT] = "project",
		[RD_NODE_JOIN] = "join",     [RD_NODE_AGGREGATE] = "aggregate",
		[RD_NODE_WINDOW] = "window", [RD_NODE_SETOP] = "set operation",
		[RD_NODE_SORT] = "sort",     [RD_NODE_LIMIT] = "limit",
		[RD_NODE_GUARD] = "guard",   [RD_NODE_OUTPUT] = "output",
	};
	uint32_t needed = 0, preds = 0;

	for (uint32_t i = 0; i < v->node->n_cols; i++)
		needed += v->need[i];
	for (int i = 0; i < 2; i++)
		for (const struct rd_vpred *p = v->pred[i]; p; p = p->next)
			preds++;
	rd_buf_printf(out, "%u: %s", k, names[v->node->kind]);
	for (int i = 0; i < 2; i++)
		if (v->node->input[i] != RD_NONE)
			rd_buf_printf(out, " %u", v->node->input[i]);
	rd_buf_printf(out, ", %u of %u columns, some %.0f rows", needed, v->node->n_cols, v->est);
	if (preds)
		rd_buf_printf(out, ", %u conditions on its input", preds);
	if (v->node->kind == RD_NODE_FILTER && !v->pass)
		print_prog(out, "condition", v->node->filter.prog.n);
	if (v->node->kind == RD_NODE_PROJECT)
		print_prog(out, "program", v->node->project.prog.n);
	if (v->node->kind == RD_NODE_JOIN)
		rd_buf_printf(out, ", %u keys%s", v->node->join.n_keys,
			      v->node->join.has_residual ? ", a condition" : "");
	rd_buf_printf(out, "\n");
}

static bool vector_explain(const struct rd_plan *plan, const struct rd_table *const *table,
			   struct rd_buf *out, struct rd_err *err)
{
	struct rd_vmem mem;
	struct rd_vpool pool = { .mem = &mem };
	struct rd_vshape shape;
	bool ok;

	rd_vmem_init(&mem, 256u << 20);
	ok = accepts(plan, err) && rd_vshape_make(plan, table, &pool, &shape, err);
	for (uint32_t k = 0; ok && k < shape.n; k++)
		print_node(&shape.node[k], k, out);
	rd_vmem_end(&mem);
	return ok && rd_buf_ok(out, err);
}

const struct rd_engine rd_engine_vector = {
	.name = "vector", .accepts = accepts, .run = vector_run, .explain = vector_explain
};
