package io.veloz.wal.archive.internal.read;

import io.veloz.wal.RecoveryReport;
import io.veloz.wal.WalCorruptException;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.archive.internal.format.ArchiveKeys;
import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.internal.format.CareState.Floor;
import io.veloz.wal.archive.internal.format.StoredFrame;
import io.veloz.wal.archive.internal.index.IndexRange.Part;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.shiplog.ShipLog;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.spi.ReportedStorage;
import io.veloz.wal.storage.StorageFile;
import io.veloz.wal.storage.StorageLock;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The files of a log as they are in an archive: sealed segments and the newest checkpoint in objects, and the end of the log in
 * tails. Thread-safe; a file belongs to one thread.
 *
 * <p>Failures to read an object are thrown as {@link WalRestoreException}, whose reason states the next step.
 */
public final class ArchiveStorage implements ReportedStorage, AutoCloseable {
    private final ObjectStore store;
    private final ShipLog log;
    private final Retries retries;
    private final ArchiveProof proof;
    private final Fetcher fetcher;
    private final PieceCache cache;
    private final StoredBytes.Source source;
    private final AtomicLong lastOpened = new AtomicLong(-1);
    private volatile ArchiveContent content;

    /**
     * Proves the archive.
     *
     * @param cacheBytes the bound for decoded pieces
     * @param rangeBytes the size of a range, and of the largest object that is fetched whole
     * @param aheadBytes the bound for bytes that are fetched before they are needed
     */
    public ArchiveStorage(ObjectStore store, Retries retries, long cacheBytes, int rangeBytes, long aheadBytes)
            throws IOException {
        this.store = store;
        this.retries = retries;
        this.log = new ShipLog(store);
        this.proof = new ArchiveProof(log, retries);
        this.content = proof.prove(this);
        // Last: they have threads and memory, which an unusable archive must not leave.
        this.cache = new PieceCache(cacheBytes);
        this.fetcher = new Fetcher(aheadBytes);
        this.source = new StoredBytes.Source(store, retries, fetcher, rangeBytes);
    }

    /** Returns the prefix of the file names. */
    public String prefix() {
        return proof.prefix();
    }

    /** Returns what is retired, and which care records are damaged or missing. */
    public List<String> notes() {
        List<String> notes = new ArrayList<>(proof.findings());
        Floor begin = proof.begin();
        if (begin.isRaised()) {
            notes.add("the records before " + begin.cut().sequence() + " were retired by care record " + begin.record()
                    + "; reading begins with record " + begin.cut().sequence());
        }
        return notes;
    }

    @Override
    public RecoveryReport report() {
        return content.report();
    }

    /** Returns the segments that are objects, in the order of their numbers. */
    public List<Part> sealedSegments() {
        return content.sealedSegments();
    }

    /** Returns the size of the objects of a segment, or of its tails. */
    public long storedBytes(long segment) {
        ArchiveFile file = content.segment(segment);
        if (file instanceof ArchiveFile.Stored stored) {
            return stored.stored().objectBytes();
        }
        return file instanceof ArchiveFile.Tails tails ? tails.bytes() : 0;
    }

    /** Returns the number of requests that read a segment. */
    public long requests(long segment) {
        ArchiveFile file = content.segment(segment);
        if (file instanceof ArchiveFile.Stored stored) {
            return stored.stored().frames().stream()
                    .mapToLong(frame -> (frame.objectBytes() + source.rangeBytes() - 1) / source.rangeBytes())
                    .sum();
        }
        return file instanceof ArchiveFile.Tails tails ? tails.slots().size() : 0;
    }

    /** Returns the bytes of decoded pieces in memory. */
    public long cachedBytes() {
        return cache.bytes();
    }

    @Override
    public WalCorruptException explain(WalCorruptException damage) {
        String name = damage.file().substring(damage.file().lastIndexOf('/') + 1);
        ArchiveContent now = content;
        // The active segment may have been sealed since it was opened, so its name may be unknown now, or that of the
        // next one.
        ArchiveFile file = now.segmentOf(damage.firstSequence());
        return ReadErrors.explain(damage, store.describe(), file == null ? now.file(name) : file);
    }

