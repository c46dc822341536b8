package io.veloz.wal.archive.internal.follow;

import io.veloz.wal.archive.ArchiveFollowException;
import io.veloz.wal.archive.ArchiveFollowException.Reason;
import io.veloz.wal.archive.internal.crypt.ContentDigest;
import io.veloz.wal.archive.internal.format.BadObjectException;
import io.veloz.wal.archive.internal.format.FollowState;
import io.veloz.wal.archive.internal.format.FollowState.Content;
import io.veloz.wal.archive.internal.format.Slot.Attachment;
import io.veloz.wal.archive.internal.format.Slot.Segment;
import io.veloz.wal.archive.internal.format.Slot.StoredFile;
import io.veloz.wal.archive.internal.format.Slot.Tail;
import io.veloz.wal.archive.internal.restore.FileDigest;
import io.veloz.wal.archive.internal.restore.ObjectFiles;
import io.veloz.wal.spi.LogFiles;
import io.veloz.wal.storage.AtomicFile;
import io.veloz.wal.storage.ForwardingStorage;
import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageFile;
import io.veloz.wal.storage.StorageInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.NoSuchFileException;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The files of a standby. Every change is durable when its method returns. It belongs to one thread,
 * but any thread may fetch a segment while no other thread fetches the same one.
 *
 * <p>The marker of an unfinished restore exists from before the first file until the promotion, so no engine opens the
 * directory in between.
 */
final class StandbyFiles {
    private static final String TEMPORARY = ".tmp";

    private final Storage storage;
    private final LogFiles names;
    private final ObjectFiles objects;
    private final String stateName;

    StandbyFiles(Storage storage, String prefix, ObjectFiles objects) {
        this.storage = storage;
        this.names = LogFiles.of(storage, prefix);
        this.objects = objects;
        this.stateName = FollowState.fileName(prefix);
    }

    LogFiles names() {
        return names;
    }

    /**
     * Returns the files without the sealed segments before one, which a log that begins with it need not have. To seal or check
     * the last segment the one before it suffices; to read all of them would take the longer, the older the log is.
     */
    LogFiles from(long segment) {
        String first = names.sealedName(segment);
        Storage last = new ForwardingStorage(storage) {
            @Override
            public List<String> list() throws IOException {
                return super.list().stream()
                        .filter(name -> !isSealedBefore(name, first))
                        .toList();
            }
        };
        return LogFiles.of(last, names.prefix());
    }

    private boolean isSealedBefore(String name, String sealed) {
        return name.startsWith(names.prefix() + "_") && name.length() == sealed.length() && name.compareTo(sealed) < 0;
    }

    String describe() {
        return storage.describe();
    }

    // ---- the state

