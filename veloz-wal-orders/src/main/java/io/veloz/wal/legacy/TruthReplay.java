package io.veloz.wal.legacy;

import io.veloz.wal.WalProgress;
import io.veloz.wal.legacy.LegacyFinding.Kind;
import io.veloz.wal.legacy.LegacyFinding.Severity;
import io.veloz.wal.orders.OrderEvent;
import io.veloz.wal.orders.OrderFinding;
import io.veloz.wal.orders.OrderStore;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Restores the correct state from the files of an old log, and reports every anomaly. For one replay. Not thread-safe.
 *
 * <p>Every entry with a valid payload checksum is applied, in the order of the files, even after damage: the engine
 * acknowledged it. The sequences show which entries are missing.
 */
final class TruthReplay {
    private final List<OrderedFiles.OrderedFile> files;
    private final LegacyEventHandler handler;
    private final Findings findings;
    private final ReadProgress progress;
    private final HeaderRepair repair;
    private final DamageFindings damage;
    private final Duplicates duplicates;
    private final OrderStore store;
    private final CheckpointAdoption checkpoints;

    private long entries;
    private long bytes;
    private long corrupted;
    private long applied;

    /** The sequence of the last applied entry, 0 before the first. */
    private long last;

    private boolean begun;
    private long lastNanos;
    /** Whether a finding about damage already covers the missing sequences. */
    private boolean gapReported;
    /** Whether an entry before the current position may be lost, so that a checkpoint may contain newer states. */
    private boolean lost;
    /** The first sequence, if older ones are missing and no checkpoint has restored their orders yet; else 0. */
    private long firstAfterMissingHead;

    private long unknownOrders;

    /** The entry being applied, for findings about its order. */
    private @Nullable LegacyFile currentFile;

    private @Nullable EntryHeader current;

    TruthReplay(
            List<OrderedFiles.OrderedFile> files, LegacyEventHandler handler, Findings findings, WalProgress progress) {
        this.progress = new ReadProgress(files, progress);
        this.files = files;
        this.handler = handler;
        this.findings = findings;
        this.repair = new HeaderRepair(findings);
        this.damage = new DamageFindings(findings);
        this.duplicates = new Duplicates(findings);
        this.store = OrderStore.builder().onFinding(this::reportOrder).build();
        this.checkpoints = new CheckpointAdoption(store, findings);
    }

    LegacyReplay replay(long sequenceBefore) {
        for (int i = 0; i < files.size(); i++) {
            try (LegacyFile file = LegacyFile.open(files.get(i).path())) {
                replay(new EntryScanner(file), i);
            }
        }
        if (firstAfterMissingHead > 0) {
            reportMissingHead(Severity.DOUBTFUL, "no checkpoint contains their orders");
        }
        if (unknownOrders > 0 && !lost) {
            String text =
                    unknownOrders + " events belong to orders without an OrderNew, although no sequence is missing:"
                            + " a second process wrote to the same files, or the engine never logged the OrderNew";
            findings.add(Findings.aboutFile(Kind.SECOND_WRITER, Severity.DOUBTFUL, "", text));
        }
        LegacyStats stats = LegacyStats.replayed(entries, bytes, corrupted, last);
        return new LegacyReplay(LegacyMode.DEFAULT, store.orders(), stats, sequenceBefore, last, findings);
    }

    private void replay(EntryScanner scanner, int number) {
        LegacyFile file = scanner.file();
        long position = 0;
        while (position < file.size()) {
            EntryHeader entry = scanner.intactAt(position);
            if (entry == null) {
                entry = repair.withDamagedMagic(
                        scanner, position, begun ? last + 1 : files.get(number).firstSequence() - 1);
            }
            if (entry == null) {
                entry = nextAfterDamage(scanner, position, number);
            }
            if (entry == null) {
                break;
            }
            accept(file, entry, number);
            position = entry.end();
            progress.report(number, position);
        }
        progress.report(number, file.size());
        duplicates.reportRun();
        if (scanner.gaveUp()) {
            String text = "too many large entries are corrupt; the search for entries after damage was abandoned";
            findings.add(Findings.aboutFile(Kind.SEARCH_LIMIT, Severity.DOUBTFUL, file.name(), text));
            lost = true;
        }
    }

    /** Returns the entry at which reading continues, or null if none follows in this file. */
    private @Nullable EntryHeader nextAfterDamage(EntryScanner scanner, long position, int number) {
        LegacyFile file = scanner.file();
        EntryHeader next = scanner.nextIntact(position + 1);
        long until = next == null ? file.size() : next.position();
        EntryHeader resized = repair.withDamagedSize(scanner, position, until);
        if (resized != null) {
            return resized;
        }
        corrupted++;
        long nextSequence = next != null ? next.sequence() : firstSequenceAfter(number);
        if (nextSequence >= 0) {
            lost |= damage.between(file, position, until, last, nextSequence);
            gapReported = true;
        } else {
            lost |= damage.atEnd(file, position, last);
        }
        return next;
    }

    /** Returns the first sequence in the files after this one, or -1 if they contain no entry. */
    private long firstSequenceAfter(int number) {
        boolean hasNext = number + 1 < files.size() && files.get(number + 1).hasEntries();
        return hasNext ? files.get(number + 1).firstSequence() : -1;
    }

    /** Sequence and time of the next header; -1 and 0 if there is none. */
    private record NextHeader(long sequence, long nanos) {}

    private NextHeader headerAfter(LegacyFile file, EntryHeader entry, int number) {
        EntryHeader next = file.header(entry.end());
        if (next != null && next.hasMagic()) {
            return new NextHeader(next.sequence(), next.timestampNanos());
        }
        long sequence = entry.end() == file.size() ? firstSequenceAfter(number) : -1;
        return sequence < 0
                ? new NextHeader(-1, 0)
                : new NextHeader(sequence, files.get(number + 1).firstNanos());
    }

