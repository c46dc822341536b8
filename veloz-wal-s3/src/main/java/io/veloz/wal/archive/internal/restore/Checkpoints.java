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
 * The checkpoint that a restored log gets: the newest that is undamaged. A log that begins with its first record needs none,
 * so a damaged checkpoint refuses a restore only if records before the archive's first one are covered by no other. It belongs
 * to one thread.
 */
final class Checkpoints {
    private final Proof proof;
    private final RestoreOptions options;
    private final Fetch fetch;
    private final Consumer<String> notes;

    Checkpoints(Proof proof, RestoreOptions options, Fetch fetch, Consumer<String> notes) {
        this.proof = proof;
        this.options = options;
        this.fetch = fetch;
        this.notes = notes;
    }

    /** Those that cover no record after that one, the newest first. */
    static List<Attachment> upTo(Proof proof, long lastSequence) {
        return proof.attachments().stream()
                .filter(attachment -> attachment.name().equals("checkpoint") && attachment.sequence() <= lastSequence)
                .sorted(Comparator.comparingLong(Attachment::sequence).reversed())
                .toList();
    }

    /**
     * Fetches it. Returns when it is on disk.
     *
     * @throws DamagedObjectException if one is needed, and every one that would do is damaged
     */
    Optional<WalCheckpoint> fetch(long lastSequence) throws IOException {
        long needed = options.acceptsGaps() ? 0 : proof.identity().firstSequence() - 1;
        @Nullable DamagedObjectException damage = null;
        for (Attachment attachment : upTo(proof, lastSequence)) {
            if (damage != null && attachment.sequence() < needed) {
                break;
            }
            try {
                return Optional.of(fetch(attachment));
            } catch (DamagedObjectException e) {
                damage = damage == null ? e : damage;
                notes.accept("the checkpoint that covers the records up to " + attachment.sequence()
                        + " is damaged and was not used: " + e.getMessage());
            }
        }
        if (damage != null && needed > 0) {
            throw damage;
        }
        return Optional.empty();
    }

    private WalCheckpoint fetch(Attachment attachment) throws IOException {
        fetch.checkpoint(attachment);
        ReadOptions fetched =
                ReadOptions.of(fetch.files().storage()).prefix(fetch.files().prefix());
        Optional<WalCheckpoint> checkpoint =
                WalCheckpoint.newest(fetched).filter(found -> found.sequence() == attachment.sequence());
        if (checkpoint.isEmpty()) {
            fetch.removeCheckpoint();
            throw new DamagedObjectException(
                    attachment.key(), -1, -1, new BadObjectException(attachment.key() + " is not a checkpoint"));
        }
        return checkpoint.get();
    }
}
