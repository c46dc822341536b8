package io.veloz.wal.archive.internal.repair;

import io.veloz.wal.ReadOptions;
import io.veloz.wal.SegmentReport;
import io.veloz.wal.WalProgress;
import io.veloz.wal.WalReader;
import io.veloz.wal.WalRecovery;
import io.veloz.wal.archive.internal.restore.NewFile;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.storage.StorageFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Map;
import java.util.Optional;

/**
 * The header of an active segment whose own one is unreadable: the archived one, with the bytes of the local end marks. It is used
 * only if local bytes prove that it is the header of this file, as the number of the segment is not known without it: an intact
 * batch, or record, or end mark. Each has a checksum with the salt in the header, which is random for each file. Immutable.
 */
final class ArchivedHeader {
    static final int BYTES = 4096;
    private static final int MARKS_AT = 512;
    private static final int MARKS_END = 1536;
    private static final int SEGMENT_BYTES_AT = 56;

    /** A staged file for the header alone. */
    private static final String STAGED = "header";

    private final byte[] page;
    private final boolean hasMark;

    private ArchivedHeader(byte[] page, boolean hasMark) {
        this.page = page;
        this.hasMark = hasMark;
    }

    /** Returns the page as the file is to have it in this log. The caller does not change it. */
    byte[] page() {
        return page;
    }

    /** Returns whether an end mark in the page is valid. */
    boolean hasMark() {
        return hasMark;
    }

    /** Returns the length that the file was prepared with. */
    long preparedBytes() {
        return ByteBuffer.wrap(page).order(ByteOrder.LITTLE_ENDIAN).getLong(SEGMENT_BYTES_AT);
    }

    /**
     * Returns the header for the active segment, if local bytes prove that it has this one.
     *
     * @param archived the first page of an archived segment
     */
    static Optional<ArchivedHeader> proven(LogFiles files, StagedNames staged, byte[] archived) throws IOException {
        byte[] marked = archived.clone();
        try (StorageFile raw = files.storage().openForReading(files.currentName())) {
            ByteBuffer marks = ByteBuffer.allocate(MARKS_END - MARKS_AT);
            raw.readFully(marks, MARKS_AT);
            // An invalid mark counts as absent, so its bytes do no harm.
            System.arraycopy(marks.array(), 0, marked, MARKS_AT, marks.capacity());
        }
        Optional<ArchivedHeader> found = provenPage(files, staged, marked);
        // The page of a segment that was not prepared has no place for marks.
        return found.isPresent() || Arrays.equals(marked, archived) ? found : provenPage(files, staged, archived);
    }

    private static Optional<ArchivedHeader> provenPage(LogFiles files, StagedNames staged, byte[] page)
            throws IOException {
        boolean hasMark = hasMark(files, staged, page);
        NameView view = new NameView(files.storage(), Map.of(files.currentName(), files.currentName()))
                .withHeader(files.currentName(), page);
        Optional<SegmentReport> report = verify(files, view);
        boolean isReadable = report.filter(segment -> segment.number() > 0).isPresent();
        boolean isProven =
                isReadable && (hasMark || report.get().dataBytes() > BYTES || hasRecord(options(files, view)));
        return isProven ? Optional.of(new ArchivedHeader(page, hasMark)) : Optional.empty();
    }

    /** Returns whether a mark is valid. It shows in a file of the header alone: that is shorter than the mark states. */
    private static boolean hasMark(LogFiles files, StagedNames staged, byte[] page) throws IOException {
        try (NewFile to = new NewFile(staged, STAGED)) {
            to.restart();
            to.write(page, page.length);
            to.finish();
        }
        try {
            NameView view = new NameView(files.storage(), Map.of(files.currentName(), StagedNames.staged(STAGED)));
            return verify(files, view)
                    .filter(segment -> segment.number() > 0 && !segment.isGood())
                    .isPresent();
        } finally {
            staged.delete(STAGED);
        }
    }

    private static Optional<SegmentReport> verify(LogFiles files, NameView view) throws IOException {
        return new LocalSegments(files, WalRecovery.verify(options(files, view), WalProgress.NONE), view.list())
                .active();
    }

    private static boolean hasRecord(ReadOptions options) {
        try (WalReader reader = WalReader.open(options.salvage())) {
            return reader.next();
        }
    }

    private static ReadOptions options(LogFiles files, NameView view) {
        return ReadOptions.of(view).prefix(files.prefix()).acceptMissingEnds(true);
    }
}
