package io.veloz.wal.internal.recovery;

import io.veloz.wal.RecoveryReport;
import io.veloz.wal.SegmentReport;
import io.veloz.wal.SegmentReport.Verdict;
import io.veloz.wal.WalException;
import io.veloz.wal.internal.format.Checksum;
import io.veloz.wal.internal.format.Footer;
import io.veloz.wal.internal.format.LogId;
import io.veloz.wal.internal.format.Predecessor;
import io.veloz.wal.internal.format.SegmentHeader;
import io.veloz.wal.internal.format.SegmentNames;
import io.veloz.wal.internal.format.Sha256;
import io.veloz.wal.internal.segment.SegmentMaker;
import io.veloz.wal.internal.segment.SegmentSealer;
import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.LongSupplier;

/**
 * Makes a directory whole before anybody appends: what a crash interrupted is finished, a torn tail is cut off and kept,
 * and a fresh segment is made, in which appending starts. Runs once, in {@link #recover}, under the log's lock.
 *
 * <p>Crash table. Every step can be cut anywhere, because the next recovery finds the same records again:
 *
 * <pre>
 *   leftovers deleted                nothing in them counts
 *   torn bytes copied to quarantine  copied again under the same name
 *   segment before the last sealed   a temporary file, or both: the one with its number for a name is complete
 *   last segment named current       it takes the name from the one before, of which there is the copy
 *   fresh segment published          blank: it is replaced
 *   last segment sealed              as above
 *   fresh segment renamed            done; it takes the name from the last segment, of which there is the copy
 * </pre>
 *
 * A segment is never renamed to its number before its footer is on disk. So a file of that name without a footer is
 * damaged, and what the page cache alone knows of the segment behind it need not prove that it is whole.
 */
public final class Recovery {
    private static final int CHUNK_BYTES = 256 * 1024;

    /** The page cache can forget only once what it alone knew; a disk that goes on changing is broken. */
    private static final int ATTEMPTS = 3;

    private final Storage storage;
    private final SegmentNames names;
    private final Settings settings;
    private final boolean acceptMissingEnds;

    /** For the segments that are made. */
    public record Settings(long segmentBytes, int maxBatchBytes, LongSupplier wallClockNanos) {}

    /** A log that is ready to be appended to. */
    public record Recovered(
            LogId logId,
            StorageFile activeFile,
            SegmentHeader activeHeader,
            Predecessor predecessor,
            long lastSequence,
            List<SegmentReport> sealed,
            Sha256 lastFooter,
            RecoveryReport report) {}

    public Recovery(Storage storage, SegmentNames names, Settings settings, boolean acceptMissingEnds) {
        this.storage = storage;
        this.names = names;
        this.settings = settings;
        this.acceptMissingEnds = acceptMissingEnds;
    }

    /**
     * Returns when everything that replay will show is on disk.
     *
     * <p>After a failed force the page cache can show batches that no disk has, and forget them while they are looked at.
     * None of them was acknowledged; then it looks again.
     *
     * @throws WalException if acknowledged data is damaged or missing, or in an unknown format; nothing was changed
     */
    public Recovered recover() throws IOException {
        long started = System.nanoTime();
        for (int attempt = 1; ; attempt++) {
            try {
                return recover(started);
            } catch (SegmentSealer.ChangedException e) {
                // As after a crash at this point: what has been done is right, and is found again.
                if (attempt == ATTEMPTS) {
                    throw e;
                }
            }
        }
    }

    private Recovered recover(long started) throws IOException {
        Analysis analysis = new Analyser(storage, names, Analyser.Depth.STRUCTURE, acceptMissingEnds, false).analyse();
        WalException problem = analysis.problemForWriter(storage.describe());
        if (problem != null) {
            throw problem;
        }
        long tornBytes = analysis.tornBytes();
        removeLeftovers(analysis);
        keepTornBytes(analysis);
        forceSealed(analysis);
        finishRoll(analysis);
        LogId logId = analysis.logId == null ? LogId.random() : analysis.logId;
        SegmentHeader header = new SegmentHeader(
                        logId,
                        analysis.nextNumber(),
                        new SecureRandom().nextLong(),
                        settings.segmentBytes(),
                        settings.maxBatchBytes(),
                        settings.wallClockNanos().getAsLong())
                .withEndMarks();
        StorageFile file = SegmentMaker.fill(storage, names, header, nanos -> {});
        boolean done = false;
        try {
            SegmentMaker.publish(storage, names);
            Sha256 lastFooter = sealLast(analysis);
            storage.rename(names.prepared(), names.current());
            storage.forceDirectory();
            Recovered recovered = recovered(analysis, logId, file, header, lastFooter, tornBytes, started);
            done = true;
            return recovered;
        } finally {
            if (!done) {
                file.close();
            }
        }
    }