    private void accept(LegacyFile file, EntryHeader found, int number) {
        NextHeader next = headerAfter(file, found, number);
        long expected = begun ? last + 1 : Math.max(1, files.get(number).firstSequence());
        EntryHeader entry = found.withSequence(repair.sequenceOf(file, found, expected, next.sequence()));
        if (begun && entry.sequence() <= last && duplicates.isDuplicate(file, entry)) {
            return;
        }
        duplicates.reportRun();
        checkSequence(file, entry);
        begun = true;
        last = entry.sequence();
        gapReported = false;
        duplicates.remember(entry);
        entry = entry.withTimestampNanos(repair.nanosOf(file, entry, lastNanos, next.nanos()));
        lastNanos = entry.timestampNanos();
        apply(file, entry);
    }

    private void checkSequence(LegacyFile file, EntryHeader entry) {
        long sequence = entry.sequence();
        if (!begun && sequence > 1 && !gapReported) {
            firstAfterMissingHead = sequence;
            lost = true;
        } else if (begun && sequence > last + 1 && !gapReported) {
            String text =
                    "entry " + sequence + " after " + last + ": " + (sequence - last - 1) + " entries are missing";
            findings.add(new LegacyFinding(
                    Kind.SEQUENCE_GAP,
                    Severity.DOUBTFUL,
                    file.name(),
                    entry.position(),
                    0,
                    last + 1,
                    sequence - 1,
                    text));
            lost = true;
        } else if (begun && sequence <= last && !gapReported) {
            String text = "sequence " + sequence + " after " + last
                    + ": a process wrote without replaying first, or a second process also wrote; all entries count";
            findings.add(Kind.SEQUENCE_RESTART, Severity.NOTE, file, entry, sequence, text);
        }
    }

    private void apply(LegacyFile file, EntryHeader entry) {
        int type = EntryDecoder.typeOf(file, entry);
        if (type == 0) {
            corrupted++;
            lost = true;
            String text = "type " + entry.type() + ", but the payload of " + entry.payloadBytes()
                    + " bytes is not such an event; skipped";
            Severity severity = entry.type() > EntryHeader.ROTATION ? Severity.DOUBTFUL : Severity.LOST;
            findings.add(Kind.UNREADABLE_ENTRY, severity, file, entry, entry.sequence(), text);
            return;
        }
        if (type != entry.type()) {
            String text = "type " + entry.type() + ", but the payload matches only type " + type + "; repaired";
            findings.add(Kind.HEADER_REPAIRED, Severity.NOTE, file, entry, entry.sequence(), text);
        }
        entries++;
        bytes += entry.bytes();
        currentFile = file;
        current = entry;
        OrderEvent event = EntryDecoder.event(file, entry, type);
        if (event != null) {
            apply(entry, event);
        } else if (type == EntryHeader.CHECKPOINT) {
            applyCheckpoint(file, entry);
        }
    }

    private void apply(EntryHeader entry, OrderEvent event) {
        store.apply(++applied, entry.timestampNanos(), event);
        handler.onEvent(entry.sequence(), entry.timestampNanos(), event);
    }

    private void applyCheckpoint(LegacyFile file, EntryHeader entry) {
        if (firstAfterMissingHead > 0) {
            reportMissingHead(Severity.NOTE, "checkpoint " + entry.sequence() + " contains their orders");
        }
        checkpoints.apply(file, entry, lost ? restored -> apply(entry, restored) : null);
    }

    private void reportMissingHead(Severity severity, String consequence) {
        String text = "the first entry has sequence " + firstAfterMissingHead + ": earlier entries are missing; "
                + consequence;
        String file = files.get(0).name();
        findings.add(new LegacyFinding(Kind.MISSING_HEAD, severity, file, 0, 0, 1, firstAfterMissingHead - 1, text));
        firstAfterMissingHead = 0;
    }

    private void reportOrder(OrderFinding finding) {
        LegacyFile file = currentFile;
        EntryHeader entry = current;
        if (file == null || entry == null) {
            return;
        }
        Severity severity = switch (finding.kind()) {
            case UNKNOWN_ORDER, OVERFILL, BAD_QUANTITY, BAD_PRICE, EMPTY_ID, OTHER_SYMBOL -> Severity.DOUBTFUL;
            case DUPLICATE_ORDER, REUSED_ID, DUPLICATE_TRADE, ILLEGAL_TRANSITION, FILL_AFTER_TERMINAL -> Severity.NOTE;
        };
        unknownOrders += finding.kind() == OrderFinding.Kind.UNKNOWN_ORDER ? 1 : 0;
        String text = finding.kind() + " " + finding.clientOrderId() + ": " + finding.text();
        findings.add(Kind.ORDER, severity, file, entry, entry.sequence(), text);
    }

    /** Reports how many bytes of all files have been read. */
    private static final class ReadProgress {
        private static final long STEP_BYTES = 64 * 1024;

        private final WalProgress listener;
        /** Bytes in the files before each file. */
        private final long[] before;

        private final long total;
        private long reported;

        ReadProgress(List<OrderedFiles.OrderedFile> files, WalProgress listener) {
            this.listener = listener;
            this.before = new long[files.size()];
            long bytes = 0;
            for (int i = 0; i < before.length; i++) {
                before[i] = bytes;
                bytes += files.get(i).path().toFile().length();
            }
            this.total = bytes;
        }

        void report(int file, long position) {
            long done = Math.min(total, before[file] + position);
            if (done - reported >= STEP_BYTES || (done == total && reported < done)) {
                reported = done;
                listener.update(done, total);
            }
        }
    }
}
