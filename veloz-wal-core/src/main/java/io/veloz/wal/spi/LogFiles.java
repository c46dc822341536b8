package io.veloz.wal.spi;

import io.veloz.wal.Wal;
import io.veloz.wal.WalCorruptException;
import io.veloz.wal.WalLockedException;
import io.veloz.wal.WalOpenException;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.WalVersionException;
import io.veloz.wal.internal.format.DamagedException;
import io.veloz.wal.internal.format.Footer;
import io.veloz.wal.internal.format.LogId;
import io.veloz.wal.internal.format.SegmentHeader;
import io.veloz.wal.internal.format.SegmentNames;
import io.veloz.wal.internal.format.Sha256;
import io.veloz.wal.internal.format.UnknownFormatException;
import io.veloz.wal.internal.recovery.Recovery;
import io.veloz.wal.internal.recovery.TrimMark;
import io.veloz.wal.internal.segment.BatchScanner;
import io.veloz.wal.internal.segment.FooterReader;
import io.veloz.wal.internal.segment.SegmentSealer;
import io.veloz.wal.internal.segment.UnmarkedFile;
import io.veloz.wal.storage.AtomicFile;
import io.veloz.wal.storage.DiskStorage;
import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageFile;
import io.veloz.wal.storage.StorageInputStream;
import io.veloz.wal.storage.StorageLock;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The files of a log, for archives and tools that keep an exact copy of them or restore one. Immutable. Any thread may
 * call any method. Reading does not disturb a writer. {@link #complete} is for a directory that no process has open.
 *
 * <p>docs/format.md describes the format of the files. {@link SegmentReader} reads the segment that is being written.
 */
public final class LogFiles {
    private final Storage storage;
    private final SegmentNames names;

    private LogFiles(Storage storage, String prefix) {
        this.storage = Objects.requireNonNull(storage, "storage");
        this.names = new SegmentNames(prefix);
    }

    /** Returns the files of a log whose file names start with that prefix. */
    public static LogFiles of(Storage storage, String prefix) {
        return new LogFiles(storage, prefix);
    }

    /**
     * Returns the files of a log in a directory, with file names that start with "orders".
     *
     * @throws WalOpenException if the directory does not exist
     */
    public static LogFiles of(Path directory) {
        return new LogFiles(DiskStorage.open(directory), "orders");
    }

    /** Returns the storage that the files are in. */
    public Storage storage() {
        return storage;
    }

    /** Returns the prefix of the file names. */
    public String prefix() {
        return names.prefix();
    }

    /** Returns the file name of a sealed segment. */
    public String sealedName(long number) {
        return names.sealed(number);
    }

    /** Returns the file name of the active segment. */
    public String currentName() {
        return names.current();
    }

    /** Returns the file name for the newer checkpoint of a copy. */
    public String checkpointName() {
        return names.checkpoint(0);
    }

    /**
     * Returns whether a file of that name belongs to this log, except for the lock file, which is never moved or
     * removed.
     */
    public boolean isOwn(String name) {
        return names.isOwn(name);
    }

    /**
     * Takes the lock that an open log has. While it is held, no process can open the log.
     *
     * @throws WalLockedException if another process or instance has it; the message names the holder
     */
    public StorageLock lock() throws IOException {
        return storage.lock(names.lock());
    }

    /** Returns the name of the file that {@link #lock} locks. */
    public String lockName() {
        return names.lock();
    }

    /** Returns the name of the marker file that {@link #beginRestore} writes. */
    public String restoreMarkName() {
        return names.restoring();
    }

    /** Returns whether a restore into this directory has begun and has not ended. */
    public boolean isRestoring() throws IOException {
        return storage.exists(names.restoring());
    }

    /**
     * Marks the directory as the target of a restore. Until {@link #endRestore}, {@link Wal#open} and {@link WalRecovery}
     * refuse it, also after a crash. Returns when the marker file is durable. The caller must have the {@link #lock}.
     */
    public void beginRestore() throws IOException {
        String text = "A restore of this log has begun and has not ended. Run the same restore again to complete it.\n";
        AtomicFile.replace(
                storage,
                names.restoring(),
                names.temporary(names.restoring()),
                ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII)));
    }

    /** Removes the marker file. Returns when that is durable, and with it all names that were created or moved before. */
    public void endRestore() throws IOException {
        // Order matters: if a crash lost a segment's name after the marker was removed, a shorter log would open.
        storage.forceDirectory();
        if (isRestoring()) {
            storage.delete(names.restoring());
            storage.forceDirectory();
        }
    }

    /**
     * Checks that no restore into the directory is unfinished, because the files of an unfinished restore may be a part
     * of a log only.
     *
     * @throws WalOpenException if a restore has begun and has not ended
     */
    public void checkNoRestore() throws IOException {
        if (isRestoring()) {
            throw new WalOpenException(
                    storage.describe() + ": a restore into it has not ended (" + names.restoring()
                            + " exists); run the same restore again, promote it if it follows an archive, or"
                            + " restore into another directory",
                    null);
        }
    }

    /**
     * Returns the name of the file that exists while older segments may be filled in: see {@link OlderSegments}. Its content
     * belongs to the archive.
     */
    public String fillName() {
        return names.fill();
    }

    /** Returns the access for an archive that fills in older segments of a closed log. The caller must have the {@link #lock}. */
    public OlderSegments olderSegments() {
        return new OlderSegmentsOfFiles(storage, names);
    }

    /** Returns whether a process has the log open for writing. */
    public boolean isLocked() throws IOException {
        return storage.isLocked(names.lock());
    }

    /**
     * Returns the id of the log as 32 hex digits: the one in the trim mark, or else the one that most segments have.
     * Empty if no file has a readable id.
     */
    public Optional<String> logId() throws IOException {
        if (storage instanceof ReportedStorage reported) {
            return Optional.of(reported.report().logId()).filter(id -> !id.isEmpty());
        }
        boolean renamed = true;
        Map<LogId, Integer> counts = new HashMap<>();
        LogId most = LogId.NONE;
        while (renamed && counts.isEmpty()) {
            renamed = false;
            try {
                @Nullable TrimMark mark = TrimMark.read(storage, names);
                if (mark != null) {
                    return text(mark.logId());
                }
            } catch (DamagedException e) {
                // The segments have the id as well.
            }
            for (String name :
                    storage.list().stream().filter(names::isSegment).sorted().toList()) {
                try (StorageFile file = storage.openForReading(name)) {
                    LogId id = header(file).logId();
                    int count = counts.merge(id, 1, Integer::sum);
                    most = count > counts.getOrDefault(most, 0) ? id : most;
                } catch (NoSuchFileException e) {
                    // The writer renamed it after the listing. If no other segment has the id, the next listing finds
                    // it.
                    renamed = true;
                } catch (DamagedException | UnknownFormatException e) {
                    // Another segment may have the id.
                }
            }
        }
        return text(most);
    }

    private static Optional<String> text(LogId id) {
        return id.equals(LogId.NONE) ? Optional.empty() : Optional.of(id.toString());
    }

    /** Returns the numbers of all sealed segments, in ascending order. */
    public List<Long> sealed() throws IOException {
        int digitsAt = names.prefix().length() + 1;
        return storage.list().stream()
                .filter(names::isSealed)
                .map(name -> Long.parseLong(name.substring(digitsAt, name.length() - ".wal".length())))
                .sorted()
                .toList();
    }

    /**
     * Returns the footer of a sealed segment; empty if there is no sealed segment with that number. Does not read the
     * data.
     *
     * @throws WalCorruptException if the header or the footer is damaged
     * @throws WalVersionException if this version does not know the format of the segment
     */
    public Optional<SealedSegment> sealed(long number) throws IOException {
        String name = names.sealed(number);
        String where = storage.describe() + "/" + name;
        try (StorageFile file = storage.openForReading(name)) {
            SegmentHeader header = header(file);
            Footer footer = FooterReader.atEnd(file, header);
            if (footer == null || header.number() != number) {
                throw new WalCorruptException(where, file.size(), -1, -1, "the footer is missing or damaged");
            }
            return Optional.of(new SealedSegment(name, footer, file.size()));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (DamagedException e) {
            throw new WalCorruptException(where, 0, -1, -1, String.valueOf(e.getMessage()));
        } catch (UnknownFormatException e) {
            throw new WalVersionException(where + ": " + e.getMessage());
        }
    }

    /**
     * Reads a sealed segment up to its footer, and verifies every checksum: those of all batches and records, the end that the
     * footer states, and the SHA-256 if the footer states one. A segment that passes can be restored.
     *
     * @throws WalCorruptException if the segment is damaged
     */
    public void check(SealedSegment segment) throws IOException {
        String where = storage.describe() + "/" + segment.file();
        Footer footer = segment.footer();
        try (StorageFile file = storage.openForReading(segment.file())) {
            SegmentHeader header = header(file);
            BatchScanner scanner = new BatchScanner(file, header);
            long read = segment.firstSequence() - 1;
            while (scanner.nextUpTo(footer.dataEnd()) == BatchScanner.Found.BATCH) {
                read = scanner.header().lastSequence();
            }
            if (scanner.position() != footer.dataEnd() || scanner.lastBatchCrc() != footer.lastBatchCrc()) {
                String why =
                        scanner.reason().isEmpty() ? "the data does not end as the footer states" : scanner.reason();
                throw new WalCorruptException(where, scanner.position(), read + 1, segment.lastSequence(), why);
            }
            Sha256 data = SegmentSealer.dataSha256(header, file, footer.dataEnd());
            if (!data.equals(footer.dataSha256())) {
                String why = "SHA-256 mismatch of the data: " + data + "; the footer states " + footer.dataSha256();
                throw new WalCorruptException(where, -1, segment.firstSequence(), segment.lastSequence(), why);
            }
        } catch (DamagedException e) {
            throw new WalCorruptException(
                    where, 0, segment.firstSequence(), segment.lastSequence(), String.valueOf(e.getMessage()));
        } catch (UnknownFormatException e) {
            throw new WalVersionException(where + ": " + e.getMessage());
        }
    }

    /** Opens a file of this log as a stream, which the caller must close. It belongs to one thread. */
    public InputStream open(String name) throws IOException {
        return StorageInputStream.of(storage, name);
    }

    /**
     * Opens the file of a segment for reading, with the bytes that {@link SegmentReader} returns and that the sealed file
     * has: the marks that the active segment has in its header page are read as zeros.
     */
    public StorageFile openSegment(String name) throws IOException {
        return new UnmarkedFile(storage.openForReading(name));
    }

    private static SegmentHeader header(StorageFile file) throws IOException, DamagedException, UnknownFormatException {
        ByteBuffer page = ByteBuffer.allocate(SegmentHeader.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        int available = file.readFully(page, 0);
        return SegmentHeader.decode(page, available);
    }

    /**
     * Seals the active segment of a copy, if the copy has the bytes of that segment but not the sealed file, and starts
     * the next one. All segments before it must exist and be sealed; a checkpoint may cover records that the copy does not have
     * yet. Returns when the sealed segment is durable. Idempotent.
     *
     * @throws WalCorruptException if the copy is damaged up to the end of that segment
     */
    public void sealCurrent() throws IOException {
        var settings = new Recovery.Settings(0, 0, () -> 0);
        new Recovery(storage, names, settings, false).sealCurrent();
    }

    /**
     * Completes a log from segments that were copied into a directory. If it does not begin with record 1, this writes
     * where it begins. If the copy ends with a sealed segment, this adds the empty segment that follows. Returns when
     * both are durable, and the names of all files copied before; the caller must have forced their content.
     * Idempotent.
     *
     * @param logId the id of the log, as 32 hex digits
     * @param firstSegment the number of the oldest segment, or of the next one if there is none
     * @param firstSequence the sequence of its first record
     */
    public void complete(String logId, long firstSegment, long firstSequence) throws IOException {
        LogId id = LogId.parse(logId);
        if (firstSegment > 1 || firstSequence > 1) {
            TrimMark.writer(storage, names, id).write(firstSegment, firstSequence);
        }
        if (!storage.exists(names.current())) {
            List<Long> sealed = sealed();
            long number = sealed.isEmpty() ? firstSegment : sealed.get(sealed.size() - 1) + 1;
            // The limits in it do not matter, because the next open replaces a segment without records.
            SegmentHeader header = new SegmentHeader(id, number, new SecureRandom().nextLong(), 1 << 20, 1 << 16, 0);
            AtomicFile.replace(storage, names.current(), names.temporary(names.current()), header.encode());
        }
        storage.forceDirectory();
    }

    @Override
    public String toString() {
        return "LogFiles[directory=" + storage.describe() + ", prefix=" + names.prefix() + "]";
    }
}