    private Recovered recovered(
            Analysis analysis,
            LogId logId,
            StorageFile file,
            SegmentHeader header,
            Sha256 lastFooter,
            long tornBytes,
            long started) {
        List<SegmentReport> sealed = new ArrayList<>();
        Predecessor predecessor = Predecessor.NONE;
        for (FoundSegment segment : withRecords(analysis)) {
            SegmentReport found = segment.report();
            sealed.add(SegmentReport.builder(names.sealed(found.number()), found.number(), Verdict.SEALED)
                    .records(found.firstSequence(), found.lastSequence(), found.records())
                    .timestampNanos(found.minTimestampNanos(), found.maxTimestampNanos())
                    .bytes(found.dataBytes(), found.fileBytes())
                    .build());
            predecessor = endOf(segment);
        }
        analysis.logId = logId;
        Duration took = Duration.ofNanos(System.nanoTime() - started);
        return new Recovered(
                logId,
                file,
                header,
                predecessor,
                Math.max(0, analysis.nextSequence - 1),
                sealed,
                lastFooter,
                analysis.report(storage.describe(), tornBytes, took));
    }

    private static Predecessor endOf(FoundSegment segment) {
        SegmentHeader header = Objects.requireNonNull(segment.header);
        return new Predecessor(header.number(), header.salt(), segment.dataEnd, segment.lastBatchCrc);
    }

    private static List<FoundSegment> withRecords(Analysis analysis) {
        return analysis.segments.stream().filter(FoundSegment::hasRecords).toList();
    }

    private void removeLeftovers(Analysis analysis) throws IOException {
        // First of all, so that names which only the page cache knows are not believed.
        storage.forceDirectory();
        for (String name : analysis.trimmed) {
            storage.delete(name);
        }
        if (storage.list().contains(names.preparing())) {
            storage.delete(names.preparing());
        }
    }

    /**
     * Seals the current segment of a copy of which the next one is still to come.
     *
     * <p>Crash table: until the sealed copy has its name there is the current file; after that both, of which the one with its
     * number for a name counts; then that one alone.
     */
    public void sealCurrent() throws IOException {
        if (!storage.list().contains(names.current())) {
            return;
        }
        Analysis analysis = new Analyser(storage, names, Analyser.Depth.STRUCTURE, true, false).analyse();
        WalException problem = analysis.problem(storage.describe());
        if (problem != null) {
            throw problem;
        }
        var unused = sealLast(analysis);
        storage.delete(names.current());
        storage.forceDirectory();
    }

    /**
     * Ends a roll that a crash interrupted: everything but the last segment with records is sealed and has its number for a
     * name, and the last one is the current one.
     */
    private void finishRoll(Analysis analysis) throws IOException {
        List<FoundSegment> written = withRecords(analysis);
        for (int i = 0; i < written.size() - 1; i++) {
            seal(written.get(i), footerBefore(written, i));
        }
        if (!written.isEmpty()) {
            FoundSegment last = written.get(written.size() - 1);
            if (!names.isSealed(last.name)) {
                rename(last, names.current());
            }
        }
    }

    private static Sha256 footerBefore(List<FoundSegment> written, int index) {
        boolean unknown = index == 0 || written.get(index - 1).startsChainAnew();
        return unknown ? Sha256.ZERO : written.get(index - 1).footerSha256;
    }

    private void rename(FoundSegment segment, String name) throws IOException {
        if (!segment.name.equals(name)) {
            storage.rename(segment.name, name);
            storage.forceDirectory();
            segment.name = name;
        }
    }

