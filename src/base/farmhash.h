/* SPDX-License-Identifier: Apache-2.0 */
/* base/farmhash.h - FarmHash's Fingerprint64: the same value on every machine and in every release.
 *
 * TensorFlow's StringToHashBucketFast is fingerprint64(s) % buckets; fingerprint.pb is made of it
 * too. */
#ifndef BASE_FARMHASH_H
#define BASE_FARMHASH_H

#include "base/slice.h"

uint64_t fingerprint64(slice s);
/* One fingerprint out of two, in their order. */
uint64_t fingerprint64_join(uint64_t a, uint64_t b);

#endif
