/* SPDX-License-Identifier: Apache-2.0 */
/* Every row of the op table: its signature parses, its kernel patterns name type attributes and types. */
#include "graph/op.h"
#include "unit.h"

/* The types of a pattern's alternative are known; see graph/op.c for the language. */
static bool known_types(const char *one)
{
    int  size, end = 0;
    bool bytes = sscanf(one, "%d bytes%n", &size, &end) == 1 && end && !one[end];

    return bytes || signature_types(slice_of(one));
}

static void check_pattern(const op_def *op, const op_signature *s, const char *pattern)
{
    char copy[512], *terms = NULL, *ones = NULL;

    assert_true(strlen(pattern) < sizeof copy);
    (void)snprintf(copy, sizeof copy, "%s", pattern);
    for (char *term = strtok_r(copy, ",", &terms); term; term = strtok_r(NULL, ",", &terms)) {
        char *types = strchr(term, ':');
        int   i;
        if (!types) fail_msg("%s: '%s' has no ':'", op->name, pattern);
        *types++ = 0;
        term += strspn(term, " ");
        i = signature_attr(s, slice_of(term));
        if (i < 0 || s->attrs[i].kind != ATTR_TYPE) fail_msg("%s: '%s' is no type attribute", op->name, term);
        for (char *one = strtok_r(types, "|", &ones); one; one = strtok_r(NULL, "|", &ones)) {
            one += strspn(one, " ");
            for (size_t n = strlen(one); n && one[n - 1] == ' '; n--) one[n - 1] = 0;
            if (!known_types(one)) fail_msg("%s: '%s': '%s' is no type", op->name, pattern, one);
        }
    }
}

TEST(signatures_and_patterns)
{
    arena a;

    arena_init(&a, 0);
    assert_true(op_count() > 100);
    for (size_t i = 0; i < op_count(); i++) {
        const op_def       *op = op_at(i);
        const op_signature *s;
        assert_ok(signature_parse(&a, op->name, op->signature, &s, err));
        assert_true(op->doc && op->doc[0]);
        for (const kernel *k = op->kernels; k && (k->map || k->run); k++)
            if (k->types) check_pattern(op, s, k->types);
        arena_reset(&a);
    }
    arena_clear(&a);
}
TEST(sorted_and_found)
{
    for (size_t i = 1; i < op_count(); i++)
        if (strcmp(op_at(i - 1)->name, op_at(i)->name) >= 0)
            fail_msg("%s comes twice or is not in its place", op_at(i)->name);
    for (size_t i = 0; i < op_count(); i++) assert_ptr_equal(op_find(slice_of(op_at(i)->name)), op_at(i));
    assert_null(op_find(SLICE("NoSuchOp")));
    assert_null(op_find(SLICE("")));
}
