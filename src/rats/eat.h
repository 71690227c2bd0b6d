/* eat, inside: what its two notations share. */
#ifndef RD_RATS_EAT_H
#define RD_RATS_EAT_H

#include "rats_int.h"

enum rd_eat_kind {
	RD_EAT_IS_ANY,
	RD_EAT_IS_BYTES, /* min to max bytes; in JSON base64url of them */
	RD_EAT_IS_TEXT,
	RD_EAT_IS_UINT,
	RD_EAT_IS_BOOL,
	RD_EAT_IS_TIME,
	RD_EAT_IS_NONCE,   /* one, or a list of them */
	RD_EAT_IS_OEM,     /* 3 or 16 bytes, or a number */
	RD_EAT_IS_VERSION, /* [text, ? scheme] */
	RD_EAT_IS_DEBUG,
	RD_EAT_IS_PROFILE, /* URI, or an OID's bytes */
	RD_EAT_IS_USE,
	RD_EAT_IS_SUBMODS,
	RD_EAT_IS_LIST, /* of at least min items, not looked into */
	RD_EAT_IS_MAP,
};
struct rd_eat_claim {
	int64_t key;
	const char *name; /* NULL ends the table */
	enum rd_eat_kind kind;
	uint32_t min, max;
};
extern const struct rd_eat_claim rd_eat_claims[];
extern const char *const rd_eat_debug[5], *const rd_eat_uses[5];

#define RD_EAT_DIGESTS_MAX 16u
#define RD_EAT_SUBMODS_MAX 32u
#define RD_EAT_DEPTH_MAX 4u

struct rd_eat {
	struct rd_tee_work *w;
	const char *prefix; /* of claims: "", or "submods.OS" */
	uint32_t depth;
	struct rd_view nonce;
	bool has_debug, debug, has_iat, has_exp, has_nbf;
	int64_t iat, exp, nbf;
	uint32_t n_digests;
	struct rd_eat_digest {
		struct rd_view name;
		enum rd_hash hash;
		struct rd_view digest;
	} digest[RD_EAT_DIGESTS_MAX];
};

bool rd_eat_malformed(struct rd_err *err, const char *claim, const char *what);
/* The name of a claim at this depth. */
const char *rd_eat_name(struct rd_eat *eat, const char *name);
/* The claim exp (4), nbf (5) or iat (6), and of the token itself also its dates. */
void rd_eat_claim_time(struct rd_eat *eat, int64_t key, const char *name, int64_t unix_s);
void rd_eat_debug_claim(struct rd_eat *eat, uint64_t status);
void rd_eat_nonce(struct rd_eat *eat, struct rd_view nonce, struct rd_view decoded);
/* A part that is there and not looked into: a claim, and a warning. */
void rd_eat_unread(struct rd_eat *eat, const char *name, const char *what);
bool rd_eat_digest(struct rd_eat *eat, struct rd_view name, enum rd_hash hash,
		   struct rd_view digest);
/* Claims outside the token, to be those of a digest in it. */
bool rd_eat_detached(struct rd_eat *eat, struct rd_view name, struct rd_view claims);

/* A JWT, a CWT, or claims alone. */
bool rd_eat_token(struct rd_eat *eat, struct rd_view token);
/* One set of claims. */
bool rd_eat_json(struct rd_eat *eat, struct rd_view text);
bool rd_eat_cbor(struct rd_eat *eat, struct rd_view map);
/* A detached bundle: [token, {name: claims}]. */
bool rd_eat_json_bundle(struct rd_eat *eat, struct rd_view text);
bool rd_eat_cbor_bundle(struct rd_eat *eat, struct rd_view bytes);

#endif
