package io.veloz.wal.archive.internal.restore;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.WalCheckpoint;
import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.internal.format.Slot.Attachment;
import io.veloz.wal.archive.internal.proof.Proof;
import io.veloz.wal.restore.RestoreOptions;
import java.io.IOException;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Fetches the newest undamaged checkpoint for a restored log. A log from its first record on needs no checkpoint, so a damaged
 * one fails the restore only if no other checkpoint covers the records before the start of the archive. It belongs to one
 * thread.
 */
final class Checkpoints {
    private final Proof proof;
    private final RestoreOptions options;
    private final Fetch fetch;
    private final Consumer<String> notes;
    private Optional<Attachment> used = Optional.empty();

    Checkpoints(Proof proof, RestoreOptions options, Fetch fetch, Consumer<String> notes) {
        this.proof = proof;
        this.options = options;
        this.fetch = fetch;
        this.notes = notes;
    }

    /** Returns the checkpoints up to a sequence, the newest first. */
    static List<Attachment> upTo(Proof proof, long lastSequence) {
        return proof.attachments().stream()
                .filter(attachment -> attachment.name().equals("checkpoint") && attachment.sequence() <= lastSequence)
                .sorted(Comparator.comparingLong(Attachment::sequence).reversed())
                .toList();
    }

    /**
     * Fetches the checkpoint. Returns when it is durable.
     *
     * @throws DamagedObjectException if a checkpoint is required, and all suitable ones are damaged
     */
    Optional<WalCheckpoint> fetch(long lastSequence) throws IOException {
        long needed = options.acceptsGaps() ? 0 : proof.identity().firstSequence() - 1;
        @Nullable DamagedObjectException damage = null;
        for (Attachment attachment : upTo(proof, lastSequence)) {
            if (damage != null && attachment.sequence() < needed) {
                break;
            }
            try {
                WalCheckpoint fetched = fetch(attachment);
                used = Optional.of(attachment);
                return Optional.of(fetched);
            } catch (DamagedObjectException e) {
                damage = damage == null ? e : damage;
                note(attachment, e);
            }
        }
        if (damage != null && needed > 0) {
            throw damage;
        }
        return Optional.empty();
    }

    /** Returns the checkpoint that was fetched by {@link #fetch(long)}; empty if there is none. */
    Optional<Attachment> used() {
        return used;
    }

    /** Fetches a checkpoint. Returns false, and makes a note, if it is damaged. */
    boolean isWhole(Attachment attachment) throws IOException {
        try {
            var unused = fetch(attachment);
            return true;
        } catch (DamagedObjectException e) {
            note(attachment, e);
            return false;
        }
    }

    private void note(Attachment attachment, DamagedObjectException e) {
        notes.accept("the checkpoint that covers the records up to " + attachment.sequence()
                + " is damaged and was not used: " + e.getMessage());
    }

    private WalCheckpoint fetch(Attachment attachment) throws IOException {
        fetch.stage(attachment);
        ReadOptions fetched = ReadOptions.of(fetch.files().storage())
                .prefix(fetch.files().names().prefix());
        Optional<WalCheckpoint> checkpoint =
                WalCheckpoint.newest(fetched).filter(found -> found.sequence() == attachment.sequence());
        if (checkpoint.isEmpty()) {
            fetch.files().delete(fetch.files().names().checkpointName());
            throw new DamagedObjectException(
                    attachment.key(), -1, -1, new BadObjectException(attachment.key() + " is not a checkpoint"));
        }
        return checkpoint.get();
    }
}
