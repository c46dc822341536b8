package io.veloz.wal.internal.checkpoint;

import io.veloz.wal.CheckpointContent;
import io.veloz.wal.internal.format.DamagedException;
import io.veloz.wal.internal.format.LogId;
import io.veloz.wal.internal.format.SegmentNames;
import io.veloz.wal.internal.format.UnknownFormatException;
import io.veloz.wal.storage.Storage;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The two places for checkpoints. A new one replaces the older, so at any time, also when a crash cuts the writing of one,
 * there is another that is whole. One thread at a time may write.
 */
public final class CheckpointSlots {
    private static final int SLOTS = 2;

    private final Storage storage;
    private final SegmentNames names;
    private final LogId logId;

    public CheckpointSlots(Storage storage, SegmentNames names, LogId logId) {
        this.storage = storage;
        this.names = names;
        this.logId = logId;
    }

    /** The good ones of this log, newest first. */
    public List<CheckpointFile> good() throws IOException {
        List<CheckpointFile> good = new ArrayList<>();
        for (int slot = 0; slot < SLOTS; slot++) {
            @Nullable CheckpointFile file = read(slot);
            if (file != null) {
                good.add(file);
            }
        }
        good.sort(Comparator.comparingLong(CheckpointFile::sequence).reversed());
        return good;
    }

    /** The newest good one of this log. The content of the older one is read only if the newer one is bad. */
    public Optional<CheckpointFile> newest() throws IOException {
        // Twice, because a writer may replace the older one between the look at the heads and the reading.
        int first = statedSequence(1) > statedSequence(0) ? 1 : 0;
        @Nullable CheckpointFile newer = read(first);
        if (newer != null && newer.sequence() >= statedSequence(1 - first)) {
            return Optional.of(newer);
        }
        return good().stream().findFirst();
    }

    private long statedSequence(int slot) throws IOException {
        try {
            return CheckpointFile.statedSequence(storage, names.checkpoint(slot));
        } catch (NoSuchFileException e) {
            return -1;
        }
    }

    /** The newest good one that covers more than that; null if there is none, and then only the heads are read. */
    public @Nullable CheckpointFile beyond(long sequence) throws IOException {
        boolean stated = false;
        for (int slot = 0; slot < SLOTS; slot++) {
            stated |= statedSequence(slot) > sequence;
        }
        List<CheckpointFile> good = stated ? good() : List.of();
        return good.isEmpty() || good.get(0).sequence() <= sequence ? null : good.get(0);
    }

    private @Nullable CheckpointFile read(int slot) throws IOException {
        try {
            CheckpointFile file = CheckpointFile.read(storage, names.checkpoint(slot));
            return file.logId().equals(logId) ? file : null;
        } catch (NoSuchFileException | DamagedException | UnknownFormatException e) {
            // A bad checkpoint is as good as none: the log has the records, because trimming never relies on one alone.
            return null;
        }
    }

    /**
     * Replaces the older one. Returns when the new one is on disk and has been read back.
     *
     * @throws IllegalArgumentException if a newer one is there: it would take the place of the newest, and the two would
     *     cover less than trimming relies on
     */
    public CheckpointFile write(long sequence, long createdNanos, CheckpointContent content) throws IOException {
        @Nullable CheckpointFile first = read(0);
        @Nullable CheckpointFile second = read(1);
        refuseOlder(sequence, first);
        refuseOlder(sequence, second);
        boolean toSecond = first != null && (second == null || second.sequence() <= first.sequence());
        String name = names.checkpoint(toSecond ? 1 : 0);
        CheckpointFile.write(storage, name, names.temporary(name), logId, sequence, createdNanos, content);
        try {
            return CheckpointFile.read(storage, name);
        } catch (DamagedException | UnknownFormatException e) {
            throw new IOException("checkpoint " + name + " was written and does not read back", e);
        }
    }

    private static void refuseOlder(long sequence, @Nullable CheckpointFile existing) {
        if (existing != null && sequence < existing.sequence()) {
            throw new IllegalArgumentException("checkpoint for record " + sequence + ": expected " + existing.sequence()
                    + " or more, which " + existing.name() + " covers already");
        }
    }

    /** Up to where each of the two alone would do; 0 if there are not two. */
    public long coveredByBoth() throws IOException {
        List<CheckpointFile> good = good();
        return good.size() < SLOTS ? 0 : good.get(good.size() - 1).sequence();
    }
}
