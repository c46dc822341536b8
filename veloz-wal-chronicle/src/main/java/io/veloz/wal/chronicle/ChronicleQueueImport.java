package io.veloz.wal.chronicle;

import io.veloz.wal.Durability;
import io.veloz.wal.ReadOptions;
import io.veloz.wal.RecoveryReport;
import io.veloz.wal.Wal;
import io.veloz.wal.WalConfig;
import io.veloz.wal.WalDiskFullException;
import io.veloz.wal.WalOpenException;
import io.veloz.wal.WalProgress;
import io.veloz.wal.WalReader;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.storage.StorageFullException;
import java.io.IOException;
import java.time.Duration;
import java.util.OptionalLong;
import net.openhft.chronicle.bytes.Bytes;
import net.openhft.chronicle.queue.ChronicleQueue;
import net.openhft.chronicle.queue.ExcerptTailer;
import net.openhft.chronicle.queue.RollCycle;
import net.openhft.chronicle.queue.impl.RollingChronicleQueue;
import net.openhft.chronicle.wire.DocumentContext;

/**
 * Imports a Chronicle queue into a log: one record for each document, in the order of the queue. Any thread may run one.
 *
 * <pre>{@code
 * try (ChronicleQueue queue = ChronicleQueue.singleBuilder(oldDirectory).readOnly(true).build()) {
 *     ChronicleQueueImport.run(
 *             queue,
 *             WalConfig.builder(newDirectory).build(),
 *             (index, document) -> 1,
 *             ChronicleQueueImport.Progress.NONE);
 * }
 * }</pre>
 *
 * <p>The import can be interrupted at any point and run again: it resumes after the last document in the log, and imports
 * each document exactly once. It can also be run again when the queue has grown. The target is a new log, or the log of an
 * earlier import to which nothing else was appended.
 *
 * <p>The file {@code .PREFIX_chronicle_import} in the directory of the log stores a position: the sequence of a durable
 * record, and the index of its document. All records after it are the documents that follow in the queue. Each run compares
 * these records with their documents before it appends.
 *
 * <p>Crash table:
 *
 * <table>
 * <caption>What a crash leaves, and what the next run does</caption>
 * <tr><th>crash</th><th>on disk</th><th>next run</th></tr>
 * <tr><td>before the first position is written</td><td>a log without records</td><td>starts</td></tr>
 * <tr><td>after the first position, before the next one</td>
 *     <td>a position without a document; a first part of the records</td>
 *     <td>compares that part from the start of the queue, and appends the rest</td></tr>
 * <tr><td>between the fsync of the log and the next position</td>
 *     <td>the position before; at least the records that the next one would name</td>
 *     <td>compares the records after the position, and appends the rest</td></tr>
 * <tr><td>after a position is written</td><td>the position, its record, and perhaps some of those that follow</td>
 *     <td>compares these, and appends the rest</td></tr>
 * <tr><td>after the last position</td><td>the whole log</td><td>compares the last record, and appends what is new</td></tr>
 * </table>
 *
 * <p>Records that a crash takes away were not durable. Their documents get the same sequences again.
 */
public final class ChronicleQueueImport {
    private static final long BYTES_BETWEEN_POSITIONS = 64L * 1024 * 1024;
    private static final Duration FULL_DISK_CHECK = Duration.ofSeconds(1);

    private final ChronicleQueue queue;
    private final ExcerptTailer tailer;
    private final RollCycle cycle;
    private final long epochMillis;
    private final Wal wal;
    private final DocumentMapping mapping;
    private final Progress progress;
    private final long bytesBetweenPositions;
    private final BytesAppender appender;
    private final BytesView view;

    private long appended;
    private long bytesSincePosition;
    private OptionalLong lastIndex = OptionalLong.empty();

    /** Receives the progress of an import. It is called by the thread of the import, once for each document. */
    @FunctionalInterface
    public interface Progress {
        /** Ignores the progress. */
        Progress NONE = (documents, index, lastIndex) -> {};

        /**
         * A document was appended.
         *
         * @param documents the number of documents that this run has appended
         * @param index of the document
         * @param lastIndex the last index of the queue when the import began
         */
        void update(long documents, long index, long lastIndex);
    }

    private ChronicleQueueImport(
            ChronicleQueue queue,
            ExcerptTailer tailer,
            Wal wal,
            DocumentMapping mapping,
            Progress progress,
            long bytesBetweenPositions) {
        this.queue = queue;
        this.tailer = tailer;
        this.cycle = queue.rollCycle();
        this.epochMillis = queue instanceof RollingChronicleQueue rolling ? rolling.epoch() : 0;
        this.wal = wal;
        this.mapping = mapping;
        this.progress = progress;
        this.bytesBetweenPositions = bytesBetweenPositions;
        this.appender = BytesAppender.of(wal);
        this.view = new BytesView(wal.config().maxPayloadBytes());
    }

