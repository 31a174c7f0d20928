/* SPDX-License-Identifier: Apache-2.0 */
/* api/api_status.c - statuses, the version, element types. */
#include "base/dtype.h"

const char *sm_status_name(sm_status s)
{
    return status_name(s);
}

const char *sm_version(void)
{
    return SM_VERSION;
}

const char *sm_dtype_name(sm_dtype t)
{
    return dtype_name(t);
}

const char *sm_dtype_proto_name(sm_dtype t)
{
    return dtype_proto_name(t);
}

sm_dtype sm_dtype_parse(const char *name)
{
    return name ? dtype_parse(slice_of(name)) : SM_INVALID;
}

size_t sm_dtype_size(sm_dtype t)
{
    return dtype_size(t);
}
