package io.veloz.wal.internal.recovery;

import io.veloz.wal.LostRange;
import io.veloz.wal.SegmentReport.Verdict;
import io.veloz.wal.WalProgress;
import io.veloz.wal.internal.format.BatchHeader;
import io.veloz.wal.internal.format.Checksum;
import io.veloz.wal.internal.format.DamagedException;
import io.veloz.wal.internal.format.EndMark;
import io.veloz.wal.internal.format.Footer;
import io.veloz.wal.internal.format.Predecessor;
import io.veloz.wal.internal.format.SegmentHeader;
import io.veloz.wal.internal.format.SegmentNames;
import io.veloz.wal.internal.format.Sha256;
import io.veloz.wal.internal.segment.BatchScanner;
import io.veloz.wal.internal.segment.BatchScanner.Found;
import io.veloz.wal.internal.segment.FooterReader;
import io.veloz.wal.internal.segment.SegmentContent;
import io.veloz.wal.internal.segment.SegmentSealer;
import io.veloz.wal.internal.segment.TailSearch;
import io.veloz.wal.internal.segment.UnmarkedFile;
import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Checks the segments of a log, oldest first, and compares each with its neighbours. Confined to one thread. */
final class SegmentExamination {
    private final Storage storage;
    private final SegmentNames names;
    private final Analyser.Depth depth;
    private final boolean concurrent;
    private final Analysis analysis;
    private final WalProgress progress;
    private final Checksum checksum = new Checksum();

    /** The last segment with records before the current one. */
    private @Nullable FoundSegment before;

    /** The sequence of the next record; -1 after damage. */
    private long expected;

    SegmentExamination(
            Storage storage,
            SegmentNames names,
            Analyser.Depth depth,
            boolean concurrent,
            Analysis analysis,
            WalProgress progress) {
        this.progress = progress;
        this.storage = storage;
        this.names = names;
        this.depth = depth;
        this.concurrent = concurrent;
        this.analysis = analysis;
        this.expected = analysis.nextSequence;
    }

    void examine(List<FoundSegment> chain) throws IOException {
        expected = analysis.nextSequence;
        for (FoundSegment segment : chain) {
            if (segment.header != null) {
                readOpening(segment);
            }
        }
        long total = chain.stream().mapToLong(segment -> segment.fileBytes).sum();
        long done = 0;
        for (int i = 0; i < chain.size(); i++) {
            FoundSegment segment = chain.get(i);
            progress.update(done, total);
            done += segment.fileBytes;
            @Nullable FoundSegment after = i + 1 < chain.size() ? chain.get(i + 1) : null;
            if (segment.header == null) {
                markMissing(segment, after);
            } else {
                check(segment, after);
            }
            analysis.segments.add(segment);
            if (segment.nextSequence > 0) {
                analysis.nextSequence = segment.nextSequence;
            }
        }
        progress.update(total, total);
    }

    private void markMissing(FoundSegment segment, @Nullable FoundSegment after) {
        segment.badFirst = expected;
        segment.badLast = after != null && after.openingSequence > 0 ? after.openingSequence - 1 : -1;
        before = null;
        expected = -1;
    }

