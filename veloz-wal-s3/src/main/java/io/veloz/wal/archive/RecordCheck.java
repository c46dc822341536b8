package io.veloz.wal.archive;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.RecoveryReport;
import io.veloz.wal.SegmentReport;
import io.veloz.wal.SegmentReport.Verdict;
import io.veloz.wal.WalCheckpoint;
import io.veloz.wal.WalException;
import io.veloz.wal.WalProgress;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.archive.ArchiveReport.Problem;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Slot.Attachment;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.Slot.StoredFile;
import io.veloz.wal.archive.internal.format.Slot.Tail;
import io.veloz.wal.archive.internal.format.SlotCodec;
import io.veloz.wal.archive.internal.proof.Proof;
import io.veloz.wal.archive.internal.proof.Proof.TailSlot;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.restore.ObjectFiles;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.spi.SegmentReader;
import io.veloz.wal.storage.Storage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Reads all records of an archive whose chain was verified, and
 * compares them with the slots. An instance is confined to one thread.
 *
 * <p>Files are created in a scratch directory as a restore creates them, and checked by the verification of the log. A window
 * of a few segments is checked at a time, so the size of the directory does not depend on the size of the archive. Windows
 * overlap by one segment, because each segment states the end of the one before it.
 */
final class RecordCheck {
    /** The size at which a window is checked, if it contains at least two segments. */
    private static final long WINDOW_BYTES = 128L * 1024 * 1024;

    private final ShipLog log;
    private final Retries retries;
    private final ObjectFiles objects;
    private final LogIdentity identity;
    private final Storage scratch;
    private final LogFiles files;
    private final WalProgress progress;
    private final @Nullable RecordReplay replay;
    private final List<Problem> problems = new ArrayList<>();
    private final TreeMap<Long, TailSlot> disappeared = new TreeMap<>();

    /** The segments of the window that have not been checked yet. */
    private final TreeMap<Long, Segment> fresh = new TreeMap<>();

    private long windowBytes;

    /** The last segment of the previous window and its first record; -1 if there is none. */
    private long base = -1;

    private long baseSequence = -1;
    private long read;
    private long total;

    RecordCheck(
            ObjectStore store,
            Retries retries,
            long bytesPerSecond,
            LogIdentity identity,
            Storage scratch,
            WalProgress progress,
            @Nullable RecordReplay replay) {
        this.log = new ShipLog(store);
        this.retries = retries;
        this.objects = new ObjectFiles(store, retries, bytesPerSecond);
        this.identity = identity;
        this.scratch = scratch;
        this.files = LogFiles.of(scratch, identity.prefix());
        this.progress = progress;
        this.replay = replay;
    }

    List<Problem> problems() {
        return problems;
    }

    /** Returns the number of bytes of objects that were read. */
    long read() {
        return read;
    }

    /**
     * Returns the segments whose tails disappeared before the last check has read them, each with the first missing tail. The
     * others are checked.
     */
    SortedMap<Long, TailSlot> disappeared() {
        return disappeared;
    }

    /** Checks a proof. May be called again with a part of a later proof. */
    void check(Proof proof) throws IOException {
        disappeared.clear();
        total += proof.segments().stream().mapToLong(Segment::objectBytes).sum()
                + proof.attachments().stream()
                        .mapToLong(Attachment::objectBytes)
                        .sum();
        TreeMap<Long, List<TailSlot>> tails = new TreeMap<>();
        for (TailSlot tail : proof.tails()) {
            tails.computeIfAbsent(tail.tail().segment(), any -> new ArrayList<>())
                    .add(tail);
        }
        for (Segment segment : proof.segments()) {
            tails(tails.headMap(segment.number()));
            add(segment);
        }
        tails(tails);
        endWindow();
        clear();
        for (Attachment attachment : proof.attachments()) {
            if (replay == null || !replay.hasRead(attachment)) {
                files.complete(identity.logId(), identity.firstSegment(), identity.firstSequence());
                attachment(attachment);
                clear();
            }
        }
    }

    // ---- segments

    private void add(Segment segment) throws IOException {
        long last = fresh.isEmpty() ? base : fresh.lastKey();
        if (last >= 0 && segment.number() != last + 1) {
            endWindow();
            clear();
        }
        String name = files.sealedName(segment.number());
        boolean intact = fetch(segment.stored(), name, segment.firstSequence(), segment.lastSequence());
        advance(segment.objectBytes());
        if (!intact) {
            endWindow();
            clear();
            return;
        }
        fresh.put(segment.number(), segment);
        windowBytes += segment.fileBytes();
        if (windowBytes >= WINDOW_BYTES && fresh.size() + (base < 0 ? 0 : 1) > 1) {
            endWindow();
        }
    }

