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
 * Restores what was really true from the files of an old log, and tells every doubtful place. For one thread and one
 * replay.
 *
 * <p>Every entry whose payload checksum is right counts, in the order of the files, whatever damage stands between: the
 * engine acknowledged it. What is missing shows in the sequences.
 */
final class TruthReplay {
    private final List<OrderedFiles.Known> files;
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

    /** The last sequence taken, 0 before the first. */
    private long last;

    private boolean begun;
    private long lastNanos;
    /** Whether damage just reported already says which sequences are missing. */
    private boolean gapIsTold;
    /** Whether an entry before this place may be lost, so that a checkpoint may know more. */
    private boolean lost;
    /** The first sequence there is, if older ones are missing and no checkpoint has made up for them yet; else 0. */
    private long headless;

    private long unknownOrders;

    /** The entry being applied, for findings about its order. */
    private @Nullable LegacyFile currentFile;

    private @Nullable EntryHeader current;

    TruthReplay(List<OrderedFiles.Known> files, LegacyEventHandler handler, Findings findings, WalProgress progress) {
        this.progress = new ReadProgress(files, progress);
        this.files = files;
        this.handler = handler;
        this.findings = findings;
        this.repair = new HeaderRepair(findings);
        this.damage = new DamageFindings(findings);
        this.duplicates = new Duplicates(findings);
        this.store = OrderStore.builder().onFinding(this::tellOrder).build();
        this.checkpoints = new CheckpointAdoption(store, findings);
    }

    LegacyReplay replay(long sequenceBefore) {
        for (int i = 0; i < files.size(); i++) {
            try (LegacyFile file = LegacyFile.open(files.get(i).path())) {
                replay(new EntryScanner(file), i);
            }
        }
        if (headless > 0) {
            tellHead(Severity.DOUBTFUL, "no checkpoint makes up for them");
        }
        if (unknownOrders > 0 && !lost) {
            String text = unknownOrders + " events came for orders without an OrderNew, though no sequence is missing:"
                    + " a second process wrote into the same files, or the engine never logged them";
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
                entry = repair.withMarks(
                        scanner, position, begun ? last + 1 : files.get(number).firstSequence() - 1);
            }
            if (entry == null) {
                entry = behindDamage(scanner, position, number);
            }
            if (entry == null) {
                break;
            }
            take(file, entry, number);
            position = entry.end();
            progress.reached(number, position);
        }
        progress.reached(number, file.size());
        duplicates.tell();
        if (scanner.gaveUp()) {
            String text = "too many large entries are wrong; not every place behind damage was searched";
            findings.add(Findings.aboutFile(Kind.SEARCH_LIMIT, Severity.DOUBTFUL, file.name(), text));
            lost = true;
        }
    }

    /** The entry with which reading goes on, or null if none follows in this file. */
    private @Nullable EntryHeader behindDamage(EntryScanner scanner, long position, int number) {
        LegacyFile file = scanner.file();
        EntryHeader next = scanner.nextIntact(position + 1);
        long until = next == null ? file.size() : next.position();
        EntryHeader resized = repair.withSize(scanner, position, until);
        if (resized != null) {
            return resized;
        }
        corrupted++;
        long nextSequence = next != null ? next.sequence() : firstSequenceBehind(number);
        if (nextSequence >= 0) {
            lost |= damage.between(file, position, until, last, nextSequence);
            gapIsTold = true;
        } else {
            lost |= damage.atEnd(file, position, last);
        }
        return next;
    }

    /** The first sequence in the files behind this one, or -1 if they hold no entry. */
    private long firstSequenceBehind(int number) {
        boolean hasNext = number + 1 < files.size() && files.get(number + 1).hasEntries();
        return hasNext ? files.get(number + 1).firstSequence() : -1;
    }

    /** What the header behind an entry says; -1 and 0 if there is none. */
    private record Neighbour(long sequence, long nanos) {}

    private Neighbour behind(LegacyFile file, EntryHeader entry, int number) {
        EntryHeader next = file.header(entry.end());
        if (next != null && next.isMarked()) {
            return new Neighbour(next.sequence(), next.timestampNanos());
        }
        long sequence = entry.end() == file.size() ? firstSequenceBehind(number) : -1;
        return sequence < 0
                ? new Neighbour(-1, 0)
                : new Neighbour(sequence, files.get(number + 1).firstNanos());
    }

    private void take(LegacyFile file, EntryHeader found, int number) {
        Neighbour next = behind(file, found, number);
        long expected = begun ? last + 1 : Math.max(1, files.get(number).firstSequence());
        EntryHeader entry = found.withSequence(repair.sequenceOf(file, found, expected, next.sequence()));
        if (begun && entry.sequence() <= last && duplicates.isOne(file, entry)) {
            return;
        }
        duplicates.tell();
        checkSequence(file, entry);
        begun = true;
        last = entry.sequence();
        gapIsTold = false;
        duplicates.remember(entry);
        entry = entry.withTimestampNanos(repair.nanosOf(file, entry, lastNanos, next.nanos()));
        lastNanos = entry.timestampNanos();
        apply(file, entry);
    }

    private void checkSequence(LegacyFile file, EntryHeader entry) {
        long sequence = entry.sequence();
        if (!begun && sequence > 1 && !gapIsTold) {
            headless = sequence;
            lost = true;
        } else if (begun && sequence > last + 1 && !gapIsTold) {
            String text = "entry " + sequence + " after " + last + ": " + (sequence - last - 1) + " are missing";
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
        } else if (begun && sequence <= last && !gapIsTold) {
            String text = "sequence " + sequence + " after " + last
                    + ": a process wrote without replaying first, or a second one wrote too; all entries count";
            findings.add(Kind.SEQUENCE_RESTART, Severity.NOTE, file, entry, sequence, text);
        }
    }

    private void apply(LegacyFile file, EntryHeader entry) {
        int type = EntryDecoder.typeOf(file, entry);
        if (type == 0) {
            corrupted++;
            lost = true;
            String text = "type " + entry.type() + " with a payload of " + entry.payloadBytes()
                    + " bytes that is no such event; skipped";
            Severity severity = entry.type() > EntryHeader.ROTATION ? Severity.DOUBTFUL : Severity.LOST;
            findings.add(Kind.UNREADABLE_ENTRY, severity, file, entry, entry.sequence(), text);
            return;
        }
        if (type != entry.type()) {
            String text = "type " + entry.type() + ", but the payload reads only as type " + type + "; taken as that";
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
        if (headless > 0) {
            tellHead(Severity.NOTE, "checkpoint " + entry.sequence() + " makes up for them");
        }
        checkpoints.apply(
                file,
                entry,
                entry.sequence(),
                entry.timestampNanos(),
                lost ? restored -> apply(entry, restored) : null);
    }

    private void tellHead(Severity severity, String consequence) {
        String text = "the first entry has sequence " + headless + ": the ones before it are missing; " + consequence;
        String file = files.get(0).name();
        findings.add(new LegacyFinding(Kind.MISSING_HEAD, severity, file, 0, 0, 1, headless - 1, text));
        headless = 0;
    }

    private void tellOrder(OrderFinding finding) {
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
}
