package io.veloz.wal.archive.internal.search;

import io.veloz.wal.archive.internal.crypt.DataKeys;
import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.internal.index.IndexBlocks;
import io.veloz.wal.archive.internal.index.IndexEntries;
import io.veloz.wal.archive.internal.index.IndexRange;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.store.NoSuchObjectException;
import io.veloz.wal.archive.store.ObjectStore;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads an index object. Each block is checked, so what was found is what was indexed. Confined to one thread.
 *
 * <p>The hashes are spread evenly. So the place of a hash is its share of all entries, and the error is that of a binomial
 * distribution. One request fetches four standard deviations to both sides; if that is not enough, further ones fetch what is
 * next to it.
 */
final class IndexReader implements IndexEntries {
    private static final int DEVIATIONS = 4;

    /** Entries that are fetched in addition, as the distribution of few entries is no normal one. */
    private static final int LEAST = 8;

    private static final int CURSOR_BLOCKS = 64;

    /** Limit of one request, some 4 MiB: the size of an index is that of an object in the store, and hashes may not be spread. */
    private static final long MAX_BLOCKS = 1024;

    private static final double SPAN = 0x1p64;

    private final ObjectStore store;
    private final Retries retries;
    private final DataKeys dataKeys;
    private final IndexRange range;
    private final IndexBlocks layout;
    private final long objectBytes;
    private final long entries;
    private final long blocks;

    /**
     * @param objectBytes the size of the object
     * @throws BadObjectException if no index has that size
     */
    IndexReader(ObjectStore store, Retries retries, DataKeys dataKeys, IndexRange range, long objectBytes)
            throws BadObjectException {
        this.store = store;
        this.retries = retries;
        this.dataKeys = dataKeys;
        this.range = range;
        this.layout = new IndexBlocks(range);
        this.objectBytes = objectBytes;
        this.entries = layout.entriesIn(objectBytes);
        this.blocks = Math.max(1, (entries + layout.entries() - 1) / layout.entries());
        if (entries < 0) {
            throw new BadObjectException(where() + ": no index has " + objectBytes + " bytes");
        }
    }

    private String where() {
        return store.describe() + "/" + range.key();
    }

    @Override
    public long count() {
        return entries;
    }

    /** Returns the first record with a hash in each segment that has one. */
    List<Long> find(long hash) throws IOException {
        double share = (hash >>> 1) * 2.0 / SPAN;
        double place = share * entries;
        double error = DEVIATIONS * Math.sqrt(entries * share * (1 - share)) + LEAST;
        long first = block(place - error);
        long last = Math.min(block(place + error), first + MAX_BLOCKS - 1);
        Fetched fetched = fetch(first, last);
        List<Long> found = fetched.matches(hash);
        long more = last - first + 1;
        for (Fetched next = fetched; first > 0 && next.startsAtOrAfter(hash); more = Math.min(2 * more, MAX_BLOCKS)) {
            long from = Math.max(0, first - more);
            next = fetch(from, first - 1);
            first = from;
            found.addAll(next.matches(hash));
        }
        for (Fetched next = fetched;
                last < blocks - 1 && next.endsAtOrBefore(hash);
                more = Math.min(2 * more, MAX_BLOCKS)) {
            long to = Math.min(blocks - 1, last + more);
            next = fetch(last + 1, to);
            last = to;
            found.addAll(next.matches(hash));
        }
        return found;
    }

    private long block(double entry) {
        return Math.min(blocks - 1, (long) Math.max(0, entry / layout.entries()));
    }

    /** The entries of consecutive blocks. */
    private record Fetched(List<ByteBuffer> blocks, long firstSequence) {
        private static final int ENTRY_BYTES = 12;

        int count() {
            return blocks.stream()
                    .mapToInt(block -> block.capacity() / ENTRY_BYTES)
                    .sum();
        }

        boolean startsAtOrAfter(long hash) {
            ByteBuffer block = blocks.get(0);
            return block.capacity() > 0 && Long.compareUnsigned(block.getLong(0), hash) >= 0;
        }

        boolean endsAtOrBefore(long hash) {
            ByteBuffer block = blocks.get(blocks.size() - 1);
            return block.capacity() > 0
                    && Long.compareUnsigned(block.getLong(block.capacity() - ENTRY_BYTES), hash) <= 0;
        }

        List<Long> matches(long hash) {
            List<Long> found = new ArrayList<>();
            for (ByteBuffer block : blocks) {
                for (int at = 0; at < block.capacity(); at += ENTRY_BYTES) {
                    if (block.getLong(at) == hash) {
                        found.add(sequence(block, at));
                    }
                }
            }
            return found;
        }

        long sequence(ByteBuffer block, int at) {
            return firstSequence + Integer.toUnsignedLong(block.getInt(at + Long.BYTES));
        }
    }

    private Fetched fetch(long first, long last) throws IOException {
        long from = first * layout.bytes();
        int length = Math.toIntExact(Math.min(objectBytes, (last + 1) * layout.bytes()) - from);
        return retries.call(() -> {
            byte[] bytes;
            try (InputStream in = store.get(range.key(), from, length)) {
                bytes = in.readNBytes(length);
            } catch (NoSuchObjectException e) {
                throw new BadObjectException(where() + ": the object is missing", e);
            }
            if (bytes.length != length) {
                throw new BadObjectException(
                        where() + ": the object ends at " + (from + bytes.length) + "; expected " + objectBytes);
            }
            List<ByteBuffer> decoded = new ArrayList<>();
            for (long number = first; number <= last; number++) {
                int at = Math.toIntExact((number - first) * layout.bytes());
                int size = Math.min(layout.bytes(), length - at);
                decoded.add(layout.decode(number, number == blocks - 1, bytes, at, size, dataKeys, where()));
            }
            return new Fetched(decoded, range.firstSequence());
        });
    }

    /** Returns a cursor that fetches 64 blocks at a time, some 256 KiB. */
    @Override
    public Cursor open() {
        return new Cursor() {
            private Fetched fetched = new Fetched(List.of(), 0);
            private long nextBlock;
            private int at = -1;
            private int count;

            @Override
            public boolean next() throws IOException {
                at++;
                while (at == count && nextBlock < blocks) {
                    long last = Math.min(blocks, nextBlock + CURSOR_BLOCKS) - 1;
                    fetched = fetch(nextBlock, last);
                    nextBlock = last + 1;
                    count = fetched.count();
                    at = 0;
                }
                return at < count;
            }

            private ByteBuffer block() {
                return fetched.blocks().get(at / layout.entries());
            }

            private int offset() {
                return at % layout.entries() * Fetched.ENTRY_BYTES;
            }

            @Override
            public long hash() {
                return block().getLong(offset());
            }

            @Override
            public long sequence() {
                return fetched.sequence(block(), offset());
            }
        };
    }
}
