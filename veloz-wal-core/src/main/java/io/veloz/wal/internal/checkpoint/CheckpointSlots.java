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
 * The two files for checkpoints. A new checkpoint replaces the older one, so a crash during the write leaves the newer one
 * intact. Any thread may read; only one thread at a time may write.
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

    /** Returns the valid checkpoints of this log, newest first. */
    public List<CheckpointFile> valid() throws IOException {
        List<CheckpointFile> valid = new ArrayList<>();
        for (int slot = 0; slot < SLOTS; slot++) {
            @Nullable CheckpointFile file = read(slot);
            if (file != null) {
                valid.add(file);
            }
        }
        valid.sort(Comparator.comparingLong(CheckpointFile::sequence).reversed());
        return valid;
    }

    /** Returns the newest valid checkpoint of this log. Reads the content of the older one only if the newer is invalid. */
    public Optional<CheckpointFile> newest() throws IOException {
        // The other head is read again, because a writer may have replaced the older checkpoint in between.
        int first = statedSequence(1) > statedSequence(0) ? 1 : 0;
        @Nullable CheckpointFile newer = read(first);
        if (newer != null && newer.sequence() >= statedSequence(1 - first)) {
            return Optional.of(newer);
        }
        return valid().stream().findFirst();
    }

    private long statedSequence(int slot) throws IOException {
        try {
            return CheckpointFile.statedSequence(storage, names.checkpoint(slot));
        } catch (NoSuchFileException e) {
            return -1;
        }
    }

    /**
     * Returns the newest valid checkpoint that covers a record after the given one; null if there is none. If no head states
     * such a sequence, only the heads are read.
     */
    public @Nullable CheckpointFile newestAfter(long sequence) throws IOException {
        boolean stated = false;
        for (int slot = 0; slot < SLOTS; slot++) {
            stated |= statedSequence(slot) > sequence;
        }
        List<CheckpointFile> valid = stated ? valid() : List.of();
        return valid.isEmpty() || valid.get(0).sequence() <= sequence ? null : valid.get(0);
    }

    private @Nullable CheckpointFile read(int slot) throws IOException {
        try {
            CheckpointFile file = CheckpointFile.read(storage, names.checkpoint(slot));
            return file.logId().equals(logId) ? file : null;
        } catch (NoSuchFileException | DamagedException | UnknownFormatException e) {
            // An invalid checkpoint is ignored: trimming never relies on one alone, so the log still has the records.
            return null;
        }
    }

    /**
     * Replaces the older checkpoint. Returns when the new one is durable and has been verified.
     *
     * @throws IllegalArgumentException if a newer checkpoint exists: the two would then cover less than trimming relies on
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
            throw new IOException("checkpoint " + name + " was written, but its verification failed", e);
        }
    }

    private static void refuseOlder(long sequence, @Nullable CheckpointFile existing) {
        if (existing != null && sequence < existing.sequence()) {
            throw new IllegalArgumentException("checkpoint for record " + sequence + ": expected " + existing.sequence()
                    + " or more, which " + existing.name() + " covers already");
        }
    }

    /** Returns the last sequence that both checkpoints cover; 0 if there are fewer than two. */
    public long coveredByBoth() throws IOException {
        List<CheckpointFile> valid = valid();
        return valid.size() < SLOTS ? 0 : valid.get(valid.size() - 1).sequence();
    }
}
