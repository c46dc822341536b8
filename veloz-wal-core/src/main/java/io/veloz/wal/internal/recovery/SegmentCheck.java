package io.veloz.wal.internal.recovery;

import io.veloz.wal.LostRange;
import io.veloz.wal.SegmentReport.Verdict;
import io.veloz.wal.internal.format.BatchHeader;
import io.veloz.wal.internal.format.DamagedException;
import io.veloz.wal.internal.format.EndMark;
import io.veloz.wal.internal.format.Footer;
import io.veloz.wal.internal.format.SegmentHeader;
import io.veloz.wal.internal.format.SegmentNames;
import io.veloz.wal.internal.format.Sha256;
import io.veloz.wal.internal.format.UnknownFormatException;
import io.veloz.wal.internal.recovery.DirectoryScan.Entry;
import io.veloz.wal.internal.recovery.FoundSegment.Finding;
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
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The second step of an analysis: checks one segment, in itself and against its neighbours. Used once, by one thread.
 */
final class SegmentCheck {
    /**
     * The settings of an analysis.
     *
     * @param concurrent whether a writer may have the log open
     * @param written whether complete records count whose durability the files do not state yet
     */
    record Settings(Storage storage, SegmentNames names, Analyser.Depth depth, boolean concurrent, boolean written) {}

    private final Settings settings;
    private final SegmentNames names;
    private final Entry segment;
    private final SegmentHeader header;
    private final @Nullable Entry after;

    /** The last segment with records before this one. */
    private final @Nullable FoundSegment before;

    /** The sequence of the next record; -1 after damage. */
    private final long expected;

    private final List<LostRange> declaredLosses;

    private Finding finding = new Finding(Verdict.ACTIVE, "");
    private @Nullable Footer footer;
    private Sha256 footerSha256 = Sha256.ZERO;
    private Sha256 previousFooterSha256 = Sha256.ZERO;
    private @Nullable SegmentContent content;
    private long dataEnd = SegmentHeader.BYTES;
    private int lastBatchCrc;
    private long nextSequence = -1;
    private long tornEnd = -1;

    /** The highest durable sequence stated by any batch of the segment. */
    private long promisedSequence;

    /**
     * @param after the next segment, if there is one
     * @param declaredLosses receives the losses that batches of this segment declare
     */
    SegmentCheck(
            Settings settings,
            Entry segment,
            @Nullable FoundSegment before,
            @Nullable Entry after,
            long expected,
            List<LostRange> declaredLosses) {
        this.settings = settings;
        this.names = settings.names;
        this.segment = segment;
        this.header = segment.requiredHeader();
        this.before = before;
        this.after = after;
        this.expected = expected;
        this.declaredLosses = declaredLosses;
        this.promisedSequence =
                segment.opening() == null ? 0 : segment.opening().durableSequence();
    }

    FoundSegment check() throws IOException {
        if (segment.blank()) {
            checkBlank();
            return result();
        }
        try (StorageFile file = settings.storage.openForReading(segment.name())) {
            if (settings.concurrent) {
                checkSame(file);
            }
            @Nullable Footer found = FooterReader.atEnd(file, header);
            // Before the segment is named by its number, the footer may exist only in the page cache, because its
            // force may have failed.
            if (found != null && (names.isSealed(segment.name()) || settings.concurrent)) {
                checkSealed(file, found);
            } else {
                checkUnsealed(file);
                if (found != null && finding.isGood() && dataEnd != found.dataEnd()) {
                    bad(
                            dataEnd,
                            nextSequence,
                            found.lastSequence(),
                            "data ends here; expected it to end at " + found.dataEnd() + ", where the footer is");
                }
            }
        }
        if (finding.isGood()) {
            checkPlace();
        }
        return result();
    }

    /** Checks that a writer has not given the name to another segment since the header was read. */
    private void checkSame(StorageFile file) throws IOException {
        try {
            SegmentHeader now = SegmentFill.header(file);
            if (now.number() != header.number() || now.salt() != header.salt()) {
                throw new NameChangedException(segment.name() + " contained segment " + header.number()
                        + ", and contains segment " + now.number() + " now");
            }
        } catch (DamagedException | UnknownFormatException e) {
            throw new NameChangedException(segment.name() + " contained segment " + header.number()
                    + ", and has no header now: " + e.getMessage());
        }
    }

