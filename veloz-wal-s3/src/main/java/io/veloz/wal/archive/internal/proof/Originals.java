package io.veloz.wal.archive.internal.proof;

import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.internal.format.SlotCodec.Decoded;
import io.veloz.wal.archive.internal.format.SummaryContent.Entry;
import io.veloz.wal.archive.internal.format.UnknownArchiveFormatException;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * The kept slots that a proof has taken from summaries. No slot but a tail is ever deleted, so each can be compared with what
 * a SUMMARY repeats of it. Makes one request for each. Belongs to one thread, and starts reader threads.
 */
public final class Originals {
    private final ShipLog log;
    private final Retries retries;
    private final int parallelism;
    private final List<SlotSummary> slots;

    /** @param slots may contain slots that were read themselves, which are left out */
    Originals(ShipLog log, Retries retries, int parallelism, List<SlotSummary> slots) {
        this.log = log;
        this.retries = retries;
        this.parallelism = parallelism;
        this.slots = slots.stream().filter(slot -> !slot.hasPrevious()).toList();
    }

    /** A slot that is missing, damaged, or differs from what a SUMMARY repeats of it. */
    public record Difference(String key, String reason) {}

    /** Reads all slots. */
    public void check(Consumer<Difference> differences) throws IOException {
        new Lanes(parallelism, "veloz-wal-originals")
                .forEach(slots, this::difference, found -> found.ifPresent(differences));
    }

    private Optional<Difference> difference(SlotSummary slot) throws IOException {
        String key = ArchiveKeys.slot(slot.number);
        try {
            Optional<Decoded> found = retries.call(() -> log.check(slot.number));
            if (found.isEmpty()) {
                return Optional.of(new Difference(key, "it is missing; a summary repeats it"));
            }
            boolean same = found.get().sha256().equals(slot.sha256())
                    && Entry.of(slot.ref(), found.get().slot()).equals(slot.entry());
            return same
                    ? Optional.empty()
                    : Optional.of(new Difference(key, "it differs from what a summary repeats of it"));
        } catch (BadObjectException | UnknownArchiveFormatException e) {
            return Optional.of(new Difference(key, "it is damaged, and a summary repeats it: " + e.getMessage()));
        }
    }
}
