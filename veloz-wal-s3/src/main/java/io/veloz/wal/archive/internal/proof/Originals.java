package io.veloz.wal.archive.internal.proof;

import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.internal.format.Slot.Summary;
import io.veloz.wal.archive.internal.format.SlotCodec.Decoded;
import io.veloz.wal.archive.internal.format.SummaryContent;
import io.veloz.wal.archive.internal.format.SummaryContent.Entry;
import io.veloz.wal.archive.internal.format.UnknownArchiveFormatException;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The kept slots of a proof, and the summaries that repeat them. No slot but a tail is ever deleted, so each can be compared
 * with what a SUMMARY repeats of it. Belongs to one thread, and starts reader threads.
 */
public final class Originals {
    private static final String THREADS = "veloz-wal-originals";

    private final ShipLog log;
    private final Retries retries;
    private final int parallelism;
    private final List<SlotSummary> kept;
    private final @Nullable Exception fallback;

    /**
     * @param kept all kept slots of the proof, oldest first, whether read themselves or taken from summaries
     * @param fallback why the proof was not made through the summaries; null if it was, or if there are none
     */
    Originals(ShipLog log, Retries retries, int parallelism, List<SlotSummary> kept, @Nullable Exception fallback) {
        this.log = log;
        this.retries = retries;
        this.parallelism = parallelism;
        this.kept = List.copyOf(kept);
        this.fallback = fallback;
    }

    /**
     * A slot that is missing, damaged, or differs from what a SUMMARY repeats of it; or a SUMMARY that differs from its slots.
     */
    public record Difference(String key, String reason) {}

    /** Reads the slots that the proof has taken from summaries, and all summaries. One request for each. */
    public void check(Consumer<Difference> differences) throws IOException {
        List<SlotSummary> unread =
                kept.stream().filter(slot -> !slot.hasPrevious()).toList();
        new Lanes(parallelism, THREADS).forEach(unread, this::difference, found -> found.ifPresent(differences));
        if (fallback == null) {
            checkSummaries(differences);
        } else {
            checkUnused(differences);
        }
    }

    /**
     * Reports the summaries that the proof could not use. The slots prove the archive without them, so a restore is possible,
     * but another reader may rely on them. Makes no request if the proof has used them, or if there are none.
     */
    public void checkUnused(Consumer<Difference> differences) throws IOException {
        if (fallback == null) {
            return;
        }
        List<Difference> found = new ArrayList<>();
        checkSummaries(found::add);
        // A broken proof may also be a tail that was dropped while the slots were read, which is no damage.
        if (found.isEmpty() && fallback instanceof BadObjectException damage) {
            summaries().stream()
                    .reduce((first, second) -> second)
                    .ifPresent(last -> found.add(new Difference(
                            ArchiveKeys.slot(last.number),
                            "the archive cannot be proven through the summaries: " + damage.getMessage())));
        }
        found.forEach(differences);
    }

    private List<SlotSummary> summaries() {
        return kept.stream().filter(slot -> slot.part instanceof Summary).toList();
    }

    private void checkSummaries(Consumer<Difference> differences) throws IOException {
        SummaryCheck check = new SummaryCheck(kept);
        new Lanes(parallelism, THREADS)
                .forEach(
                        summaries(),
                        slot -> wrong(slot, check).map(reason -> new Difference(ArchiveKeys.slot(slot.number), reason)),
                        found -> found.ifPresent(differences));
    }

    private Optional<String> wrong(SlotSummary slot, SummaryCheck check) throws IOException {
        Decoded decoded;
        try {
            Optional<Decoded> found = retries.call(() -> log.slot(slot.number));
            if (found.isEmpty() || !found.get().sha256().equals(slot.sha256())) {
                return unreadable(slot, "it is missing, or not the SUMMARY that the proof has read");
            }
            decoded = found.get();
        } catch (BadObjectException | UnknownArchiveFormatException e) {
            return unreadable(slot, "it is damaged: " + e.getMessage());
        }
        Summary head = (Summary) slot.part;
        String where = log.where(ArchiveKeys.slot(slot.number));
        try {
            return check.difference(head, SummaryContent.decode(where, head, decoded.content()));
        } catch (BadObjectException e) {
            return Optional.of("its content is damaged: " + e.getMessage());
        }
    }

    /** A slot that the proof has taken from a SUMMARY is reported as such, once. */
    private static Optional<String> unreadable(SlotSummary slot, String reason) {
        return slot.hasPrevious() ? Optional.of(reason) : Optional.empty();
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