    /** Copies what will be cut off to a file of its own, on disk before anything is cut. */
    private void keepTornBytes(Analysis analysis) throws IOException {
        for (FoundSegment segment : analysis.segments) {
            if (segment.tornEnd <= segment.dataEnd) {
                continue;
            }
            try (StorageFile torn = storage.openForReading(segment.name)) {
                int checksum = checksum(torn, segment.dataEnd, segment.tornEnd);
                String name = names.quarantine(segment.number(), segment.dataEnd, checksum);
                if (storage.list().contains(name)) {
                    continue;
                }
                copy(torn, segment.dataEnd, segment.tornEnd, name);
                analysis.quarantined.add(name);
            }
        }
    }

    private void copy(StorageFile source, long from, long to, String name) throws IOException {
        String temporary = names.temporary(name);
        if (storage.list().contains(temporary)) {
            storage.delete(temporary);
        }
        try (StorageFile target = storage.create(temporary)) {
            ByteBuffer chunk = ByteBuffer.allocate(CHUNK_BYTES);
            for (long position = from; position < to; position += chunk.limit()) {
                read(source, chunk, position, to);
                target.writeFully(chunk, position - from);
            }
            target.force();
        }
        storage.rename(temporary, name);
        storage.forceDirectory();
    }

    private static int checksum(StorageFile source, long from, long to) throws IOException {
        Checksum checksum = new Checksum().start();
        ByteBuffer chunk = ByteBuffer.allocate(CHUNK_BYTES);
        for (long position = from; position < to; position += chunk.limit()) {
            read(source, chunk, position, to);
            checksum.add(chunk, 0, chunk.limit());
        }
        return checksum.value();
    }

    private static void read(StorageFile source, ByteBuffer chunk, long position, long end) throws IOException {
        chunk.clear().limit((int) Math.min(chunk.capacity(), end - position));
        if (source.readFully(chunk, position) < chunk.limit()) {
            throw new IOException("file ends at " + (position + chunk.position()) + "; expected " + end + " bytes");
        }
        chunk.flip();
    }

    /** Of sealed segments too: somebody may have copied them here a moment ago. */
    private void forceSealed(Analysis analysis) throws IOException {
        for (FoundSegment segment : withRecords(analysis)) {
            if (segment.footer != null) {
                try (StorageFile file = storage.open(segment.name)) {
                    file.force();
                }
            }
        }
    }

    /** Comes when the next segment has a name: a log in which the last file has a number lacks one. */
    private Sha256 sealLast(Analysis analysis) throws IOException {
        List<FoundSegment> written = withRecords(analysis);
        if (written.isEmpty()) {
            return Sha256.ZERO;
        }
        int last = written.size() - 1;
        seal(written.get(last), footerBefore(written, last));
        return written.get(last).footerSha256;
    }

    /**
     * Gives a segment its number for a name; if it has no footer, to a sealed copy of it.
     *
     * <p>A copy, because the page cache can show bytes that no disk has: after a failed force, or after a kill between
     * write and force. A force alone does not help, since the kernel may hold those pages for clean; and writing them
     * again in place would put at risk, until that is forced, what was acknowledged.
     */
    private void seal(FoundSegment segment, Sha256 previousFooter) throws IOException {
        String name = names.sealed(segment.number());
        if (segment.footer != null) {
            return;
        }
        try (StorageFile file = storage.openForReading(segment.name)) {
            Footer footer = SegmentSealer.sealCopy(
                    storage, file, contentOf(segment, previousFooter), name, names.temporary(name));
            segment.footerSha256 = Sha256.of(footer.encode());
            segment.previousFooterSha256 = previousFooter;
        }
    }

    private static SegmentSealer.Data contentOf(FoundSegment segment, Sha256 previousFooter) {
        return new SegmentSealer.Data(
                Objects.requireNonNull(segment.header),
                Objects.requireNonNull(segment.content),
                segment.dataEnd,
                segment.lastBatchCrc,
                previousFooter);
    }

    /** What {@link #recover} would find and do, without doing any of it. */
    public static RecoveryReport report(Analysis analysis, Storage storage, long startedNanos) {
        return analysis.report(
                storage.describe(), analysis.tornBytes(), Duration.ofNanos(System.nanoTime() - startedNanos));
    }
}
