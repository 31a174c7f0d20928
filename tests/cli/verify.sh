# verify: all is well; a byte of the checkpoint, an asset, the fingerprint changed.
savedmodel verify "$SRC/examples/digits/saved_model" | head -1; echo "exit $?"
cp -r "$SRC/tests/models/table/saved_model" model
savedmodel verify model | head -1
printf x >> model/saved_model.pb; savedmodel verify model; echo "exit $?"
rm -r model; cp -r "$SRC/tests/models/variables/saved_model" model; chmod -R u+w model
size=$(stat -c %s model/variables/variables.data-00000-of-00001)
printf '\377' | dd of=model/variables/variables.data-00000-of-00001 bs=1 seek=$((size - 1)) conv=notrunc status=none
savedmodel verify model | sed 's/crc32c [0-9a-f]*//g'; echo "exit $?"
rm -r model; cp -r "$SRC/tests/models/table/saved_model" model; chmod -R u+w model
rm model/assets/vocabulary.txt; savedmodel verify model
savedmodel verify missing; echo "exit $?"