    /**
     * Appends every document that the queue has and the log has not. Metadata of the queue is left out. When this returns
     * the log is on disk in full, closed, and has been read back. The queue is only read, and stays open. If a program
     * writes to the queue, this returns when it has caught up with that program.
     *
     * @param into the log; its durability does not matter here
     * @throws WalOpenException if the log cannot be used, its records are not documents of this queue, or the queue no
     *     longer has the document at which the import has to resume; nothing was appended. Also if the queue cannot be read
     *     up to its last document, or the import position cannot be written; what was appended counts
     * @throws io.veloz.wal.WalLockedException if another import or program has the log open
     * @throws io.veloz.wal.WalVersionException if a later version of this library wrote the log or the import position
     * @throws WalDiskFullException if there is no room; run it again when there is
     * @throws io.veloz.wal.WalFailedException if the disk fails; run it again
     * @throws IllegalArgumentException if a document is larger than the settings allow, or the mapping returns a type that
     *     is out of range. The message names the document. Run it again with other settings or a corrected mapping
     */
    public static ChronicleQueueImportReport run(
            ChronicleQueue from, WalConfig into, DocumentMapping mapping, Progress progress) {
        return run(from, into, mapping, progress, BYTES_BETWEEN_POSITIONS);
    }

    static ChronicleQueueImportReport run(
            ChronicleQueue from,
            WalConfig into,
            DocumentMapping mapping,
            Progress progress,
            long bytesBetweenPositions) {
        ChronicleQueueImportReport report;
        try (ExcerptTailer tailer = from.createTailer();
                Wal wal = Wal.open(into)) {
            report = new ChronicleQueueImport(from, tailer, wal, mapping, progress, bytesBetweenPositions).run();
        } catch (StorageFullException e) {
            throw new WalDiskFullException(
                    "not enough disk space for the import position of " + from.fileAbsolutePath() + ": "
                            + e.getMessage(),
                    e);
        } catch (IOException e) {
            throw new WalOpenException("cannot import " + from.fileAbsolutePath() + ": " + e, e);
        }
        RecoveryReport copy = WalRecovery.verify(ReadOptions.of(into), WalProgress.NONE);
        // The log is closed: another import may have appended more.
        if (!copy.isSound() || copy.lastSequence() < report.lastSequence()) {
            throw new WalOpenException(
                    "the imported log reads back up to record " + copy.lastSequence()
                            + (copy.isSound() ? "" : ", damaged") + "; expected " + report.lastSequence()
                            + " sound records",
                    null);
        }
        return report;
    }

    private ChronicleQueueImportReport run() throws IOException {
        long goal = lastIndexOfQueue();
        long before = wal.lastSequence();
        resume();
        while (appendNext(goal)) {
            if (bytesSincePosition >= bytesBetweenPositions) {
                writePosition();
            }
        }
        if (goal >= 0 && (lastIndex.isEmpty() || lastIndex.getAsLong() < goal)) {
            throw new WalOpenException(
                    "the tailer of " + queue.fileAbsolutePath() + " stopped after " + describe(lastIndex)
                            + "; expected documents up to " + describe(OptionalLong.of(goal)),
                    null);
        }
        writePosition();
        return new ChronicleQueueImportReport(appended, before, lastIndex, wal.lastSequence());
    }

    /**
     * Returns the index of the last document; -1 if there is none. {@link ChronicleQueue#lastIndex()} alone returns an
     * earlier index if the end of the last file was lost, as after a power failure. Its header still counts what was lost.
     */
    private long lastIndexOfQueue() {
        long end = tailer.toEnd().index();
        return Math.max(queue.lastIndex(), cycle.toSequenceNumber(end) > 0 ? end - 1 : -1);
    }

    // ---- resume

    /** Moves the tailer after the document of the last record. */
    private void resume() throws IOException {
        ImportPosition position = ImportPosition.read(
                        wal.files().storage(), wal.config().prefix())
                .orElse(null);
        if (position == null) {
            if (wal.lastSequence() > 0) {
                throw new WalOpenException(
                        wal + " has " + wal.lastSequence()
                                + " records and no import position; expected a new log, or the log of an earlier import",
                        null);
            }
            // Before the first record: a log with records and without a position is not the log of an import.
            ImportPosition.START.write(wal.files().storage(), wal.config().prefix());
            position = ImportPosition.START;
        }
        checkHas(position.sequence());
        if (position.index().isEmpty()) {
            tailer.toStart();
        } else if (!tailer.moveToIndex(position.index().getAsLong())) {
            throw new WalOpenException(
                    queue.fileAbsolutePath() + " has no document with " + describe(position.index())
                            + ", after which the import has to resume",
                    null);
        }
        compare(Math.max(1, position.sequence()));
    }

