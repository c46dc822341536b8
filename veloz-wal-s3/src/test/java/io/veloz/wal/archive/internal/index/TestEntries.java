package io.veloz.wal.archive.internal.index;

import java.util.List;

/** Entries in memory, in the order of the list. */
public record TestEntries(List<long[]> entries) implements IndexEntries {
    /** Returns one entry for each hash, all of one record. The hashes must be sorted as unsigned numbers. */
    public static TestEntries of(long sequence, long... hashes) {
        return new TestEntries(java.util.Arrays.stream(hashes)
                .mapToObj(hash -> new long[] {hash, sequence})
                .toList());
    }

    @Override
    public long count() {
        return entries.size();
    }

    @Override
    public Cursor open() {
        return new Cursor() {
            private int at = -1;

            @Override
            public boolean next() {
                at++;
                return at < entries.size();
            }

            @Override
            public long hash() {
                return entries.get(at)[0];
            }

            @Override
            public long sequence() {
                return entries.get(at)[1];
            }
        };
    }
}
