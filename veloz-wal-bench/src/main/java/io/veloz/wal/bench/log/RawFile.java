package io.veloz.wal.bench.log;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import java.util.zip.CRC32C;

/**
 * The file format of the hand-made logs: {@code length (int) | CRC-32C of the record (int) | record}, one after the other in
 * files that were filled with zeros, until a length of zero.
 */
final class RawFile implements Closeable {
    static final int FRAME_BYTES = 8;
    private static final int READ_BYTES = 1024 * 1024;

    private final SegmentSupply supply;
    private final int segmentBytes;
    private FileChannel file;
    private long position;
    private boolean nextRequested;
    private final AtomicLong rolls = new AtomicLong();

    RawFile(Path directory, int segmentBytes) throws IOException {
        this.supply = new SegmentSupply(directory, segmentBytes);
        this.segmentBytes = segmentBytes;
        supply.request();
        this.file = supply.take();
    }

    /** Appends one framed record to a buffer. */
    @SuppressWarnings("ByteBufferBackingArray") // a record begins at index 0 of its array
    static void frame(ByteBuffer target, ByteBuffer record, CRC32C crc) {
        crc.reset();
        crc.update(record.array(), 0, record.limit());
        target.putInt(record.limit()).putInt((int) crc.getValue()).put(record.array(), 0, record.limit());
    }

    /** Writes frames after the previous ones, with one call. They are durable after {@link #force}. */
    void write(ByteBuffer frames) throws IOException {
        if (position + frames.remaining() > segmentBytes) {
            roll();
        }
        while (frames.hasRemaining()) {
            position += file.write(frames, position);
        }
        if (!nextRequested && position > segmentBytes / 2) {
            requestNext();
        }
    }

    private void roll() throws IOException {
        file.force(false);
        file.close();
        if (!nextRequested) {
            requestNext();
        }
        file = supply.take();
        position = 0;
        rolls.incrementAndGet();
        // A log that rolls is always one file ahead.
        requestNext();
    }

    private void requestNext() {
        nextRequested = true;
        supply.request();
    }

    /** Returns how often this log has continued in its next file. */
    long rolls() {
        return rolls.get();
    }

    void force() throws IOException {
        file.force(false);
    }

    @Override
    public void close() throws IOException {
        file.close();
        supply.close();
    }

    /** Reads every record of a directory, with its checksum. */
    static LogKind.Replayed replay(Path directory) throws IOException {
        List<Path> files;
        try (Stream<Path> all = Files.list(directory)) {
            files = all.sorted().toList();
        }
        long records = 0;
        long bytes = 0;
        CRC32C crc = new CRC32C();
        ByteBuffer window = ByteBuffer.allocateDirect(READ_BYTES);
        for (Path path : files) {
            try (FileChannel file = FileChannel.open(path)) {
                window.clear();
                boolean more = true;
                while (more && file.read(window) > 0) {
                    window.flip();
                    while (window.remaining() >= FRAME_BYTES) {
                        int length = window.getInt(window.position());
                        if (length == 0) {
                            more = false;
                            break;
                        }
                        if (window.remaining() < FRAME_BYTES + length) {
                            break;
                        }
                        int expected = window.getInt(window.position() + 4);
                        int limit = window.limit();
                        window.position(window.position() + FRAME_BYTES).limit(window.position() + length);
                        crc.reset();
                        crc.update(window);
                        if ((int) crc.getValue() != expected) {
                            throw new IOException(path + ": record " + records + " does not match its checksum");
                        }
                        window.limit(limit);
                        records++;
                        bytes += length;
                    }
                    window.compact();
                }
            }
        }
        return new LogKind.Replayed(records, bytes);
    }
}
