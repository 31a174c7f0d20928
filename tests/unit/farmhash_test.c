/* SPDX-License-Identifier: Apache-2.0 */
/* Fingerprint64: a string of each length class, values from TensorFlow's StringToHashBucketFast. */
#include "base/farmhash.h"
#include "hex.h"

/* The text of the golden values: byte i is 'a' + (7 i + n) mod 26. */
static uint64_t of_length(size_t n)
{
    char text[256];

    for (size_t i = 0; i < n; i++) text[i] = (char)('a' + (i * 7 + n) % 26);
    return fingerprint64(slice_make(text, n));
}

TEST(agrees_with_tensorflow_in_every_length_class)
{
    static const struct {
        size_t   length;
        uint64_t value;
    } rows[] = {
        { 0, 11160318154034397263u },   { 1, 11795596070477164822u }, { 5, 9610178654621323361u },
        { 12, 15332096224018918624u },  { 20, 4933260700199186353u }, { 40, 4241380146256476999u },
        { 64, 2544848233693181161u },   { 65, 8179483852271218337u }, { 130, 4387637145567618109u },
        { 199, 14830655666990971772u },
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) assert_true(of_length(rows[i].length) == rows[i].value);
}

TEST(does_not_read_past_the_end)
{
    for (size_t n = 1; n < 200; n++) {
        char *exact = malloc(n); /* a sanitizer sees the byte behind it */
        memset(exact, 'x', n);
        uint64_t first = fingerprint64(slice_make(exact, n));
        exact[n - 1] = 'y';
        assert_true(fingerprint64(slice_make(exact, n)) != first);
        free(exact);
    }
}

/* signature_def_hash of a fingerprint.pb that TensorFlow wrote: keys and serialised signatures,
 * joined in order. */
TEST(joins_as_tensorflow_does)
{
    arena       a;
    uint64_t    h = 0;
    const char *parts[] = {
        "5f5f73617665645f6d6f64656c5f696e69745f6f70",
        "12230a155f5f73617665645f6d6f64656c5f696e69745f6f70120a0a044e6f4f701a021801",
        "73657276696e675f64656661756c74",
        "0a200a0178121b0a1373657276696e675f64656661756c745f783a3010011a021801122d0a086f75"
        "747075745f3012210a19537461746566756c506172746974696f6e656443616c6c3a3010011a0218"
        "011a1a74656e736f72666c6f772f73657276696e672f70726564696374",
    };

    arena_init(&a, 0);
    for (int i = 0; i < 4; i++) h = fingerprint64_join(h, fingerprint64(unhex(&a, parts[i])));
    assert_true(h == 1099252301068479905u);
    arena_clear(&a);
}