    private FoundSegment result() {
        return new FoundSegment(
                segment,
                finding,
                footer,
                footerSha256,
                previousFooterSha256,
                content,
                dataEnd,
                lastBatchCrc,
                nextSequence,
                tornEnd);
    }

    private void bad(long position, long first, long last, String why) {
        finding = new Finding(Verdict.CORRUPT, position, first, last, why);
    }

    private void good(Verdict verdict) {
        finding = new Finding(verdict, "");
    }

    private void checkBlank() {
        good(Verdict.PREPARED);
        long nextOpening = after == null ? -1 : after.openingSequence();
        if (names.isSealed(segment.name())) {
            long last = nextOpening > 0 ? nextOpening - 1 : -1;
            bad(SegmentHeader.BYTES, expected, last, "sealed segment without records");
        } else if (after != null && nextOpening > 0) {
            String why = "no records; expected some, as segment " + after.number() + " follows";
            bad(SegmentHeader.BYTES, expected, nextOpening - 1, why);
        } else {
            contradictsEndMark(expected, "no data after the header");
        }
    }

    // ---- sealed

    private void checkSealed(StorageFile file, Footer found) throws IOException {
        good(Verdict.SEALED);
        footer = found.withoutIndex();
        footerSha256 = FooterReader.sha256(file, found);
        previousFooterSha256 = found.previousFooterSha256();
        dataEnd = found.dataEnd();
        lastBatchCrc = found.lastBatchCrc();
        nextSequence = found.lastSequence() + 1;
        boolean declaresLoss = segment.opening() != null && segment.opening().declaresLoss();
        boolean holes = declaresLoss || found.recordCount() != found.lastSequence() - found.firstSequence() + 1;
        if (settings.depth.readsRecords() || holes) {
            compareWithFooter(file, found);
        }
        if (finding.isGood()) {
            // The footer is enough. A log of very many segments must not keep the index of each.
            content = null;
            checkFooterChain(found);
        }
    }

    private boolean hasDigestOf(StorageFile file, Footer found) throws IOException {
        return SegmentSealer.dataSha256(header, new UnmarkedFile(file), found.dataEnd())
                .equals(found.dataSha256());
    }

    private void compareWithFooter(StorageFile file, Footer found) throws IOException {
        BatchScanner scanner = scan(file, found.dataEnd(), Long.MAX_VALUE);
        SegmentContent scanned = Objects.requireNonNull(content);
        if (scanner.position() != found.dataEnd() || scanner.lastBatchCrc() != found.lastBatchCrc()) {
            corrupt(scanner, found.lastSequence());
        } else if (settings.depth != Analyser.Depth.RECORDS && !hasDigestOf(file, found)) {
            bad(
                    -1,
                    found.firstSequence(),
                    found.lastSequence(),
                    "SHA-256 mismatch of the data; the footer states " + found.dataSha256());
        } else if (!scanned.matches(found)) {
            bad(
                    found.dataEnd(),
                    scanned.firstSequence(),
                    scanned.lastSequence(),
                    "footer of " + found.recordCount() + " records, " + found.firstSequence() + " to "
                            + found.lastSequence() + ", in " + found.batchCount()
                            + " batches; the data has other counts, sequences or times");
        } else if (!found.index().hasSameEntriesAs(scanned.index())) {
            bad(
                    found.dataEnd(),
                    scanned.firstSequence(),
                    scanned.lastSequence(),
                    "index in the footer; the batches have other sequences, positions or times");
        }
    }

    private void checkFooterChain(Footer found) {
        // A footer that restarts the chain was written after the previous segment had been trimmed. That segment may
        // have been restored from an archive since.
        if (before == null || !before.isInChain() || result().restartsChain()) {
            return;
        }
        Sha256 chain = before.footerSha256();
        if (!chain.equals(found.previousFooterSha256())) {
            bad(
                    found.dataEnd(),
                    found.firstSequence(),
                    found.lastSequence(),
                    "SHA-256 of the previous footer " + found.previousFooterSha256() + "; expected " + chain);
        }
    }