    private void checkHas(long sequence) {
        long first = wal.recovery().firstSequence();
        long last = wal.lastSequence();
        String records;
        if (sequence > last) {
            records = " ends with record " + last;
        } else if (last > 0 && (first < 0 || first > Math.max(1, sequence))) {
            records = " was trimmed and begins with record " + (first < 0 ? last + 1 : first);
        } else {
            return;
        }
        throw new WalOpenException(wal + records + "; expected record " + sequence + " of an earlier import", null);
    }

    /** Compares the records from a sequence on with the documents at the tailer. */
    private void compare(long fromSequence) {
        if (wal.lastSequence() < fromSequence) {
            return;
        }
        try (WalReader reader = wal.reader(ReadOptions.of(wal.files().storage()).fromSequence(fromSequence))) {
            while (reader.next()) {
                try (DocumentContext document = tailer.readingDocument()) {
                    if (!document.isPresent() || !isSame(reader, document)) {
                        throw new WalOpenException(
                                "record " + reader.sequence() + " of " + wal + " is not the document "
                                        + (document.isPresent()
                                                ? "with " + describe(OptionalLong.of(document.index()))
                                                : "after " + describe(lastIndex))
                                        + " of " + queue.fileAbsolutePath(),
                                null);
                    }
                    lastIndex = OptionalLong.of(document.index());
                }
            }
        }
    }

    private boolean isSame(WalReader reader, DocumentContext document) {
        Mapped mapped = map(document);
        return reader.type() == mapped.type
                && reader.timestampNanos() == mapped.timestampNanos
                && reader.payload().remaining() == mapped.payload.readRemaining()
                && reader.payload().equals(view.of(mapped.payload));
    }

    // ---- append

    private boolean appendNext(long goal) {
        try (DocumentContext document = tailer.readingDocument()) {
            if (!document.isPresent()) {
                return false;
            }
            Mapped mapped = map(document);
            bytesSincePosition += mapped.payload.readRemaining();
            append(document.index(), mapped);
            appended++;
            lastIndex = OptionalLong.of(document.index());
            progress.update(appended, document.index(), goal);
            return true;
        }
    }

    private void append(long index, Mapped mapped) {
        try {
            // No record counts before its position or the end of the import, which force the log.
            appender.append(mapped.type, mapped.timestampNanos, mapped.payload, Durability.LOSE_UNFORCED);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "document with " + describe(OptionalLong.of(index)) + " of " + queue.fileAbsolutePath() + ": "
                            + e.getMessage(),
                    e);
        }
    }

    /** Order matters: a position names only a record that is on disk. */
    private void writePosition() throws IOException {
        force();
        new ImportPosition(wal.lastSequence(), lastIndex)
                .write(wal.files().storage(), wal.config().prefix());
        bytesSincePosition = 0;
    }

    /** On a full disk {@link Wal#sync()} waits for space; an import ends, and is run again. */
    private void force() {
        while (!wal.sync(FULL_DISK_CHECK)) {
            if (wal.stats().diskFull()) {
                throw new WalDiskFullException(
                        "disk full: " + wal + " cannot be forced; run the import again when there is space", null);
            }
        }
    }

    // ---- both

    private record Mapped(int type, long timestampNanos, Bytes<?> payload) {}

    private Mapped map(DocumentContext document) {
        Bytes<?> payload = document.wire().bytes();
        long position = payload.readPosition();
        long limit = payload.readLimit();
        long index = document.index();
        long cycleStartMillis = epochMillis + (long) cycle.toCycle(index) * cycle.lengthInMillis();
        try {
            int type = mapping.type(index, payload);
            payload.readPositionUnlimited(position);
            payload.readLimit(limit);
            return new Mapped(type, mapping.timestampNanos(index, payload, cycleStartMillis * 1_000_000), payload);
        } finally {
            payload.readPositionUnlimited(position);
            payload.readLimit(limit);
        }
    }

    private static String describe(OptionalLong index) {
        return index.isPresent() ? "index 0x" + Long.toHexString(index.getAsLong()) : "the start";
    }
}
