package io.veloz.wal.archive.internal.read;

import io.veloz.wal.RecoveryReport;
import io.veloz.wal.SegmentReport;
import io.veloz.wal.SegmentReport.Verdict;
import io.veloz.wal.archive.internal.format.LogIdentity;
import io.veloz.wal.archive.internal.format.Slot.Attachment;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.index.IndexRange.Part;
import io.veloz.wal.archive.internal.proof.Proof;
import io.veloz.wal.archive.internal.proof.Proof.TailSlot;
import io.veloz.wal.spi.LogFiles;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Objects;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** The files of the log that a proven archive contains, and the report about them. Immutable. */
final class ArchiveContent {
    private final RecoveryReport report;
    private final Map<String, ArchiveFile> files;
    private final NavigableMap<Long, ArchiveFile> segments;
    private final List<String> names;

    /** @param names names the files; its storage is not used */
    ArchiveContent(String archive, Proof proof, LogFiles names, Duration took) {
        this.segments = segments(proof);
        this.files = new LinkedHashMap<>();
        List<SegmentReport> reports = new ArrayList<>();
        Map<Long, Segment> stored = new TreeMap<>();
        proof.segments().forEach(segment -> stored.put(segment.number(), segment));
        for (ArchiveFile file : segments.values()) {
            boolean active = file instanceof ArchiveFile.Tails && file.number() == segments.lastKey();
            String name = active ? names.currentName() : names.sealedName(file.number());
            files.put(name, file);
            reports.add(report(name, file, active, stored.get(file.number())));
        }
        proof.attachments().stream()
                .filter(each -> each.name().equals("checkpoint"))
                .max(Comparator.comparingLong(Attachment::sequence))
                .ifPresent(newest -> files.put(names.checkpointName(), ArchiveFile.Stored.of(newest)));
        this.names = List.copyOf(files.keySet());
        this.report = report(archive, proof, reports, took);
    }

    private static NavigableMap<Long, ArchiveFile> segments(Proof proof) {
        TreeMap<Long, List<TailSlot>> tails = new TreeMap<>();
        for (TailSlot tail : proof.tails()) {
            tails.computeIfAbsent(tail.tail().segment(), any -> new ArrayList<>())
                    .add(tail);
        }
        TreeMap<Long, ArchiveFile> segments = new TreeMap<>();
        tails.forEach((number, slots) -> segments.put(number, new ArchiveFile.Tails(number, List.copyOf(slots))));
        proof.segments().forEach(segment -> segments.put(segment.number(), ArchiveFile.Stored.of(segment)));
        return segments;
    }

    private static SegmentReport report(String name, ArchiveFile file, boolean active, @Nullable Segment segment) {
        if (file instanceof ArchiveFile.Tails tails) {
            long records = tails.lastSequence() - tails.firstSequence() + 1;
            SegmentReport.Builder report = SegmentReport.builder(
                            name, file.number(), active ? Verdict.ACTIVE : Verdict.UNSEALED)
                    .bytes(tails.bytes(), tails.bytes());
            return (records > 0 ? report.records(tails.firstSequence(), tails.lastSequence(), records) : report)
                    .build();
        }
        Segment sealed = Objects.requireNonNull(segment);
        return SegmentReport.builder(name, sealed.number(), Verdict.SEALED)
                .records(sealed.firstSequence(), sealed.lastSequence(), sealed.records())
                .timestampNanos(sealed.minTimestampNanos(), sealed.maxTimestampNanos())
                .bytes(sealed.dataBytes(), sealed.fileBytes())
                .build();
    }

    private static RecoveryReport report(String archive, Proof proof, List<SegmentReport> segments, Duration took) {
        LogIdentity identity = proof.identity();
        return RecoveryReport.builder(archive)
                .logId(identity.logId())
                .segments(segments)
                .firstSequence(segments.stream()
                        .filter(segment -> segment.records() > 0)
                        .mapToLong(SegmentReport::firstSequence)
                        .findFirst()
                        .orElse(-1))
                .lastSequence(proof.archived().sequence())
                .records(segments.stream().mapToLong(SegmentReport::records).sum())
                .lost(proof.gaps())
                .expectedFirstSequence(identity.firstSequence())
                .took(took)
                .build();
    }

    RecoveryReport report() {
        return report;
    }

    /** Returns the names of all files. */
    List<String> names() {
        return names;
    }

    @Nullable
    ArchiveFile file(String name) {
        return files.get(name);
    }

    /** Returns the segment that contains a record; null if none does. */
    @Nullable
    ArchiveFile segmentOf(long sequence) {
        return segments.values().stream()
                .filter(file -> file.firstSequence() <= sequence && sequence <= file.lastSequence())
                .findFirst()
                .orElse(null);
    }

    /** Returns the segments that are objects, in the order of their numbers. */
    List<Part> sealedSegments() {
        List<Part> parts = new ArrayList<>();
        for (ArchiveFile file : segments.values()) {
            if (file instanceof ArchiveFile.Stored segment) {
                parts.add(
                        new Part(segment.number(), segment.firstSequence(), segment.lastSequence(), segment.stored()));
            }
        }
        return parts;
    }

    @Nullable
    ArchiveFile segment(long number) {
        return segments.get(number);
    }
}