    // ---- not sealed

    private void checkUnsealed(StorageFile file) throws IOException {
        long limit = settings.concurrent && !settings.written ? promised(file) : Long.MAX_VALUE;
        BatchScanner scanner = scan(file, Long.MAX_VALUE, limit);
        dataEnd = scanner.position();
        lastBatchCrc = scanner.lastBatchCrc();
        if (nextSequence < 0) {
            nextSequence = expected;
        }
        if (after != null && after.opening() != null) {
            // The next segment has a batch, so this one is complete, and that batch states where it ended.
            if (after.opening().predecessor().equals(result().asPredecessor())) {
                unsealed(file);
            } else {
                corrupt(scanner, after.openingSequence() - 1);
            }
        } else if (after != null && !after.blank() && TailSearch.hasBatchStart(file, header, dataEnd)) {
            // The next segment was written to, at least partially, so this batch was durable. Any other bytes here are
            // a footer that was not completely written.
            corrupt(scanner, -1);
        } else if (contradictsEndMark(nextSequence, scanner.reason())) {
            return;
        } else if (FooterReader.at(file, header, dataEnd) != null) {
            // Old bytes follow the footer, because the truncation is not durable.
            good(Verdict.UNSEALED);
        } else if (names.isSealed(segment.name())) {
            checkLostFooter(file, scanner);
        } else {
            examineTail(file, scanner);
        }
    }

    /**
     * Marks the segment as damaged if its data ends before its end mark, or if its file is shorter than its prepared
     * size: a segment is truncated only when its footer is durable.
     */
    private boolean contradictsEndMark(long first, String reason) {
        EndMark mark = segment.endMark();
        if (mark == null) {
            return false;
        }
        long prepared = header.segmentBytes();
        String why = reason.isEmpty() ? "" : "; " + reason;
        if (dataEnd < mark.end()) {
            long last = mark.durableSequence() >= first ? mark.durableSequence() : -1;
            why = "data ends at " + dataEnd + "; expected " + mark.end() + " or more, where record "
                    + mark.durableSequence() + " was durable by the end mark" + why;
            bad(dataEnd, first, last, why);
            return true;
        }
        if (segment.fileBytes() < prepared) {
            why = "file of " + segment.fileBytes() + " bytes; expected the " + prepared
                    + " that were prepared: the file was truncated" + why;
            bad(segment.fileBytes(), first, -1, why);
            return true;
        }
        return false;
    }

    /**
     * Checks a segment that is named by its number and has no valid footer. It gets that name when its footer is durable,
     * so the footer is damaged. If no trace of the footer exists at the end of the data, records were lost with it.
     */
    private void checkLostFooter(StorageFile file, BatchScanner scanner) throws IOException {
        if (FooterReader.wasAt(file, dataEnd)) {
            unsealed(file);
        } else {
            corrupt(scanner, -1);
        }
    }

    /** Marks a complete segment without a valid footer. Under a sealed name this is damage, but only to the footer. */
    private void unsealed(StorageFile file) throws IOException {
        good(Verdict.UNSEALED);
        if (names.isSealed(segment.name())) {
            finding = new Finding(
                    Verdict.UNSEALED,
                    "its footer at " + dataEnd
                            + " is damaged; all records are intact, and the next open rebuilds the footer");
            // Compute the future footer, because the next segment must follow it.
            Sha256 previous = before == null || !before.isInChain() ? Sha256.ZERO : before.footerSha256();
            SegmentSealer.Data data =
                    new SegmentSealer.Data(header, Objects.requireNonNull(content), dataEnd, lastBatchCrc, previous);
            previousFooterSha256 = previous;
            footerSha256 = Sha256.of(data.footer(SegmentSealer.dataSha256(header, new UnmarkedFile(file), dataEnd))
                    .encode());
        }
    }