    /** Reads only the header of the first batch, which is enough to compare the segment with the previous one. */
    private void readOpening(FoundSegment segment) throws IOException {
        SegmentHeader header = Objects.requireNonNull(segment.header);
        ByteBuffer bytes =
                ByteBuffer.allocate(BatchHeader.BYTES + Predecessor.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        try (StorageFile file = storage.openForReading(segment.name)) {
            if (file.readFully(bytes, SegmentHeader.BYTES) < bytes.capacity()) {
                return;
            }
        }
        try {
            BatchHeader batch = new BatchHeader();
            batch.decode(bytes, 0, header, checksum);
            if (batch.opensSegment()) {
                segment.predecessor = Predecessor.decode(bytes, BatchHeader.BYTES, header.salt(), checksum);
                segment.openingSequence = batch.firstSequence;
                segment.openingDeclaresLoss = batch.declaresLoss();
                segment.promisedSequence = batch.durableSequence;
            }
        } catch (DamagedException e) {
            // The scan will classify the batch as torn or damaged.
            segment.predecessor = null;
        }
    }

    private void check(FoundSegment segment, @Nullable FoundSegment after) throws IOException {
        if (segment.blank) {
            segment.verdict = Verdict.PREPARED;
            if (names.isSealed(segment.name)) {
                segment.bad(
                        Verdict.CORRUPT,
                        SegmentHeader.BYTES,
                        expected,
                        after != null && after.openingSequence > 0 ? after.openingSequence - 1 : -1,
                        "sealed segment without records");
            } else if (after != null && after.openingSequence > 0) {
                segment.bad(
                        Verdict.CORRUPT,
                        SegmentHeader.BYTES,
                        expected,
                        after.openingSequence - 1,
                        "no records; expected some, as segment " + after.number() + " follows");
            } else {
                contradictsEndMark(segment, expected, "no data after the header");
            }
            return;
        }
        try (StorageFile file = storage.openForReading(segment.name)) {
            @Nullable Footer footer = FooterReader.atEnd(file, Objects.requireNonNull(segment.header));
            // Before the segment is named by its number, the footer may exist only in the page cache, because its force
            // may have failed.
            if (footer != null && (names.isSealed(segment.name) || concurrent)) {
                checkSealed(segment, file, footer);
            } else {
                checkUnsealed(segment, file, after);
                if (footer != null && segment.report().isGood() && segment.dataEnd != footer.dataEnd()) {
                    segment.bad(
                            Verdict.CORRUPT,
                            segment.dataEnd,
                            segment.nextSequence,
                            footer.lastSequence(),
                            "data ends here; expected it to end at " + footer.dataEnd() + ", where the footer is");
                }
            }
        }
        if (segment.report().isGood()) {
            checkPlace(segment);
        }
        expected = segment.report().isGood() ? segment.nextSequence : -1;
        if (segment.hasRecords()) {
            before = segment.report().isGood() ? segment : null;
        }
    }

    // ---- sealed

    private void checkSealed(FoundSegment segment, StorageFile file, Footer footer) throws IOException {
        segment.verdict = Verdict.SEALED;
        segment.footer = footer.withoutIndex();
        segment.footerSha256 = FooterReader.sha256(file, footer);
        segment.previousFooterSha256 = footer.previousFooterSha256();
        segment.dataEnd = footer.dataEnd();
        segment.lastBatchCrc = footer.lastBatchCrc();
        segment.nextSequence = footer.lastSequence() + 1;
        boolean holes = segment.openingDeclaresLoss
                || footer.recordCount() != footer.lastSequence() - footer.firstSequence() + 1;
        if (depth == Analyser.Depth.CONTENT || holes) {
            BatchScanner scanner = scan(segment, file, footer.dataEnd(), Long.MAX_VALUE);
            if (scanner.position() != footer.dataEnd() || scanner.lastBatchCrc() != footer.lastBatchCrc()) {
                corrupt(segment, scanner, footer.lastSequence());
            } else if (!SegmentSealer.digest(new UnmarkedFile(file), footer.dataEnd())
                    .equals(footer.dataSha256())) {
                segment.bad(
                        Verdict.CORRUPT,
                        -1,
                        footer.firstSequence(),
                        footer.lastSequence(),
                        "SHA-256 mismatch of the data; the footer states " + footer.dataSha256());
            } else if (!matches(footer, Objects.requireNonNull(segment.content))) {
                segment.bad(
                        Verdict.CORRUPT,
                        footer.dataEnd(),
                        segment.content.firstSequence(),
                        segment.content.lastSequence(),
                        "footer of " + footer.recordCount() + " records, " + footer.firstSequence() + " to "
                                + footer.lastSequence() + ", in " + footer.batchCount()
                                + " batches; the data has other counts, sequences or times");
            } else if (!footer.index().hasSameEntriesAs(segment.content.index())) {
                segment.bad(
                        Verdict.CORRUPT,
                        footer.dataEnd(),
                        segment.content.firstSequence(),
                        segment.content.lastSequence(),
                        "index in the footer; the batches have other sequences, positions or times");
            }
        }
        if (segment.verdict == Verdict.SEALED) {
            // The footer is enough. A log of very many segments must not keep the index of each.
            segment.content = null;
        }
        // A footer that restarts the chain was written after the previous segment had been trimmed. That segment may
        // have been restored from an archive since.
        if (segment.verdict == Verdict.SEALED && before != null && before.isInChain() && !segment.restartsChain()) {
            Sha256 chain = before.footerSha256;
            if (!chain.equals(footer.previousFooterSha256())) {
                segment.bad(
                        Verdict.CORRUPT,
                        footer.dataEnd(),
                        footer.firstSequence(),
                        footer.lastSequence(),
                        "SHA-256 of the previous footer " + footer.previousFooterSha256() + "; expected " + chain);
            }
        }
    }

    private static boolean matches(Footer footer, SegmentContent content) {
        return footer.firstSequence() == content.firstSequence()
                && footer.lastSequence() == content.lastSequence()
                && footer.recordCount() == content.recordCount()
                && footer.batchCount() == content.batchCount()
                && footer.minTimestampNanos() == content.minTimestampNanos()
                && footer.maxTimestampNanos() == content.maxTimestampNanos();
    }

    // ---- not sealed

    private void checkUnsealed(FoundSegment segment, StorageFile file, @Nullable FoundSegment after)
            throws IOException {
        long limit = concurrent ? promised(segment, file, after) : Long.MAX_VALUE;
        BatchScanner scanner = scan(segment, file, Long.MAX_VALUE, limit);
        segment.dataEnd = scanner.position();
        segment.lastBatchCrc = scanner.lastBatchCrc();
        if (segment.nextSequence < 0) {
            segment.nextSequence = expected;
        }
        if (after != null && after.predecessor != null) {
            // The next segment has a batch, so this one is complete, and that batch states where it ended.
            if (after.predecessor.equals(endOf(segment))) {
                unsealed(segment, file);
            } else {
                corrupt(segment, scanner, after.openingSequence - 1);
            }
        } else if (after != null && !after.blank && hasBatchStart(segment, file)) {
            // The next segment was written to, at least partially, so this batch was durable. Any other bytes here are
            // a footer that was not completely written.
            corrupt(segment, scanner, -1);
        } else if (contradictsEndMark(segment, segment.nextSequence, scanner.reason())) {
            return;
        } else if (FooterReader.at(file, Objects.requireNonNull(segment.header), segment.dataEnd) != null) {
            // Old bytes follow the footer, because the truncation is not durable.
            segment.verdict = Verdict.UNSEALED;
        } else if (names.isSealed(segment.name)) {
            checkLostFooter(segment, file, scanner);
        } else {
            examineTail(segment, file, scanner);
        }
    }

    /**
     * Marks the segment as damaged if its data ends before its end mark, or if its file is shorter than its prepared
     * size: a segment is truncated only when its footer is durable.
     */
    private static boolean contradictsEndMark(FoundSegment segment, long first, String found) {
        EndMark mark = segment.endMark;
        if (mark == null) {
            return false;
        }
        long prepared = Objects.requireNonNull(segment.header).segmentBytes();
        String why = found.isEmpty() ? "" : "; " + found;
        if (segment.dataEnd < mark.end()) {
            long last = mark.durableSequence() >= first ? mark.durableSequence() : -1;
            why = "data ends at " + segment.dataEnd + "; expected " + mark.end() + " or more, where record "
                    + mark.durableSequence() + " was durable by the end mark" + why;
            segment.bad(Verdict.CORRUPT, segment.dataEnd, first, last, why);
            return true;
        }
        if (segment.fileBytes < prepared) {
            why = "file of " + segment.fileBytes + " bytes; expected the " + prepared
                    + " that were prepared: the file was truncated" + why;
            segment.bad(Verdict.CORRUPT, segment.fileBytes, first, -1, why);
            return true;
        }
        return false;
    }

    /**
     * Checks a segment that is named by its number and has no valid footer. It gets that name when its footer is
     * durable, so the footer is damaged. If no trace of the footer exists at the end of the data, records were lost
     * with it.
     */
    private void checkLostFooter(FoundSegment segment, StorageFile file, BatchScanner scanner) throws IOException {
        if (FooterReader.wasAt(file, segment.dataEnd)) {
            unsealed(segment, file);
        } else {
            corrupt(segment, scanner, -1);
        }
    }

    /**
     * Marks a complete segment without a valid footer. If it is named as a sealed one, this is damage, but only to
     * the footer.
     */
    private void unsealed(FoundSegment segment, StorageFile file) throws IOException {
        segment.verdict = Verdict.UNSEALED;
        if (names.isSealed(segment.name)) {
            segment.detail = "its footer at " + segment.dataEnd
                    + " is damaged; all records are intact, and the next open rebuilds the footer";
            // Compute the future footer, because the next segment must follow it.
            Sha256 previous = before == null || !before.isInChain() ? Sha256.ZERO : before.footerSha256;
            SegmentSealer.Data data = new SegmentSealer.Data(
                    Objects.requireNonNull(segment.header),
                    Objects.requireNonNull(segment.content),
                    segment.dataEnd,
                    segment.lastBatchCrc,
                    previous);
            segment.previousFooterSha256 = previous;
            segment.footerSha256 = Sha256.of(data.footer(SegmentSealer.digest(new UnmarkedFile(file), segment.dataEnd))
                    .encode());
        }
    }

    /**
     * Returns whether a batch was at least partially written at the end of the data: either the magic number or all
     * other header fields are intact.
     */
    private boolean hasBatchStart(FoundSegment segment, StorageFile file) throws IOException {
        SegmentHeader header = Objects.requireNonNull(segment.header);
        ByteBuffer head = ByteBuffer.allocate(BatchHeader.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        int available = file.readFully(head, segment.dataEnd);
        return (available >= 4 && BatchHeader.startsAt(head, 0, header.salt()))
                || (available == BatchHeader.BYTES && new BatchHeader().decodeIgnoringMagic(head, 0, header, checksum));
    }

    /** Returns the highest durable sequence stated in the files, while a writer may append. */
    private long promised(FoundSegment segment, StorageFile file, @Nullable FoundSegment after) throws IOException {
        long promised = after == null ? 0 : after.promisedSequence;
        if (segment.endMark != null) {
            promised = Math.max(promised, segment.endMark.durableSequence());
        }
        BatchScanner scanner = new BatchScanner(file, Objects.requireNonNull(segment.header));
        scanner.expect(expected);
        while (scanner.next() == Found.BATCH) {
            promised = Math.max(promised, scanner.header().durableSequence);
        }
        return promised;
    }

    private static Predecessor endOf(FoundSegment segment) {
        SegmentHeader header = Objects.requireNonNull(segment.header);
        return new Predecessor(header.number(), header.salt(), segment.dataEnd, segment.lastBatchCrc);
    }

    private void examineTail(FoundSegment segment, StorageFile file, BatchScanner scanner) throws IOException {
        SegmentHeader header = Objects.requireNonNull(segment.header);
        TailSearch tail = searchTail(segment, file, header);
        if (tail.proves(segment.nextSequence)) {
            if (concurrent && isCompleteNow(segment, file)) {
                segment.verdict = Verdict.ACTIVE;
                return;
            }
            corrupt(segment, scanner, tail.promisedSequence());
        } else if (tail.end() > segment.dataEnd && !concurrent) {
            segment.verdict = Verdict.TORN_TAIL;
            segment.tornEnd = tail.end();
            segment.detail = (tail.end() - segment.dataEnd) + " bytes at " + segment.dataEnd
                    + " that were never acknowledged: " + scanner.reason();
        } else {
            segment.verdict = Verdict.ACTIVE;
        }
    }

    /**
     * Searches the bytes after the data. An open deletes a torn tail, so it reads every byte, unless the last batch
     * states that all records are durable: a log that was idle or closed cannot have more.
     */
    private TailSearch searchTail(FoundSegment segment, StorageFile file, SegmentHeader header) throws IOException {
        boolean idle = segment.nextSequence > 0 && segment.promisedSequence >= segment.nextSequence - 1;
        boolean sampled = depth == Analyser.Depth.OUTLINE || (depth == Analyser.Depth.STRUCTURE && idle);
        return sampled
                ? TailSearch.sampled(file, header, segment.dataEnd)
                : TailSearch.from(file, header, segment.dataEnd);
    }

    /** Returns whether a batch that was incomplete during the scan is complete now, while a writer appends. */
    private boolean isCompleteNow(FoundSegment segment, StorageFile file) throws IOException {
        BatchScanner again = new BatchScanner(file, Objects.requireNonNull(segment.header));
        again.jumpTo(segment.dataEnd, segment.nextSequence);
        return again.next() == Found.BATCH;
    }

    // ---- both

    /** Scans all valid batches, up to a position and up to a sequence. */
    private BatchScanner scan(FoundSegment segment, StorageFile file, long end, long lastSequence) throws IOException {
        BatchScanner scanner = new BatchScanner(file, Objects.requireNonNull(segment.header));
        SegmentContent content = new SegmentContent();
        long sequence = expected;
        scanner.expect(expected);
        while (true) {
            Found found = scanner.nextUpTo(end);
            BatchHeader batch = scanner.header();
            if (found != Found.BATCH || batch.lastSequence() > lastSequence) {
                break;
            }
            segment.promisedSequence = Math.max(segment.promisedSequence, batch.durableSequence);
            if (batch.declaresLoss()) {
                analysis.lost.add(new LostRange(
                        sequence, batch.firstSequence - 1, segment.name, scanner.position(), "declared by a salvage"));
            }
            content.addBatch(batch, scanner.position(), scanner.buffer(), scanner.recordsAt());
            sequence = scanner.nextSequence();
        }
        segment.content = content;
        segment.nextSequence = sequence;
        return scanner;
    }

    private static void corrupt(FoundSegment segment, BatchScanner scanner, long lastKnown) {
        long first = scanner.damagedSequence() >= 0 ? scanner.damagedSequence() : scanner.nextSequence();
        String why = scanner.reason().isEmpty() ? "data ends here; expected more records" : scanner.reason();
        segment.bad(Verdict.CORRUPT, scanner.position(), first, lastKnown >= first ? lastKnown : -1, why);
    }

    /** Checks that the segment continues where the previous one ended, by sequence and by its stated predecessor. */
    private void checkPlace(FoundSegment segment) {
        if (before != null && segment.predecessor != null && !segment.predecessor.equals(endOf(before))) {
            segment.bad(
                    Verdict.CORRUPT,
                    SegmentHeader.BYTES,
                    segment.openingSequence,
                    -1,
                    "follows " + segment.predecessor + "; expected " + endOf(before));
            return;
        }
        boolean right = expected < 0
                || segment.openingSequence < 0
                || segment.openingSequence == expected
                || (segment.openingDeclaresLoss && segment.openingSequence > expected);
        if (!right) {
            segment.bad(
                    Verdict.CORRUPT,
                    SegmentHeader.BYTES,
                    expected,
                    segment.openingSequence - 1,
                    "starts with record " + segment.openingSequence + "; expected " + expected);
        }
    }
}
