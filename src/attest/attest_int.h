/* attest edge, inside: reasons on their way into an appraisal. */
#ifndef RD_ATTEST_INT_H
#define RD_ATTEST_INT_H

#include <redoubt/attest.h>

struct rd_attest_work {
	struct rd_arena *arena;
	struct rd_appraisal *out;
	struct rd_err *err;
	bool failed; /* out of memory */
};

void rd_attest_add(struct rd_attest_work *work, struct rd_reason reason);
/* Reasons and results of what verification found, all but the policy's. */
void rd_attest_take(struct rd_attest_work *work, const struct rd_tee_result *result);
/* The rules of the technology, judged with the policy's settings. */
void rd_attest_judge_rules(struct rd_attest_work *work, const struct rd_evidence_policy *policy,
			   const struct rd_verified *verified);
/* No aspect that must not be absent is. */
bool rd_attest_complete(const struct rd_appraisal *appraisal, const struct rd_tee *tee,
			bool revocation_optional);

#endif
