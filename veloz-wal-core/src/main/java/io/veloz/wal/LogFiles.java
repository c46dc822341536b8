package io.veloz.wal;

import io.veloz.wal.internal.format.DamagedException;
import io.veloz.wal.internal.format.Footer;
import io.veloz.wal.internal.format.LogId;
import io.veloz.wal.internal.format.SegmentHeader;
import io.veloz.wal.internal.format.SegmentNames;
import io.veloz.wal.internal.format.UnknownFormatException;
import io.veloz.wal.internal.recovery.Recovery;
import io.veloz.wal.internal.recovery.TrimMark;
import io.veloz.wal.internal.segment.FooterReader;
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
 * The files of a log, for somebody who keeps an exact copy of them, or puts one back. Immutable; any thread may call any
 * method. Reading disturbs no writer; {@link #complete} is for a directory that nobody has open.
 *
 * <p>What the bytes mean is in docs/format.md. {@link SegmentReader} reads the segment that is still written.
 */
public final class LogFiles {
    private final Storage storage;
    private final SegmentNames names;

    private LogFiles(Storage storage, String prefix) {
        this.storage = Objects.requireNonNull(storage, "storage");
        this.names = new SegmentNames(prefix);
    }

    public static LogFiles of(Storage storage, String prefix) {
        return new LogFiles(storage, prefix);
    }

    /**
     * Of a log in a directory, with file names that start with "orders".
     *
     * @throws WalOpenException if there is no such directory
     */
    public static LogFiles of(Path directory) {
        return new LogFiles(DiskStorage.open(directory), "orders");
    }

    public Storage storage() {
        return storage;
    }

    /** What the names of the files start with. */
    public String prefix() {
        return names.prefix();
    }

    /** The name of a sealed segment. */
    public String sealedName(long number) {
        return names.sealed(number);
    }

    /** The name of the active segment. */
    public String currentName() {
        return names.current();
    }

    /** The name of the file for the newer checkpoint of a copy. */
    public String checkpointName() {
        return names.checkpoint(0);
    }

    /** Whether a file of that name belongs to this log. The lock does not count: it is never moved or removed. */
    public boolean isOwn(String name) {
        return names.isOwn(name);
    }

    /**
     * Takes the lock that an open log holds. While it is held no process opens the log.
     *
     * @throws WalLockedException if another process or instance holds it; the message names the holder
     */
    public StorageLock lock() throws IOException {
        return storage.lock(names.lock());
    }

    /** The name of the file that {@link #lock} locks. */
    public String lockName() {
        return names.lock();
    }

    /** The name of the mark that {@link #beginRestore} writes. */
    public String restoreMarkName() {
        return names.restoring();
    }

    /** Whether a restore into this directory has begun and has not ended. */
    public boolean isRestoring() throws IOException {
        return storage.list().contains(names.restoring());
    }

    /**
     * Marks the directory: from now until {@link #endRestore} {@link Wal#open} and {@link WalRecovery} refuse it, also after a
     * crash. Returns when the mark is on disk. The caller holds the {@link #lock}.
     */
    public void beginRestore() throws IOException {
        String text = "A restore of this log has begun and has not ended. Run the same restore again to complete it.\n";
        AtomicFile.replace(
                storage,
                names.restoring(),
                names.temporary(names.restoring()),
                ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII)));
    }

    /** Removes the mark. Returns when that is on disk; so are all names that were created or moved before. */
    public void endRestore() throws IOException {
        // Order matters: with the mark gone and a segment's name lost in a crash, a shorter log would open.
        storage.forceDirectory();
        if (isRestoring()) {
            storage.delete(names.restoring());
            storage.forceDirectory();
        }
    }

    /** Refuses a directory in which a restore has not ended: what is in it may be a part of a log. */
    static void checkNoRestore(Storage storage, SegmentNames names) throws IOException {
        if (storage.list().contains(names.restoring())) {
            throw new WalOpenException(
                    storage.describe() + ": a restore into it has not ended (" + names.restoring()
                            + " exists); run the same restore again, or restore into another directory",
                    null);
        }
    }

    /** Whether anybody has the log open for writing. */
    public boolean isLocked() throws IOException {
        return storage.isLocked(names.lock());
    }

    /** 32 hex digits that tell the log from every other; empty if no segment can be read. */
    public Optional<String> logId() throws IOException {
        LogId id = findLogId();
        return id.equals(LogId.NONE) ? Optional.empty() : Optional.of(id.toString());
    }

    /** The one that the trim mark names, or else most segments; {@link LogId#NONE} if no file names any. */
    LogId findLogId() throws IOException {
        boolean renamed = true;
        Map<LogId, Integer> counts = new HashMap<>();
        LogId most = LogId.NONE;
        while (renamed && counts.isEmpty()) {
            renamed = false;
            try {
                @Nullable TrimMark mark = TrimMark.read(storage, names);
                if (mark != null) {
                    return mark.logId();
                }
            } catch (DamagedException e) {
                // Names none; the segments do.
            }
            for (String name :
                    storage.list().stream().filter(names::isSegment).sorted().toList()) {
                try (StorageFile file = storage.openForReading(name)) {
                    LogId id = header(file).logId();
                    int count = counts.merge(id, 1, Integer::sum);
                    most = count > counts.getOrDefault(most, 0) ? id : most;
                } catch (NoSuchFileException e) {
                    // The writer renamed it since it was listed: if no other one names the log, the next list does.
                    renamed = true;
                } catch (DamagedException | UnknownFormatException e) {
                    // Names none; another one may.
                }
            }
        }
        return most;
    }

    /** The numbers of all sealed segments that there are, ascending. */
    public List<Long> sealed() throws IOException {
        int digitsAt = names.prefix().length() + 1;
        return storage.list().stream()
                .filter(names::isSealed)
                .map(name -> Long.parseLong(name.substring(digitsAt, name.length() - ".wal".length())))
                .sorted()
                .toList();
    }

    /**
     * What a sealed segment says of itself; empty if there is none of that number, or it is not sealed yet. The data is
     * not read.
     *
     * @throws WalCorruptException if header or footer are not whole
     * @throws WalVersionException if this version does not know its format
     */
    public Optional<SealedSegment> sealed(long number) throws IOException {
        String name = names.sealed(number);
        String where = storage.describe() + "/" + name;
        try (StorageFile file = storage.openForReading(name)) {
            SegmentHeader header = header(file);
            Footer footer = FooterReader.atEnd(file, header);
            if (footer == null || header.number() != number) {
                throw new WalCorruptException(where, file.size(), -1, -1, "the footer is not whole");
            }
            return Optional.of(new SealedSegment(
                    name,
                    number,
                    footer.firstSequence(),
                    footer.lastSequence(),
                    footer.recordCount(),
                    footer.minTimestampNanos(),
                    footer.maxTimestampNanos(),
                    footer.dataEnd(),
                    file.size(),
                    footer.dataSha256().toString()));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (DamagedException e) {
            throw new WalCorruptException(where, 0, -1, -1, String.valueOf(e.getMessage()));
        } catch (UnknownFormatException e) {
            throw new WalVersionException(where + ": " + e.getMessage());
        }
    }

    /** The bytes of a file of this log. Close the stream. It belongs to one thread. */
    public InputStream open(String name) throws IOException {
        return StorageInputStream.of(storage, name);
    }

    /**
     * A segment's file, for reading: its bytes as {@link SegmentReader} hands them out and as the sealed file has them. Only
     * the marks that the active segment has in its header page read as zeros.
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
     * Seals the active segment of a copy, if the copy has the bytes of it but not the sealed file, and goes on with the next
     * one. What came before must be there, sealed. Returns when the sealed segment is on disk. May be repeated.
     *
     * @throws WalCorruptException if the copy is damaged up to there
     */
    public void sealCurrent() throws IOException {
        var settings = new Recovery.Settings(0, 0, () -> 0);
        new Recovery(storage, names, settings, false).sealCurrent();
    }

    /**
     * Makes a log of segments that were copied into a directory: says where it begins if that is not with the first record
     * ever, and adds the empty segment that follows if the copy ends with a sealed one. Returns when that is on disk, and so
     * are the names of everything copied before; their content the caller has forced. May be repeated.
     *
     * @param logId 32 hex digits
     * @param firstSegment the number of the oldest segment there is, or would be if there were any
     * @param firstSequence of its first record
     */
    public void complete(String logId, long firstSegment, long firstSequence) throws IOException {
        LogId id = LogId.parse(logId);
        if (firstSegment > 1 || firstSequence > 1) {
            TrimMark.writer(storage, names, id).write(firstSegment, firstSequence);
        }
        if (!storage.list().contains(names.current())) {
            List<Long> sealed = sealed();
            long number = sealed.isEmpty() ? firstSegment : sealed.get(sealed.size() - 1) + 1;
            // Its limits do not matter: the open that comes replaces a segment without records by one of its own.
            SegmentHeader header = new SegmentHeader(id, number, new SecureRandom().nextLong(), 1 << 20, 1 << 16, 0);
            AtomicFile.replace(storage, names.current(), names.temporary(names.current()), header.encode());
        }
        storage.forceDirectory();
    }

    @Override
    public String toString() {
        return "LogFiles " + storage.describe() + " (" + names.prefix() + ")";
    }
}
