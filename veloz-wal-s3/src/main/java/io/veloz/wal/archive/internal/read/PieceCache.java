package io.veloz.wal.archive.internal.read;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import org.jspecify.annotations.Nullable;

/** Decoded pieces of objects, up to a number of bytes, and where the pieces of the latest objects begin. Thread-safe. */
final class PieceCache {
    /** The objects whose pieces can be found without decoding what precedes them; some 1 KiB each. */
    private static final int INDEXED_OBJECTS = 1024;

    /** What an entry needs apart from its bytes. */
    private static final int ENTRY_BYTES = 128;

    private record Place(String key, int piece) {}

    private final Cache<Place, byte[]> pieces;
    private final Cache<String, PieceIndex> indexes;

    /** @param bytes the bound; a larger piece is not kept */
    PieceCache(long bytes) {
        // The caller's thread does the maintenance: the common pool belongs to the application.
        this.pieces = Caffeine.newBuilder()
                .maximumWeight(bytes)
                .weigher((Place place, byte[] piece) -> piece.length + ENTRY_BYTES)
                .executor(Runnable::run)
                .build();
        this.indexes = Caffeine.newBuilder()
                .maximumSize(INDEXED_OBJECTS)
                .executor(Runnable::run)
                .build();
    }

    byte @Nullable [] get(String key, int piece) {
        return pieces.getIfPresent(new Place(key, piece));
    }

    void put(String key, int piece, byte[] bytes) {
        pieces.put(new Place(key, piece), bytes);
    }

    PieceIndex index(String key) {
        return indexes.get(key, unused -> new PieceIndex());
    }

    /** Returns the size of what it contains. */
    long bytes() {
        pieces.cleanUp();
        return pieces.asMap().values().stream()
                .mapToLong(piece -> piece.length + ENTRY_BYTES)
                .sum();
    }

    void clear() {
        pieces.invalidateAll();
        indexes.invalidateAll();
    }
}
