package io.veloz.wal.archive;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.RecoveryReport;
import io.veloz.wal.SegmentReport;
import io.veloz.wal.WalCheckpoint;
import io.veloz.wal.WalReader;
import io.veloz.wal.WalRestoreException;
import io.veloz.wal.archive.internal.format.UnknownArchiveFormatException;
import io.veloz.wal.archive.internal.proof.Retries;
import io.veloz.wal.archive.internal.read.ArchiveStorage;
import io.veloz.wal.archive.internal.read.MeteredStore;
import io.veloz.wal.archive.internal.restore.RestoreErrors;
import io.veloz.wal.archive.internal.search.IndexSearch;
import io.veloz.wal.archive.internal.search.IndexUpdate;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.archive.store.ObjectStores;
import io.veloz.wal.spi.RecordKeys;
import io.veloz.wal.storage.UninterruptibleThread;
import java.io.IOException;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Reads the log in an archive without restoring it. Thread-safe; each {@link WalReader} belongs to one thread at a time, and any
 * number of them may be open. An interrupt does not harm it. It changes nothing, and a writer may ship to the archive.
 *
 * <pre>{@code
 * try (ArchiveReader archive = ArchiveReader.open("s3://bucket/orders");
 *         WalReader reader = WalReader.open(archive.options().fromSequence(4711))) {
 *     while (reader.next()) {
 *         handle(reader.sequence(), reader.payload());
 *     }
 * }
 * }</pre>
 *
 * <p>Opening proves from the slots that the archive is complete, as a restore does. Then only the segments from the first
 * requested record on are fetched.
 *
 * <p><b>What is proven.</b> Every returned record has the checksum (CRC32C) that was written with it, its batch follows the batch
 * before it, each segment follows the one before it, and records do not end before the end of the archive. The SHA-256 in the
 * slots is compared for tails and for objects up to {@link ArchiveReadOptions#rangeBytes}. It cannot be compared for larger
 * objects, which are fetched in ranges: a reader detects their damage, but not an object that was forged on purpose. A restore and
 * {@link ArchiveVerifier#full} compare it always.
 *
 * <p><b>Retention.</b> Reading begins at the floor: the report, and readers without a first record, begin with the first record that is
 * not retired, and an earlier one is refused like a record that was trimmed. Records that are retired while this reader is open are
 * a {@link WalRestoreException} with the reason RETIRED when they are read.
 *
 * <p><b>Failures.</b> A damaged or missing object, or a failure of the store, is a {@link WalRestoreException}, whose reason and
 * message state the next step, from any call that reads. Damaged records are a {@link io.veloz.wal.WalCorruptException}. A
 * reader whose call failed because the store was unavailable may be used again.
 *
 * <p><b>Memory.</b> {@link ArchiveReadOptions} bounds it: decoded content, bytes that are fetched ahead, and for each open reader up
 * to two ranges and 2 MiB, or one tail. Some 700 bytes for each segment of the archive are added.
 */
public final class ArchiveReader implements AutoCloseable {
    private final MeteredStore store;
    private final ArchiveStorage storage;
    private final Retries retries;
    private final @Nullable ObjectStore owned;

    /**
     * Opens an archive, and proves that it is complete.
     *
     * @param uri the URI of the archive: s3://bucket/prefix or file:///directory
     * @throws WalRestoreException if it is not an archive, is incomplete or damaged, or cannot be read; see the reason
     */
    public static ArchiveReader open(String uri) {
        ObjectStore store = ObjectStores.open(uri);
        try {
            return new ArchiveReader(store, ArchiveReadOptions.defaults(), Retries.withBackoff(), store);
        } catch (RuntimeException | Error e) {
            store.close();
            throw e;
        }
    }

    /**
     * Opens an archive in a store, which the caller closes after this reader.
     *
     * @throws WalRestoreException as {@link #open(String)} does
     */
    public static ArchiveReader open(ObjectStore store, ArchiveReadOptions options) {
        return open(store, options, Retries.withBackoff());
    }

    static ArchiveReader open(ObjectStore store, ArchiveReadOptions options, Retries retries) {
        return new ArchiveReader(store, options, retries, null);
    }

    private ArchiveReader(
            ObjectStore opened, ArchiveReadOptions options, Retries retries, @Nullable ObjectStore owned) {
        this.store = new MeteredStore(opened);
        this.retries = retries;
        this.owned = owned;
        try {
            this.storage = new ArchiveStorage(
                    store, retries, options.cacheBytes(), options.rangeBytes(), options.aheadBytes());
        } catch (IOException | UnknownArchiveFormatException e) {
            throw RestoreErrors.translate(e, opened.describe());
        }
    }

    /**
     * Returns options for all records, for {@link WalReader#open} and {@link WalCheckpoint#newest}. A salvage continues after
     * missing and damaged records, but not after an object that is missing or damaged. Records that are archived later are not
     * returned, unless a reader has to look for a segment whose tails were dropped.
     */
    public ReadOptions options() {
        return ReadOptions.of(storage).prefix(storage.prefix());
    }

    /** Returns notes for the operator: what retention has removed, and which care records are damaged or missing. */
    public List<String> notes() {
        return storage.notes();
    }

    /** Returns the segments and their records, as the slots state them. The times of records in tails are not known: they are 0. */
    public RecoveryReport report() {
        return storage.report();
    }

    /** Returns what was requested so far, with the proof. */
    public ArchiveReadCost cost() {
        return new ArchiveReadCost(store.gets(), store.lists(), store.bytes());
    }

    /** Returns what reading all records of some segments of the {@link #report} costs, if nothing of them is in memory. */
    public ArchiveReadCost costOf(Collection<SegmentReport> segments) {
        return new ArchiveReadCost(
                segments.stream()
                        .mapToLong(segment -> storage.requests(segment.number()))
                        .sum(),
                0,
                segments.stream()
                        .mapToLong(segment -> storage.storedBytes(segment.number()))
                        .sum());
    }

    /**
     * Returns a search for records by their keys. Lists the index, with one request for each 1,000 of its objects.
     *
     * @param keys the implementation that the index was made with
     * @throws WalRestoreException if the store failed
     */
    public ArchiveKeySearch search(RecordKeys keys) {
        String archive = storage.describe();
        return new ArchiveKeySearch(
                uninterrupted(
                        archive,
                        () -> new IndexSearch(
                                store, retries, report().logId(), storage.prefix(), keys, storage.sealedSegments())),
                archive);
    }

    /** @param target the store of this archive, as this reader only reads */
    ArchiveIndexReport updateIndex(ObjectStore target, RecordKeys keys, boolean checks, LongConsumer progress) {
        IndexUpdate.Result result = uninterrupted(
                storage.describe(), () -> indexUpdate(target, keys).run(options(), checks, progress));
        return new ArchiveIndexReport(
                result.segments(), result.made(), result.merged(), result.bytes(), result.findings(), cost());
    }

    /** Makes the merged index that ends with a segment. Returns why it could not. */
    List<String> mergeIndex(ObjectStore target, RecordKeys keys, long lastSegment) {
        return uninterrupted(storage.describe(), () -> indexUpdate(target, keys).merge(lastSegment))
                .findings();
    }

    private IndexUpdate indexUpdate(ObjectStore target, RecordKeys keys) throws IOException {
        return new IndexUpdate(target, retries, report().logId(), storage.prefix(), keys, storage.sealedSegments());
    }

    static <T> T uninterrupted(String archive, Callable<T> task) {
        try {
            return UninterruptibleThread.call("veloz-wal-search", task);
        } catch (Exception e) {
            throw RestoreErrors.translate(e, archive);
        }
    }

    /** Returns the decoded content in memory, in bytes. */
    public long cachedBytes() {
        return storage.cachedBytes();
    }

    /** Ends its threads, and discards what is in memory. Later calls of readers throw {@link IllegalStateException}. */
    @Override
    public void close() {
        storage.close();
        if (owned != null) {
            owned.close();
        }
    }

    @Override
    public String toString() {
        return "ArchiveReader[" + storage.describe() + ", " + cost() + "]";
    }
}
