package io.veloz.wal.internal.recovery;

import io.veloz.wal.RecoveryReport;
import io.veloz.wal.SegmentReport;
import io.veloz.wal.SegmentReport.Verdict;
import io.veloz.wal.WalException;
import io.veloz.wal.internal.ParallelForce;
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
 * Recovers a directory before the first append: finishes interrupted operations, cuts off a torn tail and keeps it in
 * quarantine, and creates the segment in which appending starts. Runs once, in {@link #recover}, under the log's lock.
 *
 * <p>Crash table. A crash after any step is safe, because the next recovery finds the same records again:
 *
 * <pre>
 *   leftovers deleted                   they contain no records of the log
 *   torn bytes copied to quarantine     copied again under the same name
 *   segments before the last sealed     a temporary file, or two files: the one named by its number is complete
 *   last segment renamed to current     the previous segment loses the name, and has a sealed copy
 *   fresh segment published             it is blank, and is replaced
 *   last segment sealed                 as for the segments before it
 *   fresh segment renamed to current    complete; the last segment loses the name, and has a sealed copy
 * </pre>
 *
 * <p>A segment is never renamed to its number before its footer is durable, so a file of that name without a footer is
 * damaged. Batches of the next segment, which may exist only in the page cache, are never needed to prove otherwise.
 */
public final class Recovery {
    private static final int CHUNK_BYTES = 256 * 1024;

    /**
     * The page cache can drop batches that are not on disk only once. A file that keeps changing is on a broken disk.
     */
    private static final int ATTEMPTS = 3;

    private final Storage storage;
    private final SegmentNames names;
    private final Settings settings;
    private final boolean acceptMissingEnds;

    /** The settings for new segments. */
    public record Settings(long segmentBytes, int maxBatchBytes, LongSupplier wallClockNanos) {}

    /** A log that is ready for appends. */
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
     * Recovers the log, and returns when every record that a replay will return is durable.
     *
     * <p>After a failed force the page cache can contain batches that are not on disk, and drop them during the
     * recovery. None of them was acknowledged. The analysis is then repeated.
     *
     * @throws WalException if acknowledged data is damaged or missing, or in an unknown format; no file was changed
     */
    public Recovered recover() throws IOException {
        long started = System.nanoTime();
        for (int attempt = 1; ; attempt++) {
            try {
                return recover(started);
            } catch (SegmentSealer.ChangedException e) {
                // Equivalent to a crash at this point: the completed steps are correct, and the next attempt
                // detects them.
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
        deleteLeftovers(analysis);
        List<String> quarantined = quarantineTornBytes(analysis);
        List<FoundSegment> written = new ArrayList<>(analysis.withRecords());
        forceSealed(written);
        finishRoll(written);
        LogId logId = analysis.logId == null ? LogId.random() : analysis.logId;
        SegmentHeader header = new SegmentHeader(
                        logId,
                        analysis.nextNumber(),
                        new SecureRandom().nextLong(),
                        SegmentMaker.firstBytes(settings.segmentBytes(), settings.maxBatchBytes()),
                        settings.maxBatchBytes(),
                        settings.wallClockNanos().getAsLong())
                .prepared();
        StorageFile file = SegmentMaker.fill(storage, names, header, SegmentMaker.Pace.FAST)
                .file();
        boolean done = false;
        try {
            SegmentMaker.publish(storage, names);
            Sha256 lastFooter = sealLast(written);
            storage.rename(names.prepared(), names.current());
            storage.forceDirectory();
            Analysis result = analysis.recovered(logId, written, quarantined);
            Recovered recovered = recovered(result, file, header, lastFooter, tornBytes, started);
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
            StorageFile file,
            SegmentHeader header,
            Sha256 lastFooter,
            long tornBytes,
            long started) {
        List<SegmentReport> sealed = new ArrayList<>();
        Predecessor predecessor = Predecessor.NONE;
        for (FoundSegment segment : analysis.withRecords()) {
            SegmentReport found = segment.report();
            sealed.add(SegmentReport.builder(names.sealed(found.number()), found.number(), Verdict.SEALED)
                    .records(found.firstSequence(), found.lastSequence(), found.records())
                    .timestampNanos(found.minTimestampNanos(), found.maxTimestampNanos())
                    .bytes(found.dataBytes(), found.fileBytes())
                    .build());
            predecessor = segment.asPredecessor();
        }
        Duration took = Duration.ofNanos(System.nanoTime() - started);
        return new Recovered(
                analysis.logId(),
                file,
                header,
                predecessor,
                analysis.lastSequence(),
                sealed,
                lastFooter,
                analysis.report(storage.describe(), tornBytes, took));
    }

    private void deleteLeftovers(Analysis analysis) throws IOException {
        // Force first, so that the following steps do not depend on names that exist only in the page cache.
        storage.forceDirectory();
        for (String name : analysis.trimmed) {
            storage.delete(name);
        }
        List<String> all = storage.list();
        if (all.contains(names.preparing())) {
            storage.delete(names.preparing());
        }
        if (!all.contains(names.fill())) {
            for (String name : all) {
                if (names.isFilling(name) || names.isTemporarySealed(name)) {
                    storage.delete(name);
                }
            }
        }
    }

    /**
     * Seals the current segment of a copied log whose next segment has not arrived yet.
     *
     * <p>Crash table: before the sealed copy has its name, the current file is intact. After that both files exist, and
     * the one named by its number is used, until the current file is deleted.
     */
    public void sealCurrent() throws IOException {
        if (!storage.exists(names.current())) {
            return;
        }
        Analysis analysis = Analyser.ofBeginning(storage, names).analyse();
        WalException problem = analysis.problem(storage.describe());
        if (problem != null) {
            throw problem;
        }
        var unused = sealLast(new ArrayList<>(analysis.withRecords()));
        storage.delete(names.current());
        storage.forceDirectory();
    }

    /**
     * Finishes a roll that a crash interrupted: all segments with records except the last are sealed and named by their
     * numbers, and the last one has the current name.
     */
    private void finishRoll(List<FoundSegment> written) throws IOException {
        for (int i = 0; i < written.size() - 1; i++) {
            seal(written, i);
        }
        if (!written.isEmpty()) {
            FoundSegment last = written.get(written.size() - 1);
            if (!names.isSealed(last.name()) && !last.name().equals(names.current())) {
                storage.rename(last.name(), names.current());
                storage.forceDirectory();
                written.set(written.size() - 1, last.renamed(names.current()));
            }
        }
    }

    /**
     * Copies the bytes to be cut off to a file in quarantine, durable before anything is cut.
     *
     * @return the names of all files in quarantine
     */
    private List<String> quarantineTornBytes(Analysis analysis) throws IOException {
        List<String> quarantined = new ArrayList<>(analysis.quarantined);
        for (FoundSegment segment : analysis.segments) {
            if (segment.tornEnd() <= segment.dataEnd()) {
                continue;
            }
            try (StorageFile torn = storage.openForReading(segment.name())) {
                int checksum = checksum(torn, segment.dataEnd(), segment.tornEnd());
                String name = names.quarantine(segment.number(), segment.dataEnd(), checksum);
                if (storage.exists(name)) {
                    continue;
                }
                copy(torn, segment.dataEnd(), segment.tornEnd(), name);
                quarantined.add(name);
            }
        }
        return quarantined;
    }

    private void copy(StorageFile source, long from, long to, String name) throws IOException {
        String temporary = names.temporary(name);
        if (storage.exists(temporary)) {
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

    /** Forces the sealed segments as well, because they may have been copied here a moment ago. */
    private void forceSealed(List<FoundSegment> written) throws IOException {
        List<String> sealed = new ArrayList<>();
        for (FoundSegment segment : written) {
            if (segment.footer() != null) {
                sealed.add(segment.name());
            }
        }
        ParallelForce.force(storage, sealed);
    }

    /**
     * Seals the last segment. The next segment must have its name by then, because a log whose last file is named by its
     * number counts as incomplete.
     *
     * @return the SHA-256 of its footer; zeros if there is no segment
     */
    private Sha256 sealLast(List<FoundSegment> written) throws IOException {
        if (written.isEmpty()) {
            return Sha256.ZERO;
        }
        int last = written.size() - 1;
        seal(written, last);
        return written.get(last).footerSha256();
    }

    /**
     * Seals a segment without a footer, as a copy that is named by its number.
     *
     * <p>A copy is needed because the page cache can contain bytes that are not on disk: after a failed force, or after
     * a kill between write and force. A force alone is not enough, because the kernel may consider those pages clean.
     * Writing them again in place would put acknowledged records at risk until the force.
     */
    private void seal(List<FoundSegment> written, int index) throws IOException {
        FoundSegment segment = written.get(index);
        if (segment.footer() != null) {
            return;
        }
        boolean unknown = index == 0 || written.get(index - 1).restartsChain();
        Sha256 previousFooter = unknown ? Sha256.ZERO : written.get(index - 1).footerSha256();
        SegmentSealer.Data data = new SegmentSealer.Data(
                Objects.requireNonNull(segment.header()),
                Objects.requireNonNull(segment.content()),
                segment.dataEnd(),
                segment.lastBatchCrc(),
                previousFooter);
        String name = names.sealed(segment.number());
        try (StorageFile file = storage.openForReading(segment.name())) {
            Footer footer = SegmentSealer.sealCopy(storage, file, data, name, names.temporary(name));
            written.set(index, segment.sealed(Sha256.of(footer.encode()), previousFooter));
        }
    }

    /** Returns the report that {@link #recover} would return, without changing anything. */
    public static RecoveryReport report(Analysis analysis, Storage storage, long startedNanos) {
        return analysis.report(
                storage.describe(), analysis.tornBytes(), Duration.ofNanos(System.nanoTime() - startedNanos));
    }
}
