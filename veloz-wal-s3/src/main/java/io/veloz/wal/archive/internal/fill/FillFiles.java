package io.veloz.wal.archive.internal.fill;

import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.internal.format.FillState;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.Slot.StoredFile;
import io.veloz.wal.archive.internal.restore.NewFile;
import io.veloz.wal.archive.internal.restore.ObjectFiles;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.spi.OlderSegments;
import io.veloz.wal.storage.ForwardingStorage;
import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageFile;
import io.veloz.wal.storage.StorageInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.NoSuchFileException;
import java.util.Optional;

/**
 * The files of a fill in the directory of a log: its state, and segments under temporary names. A segment that was fetched
 * completely is not fetched again, also after a crash. Thread-safe for different segments.
 */
public final class FillFiles {
    private static final int MAX_DIGITS = 18;

    private final Storage storage;
    private final LogFiles names;
    private final OlderSegments older;

    /** Changes no file after the log was closed. */
    private final Storage guarded;

    FillFiles(LogFiles names, OlderSegments older) {
        this.storage = names.storage();
        this.names = names;
        this.older = older;
        this.guarded = new ForwardingStorage(storage) {
            @Override
            public StorageFile create(String name) throws IOException {
                delete(name);
                older.checkOpen();
                return super.create(name);
            }

            @Override
            public void delete(String name) throws IOException {
                FillFiles.this.delete(name);
            }
        };
    }

    /**
     * Reads what may be filled in; empty if no fill is pending.
     *
     * @throws BadObjectException if the file is damaged
     */
    public static Optional<FillState> state(LogFiles log) throws IOException {
        String where = log.storage().describe() + "/" + log.fillName();
        try (InputStream in = StorageInputStream.of(log.storage(), log.fillName())) {
            return Optional.of(FillState.decode(where, in.readNBytes(FillState.MAX_BYTES)));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
    }

    long usableBytes() throws IOException {
        return storage.usableBytes();
    }

    /**
     * Deletes the temporary files of segments before the log.
     *
     * @param from the first segment whose file stays
     */
    void retain(long from) throws IOException {
        for (String name : storage.list()) {
            if (isTemporary(name) && number(name) < Math.min(from, older.firstSegment())) {
                delete(name);
            }
        }
    }

    private boolean isTemporary(String name) {
        int begin = digitsAt();
        int end = name.indexOf('.', begin);
        return name.startsWith("." + names.prefix() + "_")
                && end > begin
                && end <= begin + MAX_DIGITS
                && name.substring(begin, end).chars().allMatch(c -> c >= '0' && c <= '9')
                && name.equals(older.temporaryName(number(name)));
    }

    private long number(String temporary) {
        return Long.parseLong(temporary.substring(digitsAt(), temporary.indexOf('.', digitsAt())));
    }

    private int digitsAt() {
        return names.prefix().length() + 2;
    }

    /** Deletes a file, unless the log was closed and another process may have opened it. */
    private void delete(String name) throws IOException {
        older.checkOpen();
        try {
            storage.delete(name);
        } catch (NoSuchFileException e) {
            // Deleted by an open of the log.
        }
    }

    /**
     * Fetches a segment. Returns when its file is complete and forced.
     *
     * @return whether the file was complete already
     */
    boolean fetch(ObjectFiles objects, Segment segment) throws IOException {
        older.checkOpen();
        String name = older.temporaryName(segment.number());
        if (isComplete(objects, name, segment.stored())) {
            return true;
        }
        try (NewFile sink = new NewFile(guarded, name)) {
            objects.fetch(segment.stored(), sink);
            sink.finish();
        }
        return false;
    }

    private boolean isComplete(ObjectFiles objects, String name, StoredFile expected) throws IOException {
        try (StorageFile file = storage.openForReading(name)) {
            return file.size() == expected.fileBytes()
                    && objects.fileDigest(file, expected).equals(expected.fileSha256());
        } catch (NoSuchFileException e) {
            return false;
        }
    }
}
