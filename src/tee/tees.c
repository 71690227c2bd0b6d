/* A new technology is a folder and a line here. */
#include "azure/azure.h"
#include "cca/cca.h"
#include "dcap/dcap.h"
#include "nitro/nitro.h"
#include "nvidia/nvidia.h"
#include "psa/psa.h"
#include "snp/snp.h"
#include "tpm/tpm.h"

/* clang-format off */
const struct rd_tee *const rd_tees[] = {
	&rd_tee_process,
	&rd_tee_snp,
	&rd_tee_sgx,
	&rd_tee_tdx,
	&rd_tee_nitro,
	&rd_tee_tpm,
	&rd_tee_azure,
	&rd_tee_cca,
	&rd_tee_psa,
	&rd_tee_nvidia,
	NULL,
};
