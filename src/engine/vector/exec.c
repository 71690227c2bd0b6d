/* Pipelines over threads: each takes the next morsel until none is left. */
#include "vector_int.h"

#include <time.h>

/* What the threads of one phase share. */
struct phase {
	struct rd_vrun_state *run;
	struct rd_vpipe *pipe;
	struct rd_vop *extra; /* NULL: the source's own rows */
	uint64_t n_morsels;
	_Atomic uint64_t next, done;
	_Atomic bool failed;
	pthread_mutex_t lock; /* of err */
	struct rd_err *err;
};

struct worker {
	struct phase *phase;
	struct rd_vthread *t;
	double cpu_s;
};

bool rd_v_data_error(struct rd_vthread *t, uint32_t position, const char *what, struct rd_err *err)
{
	atomic_store(&t->run->data_position, position);
	return rd_fail(err, RD_FAULT_FAILED, "engine.data", "%s", what);
}

static bool start_ops(struct rd_vpipe *pipe, struct rd_vthread *t, struct rd_err *err)
{
	for (struct rd_vop *op = pipe->first; op; op = op->next)
		if (op->ops->start && !op->local[t->id] && !op->ops->start(op, t, err))
			return false;
	return true;
}

static bool one_morsel(struct phase *phase, struct rd_vthread *t, uint64_t m, struct rd_err *err)
{
	if (phase->extra)
		return phase->extra->ops->extra(phase->extra, t, m, err);
	return phase->pipe->source->ops->run(phase->pipe->source, t, m, phase->pipe->first, err);
}

static void tell(struct phase *phase, uint64_t done)
{
	const struct rd_engine_options *options = phase->run->options;
	uint64_t step = phase->n_morsels / 20 + 1;

	if (!options->progress || phase->extra || (done % step && done != phase->n_morsels))
		return;
	(void)pthread_mutex_lock(&phase->lock);
	options->progress(options->progress_ctx, phase->pipe->source->ops->name,
			  (uint32_t)(done * 100 / phase->n_morsels));
	(void)pthread_mutex_unlock(&phase->lock);
}

static void *work(void *arg)
{
	struct worker *w = arg;
	struct phase *phase = w->phase;
	struct rd_err err = { 0 };
	bool ok = start_ops(phase->pipe, w->t, &err);
	struct timespec ts;

	while (ok && !atomic_load(&phase->failed)) {
		uint64_t m = atomic_fetch_add(&phase->next, 1);

		if (m >= phase->n_morsels)
			break;
		ok = one_morsel(phase, w->t, m, &err);
		tell(phase, atomic_fetch_add(&phase->done, 1) + 1);
	}
	if (!ok) {
		(void)pthread_mutex_lock(&phase->lock);
		if (!atomic_exchange(&phase->failed, true))
			*phase->err = err;
		(void)pthread_mutex_unlock(&phase->lock);
	}
	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	w->cpu_s = (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
	return NULL;
}

static bool run_threads(struct phase *phase, uint32_t n, struct rd_err *err)
{
	struct rd_vrun_state *run = phase->run;
	pthread_t *thread = RD_VNEW(&run->pool, pthread_t, n, err);
	struct worker *w = RD_VNEW(&run->pool, struct worker, n, err);
	uint32_t started = 1;
	bool ok = true;

	if (!thread || !w)
		return false;
	for (uint32_t i = 0; i < n; i++)
		w[i] = (struct worker){ .phase = phase, .t = &run->thread[i] };
	for (; started < n && ok; started += ok)
		ok = pthread_create(&thread[started], NULL, work, &w[started]) == 0;
	if (ok)
		(void)work(&w[0]);
	else
		atomic_store(&phase->failed, true);
	for (uint32_t i = 1; i < started; i++) {
		(void)pthread_join(thread[i], NULL);
		run->result->cost.execute_cpu_s += w[i].cpu_s;
	}
	if (!ok)
		return rd_fail(err, RD_FAULT_FAILED, "engine.thread",
			       "thread %u of %u could not be started", started + 1, n);
	return !atomic_load(&phase->failed);
}

static bool run_phase(struct rd_vrun_state *run, struct rd_vpipe *pipe, struct rd_vop *extra,
		      struct rd_err *err)
{
	struct phase phase = { .run = run, .pipe = pipe, .extra = extra, .err = err };
	uint64_t threads = pipe->in_order ? 1 : run->n_threads;
	bool ok;

	phase.n_morsels = extra ? extra->ops->extra_morsels(extra) : pipe->source->n_morsels;
	if (threads > phase.n_morsels)
		threads = phase.n_morsels ? phase.n_morsels : 1;
	if (pthread_mutex_init(&phase.lock, NULL) != 0)
		return rd_fail(err, RD_FAULT_FAILED, "engine.thread", "no lock to be had");
	ok = run_threads(&phase, (uint32_t)threads, err);
	(void)pthread_mutex_destroy(&phase.lock);
	return ok;
}

bool rd_vpipes_run(struct rd_vrun_state *run, struct rd_err *err)
{
	for (struct rd_vpipe *pipe = run->first_pipe; pipe; pipe = pipe->next) {
		if (pipe->source->ops->prepare && !pipe->source->ops->prepare(pipe->source, err))
			return false;
		if (!run_phase(run, pipe, NULL, err))
			return false;
		for (struct rd_vop *op = pipe->first; op; op = op->next)
			if (op->ops->extra && op->ops->extra_morsels(op) &&
			    !run_phase(run, pipe, op, err))
				return false;
		if (pipe->last->ops->finish &&
		    !pipe->last->ops->finish(pipe->last, &run->thread[0], err))
			return false;
	}
	return true;
}