    /** Returns the highest durable sequence stated in the files, while a writer may append. */
    private long promised(StorageFile file) throws IOException {
        long promised =
                after == null || after.opening() == null ? 0 : after.opening().durableSequence();
        if (segment.endMark() != null) {
            promised = Math.max(promised, segment.endMark().durableSequence());
        }
        BatchScanner scanner = new BatchScanner(file, header);
        scanner.expect(expected);
        while (scanner.next() == Found.BATCH) {
            promised = Math.max(promised, scanner.header().durableSequence);
        }
        return promised;
    }

    private void examineTail(StorageFile file, BatchScanner scanner) throws IOException {
        TailSearch tail = searchTail(file);
        if (tail.proves(nextSequence)) {
            if (settings.concurrent && isCompleteNow(file)) {
                good(Verdict.ACTIVE);
                return;
            }
            corrupt(scanner, tail.promisedSequence());
        } else if (tail.end() > dataEnd && !settings.concurrent) {
            tornEnd = tail.end();
            finding = new Finding(
                    Verdict.TORN_TAIL,
                    (tail.end() - dataEnd) + " bytes at " + dataEnd + " that were never acknowledged: "
                            + scanner.reason());
        } else {
            good(Verdict.ACTIVE);
        }
    }

    /**
     * Searches the bytes after the data. An open deletes a torn tail, so it reads every byte, unless the last batch states
     * that all records are durable: a log that was idle or closed cannot have more.
     */
    private TailSearch searchTail(StorageFile file) throws IOException {
        boolean idle = nextSequence > 0 && promisedSequence >= nextSequence - 1;
        boolean sampled =
                settings.depth == Analyser.Depth.OUTLINE || (settings.depth == Analyser.Depth.STRUCTURE && idle);
        return sampled ? TailSearch.sampled(file, header, dataEnd) : TailSearch.from(file, header, dataEnd);
    }

    /** Returns whether a batch that was incomplete during the scan is complete now, while a writer appends. */
    private boolean isCompleteNow(StorageFile file) throws IOException {
        BatchScanner again = new BatchScanner(file, header);
        again.jumpTo(dataEnd, nextSequence);
        return again.next() == Found.BATCH;
    }

    // ---- both

    /** Scans all valid batches, up to a position and up to a sequence. */
    private BatchScanner scan(StorageFile file, long end, long lastSequence) throws IOException {
        BatchScanner scanner = new BatchScanner(file, header);
        SegmentContent scanned = new SegmentContent();
        long sequence = expected;
        scanner.expect(expected);
        while (true) {
            Found found = scanner.nextUpTo(end);
            BatchHeader batch = scanner.header();
            if (found != Found.BATCH || batch.lastSequence() > lastSequence) {
                break;
            }
            promisedSequence = Math.max(promisedSequence, batch.durableSequence);
            if (batch.declaresLoss()) {
                declaredLosses.add(new LostRange(
                        sequence,
                        batch.firstSequence - 1,
                        segment.name(),
                        scanner.position(),
                        "declared by a salvage"));
            }
            scanned.addBatch(batch, scanner.position(), scanner.buffer(), scanner.recordsAt());
            sequence = scanner.nextSequence();
        }
        content = scanned;
        nextSequence = sequence;
        return scanner;
    }

    private void corrupt(BatchScanner scanner, long lastKnown) {
        long first = scanner.damagedSequence() >= 0 ? scanner.damagedSequence() : scanner.nextSequence();
        String why = scanner.reason().isEmpty() ? "data ends here; expected more records" : scanner.reason();
        bad(scanner.position(), first, lastKnown >= first ? lastKnown : -1, why);
    }

    /** Checks that the segment continues where the previous one ended, by sequence and by its stated predecessor. */
    private void checkPlace() {
        if (segment.opening() == null) {
            return;
        }
        long first = segment.openingSequence();
        if (before != null && !segment.opening().predecessor().equals(before.asPredecessor())) {
            String why = "follows " + segment.opening().predecessor() + "; expected " + before.asPredecessor();
            bad(SegmentHeader.BYTES, first, -1, why);
            return;
        }
        boolean follows =
                expected < 0 || first == expected || (segment.opening().declaresLoss() && first > expected);
        if (!follows) {
            bad(SegmentHeader.BYTES, expected, first - 1, "starts with record " + first + "; expected " + expected);
        }
    }
}
