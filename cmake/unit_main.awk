# SPDX-License-Identifier: Apache-2.0
# Writes the main file of a unit test program: the test file itself, then the list of what it calls TEST( at the start of
# a line, so that a test's name is typed once.  awk -v file=/path/x_test.c -f unit_main.awk /path/x_test.c
BEGIN { print "#include \"" file "\"\n\nint main(void)\n{\n    static const struct CMUnitTest tests[] = {" }
match($0, /^TEST\([A-Za-z0-9_]+\)/) { print "        cmocka_unit_test(test_" substr($0, 6, RLENGTH - 6) "),"; n++ }
END {
    print "    };\n    return cmocka_run_group_tests(tests, NULL, NULL);\n}"
    if (!n) { print file ": no line starts with TEST(" > "/dev/stderr"; exit 1 }
}
