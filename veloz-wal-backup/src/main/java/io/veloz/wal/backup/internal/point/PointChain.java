package io.veloz.wal.backup.internal.point;

import io.veloz.wal.archive.store.NoSuchObjectException;
import io.veloz.wal.archive.store.ObjectContent;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.StoredObject;
import io.veloz.wal.backup.RecoveryPoint;
import io.veloz.wal.backup.internal.store.Digests;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * The recovery points of an archive, under {@code points/}, numbered from 1 without holes, each with the SHA-256 of the one
 * before. They are put if absent and never deleted, so two jobs cannot both put one number, and a missing one is found. It
 * belongs to one thread.
 */
public final class PointChain {
    public static final String NO_POINT = "0".repeat(64);

    private static final String PREFIX = "points/";

    private final ObjectStore store;

    public PointChain(ObjectStore store) {
        this.store = store;
    }

    /**
     * A point as it is stored.
     *
     * @param sha256 of all its bytes: the next point names it
     */
    public record Stored(RecoveryPoint point, String sha256) {}

    static String key(long number) {
        return PREFIX + String.format(Locale.ROOT, "%020d", number);
    }

    /** The number of the newest point; 0 if there is none. */
    public long newest() throws IOException {
        long newest = 0;
        String after = "";
        while (true) {
            List<StoredObject> page = store.list(PREFIX, after);
            if (page.isEmpty()) {
                return newest;
            }
            for (StoredObject object : page) {
                after = object.key();
                if (after.matches("points/\\d{20}")) {
                    newest = Math.max(newest, Long.parseLong(after.substring(PREFIX.length())));
                }
            }
        }
    }

    /** Empty if there is no such point. */
    public Optional<Stored> read(long number) throws IOException, BadPointException {
        byte[] bytes;
        try (InputStream in = store.get(key(number))) {
            bytes = in.readNBytes(PointCodec.MAX_BYTES + 1);
        } catch (NoSuchObjectException e) {
            return Optional.empty();
        }
        if (bytes.length > PointCodec.MAX_BYTES) {
            throw bad(number, "has more than " + PointCodec.MAX_BYTES + " bytes");
        }
        RecoveryPoint point;
        try {
            point = PointCodec.decode(bytes);
        } catch (BadPointException e) {
            throw bad(number, String.valueOf(e.getMessage()));
        }
        if (point.number() != number) {
            throw bad(number, "is point " + point.number());
        }
        return Optional.of(new Stored(point, Digests.of(bytes)));
    }

    /**
     * All points, oldest first.
     *
     * @throws BadPointException if one is missing, damaged, of another log, or does not follow the one before
     */
    public List<Stored> readAll() throws IOException, BadPointException {
        long newest = newest();
        List<Stored> chain = new ArrayList<>();
        String previous = NO_POINT;
        for (long number = 1; number <= newest; number++) {
            Optional<Stored> stored = read(number);
            if (stored.isEmpty()) {
                throw bad(number, "is missing; the newest is " + newest);
            }
            RecoveryPoint point = stored.get().point();
            if (!point.previous().equals(previous)) {
                throw bad(number, "names " + point.previous() + " as the point before; that one is " + previous);
            }
            if (!chain.isEmpty() && !point.logId().equals(chain.get(0).point().logId())) {
                throw bad(
                        number,
                        "is of log " + point.logId() + "; the first one of "
                                + chain.get(0).point().logId());
            }
            chain.add(stored.get());
            previous = stored.get().sha256();
        }
        return chain;
    }

    /** Returns true if the point is stored, by this call or by an earlier one of the same job; false if the number is taken. */
    public boolean put(RecoveryPoint point) throws IOException {
        byte[] bytes = PointCodec.encode(point);
        if (store.putIfAbsent(key(point.number()), ObjectContent.of(bytes))) {
            return true;
        }
        // The answer to an earlier put may have been lost.
        try (InputStream in = store.get(key(point.number()))) {
            return java.util.Arrays.equals(in.readNBytes(bytes.length + 1), bytes);
        }
    }

    private BadPointException bad(long number, String problem) {
        return new BadPointException(store.describe() + ": " + key(number) + " " + problem);
    }
}
