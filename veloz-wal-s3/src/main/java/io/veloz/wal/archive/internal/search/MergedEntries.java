package io.veloz.wal.archive.internal.search;

import io.veloz.wal.archive.internal.index.IndexEntries;
import java.io.IOException;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

/** The entries of several indexes in one order. One piece of each index is in memory. */
record MergedEntries(List<? extends IndexEntries> sources) implements IndexEntries {
    private static final Comparator<Cursor> ORDER = Comparator.<Cursor>comparingLong(
                    cursor -> cursor.hash() + Long.MIN_VALUE)
            .thenComparingLong(Cursor::sequence);

    @Override
    public long count() {
        return sources.stream().mapToLong(IndexEntries::count).sum();
    }

    @Override
    public Cursor open() throws IOException {
        PriorityQueue<Cursor> waiting = new PriorityQueue<>(sources.size(), ORDER);
        for (IndexEntries source : sources) {
            Cursor cursor = source.open();
            if (cursor.next()) {
                waiting.add(cursor);
            }
        }
        return new Cursor() {
            private long hash;
            private long sequence;

            @Override
            public boolean next() throws IOException {
                Cursor first = waiting.poll();
                if (first == null) {
                    return false;
                }
                hash = first.hash();
                sequence = first.sequence();
                if (first.next()) {
                    waiting.add(first);
                }
                return true;
            }

            @Override
            public long hash() {
                return hash;
            }

            @Override
            public long sequence() {
                return sequence;
            }
        };
    }
}