    /** Returns the state; empty if the directory is not a standby. */
    Optional<FollowState> state() throws IOException {
        String where = describe() + "/" + stateName;
        try (InputStream in = StorageInputStream.of(storage, stateName)) {
            return Optional.of(FollowState.decode(where, in.readNBytes(FollowState.MAX_BYTES)));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (BadObjectException e) {
            throw new ArchiveFollowException(
                    Reason.DAMAGED, e.getMessage() + ": delete the directory, and follow into an empty one");
        }
    }

    void save(FollowState state) throws IOException {
        AtomicFile.replace(storage, stateName, stateName + TEMPORARY, ByteBuffer.wrap(state.encode()));
    }

    /**
     * Writes the marker of an unfinished restore, with a text for those who read the file. Order matters: no engine opens the
     * directory from before its first file until the promotion.
     */
    void begin() throws IOException {
        String text = "This directory is a standby that follows an archive (" + stateName
                + "). No log opens it before its" + " promotion: follow URI DIR --promote --over EPOCH.\n";
        String name = names.restoreMarkName();
        AtomicFile.replace(storage, name, name + TEMPORARY, ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII)));
    }

    void deleteState() throws IOException {
        storage.delete(stateName);
        storage.forceDirectory();
    }

    /** Returns whether there is no file of a log, nor an unfinished restore. */
    boolean isFree() throws IOException {
        return !storage.irregular().containsKey(".restore")
                && storage.list().stream()
                        .noneMatch(name -> names.isOwn(name)
                                && !name.endsWith(TEMPORARY)
                                && !name.equals(names.restoreMarkName()));
    }

    /** Deletes what an interrupted step has left. */
    void deleteTemporary() throws IOException {
        for (String name : storage.list()) {
            if (name.startsWith(".") && name.endsWith(TEMPORARY) && (names.isOwn(name) || name.startsWith(stateName))) {
                storage.delete(name);
            }
        }
    }

    // ---- segments

    boolean isSealed(long segment) throws IOException {
        return exists(names.sealedName(segment));
    }

    private boolean exists(String name) throws IOException {
        try (StorageFile file = storage.openForReading(name)) {
            return file.size() >= 0;
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    /** Returns whether a segment is sealed, and its file is the one in the archive. */
    boolean isIntact(Segment segment) throws IOException {
        try (StorageFile file = storage.openForReading(names.sealedName(segment.number()))) {
            return file.size() == segment.fileBytes()
                    && objects.fileDigest(file, segment.stored()).equals(segment.fileSha256());
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    /** Returns the SHA-256 of an intact sealed segment. The slot of an encrypted one does not state it. */
    String sha256(Segment segment) throws IOException {
        if (segment.stored().encryption() == null) {
            return segment.fileSha256();
        }
        try (StorageFile file = storage.openForReading(names.sealedName(segment.number()))) {
            return FileDigest.sha256(file, 0, segment.fileBytes());
        }
    }

    /**
     * Fetches a sealed segment. Replaces the file if there is one.
     *
     * @param last the bytes that were archived last. If they are in this segment, the file must have them
     */
    void fetch(Segment segment, Content last) throws IOException {
        fetch(names.sealedName(segment.number()), segment.stored(), segment.number() == last.segment() ? last : null);
    }

    /** Fetches a checkpoint. Replaces the one before. */
    void fetch(Attachment checkpoint) throws IOException {
        fetch(names.checkpointName(), checkpoint.stored(), null);
    }

    private void fetch(String name, StoredFile stored, @Nullable Content last) throws IOException {
        try (Sink sink = new Sink((name.startsWith(".") ? "" : ".") + name + TEMPORARY)) {
            objects.read(stored, sink);
            if (last != null && !has(sink.temporary, last)) {
                throw diverged(stored.key() + " has other bytes from " + last.from() + " to " + last.to());
            }
            sink.finish(name);
        }
    }

    /** Begins a segment with its first bytes. Replaces the active segment, whose file must be sealed. */
    void begin(byte[] content) throws IOException {
        try (Sink sink = new Sink("." + names.currentName() + TEMPORARY)) {
            sink.restart();
            sink.write(content, content.length);
            sink.finish(names.currentName());
        }
    }

    /** Writes bytes into the active segment, and cuts off what is after them. */
    void append(long position, byte[] content) throws IOException {
        try (StorageFile file = storage.open(names.currentName())) {
            if (file.size() < position) {
                throw damaged(names.currentName() + " has " + file.size() + " bytes; expected at least " + position);
            }
            file.writeFully(ByteBuffer.wrap(content), position);
            if (file.size() > position + content.length) {
                file.truncate(position + content.length);
            }
            file.force();
        } catch (NoSuchFileException e) {
            throw damaged(names.currentName() + " is missing");
        }
    }

    /** Seals the active segment, which has a number and ends at a position. */
    void seal(long segment, long position) throws IOException {
        cut(position);
        from(segment - 1).sealCurrent();
    }

    /** Cuts off what an interrupted step has written after the end of the active segment. */
    void cut(long position) throws IOException {
        try (StorageFile file = storage.open(names.currentName())) {
            if (file.size() > position) {
                file.truncate(position);
                file.force();
            }
        } catch (NoSuchFileException e) {
            throw damaged(names.currentName() + " is missing");
        }
    }

    /** Deletes the active segment, of which the sealed file has all bytes. */
    void dropCurrent() throws IOException {
        if (exists(names.currentName())) {
            storage.delete(names.currentName());
            storage.forceDirectory();
        }
    }

    /** Returns whether the bytes that were written last are those of the archive. */
    boolean has(Content content) throws IOException {
        return has(fileOf(content.segment()), content);
    }

    private boolean has(String name, Content content) throws IOException {
        try (StorageFile file = storage.openForReading(name)) {
            return file.size() >= content.to()
                    && FileDigest.sha256(file, content.from(), content.to()).equals(content.sha256());
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    /** Returns whether the bytes of a tail are in the file of its segment. */
    boolean has(Tail tail) throws IOException {
        String name = fileOf(tail.segment());
        try (StorageFile file = storage.openForReading(name)) {
            ContentDigest digest = objects.keys().digest(tail.encryption(), describe() + "/" + name);
            return file.size() >= tail.endPosition()
                    && FileDigest.of(file, tail.position(), tail.endPosition(), digest)
                            .equals(tail.sha256());
        } catch (NoSuchFileException e) {
            return false;
        }
    }

    private String fileOf(long segment) throws IOException {
        return isSealed(segment) ? names.sealedName(segment) : names.currentName();
    }

    /** Returns the refusal to continue an archive that had other content when it was applied. */
    ArchiveFollowException diverged(String what) {
        return new ArchiveFollowException(
                Reason.DIVERGED,
                describe() + ": " + what
                        + " than the archive had when this standby applied it: the archive was replaced by an"
                        + " older copy and continued, or was changed. This directory may have records that the archive"
                        + " has lost: keep a copy of it, and follow into an empty one");
    }

    ArchiveFollowException damaged(String what) {
        return new ArchiveFollowException(
                Reason.DAMAGED, describe() + "/" + what + ": delete the directory, and follow into an empty one");
    }

    /** A file under a temporary name, which is deleted unless it is finished. */
    private final class Sink implements ObjectFiles.Sink, AutoCloseable {
        private final String temporary;
        private @Nullable StorageFile file;
        private long position;

        Sink(String temporary) {
            this.temporary = temporary;
        }

        @Override
        public void restart() throws IOException {
            close();
            if (exists(temporary)) {
                storage.delete(temporary);
            }
            file = storage.create(temporary);
            position = 0;
        }

        @Override
        public void rewind(long to) {
            position = to;
        }

        @Override
        public void write(byte[] bytes, int length) throws IOException {
            Objects.requireNonNull(file).writeFully(ByteBuffer.wrap(bytes, 0, length), position);
            position += length;
        }

        void finish(String name) throws IOException {
            Objects.requireNonNull(file).force();
            close();
            storage.rename(temporary, name);
            storage.forceDirectory();
        }

        @Override
        public void close() throws IOException {
            if (file != null) {
                file.close();
                file = null;
            }
        }
    }
}
