#!/bin/sh
# Parquet Modular Encryption in every form, from a writer that shares nothing with ours: test/tools/encrypted_tables.py.
. "$RD_SRC/test/cli/lib.sh"

python=
for candidate in python3 /usr/bin/python3; do
	"$candidate" -c 'import cryptography.hazmat.primitives.ciphers.aead' 2>/dev/null && python=$candidate && break
done
[ -n "$python" ] || t_skip "no python3-cryptography"
make_file() {
	"$python" "$RD_SRC/test/tools/encrypted_tables.py" "$@"
}
# rows FILE KEYS: all of them, as CSV
rows() {
	"$REDOUBT" query -t "t=$1.parquet,key=$2" -o csv 'SELECT * FROM t'
}

# Each size of key, algorithm, footer and prefix, with the three ways to give keys to columns.
for bits in 128 192 256; do
	for mode in gcm ctr; do
		for footer in sealed plain; do
			for prefix in none stored supplied; do
				for keys in footer,footer,footer,footer column,column,column,column column,footer,none,column; do
					page=$((page % 2 + 1))
					form="bits=$bits mode=$mode footer=$footer prefix=$prefix keys=$keys page=$page extras=$((page - 1))"
					n=$((n + 1))
					echo "m$n $form"
				done
			done
		done
	done
done >forms
make_file - <forms
while read -r name form; do
	rows "$name" "$name.keys" >out 2>err && cmp -s out "$name.csv" || echo "$form" >>differ
done <forms
t_exit 1 "108 forms of encryption give their rows" test -s differ

make_file m bits=256 prefix=supplied keys=column,column,column,column
t_exit 0 "a file in which a room would miss nothing" rows m m.keys
t_exit 1 "is not warned of" test -s err
make_file m mode=ctr keys=footer,column,none,column extras=1
t_exit 0 "one that lacks much" rows m m.keys
want='no AAD prefix.*AES-CTR.*footer key of 128 bits; 1 of 4 columns not encrypted; 1 of 4 columns without a key of their own; bloom'
t_err "^m\.parquet: encrypted, but not as a room demands: .*$want" "has it said in one line"
t_exit 0 "which is one" test "$(wc -l <err)" = 1
make_file m footer=plain prefix=stored
t_exit 0 "a signed plain footer" rows m m.keys
t_err 'prefix is stored in the file.*a plain footer' "is told of too"

# prefixes
for prefix in none stored supplied; do
	make_file m prefix=$prefix
	grep -v '^aad' m.keys >none.keys
	{ cat none.keys; echo "aad the table, version 7"; } >right.keys
	{ cat none.keys; echo "aad-hex $(printf 'the table, version 6' | od -An -tx1 | tr -d ' \n')"; } >wrong.keys
	chmod 600 ./*.keys
	case $prefix in
	none) none=0 right=3 wrong=3 ;;
	stored) none=0 right=0 wrong=3 ;;
	supplied) none=3 right=0 wrong=3 ;;
	esac
	t_exit $none "prefix $prefix: without one" rows m none.keys
	t_exit $right "prefix $prefix: with its own" rows m right.keys
	t_exit $wrong "prefix $prefix: with another" rows m wrong.keys
done
t_err 'the footer does not open: .*prefix' "and the error says what it may be"

# keys
make_file m footer=sealed keys=column,footer,none,column
grep -v '^column small' m.keys >few.keys
chmod 600 few.keys
t_exit 0 "beside a column without a key" "$REDOUBT" query -t t=m.parquet,key=few.keys -o csv 'SELECT id, word, real FROM t'
mv out got
t_exit 0 "the others are read" "$python" -c 'import csv
a, b = (list(csv.reader(open(name))) for name in ("got", "m.csv"))
assert len(a) == 301 and a == [row[:3] for row in b]'
t_exit 3 "and it is refused" "$REDOUBT" query -t t=m.parquet,key=few.keys 'SELECT max(small) FROM t'
t_err 'column small .*table\.key\.column' "by its name"
sed 's/^column small .*/column small 00112233445566778899aabbccddeeff/' m.keys >wrong.keys
t_exit 3 "another key of a column" rows m wrong.keys
t_err 'column small: a column.s metadata of row group 0, column 3 does not open' "is named by what it does not open"
sed 's/^footer .*/footer 00112233445566778899aabbccddeeff/' m.keys >wrong.keys
t_exit 3 "another footer key" rows m wrong.keys
t_err 'the footer does not open' "too"
make_file m footer=plain
sed 's/^footer .*/footer 00112233445566778899aabbccddeeff/' m.keys >wrong.keys
t_exit 3 "a signature by another key" rows m wrong.keys
t_err 'table\.footer\.signature' "is none"

chmod 644 m.keys
t_exit 0 "a plain key file that others can read" rows m m.keys
t_err 'others can reach these keys' "is warned of"

# forms that are rare
make_file m order=1
t_exit 0 "row groups whose ordinals are not their places" rows m m.keys
t_same out m.csv "give their rows"
make_file m footer=plain bare=1
t_exit 0 "metadata in the open under a footer that its key signed" rows m m.keys
t_same out m.csv "is as good"
make_file m nested=1 keys=column,footer,none,column
t_exit 0 "beside a struct whose leaf has a column's name and another key" \
	"$REDOUBT" query -t t=m.parquet,key=m.keys -o csv 'SELECT id, word, real, small FROM t'
t_same out m.csv "the column is read"
make_file m spoil=1
t_exit 3 "a column's metadata that was changed" rows m m.keys
t_err 'metadata of row group 1, column 3 does not open' "is named"

# damage
make_file d groups=2 pages=2 rows=20 keys=column,footer,none,column
make_file d2 groups=2 pages=2 rows=20 keys=column,footer,none,column like=d
t_exit 0 "every module damaged, resized, swapped is named" \
	"$python" "$RD_SRC/test/tools/damaged_modules.py" "$REDOUBT" d
t_out ' 0 failures' "without exception"

# what we write, read by the same rules: keys that `table keys` prints open the file
printf 'id,word\n1,one\n2,\n' >t.csv
for form in "" --uniform; do
	# shellcheck disable=SC2086 # a word, or none
	"$REDOUBT" seal t.csv -o t$form.parquet $form >/dev/null
	"$REDOUBT" table keys t$form.parquet --key t$form.key >t$form.keys 2>/dev/null
	chmod 600 t$form.keys
	t_exit 0 "keys printed for other readers${form:+ ($form)}" rows t$form t$form.keys
	t_same out t.csv "open our own file"
done
t_exit 0 "of a uniform file there is one" test "$(wc -l <t--uniform.keys)" = 1
t_done