    private boolean fetch(StoredFile expected, String name, long first, long last) throws IOException {
        try (ScratchFile sink = new ScratchFile(scratch, name)) {
            objects.read(expected, sink);
            return true;
        } catch (BadObjectException e) {
            problems.add(new Problem(e.key(expected.key()), first, last, String.valueOf(e.getMessage())));
            return false;
        }
    }

    private void advance(long bytes) {
        read += bytes;
        progress.update(read, total);
    }

    /** Checks the segments in the directory, and keeps the last one for the next window. */
    private void endWindow() throws IOException {
        if (fresh.isEmpty()) {
            return;
        }
        Segment first = fresh.values().iterator().next();
        long number = base < 0 ? first.number() : base;
        long sequence = base < 0 ? first.firstSequence() : baseSequence;
        files.complete(identity.logId(), number, sequence);
        Map<String, SegmentReport> reports = reports();
        int before = problems.size();
        for (Segment segment : fresh.values()) {
            compare(segment, reports.get(files.sealedName(segment.number())));
        }
        if (replay != null && problems.size() == before) {
            replay.segments(options(), fresh.values(), this::attachment);
        }
        Segment kept = fresh.lastEntry().getValue();
        removeAllBut(files.sealedName(kept.number()));
        base = kept.number();
        baseSequence = kept.firstSequence();
        fresh.clear();
        windowBytes = kept.fileBytes();
    }

    private Map<String, SegmentReport> reports() {
        RecoveryReport report = WalRecovery.verify(options(), WalProgress.NONE);
        Map<String, SegmentReport> reports = new HashMap<>();
        report.segments().forEach(segment -> reports.put(segment.file(), segment));
        return reports;
    }

    private ReadOptions options() {
        return ReadOptions.of(scratch).prefix(identity.prefix());
    }

    private void compare(Segment slot, @Nullable SegmentReport found) {
        if (found == null || found.verdict() != Verdict.SEALED) {
            bad(slot, found == null ? "it is not a segment" : found.verdict() + " " + found.detail());
            return;
        }
        List<String> mismatches = new ArrayList<>();
        compare(mismatches, "firstSequence", slot.firstSequence(), found.firstSequence());
        compare(mismatches, "lastSequence", slot.lastSequence(), found.lastSequence());
        compare(mismatches, "records", slot.records(), found.records());
        compare(mismatches, "minTimestampNanos", slot.minTimestampNanos(), found.minTimestampNanos());
        compare(mismatches, "maxTimestampNanos", slot.maxTimestampNanos(), found.maxTimestampNanos());
        compare(mismatches, "dataBytes", slot.dataBytes(), found.dataBytes());
        if (!mismatches.isEmpty()) {
            bad(slot, String.join(", ", mismatches));
        }
    }

    private static void compare(List<String> mismatches, String what, long stated, long found) {
        if (stated != found) {
            mismatches.add("the slot states " + what + " " + stated + ", the segment has " + found);
        }
    }

    private void bad(Segment segment, String reason) {
        problems.add(new Problem(segment.key(), segment.firstSequence(), segment.lastSequence(), reason));
    }

    // ---- tails

    /** Checks the tails in the map segment by segment, and removes them from it. */
    private void tails(SortedMap<Long, List<TailSlot>> bySegment) throws IOException {
        while (!bySegment.isEmpty()) {
            long number = bySegment.firstKey();
            List<TailSlot> tails = Objects.requireNonNull(bySegment.remove(number));
            endWindow();
            if (base >= 0 && number != base + 1) {
                clear();
            }
            boolean more = !bySegment.isEmpty() && bySegment.firstKey() == number + 1;
            boolean intact = fetch(tails) && compare(number, tails);
            // Tails after one that has disappeared wait for the segment that replaces it.
            if (intact && replay != null && disappeared.isEmpty()) {
                replay.tails(options(), tails, this::attachment);
            }
            if (!intact || !more) {
                clear();
                continue;
            }
            files.sealCurrent();
            removeAllBut(files.sealedName(number));
            base = number;
            baseSequence = tails.get(0).tail().firstSequence();
        }
    }

    private boolean fetch(List<TailSlot> tails) throws IOException {
        try (ScratchFile sink = new ScratchFile(scratch, files.currentName())) {
            sink.restart();
            for (TailSlot tail : tails) {
                if (!fetch(tail, sink)) {
                    return false;
                }
            }
        }
        return true;
    }