    @Override
    public StorageFile openForReading(String name) throws NoSuchFileException {
        ArchiveFile file = content.file(name);
        if (file == null) {
            throw new NoSuchFileException(describe() + "/" + name);
        }
        return open(file);
    }

    private ReadOnlyFile open(ArchiveFile file) {
        if (file instanceof ArchiveFile.Tails tails) {
            return new TailsFile(tails, log, retries, fetcher, cache, this::failure, this::replacement);
        }
        ArchiveFile.Stored stored = (ArchiveFile.Stored) file;
        long number = stored.number();
        // A reader that continues from the segment before will probably read all of this one, and the next one.
        boolean continues = number > 0 && lastOpened.getAndSet(number) == number - 1;
        return open(stored, continues);
    }

    private ReadOnlyFile open(ArchiveFile.Stored stored, boolean continues) {
        List<StoredFrame> frames = stored.stored().frames();
        return frames.size() == 1
                ? part(stored, 0, continues)
                : new PartsFile(frames, continues, (index, isNext) -> part(stored, index, isNext));
    }

    private ObjectFile part(ArchiveFile.Stored stored, int index, boolean continues) {
        List<StoredFrame> frames = stored.stored().frames();
        @Nullable StoredFrame next = index + 1 < frames.size() ? frames.get(index + 1) : null;
        Runnable afterLast = next == null ? () -> ahead(stored.number()) : () -> source.ahead(next);
        return new ObjectFile(stored, frames.get(index), source, cache, this::failure, continues, afterLast);
    }

    private void ahead(long number) {
        @Nullable ArchiveFile next = number == 0 ? null : content.segment(number + 1);
        if (next instanceof ArchiveFile.Stored stored) {
            source.ahead(stored.stored().frames().get(0));
        }
    }

    /** Translates a failure. An object that is damaged or missing may be retired since the proof. */
    private WalRestoreException failure(ArchiveFile file, String key, IOException e) {
        if (!ReadErrors.isBad(e)) {
            return ReadErrors.of(file, key, e);
        }
        try {
            Floor floor = proof.floor();
            return file.isAbove(floor.cut())
                    ? ReadErrors.retired(describe(), file, key, floor, e)
                    : ReadErrors.of(file, key, e);
        } catch (IOException unknown) {
            unknown.addSuppressed(e);
            return ReadErrors.of(file, key, unknown);
        }
    }

    /** Proves the archive again, because a tail disappeared. */
    private ReadOnlyFile replacement(ArchiveFile.Tails file, long missingSlot) throws IOException {
        ArchiveFile now = refreshed(file);
        boolean same = now instanceof ArchiveFile.Tails tails
                && tails.slots().stream().anyMatch(slot -> slot.slot() == missingSlot);
        if (now == null || same) {
            throw new BadObjectException(log.where(ArchiveKeys.slot(missingSlot)) + ": the object is missing");
        }
        return open(now);
    }

    private synchronized @Nullable ArchiveFile refreshed(ArchiveFile.Tails file) throws IOException {
        if (Objects.equals(content.segment(file.number()), file)) {
            content = proof.prove(this);
        }
        return content.segment(file.number());
    }

    @Override
    public String describe() {
        return store.describe();
    }

    @Override
    public List<String> list() {
        return content.names();
    }

    @Override
    public boolean isLocked(String name) {
        return false;
    }

    @Override
    public long usableBytes() {
        return 0;
    }

    @Override
    public StorageFile create(String name) {
        throw readOnly();
    }

    @Override
    public StorageFile open(String name) {
        throw readOnly();
    }

    @Override
    public void rename(String from, String to) {
        throw readOnly();
    }

    @Override
    public void delete(String name) {
        throw readOnly();
    }

    @Override
    public void forceDirectory() {
        throw readOnly();
    }

    @Override
    public StorageLock lock(String name) {
        throw readOnly();
    }

    private UnsupportedOperationException readOnly() {
        return new UnsupportedOperationException(describe() + " is read-only here");
    }

    /** Ends the threads, and discards what is in memory. Later reads throw {@link IllegalStateException}. */
    @Override
    public void close() {
        fetcher.close();
        cache.clear();
    }
}
