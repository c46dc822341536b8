package io.veloz.wal.backup.internal.store;

import io.veloz.wal.archive.store.ObjectContent;
import io.veloz.wal.archive.store.ObjectStore;
import io.veloz.wal.backup.Attachment.Chunk;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.function.IntFunction;

/**
 * Stores an encrypted message in chunks, one after the other: each is spooled to a file, put under a key of its own, read
 * back and compared. So a backup needs disk space for one chunk, however large it is. It belongs to one thread.
 *
 * <p>What is spooled is encrypted already.
 */
public final class ChunkWriter extends OutputStream {
    public static final int CHUNK_BYTES = 64 * 1024 * 1024;

    private final ObjectStore store;
    private final IntFunction<String> keys;
    private final Path spool;
    private final int chunkBytes;
    private final List<Chunk> chunks = new ArrayList<>();
    private final FileChannel file;
    private final OutputStream out;
    private MessageDigest digest = Digests.sha256();
    private long bytes;

    /**
     * Creates a writer with its spool.
     *
     * @param keys the key of the chunk with an index, from 0
     * @param spool a file that does not exist yet, in a directory that only its owner can read
     */
    public ChunkWriter(ObjectStore store, IntFunction<String> keys, Path spool, int chunkBytes) throws IOException {
        this.store = store;
        this.keys = keys;
        this.spool = spool;
        this.chunkBytes = chunkBytes;
        Files.createFile(spool, PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        this.file = FileChannel.open(spool, StandardOpenOption.WRITE);
        this.out = Channels.newOutputStream(file);
    }

    @Override
    public void write(int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] source, int from, int length) throws IOException {
        int done = 0;
        while (done < length) {
            int count = (int) Math.min(length - done, chunkBytes - bytes);
            out.write(source, from + done, count);
            digest.update(source, from + done, count);
            bytes += count;
            done += count;
            if (bytes == chunkBytes) {
                put();
            }
        }
    }

    /** Stores the last chunk. Returns all of them, in order. */
    public List<Chunk> finish() throws IOException {
        if (bytes > 0) {
            put();
        }
        return List.copyOf(chunks);
    }

    private void put() throws IOException {
        String sha256 = HexFormat.of().formatHex(digest.digest());
        String key = keys.apply(chunks.size());
        if (!store.putIfAbsent(key, new SpooledContent(spool, bytes, sha256)) && !isStored(key, sha256)) {
            throw new IOException(store.describe() + ": " + key + " exists with other content; its id is random");
        }
        if (!isStored(key, sha256)) {
            throw new IOException(
                    store.describe() + ": SHA-256 mismatch in " + key + " when it was read back; expected " + sha256);
        }
        chunks.add(new Chunk(bytes, sha256));
        digest = Digests.sha256();
        bytes = 0;
        file.truncate(0);
        file.position(0);
    }

    private boolean isStored(String key, String sha256) throws IOException {
        try (InputStream in = store.get(key)) {
            return Digests.of(in).equals(sha256);
        }
    }

    /** Removes the spool. What was stored without {@link #finish} is named by no recovery point. */
    @Override
    public void close() throws IOException {
        try {
            file.close();
        } finally {
            Files.deleteIfExists(spool);
        }
    }

    private record SpooledContent(Path file, long length, String sha256) implements ObjectContent {
        @Override
        public InputStream open() throws IOException {
            return Files.newInputStream(file);
        }
    }
}