    /** Reads a slot again, and checks that it is the one in the chain. A tail is deleted when its segment is committed. */
    private boolean fetch(TailSlot tail, ScratchFile sink) throws IOException {
        String key = ArchiveKeys.slot(tail.slot());
        long start = sink.position();
        try {
            return retries.call(() -> {
                sink.rewind(start);
                SlotCodec.@Nullable Decoded decoded =
                        log.copy(tail.slot(), sink).orElse(null);
                if (decoded == null) {
                    disappeared.put(tail.tail().segment(), tail);
                    return false;
                }
                if (!decoded.sha256().equals(tail.sha256())) {
                    throw new BadObjectException("SHA-256 mismatch in " + key + ": read " + decoded.sha256()
                            + ", expected " + tail.sha256());
                }
                return true;
            });
        } catch (BadObjectException e) {
            bad(tail, String.valueOf(e.getMessage()));
            return false;
        }
    }

    private boolean compare(long number, List<TailSlot> tails) throws IOException {
        Tail first = tails.get(0).tail();
        TailSlot last = tails.get(tails.size() - 1);
        files.complete(identity.logId(), base < 0 ? number : base, base < 0 ? first.firstSequence() : baseSequence);
        @Nullable SegmentReport found = reports().get(files.currentName());
        boolean good = found != null
                && found.number() == number
                && (found.verdict() == Verdict.ACTIVE || found.verdict() == Verdict.PREPARED);
        if (found == null || !good) {
            bad(last, found == null ? "it is not a segment" : found.verdict() + " " + found.detail());
            return false;
        }
        if (found.dataBytes() != last.tail().endPosition()) {
            bad(last, "it ends at " + last.tail().endPosition() + ", its last batch at " + found.dataBytes());
            return false;
        }
        return ends(number, first, tails, found);
    }

    /** Checks that each tail ends with a batch, and with the record that its slot states. */
    private boolean ends(long number, Tail first, List<TailSlot> tails, SegmentReport found) throws IOException {
        Map<Long, Long> ends = new HashMap<>();
        ends.put(found.dataBytes(), Math.max(found.lastSequence(), first.firstSequence() - 1));
        try (SegmentReader reader = SegmentReader.open(files, 0, 0, first.firstSequence() - 1)) {
            while (found.records() > 0 && reader.next()) {
                if (reader.segment() == number) {
                    ends.put(reader.endPosition(), reader.lastSequence());
                }
            }
        } catch (WalException | IllegalArgumentException e) {
            bad(tails.get(0), String.valueOf(e.getMessage()));
            return false;
        }
        for (TailSlot tail : tails) {
            @Nullable Long sequence = ends.get(tail.tail().endPosition());
            if (sequence == null || sequence != tail.tail().lastSequence()) {
                bad(
                        tail,
                        "the slot states that it ends at " + tail.tail().endPosition() + " with record "
                                + tail.tail().lastSequence() + "; the segment has "
                                + (sequence == null ? "no end of a batch at this position" : "record " + sequence));
                return false;
            }
        }
        return true;
    }

    private void bad(TailSlot tail, String reason) {
        problems.add(new Problem(
                ArchiveKeys.slot(tail.slot()),
                tail.tail().firstSequence(),
                tail.tail().lastSequence(),
                reason));
    }

    // ---- checkpoints

    /** Checks an attachment, whose file then is in the directory. Returns the checkpoint in it; empty if it has none. */
    private Optional<WalCheckpoint> attachment(Attachment attachment) throws IOException {
        boolean checkpoint = attachment.name().equals("checkpoint");
        boolean intact = fetch(attachment.stored(), files.checkpointName(), -1, -1);
        advance(attachment.objectBytes());
        if (!intact || !checkpoint) {
            return Optional.empty();
        }
        Optional<WalCheckpoint> found = WalCheckpoint.good(options()).stream()
                .filter(each -> each.sequence() == attachment.sequence())
                .findFirst();
        if (found.isEmpty()) {
            problems.add(new Problem(
                    attachment.key(),
                    -1,
                    -1,
                    "it is not a checkpoint of log " + identity.logId() + " at record " + attachment.sequence()));
        }
        return found;
    }

    // ---- the scratch directory

    private void clear() throws IOException {
        removeAllBut("");
        base = -1;
        windowBytes = 0;
    }

    private void removeAllBut(String kept) throws IOException {
        for (String name : scratch.list()) {
            if (!name.equals(kept)) {
                scratch.delete(name);
            }
        }
    }
}
