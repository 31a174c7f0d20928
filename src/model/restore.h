/* SPDX-License-Identifier: Apache-2.0 */
/* model/restore.h - which checkpoint key each variable of the MetaGraph's graph is restored from. */
#ifndef MODEL_RESTORE_H
#define MODEL_RESTORE_H

#include "model/definitions.h"

typedef struct restore_row {
    const tf_NodeDef *variable;  /* VarHandleOp or VariableV2 in the MetaGraph's own graph     */
    slice             key, part; /* RestoreV2's tensor name and shape_and_slice                */
} restore_row;

/* Reads the restore op of saver_def as a table, without running it; rows in a. None when there is no saver. */
sm_status restore_rows(sm_model *m, arena *a, restore_row **rows, size_t *count, sm_error *err) CHECKED;
bool      restore_is_variable(const tf_NodeDef *n); /* an op that makes a variable */

#endif
