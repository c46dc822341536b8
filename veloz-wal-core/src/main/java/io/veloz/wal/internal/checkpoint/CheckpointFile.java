package io.veloz.wal.internal.checkpoint;

import io.veloz.wal.CheckpointContent;
import io.veloz.wal.WalReplacedException;
import io.veloz.wal.internal.format.Checksum;
import io.veloz.wal.internal.format.DamagedException;
import io.veloz.wal.internal.format.LogId;
import io.veloz.wal.internal.format.UnknownFormatException;
import io.veloz.wal.storage.Storage;
import io.veloz.wal.storage.StorageFile;
import io.veloz.wal.storage.StorageInputStream;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Locale;

/**
 * A checkpoint on disk: a head, the content, and a tail with the length and the checksum of the file. Immutable. See
 * docs/format.md, "Checkpoint".
 *
 * @param sequence the last record that the content covers
 * @param contentBytes the length of the content
 */
public record CheckpointFile(
        String name, LogId logId, long sequence, long createdNanos, long contentBytes, int checksum) {
    private static final long MAGIC = 0x504b435a4f4c4556L; // "VELOZCKP"
    private static final int VERSION = 1;
    private static final int HEAD_BYTES = 48;
    private static final int TAIL_BYTES = 16;
    private static final int BUFFER_BYTES = 64 * 1024;

    /** Writes a checkpoint to a temporary file, forces it, and renames it. Returns when the new name is durable. */
    static void write(
            Storage storage,
            String name,
            String temporaryName,
            LogId logId,
            long sequence,
            long createdNanos,
            CheckpointContent content)
            throws IOException {
        if (storage.exists(temporaryName)) {
            storage.delete(temporaryName);
        }
        try (StorageFile file = storage.create(temporaryName)) {
            Sink sink = new Sink(file);
            ByteBuffer head = ByteBuffer.allocate(HEAD_BYTES).order(ByteOrder.LITTLE_ENDIAN);
            head.putLong(MAGIC).putInt(VERSION).putInt(0);
            head.putLong(logId.high()).putLong(logId.low()).putLong(sequence).putLong(createdNanos);
            sink.write(head.array());
            OutputStream out = new BufferedOutputStream(sink, BUFFER_BYTES);
            content.writeTo(out);
            out.flush();
            ByteBuffer tail = ByteBuffer.allocate(TAIL_BYTES).order(ByteOrder.LITTLE_ENDIAN);
            tail.putLong(sink.position - HEAD_BYTES).putInt(0);
            sink.write(tail.array(), 0, TAIL_BYTES - 4);
            tail.putInt(sink.checksum.value()).position(TAIL_BYTES - 4);
            file.writeFully(tail, sink.position);
            file.force();
        }
        storage.rename(temporaryName, name);
        storage.forceDirectory();
    }

    /** Returns the sequence in the head of a checkpoint, unverified; -1 if the head is invalid. Reads the head only. */
    static long statedSequence(Storage storage, String name) throws IOException {
        try (StorageFile file = storage.openForReading(name)) {
            ByteBuffer head = ByteBuffer.allocate(HEAD_BYTES).order(ByteOrder.LITTLE_ENDIAN);
            return file.readFully(head, 0) < HEAD_BYTES || head.getLong(0) != MAGIC ? -1 : head.getLong(32);
        }
    }

    /** Reads a checkpoint and verifies all of it. */
    static CheckpointFile read(Storage storage, String name)
            throws IOException, DamagedException, UnknownFormatException {
        try (StorageFile file = storage.openForReading(name)) {
            long size = file.size();
            if (size < HEAD_BYTES + TAIL_BYTES) {
                throw new DamagedException("checkpoint of " + size + " bytes");
            }
            ByteBuffer ends = ByteBuffer.allocate(HEAD_BYTES + TAIL_BYTES).order(ByteOrder.LITTLE_ENDIAN);
            ends.limit(HEAD_BYTES);
            file.readFully(ends, 0);
            ends.limit(HEAD_BYTES + TAIL_BYTES);
            file.readFully(ends, size - TAIL_BYTES);
            int expected = ends.getInt(HEAD_BYTES + TAIL_BYTES - 4);
            // The cheap checks first, so that a large file that is not a checkpoint is not read.
            if (ends.getLong(0) != MAGIC || ends.getLong(HEAD_BYTES) != size - HEAD_BYTES - TAIL_BYTES) {
                throw new DamagedException("file of " + size + " bytes is not a checkpoint: its ends state "
                        + ends.getLong(HEAD_BYTES) + " bytes of content");
            }
            int checksum = checksum(file, size - 4);
            if (checksum != expected) {
                throw new DamagedException(String.format(
                        Locale.ROOT,
                        "checkpoint of %d bytes: checksum mismatch: computed %08x, stored %08x",
                        size,
                        checksum,
                        expected));
            }
            if (ends.getInt(8) != VERSION) {
                throw new UnknownFormatException(
                        "checkpoint version " + ends.getInt(8) + "; this library knows version " + VERSION);
            }
            return new CheckpointFile(
                    name,
                    new LogId(ends.getLong(16), ends.getLong(24)),
                    ends.getLong(32),
                    ends.getLong(40),
                    ends.getLong(HEAD_BYTES),
                    checksum);
        }
    }

    private static int checksum(StorageFile file, long end) throws IOException {
        Checksum checksum = new Checksum().start();
        ByteBuffer chunk = ByteBuffer.allocate(BUFFER_BYTES);
        for (long position = 0; position < end; position += chunk.position()) {
            chunk.clear().limit((int) Math.min(BUFFER_BYTES, end - position));
            if (file.readFully(chunk, position) == 0) {
                throw new IOException("checkpoint ends at " + position + "; expected " + end + " bytes");
            }
            checksum.add(chunk, 0, chunk.position());
        }
        return checksum.value();
    }

    /**
     * Opens the content as a stream, which the caller must close. A checkpoint is replaced by a rename, so the content of the
     * open file does not change. This only checks that the file is still this checkpoint.
     *
     * @throws WalReplacedException if the file has been replaced by another checkpoint
     */
    public InputStream open(Storage storage) throws IOException {
        StorageFile file = storage.openForReading(name);
        boolean ours = false;
        try {
            String found = identity(file);
            if (!found.equals(identity())) {
                throw new WalReplacedException(storage.describe() + "/" + name, sequence, found);
            }
            ours = true;
            return StorageInputStream.of(file, name, HEAD_BYTES, HEAD_BYTES + contentBytes);
        } finally {
            if (!ours) {
                file.close();
            }
        }
    }

    private String identity() {
        return identity(logId, sequence, createdNanos, HEAD_BYTES + contentBytes + TAIL_BYTES, checksum);
    }

    /** Returns the identity that head and tail of a file state. */
    private static String identity(StorageFile file) throws IOException {
        long size = file.size();
        ByteBuffer ends = ByteBuffer.allocate(HEAD_BYTES + TAIL_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        if (size < ends.capacity()) {
            return "a file of " + size + " bytes";
        }
        ends.limit(HEAD_BYTES);
        file.readFully(ends, 0);
        ends.limit(HEAD_BYTES + TAIL_BYTES);
        file.readFully(ends, size - TAIL_BYTES);
        LogId id = new LogId(ends.getLong(16), ends.getLong(24));
        return identity(id, ends.getLong(32), ends.getLong(40), size, ends.getInt(HEAD_BYTES + TAIL_BYTES - 4));
    }

    private static String identity(LogId id, long sequence, long createdNanos, long fileBytes, int checksum) {
        return String.format(
                Locale.ROOT,
                "the checkpoint of log %s up to record %d, created at %d, %d bytes with checksum %08x",
                id,
                sequence,
                createdNanos,
                fileBytes,
                checksum);
    }

    private static final class Sink extends OutputStream {
        final Checksum checksum = new Checksum().start();
        private final StorageFile file;
        long position;

        Sink(StorageFile file) {
            this.file = file;
        }

        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int from, int length) throws IOException {
            ByteBuffer source = ByteBuffer.wrap(bytes, from, length);
            checksum.add(source, from, length);
            file.writeFully(source, position);
            position += length;
        }
    }
}
