/* Intel's extension in a PCK certificate: a sequence of OID and value, some nested once. */
#include "dcap.h"

#include <stdio.h>
#include <string.h>

#define OID_SGX "1.2.840.113741.1.13.1"
#define PCESVN 17u
#define CPUSVN 18u

static bool broken(struct rd_err *err, const char *what)
{
	return rd_fail(err, RD_FAULT_REFUSED, "tee.dcap.pck",
		       "the SGX extension of the PCK certificate %s", what);
}

/* The next pair {OID prefix.N, value} of a sequence: N, and the value's element as it stands. */
static bool pair(struct rd_view *in, const char *prefix, uint32_t *number, struct rd_view *value)
{
	struct rd_err unused = { 0 };
	struct rd_view item, oid;
	char dotted[64];

	if (!rd_der_expect(in, RD_DER_SEQUENCE, &item, &unused) ||
	    !rd_der_expect(&item, RD_DER_OID, &oid, &unused))
		return false;
	*value = item;
	for (*number = 1; *number <= 32; (*number)++) {
		snprintf(dotted, sizeof(dotted), "%s.%u", prefix, *number);
		if (rd_der_oid_is(oid, dotted))
			return true;
	}
	return false;
}

static bool octets(struct rd_view value, size_t len, struct rd_view *out)
{
	struct rd_err unused = { 0 };

	return out->len == 0 && rd_der_expect(&value, RD_DER_OCTET_STRING, out, &unused) &&
	       out->len == len && value.len == 0;
}

static bool read_tcb(struct rd_view value, struct rd_pck *out, struct rd_err *err)
{
	struct rd_err unused = { 0 };
	struct rd_view list, item;
	uint32_t seen = 0, number;
	uint64_t svn;

	if (!rd_der_expect(&value, RD_DER_SEQUENCE, &list, &unused) || value.len)
		return broken(err, "has no TCB");
	while (list.len) {
		if (!pair(&list, OID_SGX ".2", &number, &item) || number > CPUSVN ||
		    (seen & 1u << number))
			return broken(err, "has a TCB that is not a list of components");
		seen |= 1u << number;
		if (number == CPUSVN)
			continue;
		if (!rd_der_uint(&item, number == PCESVN ? UINT16_MAX : UINT8_MAX, &svn, &unused) ||
		    item.len)
			return broken(err, "has a TCB component that is no number");
		if (number == PCESVN)
			out->pcesvn = (uint16_t)svn;
		else
			out->component[number - 1] = (uint8_t)svn;
	}
	/* Components 1 to 16 and the PCE's version, each once. */
	return (seen & 0x3FFFE) == 0x3FFFE || broken(err, "lacks a TCB component");
}

static bool boolean(struct rd_view value, bool *out)
{
	struct rd_err unused = { 0 };
	struct rd_view byte;

	if (!rd_der_expect(&value, RD_DER_BOOLEAN, &byte, &unused) || value.len || byte.len != 1)
		return false;
	*out = byte.data[0] != 0;
	return true;
}

static bool read_configuration(struct rd_view value, struct rd_pck *out)
{
	bool *const to[] = { &out->dynamic_platform, &out->cached_keys, &out->smt_enabled };
	struct rd_err unused = { 0 };
	struct rd_view list, item;
	uint32_t number;

	if (out->has_configuration || !rd_der_expect(&value, RD_DER_SEQUENCE, &list, &unused) ||
	    value.len)
		return false;
	while (list.len)
		if (!pair(&list, OID_SGX ".7", &number, &item) || number > 3 ||
		    !boolean(item, to[number - 1]))
			return false;
	out->has_configuration = true;
	return true;
}

bool rd_pck_read(const struct rd_cert *cert, struct rd_pck *out, struct rd_err *err)
{
	struct rd_err unused = { 0 };
	struct rd_view in, list, value;
	struct rd_pck p = { 0 };
	bool has_tcb = false;
	uint32_t number;

	if (!rd_cert_extension(cert, OID_SGX, &in))
		return broken(err, "is missing");
	if (!rd_der_expect(&in, RD_DER_SEQUENCE, &list, &unused) || in.len)
		return broken(err, "is no sequence");
	while (list.len) {
		bool ok = true;

		if (!pair(&list, OID_SGX, &number, &value))
			return broken(err, "has an entry that is not known");
		if (number == 1)
			ok = octets(value, 16, &p.ppid);
		else if (number == 2)
			ok = !has_tcb && read_tcb(value, &p, err);
		else if (number == 3)
			ok = octets(value, 2, &p.pceid);
		else if (number == 4)
			ok = octets(value, 6, &p.fmspc);
		else if (number == 6)
			ok = octets(value, 16, &p.platform_instance_id);
		else if (number == 7)
			ok = read_configuration(value, &p);
		has_tcb = has_tcb || number == 2;
		if (!ok)
			return err->code ? false : broken(err, "has an entry that is broken");
	}
	if (!has_tcb || !p.fmspc.len || !p.pceid.len || !p.ppid.len)
		return broken(err, "lacks PPID, TCB, PCEID or FMSPC");
	*out = p;
	return true;
}
